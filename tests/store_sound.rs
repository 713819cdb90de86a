//! Manifests against their parts: what was edited, exchanged, lost or added is noticed before a number of it is used.

use std::fs;
use std::path::{Path, PathBuf};

use featscope::features::FeatureSet;
use featscope::store::{
    self, DataInfo, Description, Deviation, FeatureStore, Findings, LayerDeviation, LayerInfo, ModelInfo, OpenOptions,
    PART_ROWS, Skipped, SkippedImage, Standing, StoreShard, Writer, gather, standing,
};
use ndarray::Array2;
use serde_json::{Value, json};

/// Two layers of one width, and one of another.
const WIDTHS: [(&str, usize); 3] = [("stage1", 4), ("stage2", 4), ("backbone", 6)];

fn description(model: &str) -> Description {
    let layer = |(name, width): (&str, usize)| LayerInfo {
        name: name.into(),
        width,
        pooling: "average".into(),
    };
    Description {
        model: ModelInfo {
            name: model.into(),
            ..Default::default()
        },
        data: DataInfo {
            name: "animals".into(),
            split: "test".into(),
            classes: ["dog", "cat", "crane", "crane", "never"].map(String::from).to_vec(),
            ..Default::default()
        },
        preprocess: json!({"resize": 32, "mean": [0.485, 0.456, 0.406]}),
        layers: WIDTHS.map(layer).to_vec(),
        precision: "f32".into(),
        ..Default::default()
    }
}

fn append(writer: &mut Writer, rows: usize, seed: usize) {
    let ids: Vec<String> = (0..rows).map(|row| format!("{row}.png")).collect();
    let labels: Vec<Option<u32>> = (0..rows)
        .map(|row| (row % 5 != 4).then_some((row % 5) as u32))
        .collect();
    let layers = WIDTHS.map(|(_, width)| {
        Array2::from_shape_fn((rows, width), |(i, j)| {
            (((i * 31 + j * 17 + seed * 7) % 1009) as f32).sin()
        })
    });
    writer.append(&ids, &labels, &layers).unwrap();
}

/// The store of a model; models differ in their features alone.
fn write(dir: &Path, model: &str, rows: usize) {
    let mut writer = Writer::create(dir, description(model)).unwrap();
    append(&mut writer, rows, model.len());
    writer.finish().unwrap();
}

fn part(dir: &Path, index: usize) -> PathBuf {
    dir.join(format!("part-{index:05}.parquet"))
}

/// Changes the last bit of a feature near the end of a part: Parquet itself does not notice.
fn alter(part: &Path) {
    let mut bytes = fs::read(part).unwrap();
    let place = bytes.len() * 9 / 10;
    bytes[place] ^= 1;
    fs::write(part, bytes).unwrap();
}

fn edit(dir: &Path, change: impl FnOnce(&mut Value)) {
    let path = dir.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, serde_json::to_string_pretty(&manifest).unwrap()).unwrap();
}

fn refused(dir: &Path) -> String {
    let why = FeatureStore::open(dir).err().expect("it opens").to_string();
    assert!(!why.contains('\n'), "{why}");
    why
}

#[test]
fn a_manifest_that_was_edited_is_refused_with_what_differs() {
    type Edit = fn(&mut Value);
    let cases: [(Edit, &str); 17] = [
        (
            |m| {
                m["layers"][0]["name"] = "stage2".into();
                m["layers"][1]["name"] = "stage1".into();
            },
            "its columns are id, label, class, stage1, stage2, backbone, and the manifest says id, label, class, stage2, stage1, \
             backbone: layers were exchanged",
        ),
        (
            |m| m["layers"].as_array_mut().unwrap().swap(0, 2),
            "the manifest says id, label, class, backbone, stage2, stage1",
        ),
        (
            |m| drop(m["layers"].as_array_mut().unwrap().remove(1)),
            "column \"stage2\", which the manifest does not name",
        ),
        (
            |m| {
                m["layers"][0]["width"] = 6.into();
                m["layers"][2]["width"] = 4.into();
            },
            "the manifest says 6 channels",
        ),
        (|m| m["layers"][0]["name"] = "stage9".into(), "no column \"stage9\""),
        (
            |m| m["layers"][0]["name"] = "a\u{7}".into(),
            "layer name \"a\\u{7}\" holds a control character",
        ),
        (
            |m| m["data"]["classes"].as_array_mut().unwrap().swap(0, 1),
            "part-00000.parquet: row 0: label 0 is class \"dog\", but the manifest calls it \"cat\"; its classes were renamed or \
             put in another order; extract again",
        ),
        (
            |m| m["data"]["classes"][1] = "lion".into(),
            "row 1: label 1 is class \"cat\", but the manifest calls it \"lion\"",
        ),
        (
            // The two of one name are told apart by their numbers.
            |m| m["data"]["classes"][3] = "heron".into(),
            "row 2: label 2 is class \"crane (2)\", but the manifest calls it \"crane\"",
        ),
        (
            |m| m["data"]["classes"].as_array_mut().unwrap().truncate(3),
            "row 2: label 2 is class \"crane (2)\", but the manifest calls it \"crane\"",
        ),
        (
            |m| m["data"]["classes"].as_array_mut().unwrap().truncate(1),
            "row 1: label 1, but the manifest names 1 classes",
        ),
        (|m| m["preprocess"]["resize"] = 64.into(), "preprocess_sha256 is not"),
        (
            |m| {
                let again = m["parts"][0].clone();
                m["parts"].as_array_mut().unwrap().push(again);
            },
            "part part-00000.parquet is named twice",
        ),
        (|m| m["parts"][0]["sha256"] = "0".into(), "expected 64 digits"),
        (
            |m| m["parts"] = json!([]),
            "lies in it, and its manifest does not name that part",
        ),
        (
            |m| m["shard"] = json!({"index": 0, "count": 2, "first_image": 0, "images": 20}),
            "shard 0 of 2",
        ),
        (|m| m["data"]["ids_sha256"] = "".into(), "the ids are not those"),
    ];
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    for (change, expected) in cases {
        write(&dir, "SL", 20);
        edit(&dir, change);
        let why = refused(&dir);
        assert!(why.contains(expected), "{expected}: {why}");
    }
    // A class that no row has, and the layout of the text, are nobody's business.
    write(&dir, "SL", 20);
    edit(&dir, |m| m["data"]["classes"][4] = "ever".into());
    FeatureStore::open(&dir).unwrap();
    fs::write(dir.join("manifest.json"), b"{\"schema\": \"\xff\"}").unwrap();
    assert!(refused(&dir).contains("not JSON"));
}

#[test]
fn parts_that_lie_there_unnamed_are_noticed_and_other_files_are_not() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    write(&dir, "SL", PART_ROWS + 5);
    for harmless in ["lock", "notes.txt", "part-00000.json", ".DS_Store"] {
        fs::write(dir.join(harmless), "").unwrap();
    }
    FeatureStore::open(&dir).unwrap();
    // A store that was cut to its first part reads as a whole one, but for what lies beside it.
    edit(&dir, |m| drop(m["parts"].as_array_mut().unwrap().pop()));
    assert!(
        refused(&dir).contains("part-00001.parquet lies in it"),
        "{}",
        refused(&dir)
    );
    fs::remove_file(part(&dir, 1)).unwrap();
    assert!(refused(&dir).contains("the ids are not those"), "{}", refused(&dir));
}

#[test]
fn nothing_of_an_altered_part_is_given_away() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    let sentence = "part-00001.parquet: does not have the SHA-256 its manifest says";
    write(&dir, "SL", PART_ROWS + 3000);
    alter(&part(&dir, 1));
    let store = FeatureStore::open(&dir).unwrap();
    let set = store.features("stage1").unwrap();
    // Who stops before the altered bytes has no row of their part, but those of the part before it.
    assert_eq!(gather(&set, &[0, 9000]).unwrap().nrows(), 2);
    let why = gather(&set, &[0, PART_ROWS]).unwrap_err().to_string();
    assert!(why.contains(sentence), "{why}");
    let mut rows = 0;
    let mut last = None;
    for batch in set.batches(1000).unwrap() {
        match batch {
            Ok(batch) => rows += batch.nrows(),
            Err(error) => last = Some(error.to_string()),
        }
    }
    assert_eq!(rows, PART_ROWS);
    assert!(last.unwrap().contains(sentence));
    for why in [store.verify(), store::summary(&dir).map(drop)] {
        assert!(why.unwrap_err().to_string().contains(sentence));
    }
}

#[test]
fn parts_and_manifests_exchanged_between_stores_are_noticed() {
    let temp = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| temp.path().join(name));
    for file in ["part-00000.parquet", "manifest.json"] {
        write(&a, "SL", 200);
        write(&b, "SL-MLP", 200);
        let bytes = fs::read(a.join(file)).unwrap();
        fs::copy(b.join(file), a.join(file)).unwrap();
        fs::write(b.join(file), bytes).unwrap();
        for (dir, model) in [(&a, "SL"), (&b, "SL-MLP")] {
            let read = || -> featscope::error::Result<()> {
                for set in store::open(dir, &OpenOptions::default())? {
                    gather(&*set, &[0])?;
                }
                Ok(())
            };
            let why = read().unwrap_err().to_string();
            assert!(why.contains("does not have the SHA-256"), "{why}");
            assert!(store::summary(dir).is_err());
            match standing(dir, &description(model)).unwrap() {
                Standing::Damaged(why) => assert!(why.contains("does not have the SHA-256"), "{why}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn whole_stores_are_said_to_be_whole_under_any_name() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    write(&dir, "SL", 20);
    let renamed = temp.path().join("another name");
    fs::rename(&dir, &renamed).unwrap();
    for path in [renamed.clone(), renamed.join("manifest.json")] {
        let summary = store::summary(&path).unwrap();
        assert!(summary.verified && summary.rows == 20);
        let sets = store::open(&path, &OpenOptions::default()).unwrap();
        assert_eq!((sets.len(), sets[0].subject().model.as_str()), (3, "SL"));
    }
}

#[test]
fn what_no_store_can_say_is_not_written() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    let deviation = |cosine| Deviation {
        rows: 5,
        layers: WIDTHS
            .iter()
            .map(|(name, _)| LayerDeviation {
                name: (*name).into(),
                max_error: 0.0,
                worst_cosine: cosine,
            })
            .collect(),
    };
    let image = SkippedImage {
        id: "x".into(),
        reason: "torn".into(),
    };
    let mut shard = description("SL");
    shard.precision = "bf16".into();
    shard.shard = Some(StoreShard {
        index: 2,
        count: 2,
        first_image: 30,
        images: 20,
    });
    let write = |found: Findings| {
        let mut writer = Writer::create(&dir, shard.clone()).unwrap();
        append(&mut writer, 20, 1);
        writer.finish_with(found)
    };
    let skipped = Findings {
        skipped: Some(Skipped {
            count: 1,
            images: vec![image],
        }),
        ..Default::default()
    };
    let off = |cosine| Findings {
        deviation: Some(deviation(cosine)),
        ..Default::default()
    };
    for (found, expected) in [(skipped, "1 of them left out"), (off(f64::NAN), "cosine NaN")] {
        let why = write(found).unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
        assert!(!dir.exists());
    }
    let mut named = shard.clone();
    named.data.name = "a\nb".into();
    let why = Writer::create(&dir, named).err().unwrap().to_string();
    assert!(
        why.contains("data set name \"a\\nb\" holds a control character"),
        "{why}"
    );
    write(off(0.99)).unwrap();
    FeatureStore::open(&dir).unwrap();
}

#[cfg(feature = "analysis")]
mod command_line {
    use assert_cmd::Command;

    use super::*;

    fn featscope(dir: &Path, words: &[&str]) -> std::process::Output {
        let mut command = Command::cargo_bin("featscope").unwrap();
        command.current_dir(dir).env_clear().args(words).output().unwrap()
    }

    #[test]
    fn every_command_that_reads_a_store_ends_in_the_sentence() {
        let temp = tempfile::tempdir().unwrap();
        let [good, bad] = ["good", "bad"].map(|name| temp.path().join(name));
        write(&good, "SL", 300);
        write(&bad, "SL-MLP", 300);
        let whole = featscope(temp.path(), &["inspect", "good"]);
        let said = String::from_utf8(whole.stdout).unwrap();
        assert!(
            whole.status.success() && said.contains("every part with the SHA-256 of its manifest"),
            "{said}"
        );
        let json = featscope(temp.path(), &["inspect", "good", "--format", "json"]);
        let json: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(json["verified"], true);

        alter(&part(&bad, 0));
        let commands: [&[&str]; 5] = [
            &["inspect", "bad"],
            &["inspect", "bad/manifest.json", "--format", "json"],
            &["analyze", "bad", "--metrics", "redundancy"],
            &["similarity", "bad"],
            &["similarity", "good", "bad"],
        ];
        for words in commands {
            let out = featscope(temp.path(), words);
            let error = String::from_utf8(out.stderr).unwrap();
            assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
            assert!(out.stdout.is_empty(), "{words:?}");
            let sentence = "part-00000.parquet: does not have the SHA-256 its manifest says";
            assert_eq!(error.matches(sentence).count(), 1, "{words:?}: {error}");
            assert!(!error.contains("panicked"), "{words:?}: {error}");
        }
    }
}
