//! Damaged networks in sound files: refused, each with the right reason.

mod support;

use featscope::checkpoint::arch::Arch;
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
fn a_half_sized_head_of_a_self_supervised_method_is_no_missing_head() {
    let arch = Arch::parse("resnet18").unwrap();
    for (layer, reason) in [
        ("fc.0", "encoder_q.fc takes width 256, the backbone gives 512"),
        ("fc.2", "encoder_q.fc.2 takes width 256, the layer before it gives 512"),
    ] {
        let mut tensors = prefixed(&backbone(&arch), "module.encoder_q.");
        for (name, outputs) in [("fc.0", 512), ("fc.2", 128)] {
            let inputs = if name == layer { 256 } else { 512 };
            add(
                &mut tensors,
                &format!("module.encoder_q.{name}.weight"),
                &[outputs, inputs],
            );
            add(&mut tensors, &format!("module.encoder_q.{name}.bias"), &[outputs]);
        }
        let message = refused(&tensors);
        assert!(message.contains(reason), "{message}");
    }
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
