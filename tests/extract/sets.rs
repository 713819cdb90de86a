//! Several data sets in one call.

use std::path::Path;
use std::process::{Command, Output};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn extract(out: &Path, words: &[&str]) -> Output {
    let data = format!("{FIXTURES}/images/vehicles-test.parquet");
    let words = words
        .iter()
        .map(|word| if *word == "DATA" { data.as_str() } else { word });
    Command::new(env!("CARGO_BIN_EXE_featscope-extract"))
        .args([
            "extract",
            "--model",
            &format!("{FIXTURES}/checkpoints/sl.safetensors"),
            "--threads",
            "1",
        ])
        .args(["--layers", "backbone", "--out"])
        .arg(out)
        .args(words)
        .output()
        .unwrap()
}

fn parts(store: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(store).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "parquet"));
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// The same bytes as one call for each, also in narrow numbers, for which the weights are cast anew.
#[test]
fn several_data_sets_in_one_call_are_the_stores_of_one_call_each() {
    for precision in ["f32", "bf16"] {
        let dir = tempfile::tempdir().unwrap();
        let (alone, together) = (dir.path().join("alone"), dir.path().join("together"));
        let sets = [("a", "airplane,ship"), ("b", "truck")];
        for (name, classes) in sets {
            let words = [
                "--data",
                "DATA",
                "--dataset-name",
                name,
                "--classes",
                classes,
                "--precision",
                precision,
            ];
            assert!(extract(&alone, &words).status.success());
        }
        let [a, b] = sets;
        let words = [
            "--data",
            "DATA",
            "--dataset-name",
            a.0,
            "--classes",
            a.1,
            "--data",
            "DATA",
            "--dataset-name",
            b.0,
            "--classes",
            b.1,
            "--split",
            "test",
            "--precision",
            precision,
        ];
        let done = extract(&together, &words);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        assert_eq!(String::from_utf8_lossy(&done.stdout).lines().count(), 2);
        assert_eq!(said.matches("network ").count(), 1, "{said}");
        for (name, _) in sets {
            let store = format!("sl/{name}-test");
            let (one, other) = (parts(&alone.join(&store)), parts(&together.join(&store)));
            assert!(!one.is_empty() && one == other, "{name} in {precision}");
        }
    }
}

#[test]
fn what_is_said_of_data_sets_is_said_once_or_of_each() {
    let dir = tempfile::tempdir().unwrap();
    for (words, said) in [
        (
            &["--data", "DATA", "--split", "test", "--split", "train"][..],
            "--split is given 2 times for 1 data sets",
        ),
        (
            &["--data", "DATA", "--data", "DATA", "--dataset-name", "a"],
            "--dataset-name is given once for 2 data sets",
        ),
    ] {
        let refused = extract(dir.path(), words);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
