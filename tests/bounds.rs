//! Small files that would take gigabytes: each is refused in a sentence that states the bound, before it is unpacked.
#![cfg(feature = "analysis")]

#[path = "common/program.rs"]
mod program;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use featscope::images::transform::{Orientation, Preprocess};
use featscope::images::{self, ImageSet};

/// Refused in one line that says this.
fn refused(dir: &Path, words: &[&str], said: &str) {
    assert_eq!(program::refused(dir, words, &[said]).lines().count(), 1, "{words:?}");
}

/// A safetensors file of a header alone.
fn header(path: &Path, header: &str) {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    fs::write(path, file).unwrap();
}

#[test]
fn headers_name_no_more_than_any_file_has() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let tensors = |n: usize| {
        let one = |i| format!("\"t{i}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        format!("{{{}}}", (0..n).map(one).collect::<Vec<_>>().join(","))
    };
    header(&dir.join("many.safetensors"), &tensors(100_001));
    let texts: Vec<String> = (0..100_001).map(|i| format!("\"k{i}\":\"v\"")).collect();
    header(
        &dir.join("said.safetensors"),
        &format!("{{\"__metadata__\":{{{}}}}}", texts.join(",")),
    );
    for words in [&["analyze"][..], &["inspect"]] {
        refused(dir, &[words[0], "many.safetensors"], "it has more than 100000 tensors");
        refused(
            dir,
            &[words[0], "said.safetensors"],
            "its metadata has more than 100000 entries",
        );
    }
    header(&dir.join("few.safetensors"), &tensors(2_000));
    refused(
        dir,
        &[
            "export",
            "--model",
            "few.safetensors",
            "--naming",
            "timm",
            "-o",
            "o.pth",
        ],
        "few.safetensors: no known network",
    );
}

#[test]
fn names_records_and_results_have_an_end() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let name = "n".repeat(70_000);
    fs::write(dir.join("label.csv"), format!("f1,f2,label\n1,2,{name}\n3,4,b\n")).unwrap();
    refused(
        dir,
        &["analyze", "label.csv"],
        "a label of 70000 bytes; expected a name of at most 65536",
    );
    fs::write(dir.join("id.csv"), format!("id,f1,f2\n{name},1,2\nb,3,4\n")).unwrap();
    refused(dir, &["analyze", "id.csv"], "an id of 70000 bytes");
    fs::write(dir.join("images.csv"), format!("path,label\na.png,{name}\n")).unwrap();
    refused(dir, &["inspect", "csv:images.csv"], "a class of 70000 bytes");
    // Holes are read as zeros: a line without end that takes no disk.
    let mut line = fs::File::create(dir.join("line.csv")).unwrap();
    line.write_all(b"f1,f2\n1,2\n").unwrap();
    line.set_len(70 << 20).unwrap();
    refused(dir, &["analyze", "line.csv"], "part of a record of more than 64 MB");
    let mut lines = fs::File::create(dir.join("lines.txt")).unwrap();
    lines.write_all(b"a\n").unwrap();
    lines.set_len(300 << 20).unwrap();
    fs::write(dir.join("x.csv"), "f1,f2\n1,2\n3,4\n").unwrap();
    refused(
        dir,
        &["analyze", "x.csv", "--labels", "lines.txt"],
        "has 314572800 bytes; expected such a file of at most",
    );
    let results = fs::File::create(dir.join("results.json")).unwrap();
    results.set_len(300 << 20).unwrap();
    refused(
        dir,
        &["compare", "results.json"],
        "has 300 MB, more than the 256 of any results file",
    );
}

/// What only a header says: the data of the pixels is not there.
fn claims(dir: &Path, name: &str, bytes: &[u8]) -> ImageSet {
    let folder = dir.join(name.replace('.', "-"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
    images::open(folder.to_str().unwrap(), None, None).unwrap()
}

fn png(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind);
        crc.update(data);
        [
            &(data.len() as u32).to_be_bytes()[..],
            kind,
            data,
            &crc.sum().to_be_bytes(),
        ]
        .concat()
    };
    let about = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[depth, colour, 0, 0, 0],
    ]
    .concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &about),
        chunk(b"IDAT", b""),
    ]
    .concat()
}

/// A JPEG of so many scans, by its markers alone.
fn jpeg(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xc2, 0, 17, 8];
    bytes.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
    bytes.extend([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    for _ in 0..scans {
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0x55, 0xff, 0, 0x55]);
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

#[test]
fn an_image_states_what_it_takes_before_it_takes_it() {
    let temp = tempfile::tempdir().unwrap();
    for (name, bytes, said) in [
        // 12 bytes a pixel: of 16 bits and four channels, then of 8 bits.
        (
            "a.png",
            png(9_000, 9_000, 16, 6),
            "it takes 927 MB to decode, more than 512",
        ),
        (
            "b.png",
            png(20_000, 20_000, 8, 2),
            "it claims 20000 x 20000 pixels, more than 178956970 in all",
        ),
        // Every coefficient is held until the last scan is read.
        (
            "c.jpg",
            jpeg(9_000, 9_000, 3),
            "it takes 696 MB to decode, more than 512",
        ),
        ("d.jpg", jpeg(100, 100, 129), "JPEG: it has 129 scans, more than 128"),
    ] {
        let set = claims(temp.path(), name, &bytes);
        let error = set.read(0..1).unwrap()[0]
            .decode(Orientation::Exif)
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{name}: {error}");
    }
    // What fits is tried, and found to have no pixels.
    let set = claims(temp.path(), "e.png", &png(9_000, 9_000, 8, 2));
    let error = set.read(0..1).unwrap()[0]
        .decode(Orientation::Exif)
        .unwrap_err()
        .to_string();
    assert!(!error.contains("to decode"), "{error}");
}

#[test]
fn a_line_of_pixels_gives_the_centre_of_what_it_would_become() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("set");
    fs::create_dir(&folder).unwrap();
    let line = image::RgbImage::from_fn(1, 100_000, |_, y| image::Rgb([if y < 50_000 { 0 } else { 255 }; 3]));
    line.save(folder.join("a.png")).unwrap();
    let set = images::open(folder.to_str().unwrap(), None, None).unwrap();
    // 256 x 25,600,000 pixels, of which 224 x 224 are wanted.
    let preprocess = Preprocess::imagenet();
    let values = set.read(0..1).unwrap()[0]
        .decoded(Orientation::Exif, |image| preprocess.apply(image))
        .unwrap();
    assert_eq!(values.len(), 3 * 224 * 224);
    let (top, bottom) = (values[0], values[224 * 224 - 1]);
    assert!(
        top < bottom && values[..224].iter().all(|v| *v == top),
        "{top} {bottom}"
    );
}

#[test]
#[cfg(unix)]
fn folders_that_link_to_one_another_are_listed_once() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("set");
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for name in names {
        fs::create_dir_all(root.join(name)).unwrap();
        for other in names {
            std::os::unix::fs::symlink(root.join(other), root.join(name).join(format!("to-{other}"))).unwrap();
        }
    }
    std::os::unix::fs::symlink(&root, root.join("a/all")).unwrap();
    image::RgbImage::new(4, 4).save(root.join("c/1.png")).unwrap();
    let set = images::open(root.to_str().unwrap(), None, None).unwrap();
    // From every folder the one image is met once.
    assert_eq!((set.len(), set.classes().len()), (8, 8));
    assert!(
        set.left_out()[0].contains("links to folders that are listed already"),
        "{:?}",
        set.left_out()
    );
}
