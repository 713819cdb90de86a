//! Tables of paths and labels.

use std::path::{Path, PathBuf};

use featscope::images::{self, DatasetFormat};
use image::{DynamicImage, ImageFormat};
use tempfile::tempdir;

use super::write::{CIFAR10, encode, expected, pictures};
use super::{everything, open, refusal, strings};

/// Pictures 0.png, 1.png and so on in a folder.
fn write_pictures(folder: &Path, n: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for (i, (_, picture)) in pictures(n).iter().enumerate() {
        let bytes = encode(&DynamicImage::ImageRgb8(picture.clone()), ImageFormat::Png);
        std::fs::write(folder.join(format!("{i}.png")), bytes).unwrap();
    }
}

fn table(path: &Path, text: &str) -> PathBuf {
    std::fs::write(path, text).unwrap();
    PathBuf::from(format!("csv:{}", path.display()))
}

#[test]
fn a_table_gives_its_pictures_in_its_order() {
    let dir = tempdir().unwrap();
    let all = pictures(12);
    write_pictures(&dir.path().join("a, \"b\""), 12);
    let rows: String = (0..12)
        .map(|i| format!("{},\"a, \"\"b\"\"/{i}.png\",{i}\r\n", CIFAR10[i % 10]))
        .collect();
    let path = dir.path().join("pets_train.csv");
    table(&path, &format!("\u{feff}Class,Filename,note\r\n{rows}"));
    let set = open(&path, None);
    assert_eq!(
        (set.format(), set.name(), set.split()),
        (DatasetFormat::Csv, "pets", "train")
    );
    assert!(everything(&set) == expected(&all));
    assert_eq!(set.id(11), "a, \"b\"/11.png");
    let some = images::open(path.to_str().unwrap(), Some("train"), Some(&strings(&["ship"]))).unwrap();
    assert_eq!((some.len(), some.id(0)), (1, "a, \"b\"/8.png".to_owned()));
    let before = set.fingerprint().unwrap();
    std::fs::copy(dir.path().join("a, \"b\"/1.png"), dir.path().join("a, \"b\"/3.png")).unwrap();
    assert_ne!(set.fingerprint().unwrap(), before);
    let found = images::summary(path.to_str().unwrap(), None).unwrap().parts[0]
        .duplicates
        .clone();
    let pair = ("a, \"b\"/1.png".to_owned(), "a, \"b\"/3.png".to_owned());
    assert_eq!((found.count, found.examples), (1, vec![pair]));
}

#[test]
fn labels_may_be_numbers_or_missing() {
    let dir = tempdir().unwrap();
    write_pictures(dir.path(), 4);
    let classes = |text: &str| {
        let set = open(&table(&dir.path().join("t.csv"), text), None);
        let labels: Vec<_> = (0..set.len()).map(|i| set.label(i)).collect();
        (set.classes().to_vec(), labels)
    };
    let numbers = classes("path,label\n0.png,10\n1.png,9\n2.png,-1\n3.png,\n");
    assert_eq!(numbers, (strings(&["9", "10"]), vec![Some(1), Some(0), None, None]));
    let words = classes("path,label\n0.png,b\n1.png,a\n2.png,9\n3.png,\n");
    assert_eq!(
        words,
        (strings(&["9", "a", "b"]), vec![Some(2), Some(1), Some(0), None])
    );
    assert_eq!(classes("file\n0.png\n\n1.png"), (vec![], vec![None, None]));
    std::fs::write(dir.path().join("classes.txt"), "cat\ndog\n").unwrap();
    assert_eq!(
        classes("image,y\n0.png,1\n1.png,1"),
        (strings(&["cat", "dog"]), vec![Some(1), Some(1)])
    );
}

#[test]
fn a_folder_of_tables_has_their_splits() {
    let dir = tempdir().unwrap();
    write_pictures(&dir.path().join("pictures"), 3);
    table(
        &dir.path().join("train.csv"),
        "path,label\npictures/0.png,a\npictures/1.png,b\n",
    );
    table(&dir.path().join("test.csv"), "path,label\npictures/2.png,a\n");
    let folder = PathBuf::from(format!("csv:{}", dir.path().display()));
    assert!(refusal(&folder, None).contains("has the splits test, train"));
    let set = open(&folder, Some("test"));
    assert_eq!(
        (set.len(), set.id(0), set.split()),
        (1, "pictures/2.png".to_owned(), "test")
    );
    // Without the prefix such a folder is one of images.
    assert_eq!(open(dir.path(), None).format(), DatasetFormat::Folder);
}

#[test]
fn damaged_tables_are_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("t.csv");
    for (text, says) in [
        (
            "path,label\na.png,x\n\"b.png,x\nc.png,x\n",
            "the quote opened in line 3 is never closed",
        ),
        (
            "path,label\n\"a\"\"b.png,x\n",
            "the quote opened in line 2 is never closed",
        ),
        (
            "path,label\na.png,x\nb.png,y,z\n",
            "line 3 has 3 fields, the lines before it 2",
        ),
        ("path,label\n ,x\n", "line 2 has no path"),
        ("a,b\nc,d\n", "no column of paths in its first line (a, b)"),
        (
            "path,label\na.png,x\na.png,y\n",
            "line 3 lists a.png again (first in line 2 of ",
        ),
        ("\n\n", "has no lines"),
    ] {
        let error = refusal(&table(&path, text), None);
        assert!(error.contains(says), "{text:?}: {error}");
    }
    std::fs::write(&path, b"path\n\xff\xfe.png\n").unwrap();
    assert!(refusal(&path, None).contains("line 2 is not UTF-8"));
    // Quotes in the middle of a field are letters.
    assert_eq!(open(&table(&path, "path\n5\" disk.png\n\"x\"\n"), None).len(), 2);
}

#[test]
fn a_listed_file_that_is_none_is_an_error_of_its_own() {
    let dir = tempdir().unwrap();
    write_pictures(dir.path(), 1);
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    let path = table(&dir.path().join("t.csv"), "path\n0.png\ngone.png\nfolder\n");
    let set = open(&path, None);
    let said = |i: usize| {
        set.read(i..i + 1).unwrap()[0]
            .decode(Default::default())
            .unwrap_err()
            .to_string()
    };
    assert!(
        said(1).contains("gone.png: not a decodable image (No such file"),
        "{}",
        said(1)
    );
    assert!(said(2).contains("is a folder; expected a file"), "{}", said(2));
    assert!(set.fingerprint().is_ok());
}
