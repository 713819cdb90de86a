//! Damaged and hostile checkpoints: refused, each with the right reason, and nothing is ever executed.

mod support;

use featscope::checkpoint::Checkpoint;
use support::*;

type Damage = (&'static str, fn(&mut Tensors), &'static str);

/// What happens to checkpoints, and the reason each must be refused with.
const DAMAGES: &[Damage] = &[
    (
        "a transposed weight",
        |t| t.get_mut("backbone.stage2.conv1.weight").unwrap().0 = vec![6, 8, 3, 3],
        "backbone.stage2.conv1.weight has shape [6, 8, 3, 3], expected [8, 6, 3, 3] for small-cnn (it looks transposed)",
    ),
    (
        "a renamed tensor",
        |t| {
            let moved = t.remove("backbone.stage1.bn2.weight").unwrap();
            t.insert("backbone.stage1.norm2.weight".into(), moved);
        },
        "backbone.stage1.bn2.weight, while backbone.stage1.norm2.weight is not one of its tensors (renamed?)",
    ),
    (
        "a missing weight",
        |t| drop(t.remove("backbone.bn1.bias")),
        "1 of 25 tensors of the backbone are missing: backbone.bn1.bias",
    ),
    (
        "missing statistics",
        |t| t.retain(|n, _| !n.starts_with("backbone.") || !n.contains("running_")),
        "BatchNorm running statistics of the backbone are missing",
    ),
    (
        "an extra tensor inside the backbone",
        |t| add(t, "backbone.stage1.conv3.weight", &[6, 6, 3, 3]),
        "backbone.stage1.conv3.weight lies inside the backbone, and small-cnn has no such tensor",
    ),
    (
        "a half-sized tensor",
        |t| add(t, "backbone.stage1.bn1.weight", &[3]),
        "backbone.stage1.bn1.weight has shape [3], expected [6]",
    ),
    (
        "a wrong prefix on half of the network",
        |t| {
            let moved: Vec<_> = t.keys().filter(|n| n.starts_with("backbone.stage1")).cloned().collect();
            for name in moved {
                let tensor = t.remove(&name).unwrap();
                t.insert(format!("bakcbone{}", &name[8..]), tensor);
            }
        },
        "10 of 25 tensors of the backbone are missing: backbone.stage1.conv1.weight",
    ),
    (
        "a lost last stage",
        |t| t.retain(|n, _| !n.starts_with("backbone.stage2")),
        "the projector projector takes width 8, the backbone gives 6; pass --projector none",
    ),
    (
        "a NaN weight",
        |t| t.get_mut("backbone.conv1.weight").unwrap().1[5] = f32::NAN,
        "backbone.conv1.weight holds NaN or infinite values",
    ),
    (
        "an infinite statistic",
        |t| t.get_mut("backbone.bn1.running_var").unwrap().1[0] = f32::INFINITY,
        "holds NaN or infinite",
    ),
    (
        "a half-sized projector",
        |t| projector(t, "projector", [4, 8, 5]),
        "the projector projector takes width 4, the backbone gives 8; pass --projector none",
    ),
    (
        "a projector with a NaN",
        |t| t.get_mut("projector.3.bias").unwrap().1[0] = f32::NAN,
        "projector.3.bias holds NaN",
    ),
    (
        "a projector without statistics",
        |t| drop(t.remove("projector.1.running_mean")),
        "running statistics of BatchNorm projector.1 is missing",
    ),
    (
        "nothing of a known network",
        |t| t.retain(|n, _| !n.starts_with("backbone.stage")),
        "no known network among its",
    ),
];

#[test]
fn every_damage_is_refused_with_its_reason() {
    load(&Folder::new().safetensors(&whole())).expect("the whole one loads");
    for (what, damage, reason) in DAMAGES {
        let mut tensors = whole();
        damage(&mut tensors);
        let message = refused(&tensors);
        assert!(message.contains(reason), "{what}: {message}");
    }
}

#[test]
fn damaged_containers_are_refused_in_one_sentence() {
    let folder = Folder::new();
    let good = std::fs::read(folder.safetensors(&whole())).unwrap();
    let zip = std::fs::read(zip_with_epoch(&folder)).unwrap();
    let oversized = [&u64::MAX.to_le_bytes(), &good[8..]].concat();
    let long_header = [&90_000_000u64.to_le_bytes(), &good[8..]].concat();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "cut.safetensors",
            good[..good.len() - 1].to_vec(),
            "damaged safetensors file (its tensors need",
        ),
        (
            "short.safetensors",
            good[..5].to_vec(),
            "it ends inside its first 8 bytes",
        ),
        (
            "big.safetensors",
            oversized,
            "its header claims 18446744073709551615 bytes",
        ),
        ("long.bin", long_header, "its header claims 90000000 bytes"),
        (
            "json.safetensors",
            [&2u64.to_le_bytes()[..], b"{]"].concat(),
            "damaged safetensors file",
        ),
        (
            "lfs.pth",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00".to_vec(),
            "a Git LFS pointer",
        ),
        ("page.pth", b"<!doctype html><p>404".to_vec(), "a web page"),
        ("empty.pth", Vec::new(), "an empty file"),
        (
            "noise.pth",
            b"hello, this is not a checkpoint".to_vec(),
            "not a checkpoint; expected safetensors or",
        ),
        ("cut.pth", zip[..zip.len() / 2].to_vec(), "damaged PyTorch zip file"),
        (
            "photo.pth",
            support::zip(&[("a.txt".into(), b"x".to_vec())]),
            "it has no data.pkl",
        ),
        (
            "list.pth",
            support::zip(&[("a/data.pkl".into(), b"\x80\x02].".to_vec())]),
            "not a state dict",
        ),
        (
            "none.pth",
            support::zip(&[("a/data.pkl".into(), b"\x80\x02}.".to_vec())]),
            "without any tensor",
        ),
    ];
    for (name, bytes, reason) in cases {
        let path = folder.path(name);
        std::fs::write(&path, bytes).unwrap();
        let message = Checkpoint::open(&path).unwrap_err().to_string();
        assert!(
            message.contains(reason) && message.starts_with(&path.display().to_string()),
            "{name}: {message}"
        );
    }
    assert!(
        Checkpoint::open(folder.0.path())
            .unwrap_err()
            .to_string()
            .contains("a folder")
    );
}

#[test]
fn a_zip_whose_tensor_is_cut_short_is_refused() {
    let folder = Folder::new();
    let mut tensors = backbone(&small());
    // The pickle still claims the full tensor; its storage has fewer bytes.
    let path = folder.path("cut.pth");
    let (shape, values) = tensors.get_mut("conv1.weight").unwrap();
    values.truncate(10);
    assert_eq!(shape.iter().product::<usize>(), 108);
    write_pth(&path, &tensors, None);
    let message = load(&path).unwrap_err().to_string();
    assert!(
        message.contains("108 elements") && message.contains("declares 10"),
        "{message}"
    );
}

#[test]
fn integers_are_never_taken_for_weights() {
    let folder = Folder::new();
    let path = folder.path("i32.safetensors");
    let tensors = backbone(&small());
    write_safetensors(&path, &tensors, None);
    let bytes = std::fs::read(&path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let text = String::from_utf8(bytes[8..8 + header].to_vec())
        .unwrap()
        .replace("\"F32\"", "\"I32\"");
    std::fs::write(&path, [&bytes[..8], text.as_bytes(), &bytes[8 + header..]].concat()).unwrap();
    assert!(
        load(&path)
            .unwrap_err()
            .to_string()
            .contains("does not hold floating-point numbers")
    );
}
