//! Every kind of damage gives one clear sentence, and no panic.

use std::path::Path;

use featscope::images::transform::Orientation;
use image::ImageFormat;
use tempfile::tempdir;

use super::write::{self, Labels, expected, pictures};
use super::{open, refusal};

/// Rewrites a file.
fn change(path: &Path, how: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    how(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_no_data_set_is_said_to_be_none() {
    let dir = tempdir().unwrap();
    let error = refusal(dir.path(), None);
    assert!(
        error.contains("no image data set found; looked for CIFAR-10") && error.contains("cifar10:PATH"),
        "{error}"
    );
    let file = dir.path().join("empty.parquet");
    std::fs::write(&file, "").unwrap();
    assert!(refusal(&file, None).ends_with("empty.parquet: the file is empty; copy or download it again"));
    std::fs::write(dir.path().join("a.png"), "x").unwrap();
    assert!(refusal(&dir.path().join("a.png"), None).contains("is one image; give the folder"));
    let asked = format!("cifar100:{}", dir.path().display());
    assert!(refusal(Path::new(&asked), None).contains("holds no cifar100 data set; it looks like"));
}

#[test]
fn splits_that_are_not_there_are_named() {
    let dir = tempdir().unwrap();
    write::cifar10_binary(dir.path(), &pictures(5), &pictures(5));
    assert!(refusal(dir.path(), None).ends_with("has the splits train, test; say which one with --split"));
    assert!(refusal(dir.path(), Some("val")).ends_with("has no split \"val\"; it has train, test"));
    std::fs::remove_file(dir.path().join("data_batch_3.bin")).unwrap();
    assert!(refusal(dir.path(), Some("train")).contains("data_batch_3.bin is missing"));
    assert_eq!(open(dir.path(), Some("test")).len(), 5);
}

#[test]
fn damaged_cifar_batches_are_refused() {
    let dir = tempdir().unwrap();
    write::cifar10_binary(dir.path(), &pictures(5), &pictures(5));
    let batch = dir.path().join("test_batch.bin");
    change(&batch, |b| b.truncate(3073 * 2 + 100));
    assert!(refusal(dir.path(), Some("test")).contains("6246 bytes, expected a multiple of 3073"));
    change(&batch, |b| {
        b.truncate(3073 * 2);
        b[3073] = 10;
    });
    assert!(refusal(dir.path(), Some("test")).contains("image 1 has label 10, expected 0 to 9"));
    change(&batch, |b| b.clear());
    assert!(refusal(dir.path(), Some("test")).contains("0 bytes"));
    write::cifar10_binary(&dir.path().join("x"), &pictures(5), &pictures(5));
    change(&dir.path().join("x/batches.meta.txt"), |b| b.truncate(20));
    assert!(refusal(&dir.path().join("x"), Some("test")).contains("2 class names, expected 10"));
}

#[test]
fn damaged_and_hostile_pickles_are_refused() {
    let dir = tempdir().unwrap();
    write::cifar10_python(dir.path(), &pictures(5), &pictures(5));
    let batch = dir.path().join("test_batch");
    let whole = std::fs::read(&batch).unwrap();
    for cut in [1, 20, 100, 5000, whole.len() - 1] {
        std::fs::write(&batch, &whole[..cut]).unwrap();
        assert!(refusal(dir.path(), Some("test")).contains("not a readable CIFAR pickle (it ends inside its pickle"));
    }
    std::fs::write(&batch, b"\x80\x02cposix\nsystem\nU\x06reboot\x85R.").unwrap();
    assert!(refusal(dir.path(), Some("test")).contains("it would run code where it is loaded: posix.system (1 time)"));
    std::fs::write(&batch, write::pickle_batch("coarse_labels", &pictures(5))).unwrap();
    assert!(refusal(dir.path(), Some("test")).contains("has no list \"labels\""));
}

#[test]
fn a_truncated_archive_is_refused() {
    let dir = tempdir().unwrap();
    write::cifar10_binary(&dir.path().join("bin"), &pictures(5), &pictures(5));
    let archive = dir.path().join("a.tar.gz");
    write::tar_gz(&dir.path().join("bin"), &archive);
    change(&archive, |b| b.truncate(b.len() / 2));
    let error = refusal(&archive, Some("train"));
    assert!(
        error.contains("damaged or truncated archive") || error.contains("missing"),
        "{error}"
    );
}

#[test]
fn damaged_idx_files_are_refused() {
    let dir = tempdir().unwrap();
    let grey: Vec<_> = pictures(4)
        .into_iter()
        .map(|(c, p)| (c, image::DynamicImage::from(p).into_luma8()))
        .collect();
    let images = dir.path().join("train-images-idx3-ubyte");
    let labels = dir.path().join("train-labels-idx1-ubyte");
    let fresh = || write::idx(dir.path(), "train", &grey, false);
    let damaged = |path: &Path, how: &dyn Fn(&mut Vec<u8>)| {
        fresh();
        change(path, how);
        refusal(dir.path(), None)
    };
    assert!(damaged(&images, &|b| b.truncate(500)).contains("claims 4 images of 32 x 32, 4096 bytes, but has 484"));
    assert!(damaged(&images, &|b| b[4..8].fill(0xff)).contains("claims 4294967295 images"));
    assert!(damaged(&images, &|b| b[8..16].fill(0xff)).contains("claims images of 4294967295 x 4294967295"));
    assert!(damaged(&images, &|b| b[2] = 0x0d).contains("starts with [00, 00, 0d, 03], expected [00, 00, 08, 03]"));
    assert!(damaged(&images, &|b| b.truncate(7)).contains("damaged or truncated"));
    assert!(damaged(&labels, &|b| b.truncate(9)).contains("claims 4 labels, 4 bytes, but has 1"));
    assert!(damaged(&labels, &|b| b[7] = 5).contains("has 5 labels for 4 images"));
    fresh();
    std::fs::remove_file(&labels).unwrap();
    assert!(refusal(dir.path(), None).contains("its labels train-labels-idx1-ubyte are missing"));

    let zipped = dir.path().join("gz");
    write::idx(&zipped, "train", &grey, true);
    let bytes = std::fs::read(&images).unwrap();
    let target = zipped.join("train-images-idx3-ubyte.gz");
    std::fs::write(&target, write::gzip(&bytes[..600])).unwrap();
    assert!(refusal(&zipped, None).contains("but has 584"));
    std::fs::write(&target, write::gzip(&[&bytes[..], b"more"].concat())).unwrap();
    assert!(refusal(&zipped, None).contains("but has more"));
    change(&target, |b| b.truncate(30));
    assert!(refusal(&zipped, None).contains("damaged or truncated file"));
}

#[test]
fn a_damaged_image_names_its_file_and_leaves_the_others() {
    let dir = tempdir().unwrap();
    write::folder(dir.path(), &expected(&pictures(10)), ImageFormat::Jpeg, "jpg");
    change(&dir.path().join("cat/003.jpg"), |b| b.truncate(512));
    change(&dir.path().join("dog/005.jpg"), |b| b.clear());
    change(&dir.path().join("frog/006.jpg"), |b| {
        *b = b"<html>not found</html>".to_vec()
    });
    let set = open(dir.path(), None);
    std::fs::remove_file(dir.path().join("ship/008.jpg")).unwrap();
    let raws = set.read(0..10).unwrap();
    let errors: Vec<String> = raws
        .iter()
        .filter_map(|r| r.decode(Orientation::Exif).err().map(|e| e.to_string()))
        .collect();
    let shown = dir.path().display();
    assert_eq!(
        errors[0],
        format!(
            "{shown}/cat/003.jpg: not a decodable image (JPEG data ends after 512 bytes); re-download it, or pass \
             --on-bad-image skip"
        )
    );
    assert!(errors[1].contains("dog/005.jpg: not a decodable image (it is empty)"));
    assert!(errors[2].contains("frog/006.jpg: not a decodable image (not JPEG, PNG"));
    assert!(errors[3].contains("ship/008.jpg: not a decodable image (No such file"));
    assert_eq!(errors.len(), 4);
}

#[test]
fn damaged_parquet_files_are_refused() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("train.parquet");
    write::parquet(&file, &pictures(20), Labels::Named, true);
    let whole = std::fs::read(&file).unwrap();
    for cut in [1, 4, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        assert!(
            refusal(&file, None).contains("not a readable Parquet file"),
            "cut at {cut}"
        );
    }
    let mut labels = pictures(20);
    labels[13].0 = 200;
    // A label beyond the ten names of the metadata.
    write::parquet(&file, &labels, Labels::Named, true);
    assert!(refusal(&file, None).contains("row 13 has label 200, but the file names 10 classes"));
}

#[test]
fn a_parquet_file_without_images_is_refused() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("x.parquet");
    let losses = arrow_array::Float64Array::from(vec![1.0]);
    write::columns(&file, vec![("loss", std::sync::Arc::new(losses))]);
    assert!(refusal(&file, None).contains("no image column found among loss"));
}
