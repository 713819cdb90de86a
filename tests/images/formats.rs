//! The same pictures through every format.

use std::path::Path;

use featscope::images::transform::Orientation;
use featscope::images::{self, DatasetFormat};
use image::{DynamicImage, ImageFormat};
use tempfile::tempdir;

use super::write::{self, Labels, expected, pictures};
use super::{everything, open, strings};

#[test]
fn cifar_in_all_its_forms_gives_the_same_pictures() {
    let dir = tempdir().unwrap();
    let (train, test) = (pictures(25), pictures(12));
    let at = |name: &str| dir.path().join(name);
    write::cifar10_binary(&at("ten binary"), &train, &test);
    write::cifar10_python(&at("ten python"), &train, &test);
    write::cifar100_binary(&at("hundred binary"), &train, &test);
    write::cifar100_python(&at("hundred python"), &train, &test);
    for (name, format) in [
        ("ten binary", DatasetFormat::Cifar10),
        ("ten python", DatasetFormat::Cifar10),
    ]
    .into_iter()
    .chain([
        ("hundred binary", DatasetFormat::Cifar100),
        ("hundred python", DatasetFormat::Cifar100),
    ]) {
        write::tar_gz(&at(name), &at(&format!("{name}.tar.gz")));
        let mut fingerprints = Vec::new();
        for path in [at(name), at(&format!("{name}.tar.gz"))] {
            let set = open(&path, Some("train"));
            assert_eq!(
                (set.format(), set.name(), set.split()),
                (format, format.name(), "train")
            );
            assert!(everything(&set) == expected(&train), "{}", path.display());
            assert_eq!(set.id(24), "train/00024");
            assert_eq!(
                set.classes().len(),
                if format == DatasetFormat::Cifar10 { 10 } else { 100 }
            );
            let set = open(&path, Some("test"));
            assert!(everything(&set) == expected(&test));
            fingerprints.push(set.fingerprint().unwrap());
        }
        assert_eq!(fingerprints[0], fingerprints[1]);
    }
    let print = |name: &str| open(&at(name), Some("test")).fingerprint().unwrap();
    assert_eq!(print("ten binary"), print("ten python"));
    assert_ne!(print("ten binary"), print("hundred binary"));
}

#[test]
fn the_parent_of_the_official_folder_is_good_enough() {
    let dir = tempdir().unwrap();
    write::cifar10_binary(&dir.path().join("cifar-10-batches-bin"), &pictures(5), &pictures(3));
    assert_eq!(open(dir.path(), Some("test")).len(), 3);
}

#[test]
fn idx_gives_grey_pictures_gzipped_or_not() {
    let dir = tempdir().unwrap();
    let grey: Vec<_> = pictures(9)
        .into_iter()
        .map(|(c, p)| (c, DynamicImage::ImageRgb8(p).into_luma8()))
        .collect();
    for gz in [false, true] {
        let path = dir.path().join(if gz { "gz" } else { "plain" });
        write::idx(&path, "t10k", &grey, gz);
        let set = open(&path, None);
        assert_eq!((set.format(), set.split()), (DatasetFormat::Idx, "test"));
        let rgb = |(c, p): &(u8, image::GrayImage)| (c.to_string(), DynamicImage::ImageLuma8(p.clone()).into_rgb8());
        assert!(everything(&set) == grey.iter().map(rgb).collect::<Vec<_>>());
    }
    let plain = dir.path().join("plain");
    assert_eq!(open(&plain.join("t10k-images-idx3-ubyte"), Some("test")).len(), 9);
    std::fs::write(plain.join("classes.txt"), write::CIFAR10.join("\n")).unwrap();
    assert_eq!(open(&plain, None).classes()[3], "cat");
}

#[test]
fn folders_of_every_codec_give_the_same_pictures() {
    let dir = tempdir().unwrap();
    let all = expected(&pictures(20));
    let mut sorted = all.clone();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let codecs = [
        (ImageFormat::Png, "PNG", 0),
        (ImageFormat::Bmp, "bmp", 0),
        (ImageFormat::Tiff, "tiff", 0),
        (ImageFormat::WebP, "webp", 0),
        // Lossy: 256 colours, and quantised frequencies of a pattern of edges. Another picture is off by 80.
        (ImageFormat::Gif, "gif", 30),
        (ImageFormat::Jpeg, "jpg", 30),
    ];
    for (format, ending, mean_error) in codecs {
        let path = dir.path().join(format!("ä {ending}/train"));
        write::folder(&path, &all, format, ending);
        let set = open(path.parent().unwrap(), None);
        assert_eq!(
            (set.format(), set.split(), set.len()),
            (DatasetFormat::Folder, "train", 20)
        );
        assert_eq!(set.name(), format!("ä {ending}"));
        assert_eq!(set.id(0), format!("airplane/000.{ending}"));
        for (found, wanted) in everything(&set).iter().zip(&sorted) {
            assert_eq!(found.0, wanted.0);
            let pairs = found.1.as_raw().iter().zip(wanted.1.as_raw());
            let error = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>() / (32 * 32 * 3);
            assert!(error <= mean_error, "{ending}: {error}");
        }
        // The folder of the split itself is the same data set.
        let direct = open(&path, Some("train"));
        assert_eq!((direct.name(), direct.id(7)), (set.name(), set.id(7)));
        assert_eq!(direct.fingerprint().unwrap(), set.fingerprint().unwrap());
    }
}

#[test]
fn a_folder_without_class_folders_is_unlabelled() {
    let dir = tempdir().unwrap();
    write::folder(
        dir.path(),
        &[(String::new(), pictures(1)[0].1.clone())],
        ImageFormat::Png,
        "png",
    );
    std::fs::write(dir.path().join("notes.txt"), "not an image").unwrap();
    let set = open(dir.path(), None);
    assert_eq!((set.len(), set.label(0), set.classes().len()), (1, None, 0));
    assert!(images::open(dir.path().to_str().unwrap(), None, Some(&strings(&["cat"]))).is_err());
}

#[cfg(unix)]
#[test]
fn a_link_whose_file_is_gone_is_an_image_that_cannot_be_read() {
    let dir = tempdir().unwrap();
    write::folder(
        dir.path(),
        &[(String::new(), pictures(1)[0].1.clone())],
        ImageFormat::Png,
        "png",
    );
    std::os::unix::fs::symlink("gone.png", dir.path().join("z.png")).unwrap();
    let set = open(dir.path(), None);
    assert_eq!((set.len(), set.id(1)), (2, "z.png".into()));
    let raw = set.read(1..2).unwrap().pop().unwrap();
    let bad = raw.decode(Default::default()).unwrap_err().to_string();
    assert!(bad.contains("z.png") && bad.contains("No such file"), "{bad}");
}

#[test]
fn parquet_in_every_layout_gives_the_same_pictures() {
    let dir = tempdir().unwrap();
    let all = pictures(30);
    for (i, nested) in [true, false].into_iter().enumerate() {
        for (labels, digits) in [(Labels::Named, false), (Labels::Text, false), (Labels::Bare, true)] {
            let file = dir.path().join(format!("{i}.parquet"));
            write::parquet(&file, &all, labels, nested);
            let wanted: Vec<_> = match digits {
                true => all.iter().map(|(c, p)| (c.to_string(), p.clone())).collect(),
                false => expected(&all),
            };
            assert!(everything(&open(&file, None)) == wanted);
        }
    }
}

#[test]
fn parquet_shards_are_read_as_one_split_in_any_order_of_ranges() {
    let dir = tempdir().unwrap();
    let all = pictures(45);
    let shard = |name: &str, part| write::parquet(&dir.path().join("data").join(name), part, Labels::Named, true);
    shard("train-00000-of-00002.parquet", &all[..20]);
    shard("train-00001-of-00002.parquet", &all[20..40]);
    shard("test-00000-of-00001.parquet", &all[40..]);
    let set = open(dir.path(), Some("train"));
    assert_eq!((set.len(), set.id(21)), (40, "train/00021".to_owned()));
    assert_eq!(open(dir.path(), Some("test")).len(), 5);
    for range in [15..25, 0..3, 39..40, 2..31, 5..5] {
        let decoded: Vec<_> = set
            .read(range.clone())
            .unwrap()
            .iter()
            .map(|r| r.decode(Orientation::Exif).unwrap())
            .collect();
        assert!(decoded.iter().eq(all[range].iter().map(|(_, p)| p)));
    }
    assert!(set.read(39..41).is_err());
}

#[test]
fn a_class_filter_keeps_ids_and_the_data_sets_order() {
    let dir = tempdir().unwrap();
    let all = pictures(25);
    write::cifar10_binary(&dir.path().join("bin"), &all, &all);
    write::parquet(&dir.path().join("train.parquet"), &all, Labels::Named, true);
    write::folder(&dir.path().join("folder"), &expected(&all), ImageFormat::Png, "png");
    for name in ["bin", "train.parquet", "folder"] {
        let path = dir.path().join(name);
        let path = path.to_str().unwrap();
        let split = (name == "bin").then_some("train");
        let whole = images::open(path, split, None).unwrap();
        let some = images::open(path, split, Some(&strings(&["dog", "3"]))).unwrap();
        assert_eq!(some.classes(), ["cat", "dog"]);
        assert_eq!(some.counts(), [3, 2]);
        let ids: Vec<_> = (0..some.len()).map(|i| some.id(i)).collect();
        let wanted = (0..whole.len())
            .filter(|&i| ["cat", "dog"].contains(&whole.classes()[whole.label(i).unwrap() as usize].as_str()));
        assert_eq!(ids, wanted.clone().map(|i| whole.id(i)).collect::<Vec<_>>());
        let whole_pictures = everything(&whole);
        assert_eq!(
            everything(&some),
            wanted.map(|i| whole_pictures[i].clone()).collect::<Vec<_>>()
        );
        assert_ne!(some.fingerprint().unwrap(), whole.fingerprint().unwrap());
        let error = images::open(path, split, Some(&strings(&["dgo"])))
            .unwrap_err()
            .to_string();
        assert!(error.contains(r#"no class "dgo"; the nearest is "dog""#), "{error}");
    }
}

#[test]
fn the_first_of_each_class_are_kept_in_their_order() {
    let dir = tempdir().unwrap();
    let all = pictures(25);
    write::folder(dir.path(), &expected(&all), ImageFormat::Png, "png");
    let (whole, two) = (open(dir.path(), None), open(dir.path(), None).first_of_each(2));
    assert_eq!(
        (two.len(), two.counts(), two.classes()),
        (20, vec![2; 10], whole.classes())
    );
    let firsts: Vec<String> = (0..10)
        .flat_map(|class| {
            let whole = &whole;
            let images = (0..whole.len()).filter(move |&i| whole.label(i) == Some(class));
            images.take(2).map(|i| whole.id(i))
        })
        .collect();
    assert_eq!((0..20).map(|i| two.id(i)).collect::<Vec<_>>(), firsts);
    assert_eq!(everything(&two).len(), 20);
    assert_ne!(two.fingerprint().unwrap(), whole.fingerprint().unwrap());
    // More than there are is all of them.
    let three = open(dir.path(), None).first_of_each(3);
    assert_eq!(three.fingerprint().unwrap(), whole.fingerprint().unwrap());
    // Without labels they are one class.
    let airplanes = open(&dir.path().join("airplane"), None);
    assert_eq!((airplanes.len(), airplanes.first_of_each(2).len()), (3, 2));
}

#[test]
fn a_changed_pixel_changes_the_fingerprint() {
    let dir = tempdir().unwrap();
    let mut all = pictures(10);
    let print = |all: &[(u8, image::RgbImage)]| {
        write::cifar10_binary(dir.path(), all, all);
        open(dir.path(), Some("test")).fingerprint().unwrap()
    };
    let before = print(&all);
    all[9].1.get_pixel_mut(31, 31).0[2] ^= 1;
    assert_ne!(print(&all), before);
}

#[test]
fn the_summary_counts_every_split() {
    let dir = tempdir().unwrap();
    write::cifar10_binary(dir.path(), &pictures(25), &pictures(10));
    let summary = images::summary(dir.path().to_str().unwrap(), None).unwrap();
    assert_eq!(summary.splits, ["train", "test"]);
    let train = &summary.parts[0];
    assert_eq!((train.images, train.unlabelled, train.sampled), (25, 0, 25));
    assert_eq!(train.counts[0], ("airplane".to_owned(), 3));
    assert_eq!(train.sizes, [(32, 32, 25)]);
    assert_eq!(
        images::summary(dir.path().to_str().unwrap(), Some("test"))
            .unwrap()
            .parts
            .len(),
        1
    );
}

#[test]
fn the_committed_fixture_holds_what_its_readme_says() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/images");
    let animals = ["bird", "cat", "deer", "dog", "frog", "horse"];
    let vehicles = ["airplane", "automobile", "ship", "truck"];
    for (name, split, classes, each) in [
        ("animals", "test", &animals[..], 150),
        ("vehicles", "train", &vehicles[..], 200),
        ("vehicles", "test", &vehicles[..], 200),
    ] {
        let set = open(&fixtures.join(format!("{name}-{split}.parquet")), Some(split));
        assert_eq!((set.name(), set.split()), (name, split));
        assert_eq!(set.classes(), classes);
        assert_eq!(set.counts(), vec![each; classes.len()]);
        assert!(
            set.read(0..set.len())
                .unwrap()
                .iter()
                .all(|r| r.decode(Orientation::Exif).unwrap().dimensions() == (32, 32))
        );
    }
    let size: u64 = std::fs::read_dir(fixtures)
        .unwrap()
        .map(|e| e.unwrap().metadata().unwrap().len())
        .sum();
    assert!(size <= 6_000_000, "{size} bytes");
}
