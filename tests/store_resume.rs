//! What a writer takes up of another one's work, and what stands at a store's place.

use std::fs;
use std::path::Path;

use featscope::store::{
    DataInfo, Description, FeatureStore, LayerInfo, PART_ROWS, Standing, StoreShard, Writer, standing, summary,
};
use ndarray::Array2;
use serde_json::json;

fn description() -> Description {
    Description {
        data: DataInfo {
            name: "animals".into(),
            split: "test".into(),
            ..DataInfo::default()
        },
        layers: vec![LayerInfo {
            name: "backbone".into(),
            width: 2,
            pooling: "none".into(),
        }],
        ..Description::default()
    }
}

fn append(writer: &mut Writer, rows: std::ops::Range<usize>) {
    let ids: Vec<String> = rows.clone().map(|row| row.to_string()).collect();
    let array = Array2::from_shape_fn((rows.len(), 2), |(i, j)| (rows.start + 2 * i + j) as f32);
    writer.append(&ids, &vec![None; rows.len()], &[array]).unwrap();
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|p| {
            (
                p.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&p).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// A store of `rows` rows, finished.
fn finished(dir: &Path, rows: usize) {
    let mut writer = Writer::create(dir, description()).unwrap();
    append(&mut writer, 0..rows);
    writer.finish().unwrap();
}

#[test]
fn what_was_remembered_before_a_part_was_closed_is_told_again() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    let mut writer = Writer::create(&dir, description()).unwrap();
    writer.remember([json!("a"), json!({"b": 1})]);
    append(&mut writer, 0..PART_ROWS);
    writer.remember([json!(3)]);
    append(&mut writer, PART_ROWS..2 * PART_ROWS + 5);
    writer.remember([json!("lost with the rows of an open part")]);
    append(&mut writer, 2 * PART_ROWS + 5..2 * PART_ROWS + 9);
    drop(writer);
    let mut writer = Writer::resume(&dir, description()).unwrap();
    assert_eq!(writer.rows(), 2 * PART_ROWS);
    assert_eq!(writer.taken_up().memory, [json!("a"), json!({"b": 1}), json!(3)]);
    assert_eq!(writer.taken_up().distrusted, None);
    append(&mut writer, 2 * PART_ROWS..2 * PART_ROWS + 5);
    writer.finish().unwrap();
    let names: Vec<String> = files(&dir).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "part-00000.parquet",
            "part-00001.parquet",
            "part-00002.parquet"
        ]
    );
}

#[test]
fn a_part_that_was_altered_is_not_taken_up_nor_any_after_it() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    let mut writer = Writer::create(&dir, description()).unwrap();
    append(&mut writer, 0..3 * PART_ROWS);
    drop(writer);
    let part = temp.path().join(".store.partial/part-00001.parquet");
    let mut bytes = fs::read(&part).unwrap();
    // A feature's low bit: Parquet itself does not notice.
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, bytes).unwrap();
    let writer = Writer::resume(&dir, description()).unwrap();
    assert_eq!(writer.rows(), PART_ROWS);
    assert_eq!(
        writer.taken_up().distrusted.as_deref(),
        Some("part-00001.parquet is not as it was written")
    );
    assert!(!part.exists() && !part.with_file_name("part-00002.parquet").exists());
}

#[test]
fn what_stands_at_a_stores_place_is_told_apart() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    assert!(matches!(standing(&dir, &description()).unwrap(), Standing::Nothing));
    finished(&dir, 20);
    match standing(&dir, &description()).unwrap() {
        Standing::Same(manifest) => assert_eq!(manifest.rows(), 20),
        other => panic!("{other:?}"),
    }
    let other = Description {
        precision: "bf16".into(),
        ..description()
    };
    match standing(&dir, &other).unwrap() {
        Standing::Other(what) => assert_eq!(what, "precision is \"\" there and \"bf16\" now"),
        found => panic!("{found:?}"),
    }
    let part = dir.join("part-00000.parquet");
    let bytes = fs::read(&part).unwrap();
    fs::write(&part, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(standing(&dir, &description()).unwrap(), Standing::Damaged(_)));
    fs::remove_file(&part).unwrap();
    assert!(matches!(standing(&dir, &description()).unwrap(), Standing::Damaged(_)));
}

#[test]
fn a_store_killed_on_its_way_to_its_place_is_put_there() {
    let temp = tempfile::tempdir().unwrap();
    let [dir, partial, old] = ["store", ".store.partial", ".store.old"].map(|name| temp.path().join(name));
    finished(&dir, 20);
    let expected = files(&dir);
    // Killed before the folder had its name, the lock still in it.
    fs::rename(&dir, &partial).unwrap();
    fs::write(partial.join("lock"), "").unwrap();
    assert!(matches!(standing(&dir, &description()).unwrap(), Standing::Same(_)));
    assert!(files(&dir) == expected && !partial.exists());
    // Killed while it took the place of another one.
    fs::rename(&dir, &partial).unwrap();
    finished(&temp.path().join("other"), 5);
    fs::rename(temp.path().join("other"), &old).unwrap();
    assert!(matches!(standing(&dir, &description()).unwrap(), Standing::Same(_)));
    assert!(files(&dir) == expected && !partial.exists() && !old.exists());
    // Killed after it, the other one not yet gone, the lock not yet removed.
    finished(&old, 5);
    fs::write(dir.join("lock"), "").unwrap();
    assert!(matches!(standing(&dir, &description()).unwrap(), Standing::Same(_)));
    assert!(files(&dir) == expected && !partial.exists() && !old.exists());
    // A finished one of another description waits for nobody.
    fs::rename(&dir, &partial).unwrap();
    let other = Description {
        precision: "bf16".into(),
        ..description()
    };
    assert!(matches!(standing(&dir, &other).unwrap(), Standing::Nothing));
    assert!(!dir.exists());
}

#[test]
fn a_shard_is_never_taken_for_the_whole() {
    let temp = tempfile::tempdir().unwrap();
    let shard = StoreShard {
        index: 2,
        count: 3,
        first_image: 10,
        images: 10,
    };
    for (split, expected) in [("test", "test shard 2 of 3"), ("", "shard 2 of 3")] {
        let dir = temp.path().join(format!("store-{split}"));
        let mut of_shard = description();
        of_shard.shard = Some(shard);
        of_shard.data.split = split.into();
        let mut writer = Writer::create(&dir, of_shard).unwrap();
        append(&mut writer, 10..20);
        writer.finish().unwrap();
        let store = FeatureStore::open(&dir).unwrap();
        let set = store.features("backbone").unwrap();
        assert_eq!(featscope::features::FeatureSet::subject(&set).split, expected);
        assert_eq!(summary(&dir).unwrap().shard, Some(shard));
    }
}
