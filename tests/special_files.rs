//! What is no regular file is refused at once, wherever a path is taken: a pipe nobody writes to would be waited for, and an
//! endless device would fill the memory.
#![cfg(all(feature = "analysis", target_os = "linux"))]

mod synthetic;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;
use ndarray::{Array1, Array2};

/// Ends a command that waits: the test then fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn featscope(dir: &Path, words: &[&str]) -> Output {
    let mut command = Command::cargo_bin("featscope").unwrap();
    command
        .current_dir(dir)
        .env_clear()
        .args(words)
        .timeout(PATIENCE)
        .output()
        .unwrap()
}

/// Puts something in place of a file.
type Put = fn(&Path);

fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

fn endless(path: &Path) {
    symlink("/dev/zero", path).unwrap();
}

fn socket(path: &Path) {
    // Its file stays when nobody listens any more.
    std::os::unix::net::UnixListener::bind(path).unwrap();
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn png(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::RgbImage::from_fn(8, 8, |x, y| image::Rgb([x as u8 * 30, y as u8 * 30, 7]))
        .save(path)
        .unwrap();
}

fn array(path: &Path) {
    ndarray_npy::write_npy(
        path,
        &Array2::<f32>::from_shape_fn((12, 3), |(i, j)| (i * 7 % 5 + j * i) as f32),
    )
    .unwrap();
}

#[test]
fn an_input_that_is_no_regular_file_is_refused_at_once() {
    let cases: &[(&str, &[&str])] = &[
        ("x.npy", &["analyze", "x.npy"]),
        ("x.npz", &["analyze", "x.npz"]),
        ("x.csv", &["analyze", "x.csv"]),
        ("x.tsv", &["analyze", "x.tsv"]),
        ("x.parquet", &["analyze", "x.parquet"]),
        ("x.safetensors", &["analyze", "x.safetensors"]),
        ("x.pt", &["analyze", "x.pt"]),
        ("x.npy", &["similarity", "x.npy"]),
        ("y.npy", &["analyze", "a.npy", "--labels", "y.npy"]),
        ("y.csv", &["analyze", "a.npy", "--labels", "y.csv"]),
        ("y.txt", &["analyze", "a.npy", "--labels", "y.txt"]),
        ("y.parquet", &["analyze", "a.npy", "--labels", "y.parquet"]),
        ("a_labels.npy", &["analyze", "a.npy"]),
        ("x.json", &["compare", "x.json"]),
        ("x.json", &["report", "x.json", "--out", "report"]),
        ("x.toml", &["run", "x.toml"]),
        (
            "x.pth",
            &["export", "--model", "x.pth", "--naming", "timm", "-o", "o.pth"],
        ),
        (
            "x.safetensors",
            &["export", "--model", "x.safetensors", "--naming", "timm", "-o", "o.pth"],
        ),
        ("m.safetensors.index.json", &["inspect", "m.safetensors.index.json"]),
        ("store/manifest.json", &["analyze", "store"]),
        ("r/results.json", &["compare", "r"]),
        ("x.npy", &["inspect", "x.npy"]),
        ("x.pth", &["inspect", "x.pth"]),
        ("x.csv", &["inspect", "csv:x.csv"]),
        ("x.json", &["inspect", "coco:x.json"]),
        ("x.tar", &["inspect", "webdataset:x.tar"]),
        ("x.tar.gz", &["inspect", "x.tar.gz"]),
        ("x.parquet", &["inspect", "parquet:x.parquet"]),
        ("cifar/data_batch_1.bin", &["inspect", "cifar10:cifar"]),
        ("idx/train-images-idx3-ubyte", &["inspect", "idx:idx"]),
        ("parts/train-00000.parquet", &["inspect", "parquet:parts"]),
        ("tars/train-0.tar", &["inspect", "webdataset:tars"]),
    ];
    for (name, words) in cases {
        for (kind, put) in [("pipe", pipe as Put), ("device", endless), ("socket", socket)] {
            let temp = tempfile::tempdir().unwrap();
            array(&temp.path().join("a.npy"));
            let path = temp.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            put(&path);
            let out = featscope(temp.path(), words);
            let said = said(&out);
            assert_eq!(out.status.code(), Some(2), "{kind} {words:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{kind} {words:?}: {said}");
            let file = Path::new(name).file_name().unwrap().to_str().unwrap();
            let folder = name.split('/').next().unwrap();
            assert!(said.contains(file) || said.contains(folder), "{kind} {words:?}: {said}");
        }
    }
}

#[test]
fn images_and_parts_that_are_no_regular_files_are_named() {
    for (kind, put) in [("pipe", pipe as Put), ("device", endless), ("socket", socket)] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        png(&dir.join("set/a/1.png"));
        png(&dir.join("set/b/1.png"));
        put(&dir.join("set/b/2.png"));
        fs::write(
            dir.join("rows.csv"),
            "path,label\nset/a/1.png,a\nset/b/2.png,b\n/dev/zero,b\n",
        )
        .unwrap();
        for data in ["set", "csv:rows.csv"] {
            let out = featscope(dir, &["inspect", data]);
            let shown = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(out.status.success(), "{kind} {data}: {}", said(&out));
            assert!(
                shown.contains("2.png") && shown.contains("is not a regular file"),
                "{kind} {data}: {shown}"
            );
        }
    }
}

#[test]
fn side_files_that_are_no_regular_files_are_not_waited_for() {
    for (kind, put) in [("pipe", pipe as Put), ("device", endless), ("socket", socket)] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        png(&dir.join("a.png"));
        fs::write(dir.join("rows.csv"), "path,label\na.png,0\n").unwrap();
        put(&dir.join("classes.txt"));
        let out = featscope(dir, &["inspect", "csv:rows.csv"]);
        assert_eq!(out.status.code(), Some(2), "{kind}");
        assert!(
            said(&out).contains("classes.txt: is not a regular file"),
            "{kind}: {}",
            said(&out)
        );
    }
}

#[test]
fn tables_of_results_that_are_no_regular_files_are_named() {
    for (kind, put) in [("pipe", pipe as Put), ("device", endless), ("socket", socket)] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        synthetic::analysis().write(&dir.join("r")).unwrap();
        let table = dir.join("r/tables/spectrum.parquet");
        fs::remove_file(&table).unwrap();
        put(&table);
        for words in [
            &["compare", "r"][..],
            &["report", "r", "--out", "report"],
            &["report", "r", "--out", "r"],
        ] {
            let out = featscope(dir, words);
            assert_eq!(out.status.code(), Some(2), "{kind} {words:?}");
            assert!(
                said(&out).contains("spectrum.parquet: is not a regular file"),
                "{kind}: {}",
                said(&out)
            );
        }
    }
}

#[test]
fn no_file_takes_the_place_of_what_is_none() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let labels = Array1::from_iter((0..12).map(|i| i64::from(i % 2)));
    ndarray_npy::write_npy(dir.join("a_labels.npy"), &labels).unwrap();
    array(&dir.join("a.npy"));
    synthetic::analysis().write(&dir.join("r")).unwrap();
    for (kind, put) in [("pipe", pipe as Put), ("device", endless), ("socket", socket)] {
        let out = dir.join(format!("out-{kind}"));
        put(&out);
        let name = format!("out-{kind}");
        let file = format!("out-{kind}/x.json");
        let here = format!("{kind}.json");
        put(&dir.join(&here));
        for words in [
            &["analyze", "a.npy", "-o", &name][..],
            &["analyze", "a.npy", "-o", &file],
            &["analyze", "a.npy", "-o", &here],
            &["compare", "r", "--format", "csv", "-o", &here],
            &["report", "r", "--out", &name],
        ] {
            let result = featscope(dir, words);
            assert_eq!(result.status.code(), Some(2), "{kind} {words:?}: {}", said(&result));
        }
        for kept in [out, dir.join(here)] {
            assert!(!fs::symlink_metadata(kept).unwrap().is_file(), "{kind}: replaced");
        }
    }
}
