//! Writers that are killed, folders of others, and damage.

// Helpers of tests may fail as tests do; clippy's own exception knows only the tests themselves.
use std::fs;

use featscope::store;
use featscope::store::{Description, FeatureStore, OpenOptions, PART_ROWS, Writer};
use ndarray::Array2;
use serde_json::json;

use super::{WIDTHS, append, description, failure, ids, layer, write};

#[test]
fn a_killed_writer_leaves_nothing_that_opens() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    for rows in [10, PART_ROWS + 10] {
        let mut writer = Writer::create(&dir, description()).unwrap();
        append(&mut writer, 0..rows).unwrap();
        drop(writer);
        assert!(failure(&dir).contains("interrupted"), "{}", failure(&dir));
    }
    write(&dir, 20, 20);
    assert_eq!(FeatureStore::open(&dir).unwrap().manifest().rows(), 20);
}

#[test]
fn a_finished_store_stays_until_the_next_is_whole() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    write(&dir, 20, 20);
    let mut writer = Writer::create(&dir, description()).unwrap();
    append(&mut writer, 0..30).unwrap();
    assert_eq!(FeatureStore::open(&dir).unwrap().manifest().rows(), 20);
    let second = Writer::create(&dir, description()).err().unwrap().to_string();
    assert!(second.contains("another process"), "{second}");
    writer.finish().unwrap();
    assert_eq!(FeatureStore::open(&dir).unwrap().manifest().rows(), 30);
}

#[test]
fn a_description_that_changed_is_not_resumed() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    let mut writer = Writer::create(&dir, description()).unwrap();
    append(&mut writer, 0..PART_ROWS).unwrap();
    drop(writer);
    let other = Description {
        precision: "bf16".into(),
        ..description()
    };
    assert_eq!(Writer::resume(&dir, other).unwrap().rows(), 0);
}

#[test]
fn other_peoples_folders_are_left_alone() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("thesis.tex"), "…").unwrap();
    let error = Writer::create(temp.path(), description()).err().unwrap().to_string();
    assert!(error.contains("thesis.tex"), "{error}");
    assert!(
        store::open(temp.path(), &OpenOptions::default())
            .err()
            .unwrap()
            .to_string()
            .contains("manifest.json")
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("file"), "").unwrap();
    let dir = temp.path().join("file/store");
    let error = Writer::create(&dir, description()).err().unwrap().to_string();
    assert!(error.contains(".store.partial"), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_when_it_is_written() {
    let temp = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(&temp.path().join("s"), description()).unwrap();
    let good = || WIDTHS.map(|(_, width)| layer(0..2, width));
    append(&mut writer, 0..2).unwrap();
    let two = ["x".to_owned(), "y".to_owned()];
    let refused = |writer: &mut Writer, ids: &[String], labels: &[Option<u32>], layers: &[Array2<f32>]| {
        writer.append(ids, labels, layers).unwrap_err().to_string()
    };
    let mut bad = good();
    bad[1][[1, 3]] = f32::NAN;
    let error = refused(&mut writer, &two, &[None, None], &bad);
    assert!(
        error.contains("\"backbone\" gives NaN in channel 3 for \"y\""),
        "{error}"
    );
    assert!(refused(&mut writer, &two, &[None], &good()).contains("1 labels"));
    assert!(refused(&mut writer, &two, &[None, Some(4)], &good()).contains("label 4 with 4 classes"));
    assert!(refused(&mut writer, &two, &[None, None], &good()[..2]).contains("2 layers"));
    assert!(refused(&mut writer, &two[..1], &[None], &good()).contains("expected (1, 5)"));
    assert!(refused(&mut writer, &ids(1..3), &[None, None], &good()).contains("000001.png\" comes twice"));
}

#[test]
fn damage_is_found_and_named() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    let part = dir.join("part-00000.parquet");
    let fresh = || {
        write(&dir, 3000, 3000);
        fs::read(&part).unwrap()
    };

    let bytes = fresh();
    fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    assert!(
        failure(&dir).contains("part-00000.parquet: not a readable Parquet file"),
        "{}",
        failure(&dir)
    );

    // One bit of one number: only the SHA-256 can tell.
    let mut bytes = fresh();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, &bytes).unwrap();
    assert!(
        failure(&dir).contains("part-00000.parquet: does not have the SHA-256"),
        "{}",
        failure(&dir)
    );

    fresh();
    fs::remove_file(&part).unwrap();
    assert!(failure(&dir).contains("is missing"), "{}", failure(&dir));

    let manifest = dir.join("manifest.json");
    fs::create_dir_all(&dir).unwrap();
    let edit = |from: &str, to: &str| {
        fresh();
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&manifest, text.replace(from, to)).unwrap();
        failure(&dir)
    };
    let cases = [
        (
            "\"rows\": 3000",
            "\"rows\": 3001",
            "3000 rows, but the manifest says 3001",
        ),
        ("\"width\": 8", "\"width\": 9", "the manifest says 9 channels"),
        ("projector.0", "projector.9", "no column \"projector.9\""),
        ("features/1", "features/7", "expected \"featscope/features/1\""),
        ("part-00000.parquet", "../part-00000.parquet", "not a plain file name"),
        ("\"schema\":", "\"schema\"", "not JSON"),
    ];
    for (from, to, expected) in cases {
        let error = edit(from, to);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn ids_that_come_twice_are_found_in_a_store_of_other_making() {
    let temp = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| temp.path().join(name));
    write(&a, 10, 10);
    write(&b, 10, 10);
    fs::rename(b.join("part-00000.parquet"), a.join("part-00001.parquet")).unwrap();
    let path = a.join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let mut part = manifest["parts"][0].clone();
    part["file"] = json!("part-00001.parquet");
    manifest["parts"].as_array_mut().unwrap().push(part);
    fs::write(&path, manifest.to_string()).unwrap();
    assert!(
        failure(&a).contains("id \"images/é 000000.png\" comes twice"),
        "{}",
        failure(&a)
    );
}
