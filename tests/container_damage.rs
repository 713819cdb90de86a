//! Damaged files: refused in one sentence with the right reason, whatever the container.

mod support;

use featscope::checkpoint::Checkpoint;
use support::*;

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

/// The files inside what torch.save writes of one tensor `w` of 2 x 3.
fn entries(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let path = folder.path("w.pth");
    let tensor = (vec![2, 3], vec![0.5; 6]);
    write_pth(&path, &Tensors::from([("w".to_owned(), tensor)]), None);
    let mut archive = ::zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|i| {
            let mut entry = archive.by_index(i).unwrap();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            (entry.name().to_owned(), bytes)
        })
        .collect()
}

/// The bytes with the one place where `from` stands changed.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at: Vec<_> = (0..bytes.len()).filter(|&i| bytes[i..].starts_with(from)).collect();
    assert_eq!(at.len(), 1, "{from:?} stands {} times", at.len());
    [&bytes[..at[0]], to, &bytes[at[0] + from.len()..]].concat()
}

#[test]
fn views_that_their_storage_does_not_hold_are_refused() {
    let folder = Folder::new();
    let int = |i: i32| [&b"J"[..], &i.to_le_bytes()].concat();
    let pair = |a, b| [int(a), int(b)].concat();
    let shape = [b"(", &pair(2, 3)[..], b"t"].concat();
    let strides = [b"(", &pair(3, 1)[..], b"t"].concat();
    let cases: &[(&[u8], Vec<u8>, &str)] = &[
        (
            &strides,
            [b"(", &pair(-3, 1)[..], b"t"].concat(),
            "a tensor's stride is negative (-3)",
        ),
        (
            &strides,
            [b"(", &pair(4, 1)[..], b"t"].concat(),
            "reaches past the end of storage 0",
        ),
        (&strides, [b"(", &int(3)[..], b"t"].concat(), "2 extents and 1 strides"),
        (
            &shape,
            [b"(", &pair(-2, 3)[..], b"t"].concat(),
            "a tensor's shape is negative (-2)",
        ),
        (
            &shape,
            [b"(", &pair(3, 3)[..], b"t"].concat(),
            "it has 9 elements, the storage declares 6",
        ),
        (
            &shape,
            [b"(", &pair(i32::MAX, i32::MAX)[..], b"t"].concat(),
            "claims the shape [2147483647, 2147483647], which no memory could hold",
        ),
        (
            b"tQK\0(",
            b"tQK\x01(".to_vec(),
            "offset 1 reaches past the end of storage 0",
        ),
        (
            b"tQK\0(",
            [b"tQ", &int(-1)[..], b"("].concat(),
            "a tensor's offset is negative (-1)",
        ),
        (
            b"tQK\0(",
            b"tQ\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f(".to_vec(),
            "reaches past the end of storage 0",
        ),
        (
            &[&int(6)[..], b"tQ"].concat(),
            [&int(i32::MAX)[..], b"tQ"].concat(),
            "its storage 0 has 24 bytes and is said to have 8589934588",
        ),
        (
            b"FloatStorage",
            b"HalfStorage".to_vec(),
            "its storage 0 has 24 bytes and is said to have 12",
        ),
        (
            b"FloatStorage",
            b"DreamStorage".to_vec(),
            "tensors of type DreamStorage, which is not known",
        ),
    ];
    for (from, to, reason) in cases {
        let mut entries = entries(&folder);
        entries[0].1 = patched(&entries[0].1, from, to);
        refused_file(&folder, &support::zip(&entries), reason);
    }
    // A view that repeats one number without end.
    let mut entries = entries(&folder);
    entries[0].1 = patched(&entries[0].1, &shape, &[b"(", &pair(60_000, 60_000)[..], b"t"].concat());
    entries[0].1 = patched(&entries[0].1, &strides, &[b"(", &pair(0, 0)[..], b"t"].concat());
    refused_file(
        &folder,
        &support::zip(&entries),
        "tensor w claims 14400000000 bytes in a file of",
    );
}

fn refused_file(folder: &Folder, bytes: &[u8], reason: &str) {
    let path = folder.path("damaged.pth");
    std::fs::write(&path, bytes).unwrap();
    let message = Checkpoint::open(&path).map(|_| ()).unwrap_err().to_string();
    assert!(
        message.contains(reason) && message.starts_with(&path.display().to_string()) && !message.contains('\n'),
        "{reason}: {message}"
    );
}

#[test]
fn zip_files_that_contradict_themselves_are_refused() {
    let folder = Folder::new();
    let good = entries(&folder);
    let zip = support::zip(&good);
    Checkpoint::open(&folder.path("w.pth")).expect("the whole one opens");
    let with = |name: &str, bytes: &[u8]| {
        let mut more = good.clone();
        more.push((name.to_owned(), bytes.to_vec()));
        support::zip(&more)
    };
    let directory = zip.len() - 22 - u32::from_le_bytes(zip[zip.len() - 10..][..4].try_into().unwrap()) as usize;
    let poked = |at: usize, bytes: &[u8]| {
        let mut poked = zip.clone();
        poked[at..at + bytes.len()].copy_from_slice(bytes);
        poked
    };
    let huge = u32::MAX.to_le_bytes().map(|b| b >> 1);
    let flipped = zip.windows(4).position(|w| w == 0.5f32.to_le_bytes()).unwrap();
    for (bytes, reason) in [
        (
            with("other/data.pkl", &good[0].1),
            "it has two pickles, archive/data.pkl and other/data.pkl",
        ),
        (
            with("archive/data/0", &[0; 24]),
            "it has two entries named archive/data/0",
        ),
        (
            with("archive/constants.pkl", b"\x80\x02)."),
            "a TorchScript module: a program, of which nothing was run",
        ),
        (
            support::zip(
                &good
                    .iter()
                    .filter(|(n, _)| !n.ends_with("/0"))
                    .cloned()
                    .collect::<Vec<_>>(),
            ),
            "its storage 0 is missing",
        ),
        (
            poked(directory + 20, &huge),
            "archive/data.pkl claims more bytes than the file has",
        ),
        (poked(directory + 24, &huge), "claims 2139062143 bytes and has"),
        (
            poked(directory + 42, &huge),
            "archive/data.pkl claims more bytes than the file has",
        ),
        (
            poked(directory + 10, &[8]),
            "is another one in the directory than in the file",
        ),
        (
            poked(directory + 16, &[1, 2, 3, 4]),
            "the checksum of its data.pkl is wrong",
        ),
        (poked(zip.len() - 12, &[9]), "it is one part of several"),
        (
            poked(zip.len() - 14, &[9, 0, 9, 0]),
            "its directory claims 9 entries and has 4",
        ),
        (
            zip[..zip.len() - 4].to_vec(),
            "it has no directory at its end: it is cut short",
        ),
        (
            poked(30, b"archivf"),
            "is another one in the directory than in the file",
        ),
        ([&zip[..], b"trailing"].concat(), "it has no directory at its end"),
    ] {
        refused_file(&folder, &bytes, reason);
    }
    // A wrong byte among the weights is seen when they are read.
    let path = folder.path("flipped.pth");
    std::fs::write(&path, poked(flipped, &[1])).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    let message = checkpoint.tensor_f32("w").unwrap_err().to_string();
    assert!(message.contains("its checksum is wrong"), "{message}");
    let mut order = good.clone();
    order.iter_mut().find(|(n, _)| n.ends_with("byteorder")).unwrap().1 = b"middle".to_vec();
    refused_file(
        &folder,
        &support::zip(&order),
        "its byte order is neither little nor big",
    );
}

#[test]
fn entries_that_blow_up_are_refused_or_read_only_as_far_as_they_are_needed() {
    use std::io::Write as _;
    let folder = Folder::new();
    let good = entries(&folder);
    let deflated = |change: &dyn Fn(&str) -> Option<Vec<u8>>| {
        let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Deflated);
        for (name, bytes) in &good {
            zip.start_file(name.as_str(), options).unwrap();
            zip.write_all(&change(name).unwrap_or_else(|| bytes.clone())).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let bomb = vec![0u8; 64 << 20];
    let storage = deflated(&|name| name.ends_with("data/0").then(|| bomb.clone()));
    refused_file(
        &folder,
        &storage,
        "its storage 0 has 67108864 bytes and is said to have 24",
    );
    let pickle = deflated(&|name| name.ends_with("data.pkl").then(|| [b"\x80\x02", &bomb[..]].concat()));
    refused_file(&folder, &pickle, "its pickle has no opcode 0x00");
    // More than deflate can make of so few bytes.
    let mut lying = deflated(&|_| None);
    let directory = lying.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    lying[directory + 24..directory + 28].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    refused_file(&folder, &lying, "archive/data.pkl claims 2147483647 bytes and has");
}

#[test]
fn safetensors_headers_that_lie_are_refused() {
    let folder = Folder::new();
    let file = |header: &str, data: usize| {
        let path = folder.path("lying.safetensors");
        let bytes = [
            &(header.len() as u64).to_le_bytes()[..],
            header.as_bytes(),
            &vec![0; data],
        ]
        .concat();
        std::fs::write(&path, bytes).unwrap();
        Checkpoint::open(&path).unwrap_err().to_string()
    };
    let entry = |dtype: &str, shape: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let a = entry("F32", "[2]", 0, 8);
    for (header, data, reason) in [
        (format!(r#"{{"a":{a},"a":{a}}}"#), 8, "two tensors are named a"),
        (
            format!(r#"{{"a":{a},"b":{}}}"#, entry("F32", "[2]", 4, 12)),
            12,
            "invalid offset",
        ),
        (
            format!(r#"{{"a":{a},"b":{}}}"#, entry("F32", "[2]", 16, 24)),
            24,
            "invalid offset",
        ),
        (
            format!(r#"{{"a":{}}}"#, entry("F16", "[2]", 0, 8)),
            8,
            "tensor a of type F16 and shape [2] needs 4 bytes, and 8 are its own",
        ),
        (
            format!(r#"{{"a":{}}}"#, entry("F77", "[2]", 0, 8)),
            8,
            "unknown variant",
        ),
        (
            format!(r#"{{"a":{}}}"#, entry("F32", "[2]", 8, 0)),
            8,
            "damaged safetensors file",
        ),
        (
            format!(r#"{{"a":{}}}"#, entry("F32", "[4611686018427387904,4]", 0, 0)),
            0,
            "damaged safetensors file",
        ),
        (
            format!(r#"{{"a":{}}}"#, entry("F32", "[-2]", 0, 8)),
            8,
            "invalid value: integer `-2`",
        ),
        (
            format!(r#"{{"a":{}}}"#, entry("F32", "[274877906944]", 0, 1 << 40)),
            8,
            "its tensors need",
        ),
        ("[]".to_owned(), 0, "expected an object of tensors by name"),
        ("{}".to_owned(), 0, "without any tensor"),
    ] {
        let message = file(&header, data);
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn old_files_that_are_cut_short_are_refused() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checkpoints/containers");
    let folder = Folder::new();
    for (name, reason) in [
        ("protocol2-legacy.pth", "damaged PyTorch legacy file"),
        ("tar.pth", "damaged PyTorch tar file"),
        ("protocol2.pth", "damaged PyTorch zip file"),
    ] {
        let whole = std::fs::read(fixtures.join(name)).unwrap();
        // A tar ends in kilobytes of nothing, which may be lost.
        let needed = whole.iter().rposition(|&b| b != 0).unwrap();
        for keep in [needed / 3, needed / 2, needed - 4] {
            refused_file(&folder, &whole[..keep], reason);
        }
    }
}
