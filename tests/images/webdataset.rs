//! WebDataset shards: whole, oddly written, and hostile.

use std::path::{Path, PathBuf};

use featscope::images::{self, DatasetFormat, ImageSet};
use image::{DynamicImage, ImageFormat, RgbImage};
use tempfile::tempdir;

use super::write::{CIFAR10, encode, expected, pictures};
use super::{everything, open, refusal, strings};

fn png(picture: &RgbImage) -> Vec<u8> {
    encode(&DynamicImage::ImageRgb8(picture.clone()), ImageFormat::Png)
}

/// Writes a shard of these members, whatever their names.
fn shard(path: &Path, members: &[(String, Vec<u8>)]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in members {
        let header = header(name, bytes.len() as u64, tar::EntryType::Regular);
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.finish().unwrap();
}

/// A header that says so, true or not.
fn header(name: &str, size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_old();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// The members of pictures from `first` on, with labels as `label` writes them.
fn samples(
    part: &[(u8, RgbImage)],
    first: usize,
    label: impl Fn(u8) -> (&'static str, String),
) -> Vec<(String, Vec<u8>)> {
    let sample = |(i, (class, picture)): (usize, &(u8, RgbImage))| {
        let (ending, text) = label(*class);
        let key = format!("{:06}", first + i);
        [
            (format!("{key}.png"), png(picture)),
            (format!("{key}.{ending}"), text.into_bytes()),
        ]
    };
    part.iter().enumerate().flat_map(sample).collect()
}

fn name(class: u8) -> (&'static str, String) {
    ("cls", format!("{}\n", CIFAR10[class as usize]))
}

fn number(class: u8) -> (&'static str, String) {
    ("cls", class.to_string())
}

fn prefixed(path: &Path) -> PathBuf {
    PathBuf::from(format!("webdataset:{}", path.display()))
}

fn ids(set: &ImageSet) -> Vec<String> {
    (0..set.len()).map(|i| set.id(i)).collect()
}

#[test]
fn shards_are_read_alone_from_a_folder_and_by_a_pattern() {
    let dir = tempdir().unwrap();
    let all = pictures(25);
    for (k, part) in all[..20].chunks(7).enumerate() {
        shard(
            &dir.path().join(format!("pets/train-{k:03}.tar")),
            &samples(part, 7 * k, name),
        );
    }
    shard(&dir.path().join("pets/val-000.tar"), &samples(&all[20..], 20, name));
    let folder = open(&dir.path().join("pets"), Some("train"));
    assert_eq!(
        (folder.format(), folder.name(), folder.split()),
        (DatasetFormat::WebDataset, "pets", "train")
    );
    assert!(everything(&folder) == expected(&all[..20]));
    assert_eq!(
        (folder.id(0), folder.id(8)),
        ("train-000/000000".to_owned(), "train-001/000008".to_owned())
    );
    let pattern = dir.path().join("pets/train-{000..002}.tar");
    for path in [&pattern, &prefixed(&pattern)] {
        let set = open(path, None);
        assert_eq!((set.name(), set.split(), ids(&set)), ("pets", "train", ids(&folder)));
        assert_eq!(set.fingerprint().unwrap(), folder.fingerprint().unwrap());
    }
    let twice = dir.path().join("pets/train-00{1,1}.tar");
    assert_eq!(open(&twice, None).len(), 7);
    let mixed = dir.path().join("pets/{train-002,val-000}.tar");
    assert_eq!(open(&mixed, Some("val")).len(), 5);
    let alone = open(&dir.path().join("pets/train-001.tar"), Some("train"));
    assert!(everything(&alone) == expected(&all[7..14]));
    assert_eq!((alone.name(), alone.id(0)), ("pets", "train-001/000007".to_owned()));
    // Ranges in any order, over the borders of shards.
    for range in [15..20, 0..3, 5..16] {
        let raws = folder.read(range.clone()).unwrap();
        let decoded = raws.iter().map(|raw| raw.decode(Default::default()).unwrap());
        assert!(decoded.eq(all[range].iter().map(|(_, picture)| picture.clone())));
    }
    let some = images::open(pattern.to_str().unwrap(), None, Some(&strings(&["cat", "dog"]))).unwrap();
    assert_eq!(
        (some.classes(), some.counts()),
        (&strings(&["cat", "dog"])[..], vec![2, 2])
    );
    assert_eq!(ids(&some)[3], "train-002/000015");
    assert_ne!(some.fingerprint().unwrap(), folder.fingerprint().unwrap());
    let summary = images::summary(dir.path().join("pets").to_str().unwrap(), None).unwrap();
    assert_eq!(
        (summary.format.as_str(), summary.splits.len(), summary.parts[0].images),
        ("webdataset", 2, 20)
    );
}

#[test]
fn labels_are_numbers_names_or_in_json() {
    let dir = tempdir().unwrap();
    let all = pictures(12);
    let path = dir.path().join("a.tar");
    let classes = |labels: &dyn Fn(u8) -> (&'static str, String)| {
        shard(&path, &samples(&all, 0, labels));
        let set = open(&path, None);
        (set.classes().to_vec(), set.label(11).unwrap())
    };
    assert_eq!(classes(&number), ((0..10).map(|i| i.to_string()).collect(), 1));
    let json = |class: u8| ("json", format!(r#"{{"caption": "…", "label": {class}}}"#));
    assert_eq!(classes(&json), classes(&number));
    let named = |class: u8| ("json", format!(r#"{{"class_name": "{}"}}"#, CIFAR10[class as usize]));
    assert_eq!(classes(&named), classes(&name));
    std::fs::write(dir.path().join("classes.txt"), CIFAR10.join("\n")).unwrap();
    assert_eq!(classes(&number), (strings(&CIFAR10), 1));
    let high = |class: u8| ("cls", (class + 5).to_string());
    shard(&path, &samples(&all, 0, high));
    assert!(refusal(&path, None).contains("classes.txt: names 10 classes, but there is a label 14"));
    shard(&path, &samples(&all, 0, |_| ("txt", "a photo".to_owned())));
    let set = open(&path, None);
    assert_eq!((set.classes().len(), set.label(3)), (0, None));
}

#[test]
fn samples_written_oddly_are_still_found() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("odd.tar");
    let all = pictures(3);
    let image = |i: usize| png(&all[i].1);
    let text = |text: &str| text.as_bytes().to_vec();
    let members = [
        ("./deep/a.b/0.PNG", image(0)),
        ("deep/a.b/1.left.png", image(1)),
        ("/absolute/2.png", image(2)),
        // Labels after all images, and a mask that is no image of the sample's own.
        ("deep/a.b/0.seg.png", image(2)),
        ("deep/a.b/0.cls", text("cat")),
        ("deep/a.b/1.cls", text("dog")),
        ("3.cls", text("no image")),
        ("._0.png", text("resource fork")),
        ("README", text("words")),
    ];
    shard(&path, &members.map(|(name, bytes)| (name.to_owned(), bytes)));
    let set = open(&path, None);
    assert_eq!(ids(&set), ["odd/deep/a.b/0", "odd/deep/a.b/1", "odd//absolute/2"]);
    let labelled = |class: &str, i: usize| (class.to_owned(), all[i].1.clone());
    assert!(everything(&set) == [labelled("cat", 0), labelled("dog", 1), labelled("", 2)]);
    assert_eq!(set.left_out(), ["1 samples without an image"]);
    let summary = images::summary(path.to_str().unwrap(), None).unwrap();
    assert_eq!(summary.parts[0].left_out, set.left_out());
}

#[test]
fn nothing_is_unpacked_and_links_lead_nowhere() {
    let dir = tempdir().unwrap();
    let outside = dir.path().join("secret.png");
    std::fs::write(&outside, png(&pictures(1)[0].1)).unwrap();
    let path = dir.path().join("in/hostile.tar");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
    let good = png(&pictures(1)[0].1);
    tar.append(
        &header("../../escaped.png", good.len() as u64, tar::EntryType::Regular),
        &good[..],
    )
    .unwrap();
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link] {
        let mut link = header("link.png", 0, kind);
        link.as_old_mut().linkname[..outside.as_os_str().len()].copy_from_slice(outside.as_os_str().as_encoded_bytes());
        link.set_cksum();
        tar.append(&link, std::io::empty()).unwrap();
    }
    tar.append(&header("pipe.png", 0, tar::EntryType::Fifo), std::io::empty())
        .unwrap();
    tar.finish().unwrap();
    let set = open(&path, None);
    assert_eq!(ids(&set), ["hostile/../../escaped"]);
    assert!(set.read(0..1).unwrap()[0].decode(Default::default()).is_ok());
    let left: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn damaged_and_lying_shards_are_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.tar");
    let all = samples(&pictures(4), 0, number);
    shard(&path, &all);
    let whole = std::fs::read(&path).unwrap();
    for cut in (1..whole.len() - 1024).step_by(97) {
        std::fs::write(&path, &whole[..cut]).unwrap();
        match images::open(path.to_str().unwrap(), None, None) {
            // Cut between members nothing is seen to be missing, and padding misses nobody.
            Ok(set) => assert!(set.len() < 4 || cut > whole.len() - 1536, "cut at {cut}"),
            Err(e) => assert!(e.to_string().contains("damaged or truncated"), "cut at {cut}: {e}"),
        }
    }
    // A header that claims more than there is, up to more than can be.
    for claimed in [whole.len() as u64, 0o77_777_777_777, u64::MAX / 2] {
        let mut lying = whole.clone();
        lying[..512].copy_from_slice(header("000000.png", claimed, tar::EntryType::Regular).as_bytes());
        std::fs::write(&path, lying).unwrap();
        assert!(refusal(&path, None).contains("damaged or truncated"), "{claimed}");
    }
    let mut flipped = whole.clone();
    flipped[3] ^= 0x55;
    std::fs::write(&path, flipped).unwrap();
    assert!(refusal(&path, None).contains("damaged or truncated"));
    shard(&path, &[&all[..], &all[..1]].concat());
    assert!(refusal(&path, None).contains("a.tar: has 000000.png twice"));
    let member = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    for (name, bytes, says) in [
        (
            "x.cls",
            vec![b'1'; 5000],
            "x.cls has 5000 bytes, expected a label of at most 4096",
        ),
        ("x.cls", vec![0xff, 0xfe], "x.cls: stream did not contain valid UTF-8"),
        (
            "x.json",
            b"{\"label\": 1.5}".to_vec(),
            "x.json: its label is 1.5, expected an integer or text",
        ),
        ("x.json", b"{\"label\"".to_vec(), "x.json: is not JSON"),
    ] {
        shard(&path, &[member("x.png", b""), member(name, &bytes)]);
        let error = refusal(&path, None);
        assert!(error.contains(says), "{error}");
    }
    shard(&path, &[member("x.cls", b"3")]);
    assert!(refusal(&path, None).contains("has no images; expected members such as 000001.jpg"));
}

#[test]
fn compressed_missing_and_broken_members_are_said() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.tar");
    shard(&path, &samples(&pictures(3), 0, number));
    let zipped = dir.path().join("a.tar.gz");
    std::fs::write(&zipped, super::write::gzip(&std::fs::read(&path).unwrap())).unwrap();
    assert!(refusal(&prefixed(&zipped), None).contains("is compressed with gzip; unpack that layer first"));
    let named_plain = dir.path().join("zipped.tar");
    std::fs::rename(&zipped, &named_plain).unwrap();
    assert!(refusal(&named_plain, None).contains("is compressed with gzip; unpack that layer first"));
    let pattern = dir.path().join("{a,b}.tar");
    assert!(refusal(&pattern, None).contains("b.tar does not exist, one of the 2 shards"));
    let mut members = samples(&pictures(3), 0, number);
    members[2].1.truncate(60);
    shard(&path, &members);
    let raws = open(&path, None).read(0..3).unwrap();
    let outcomes: Vec<bool> = raws.iter().map(|raw| raw.decode(Default::default()).is_ok()).collect();
    assert_eq!(outcomes, [true, false, true]);
    let error = raws[1].decode(Default::default()).unwrap_err().to_string();
    assert!(error.contains("a.tar: 000001: not a decodable image"), "{error}");
}
