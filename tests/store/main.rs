//! The feature store: what is written comes back, and nothing that is not whole opens.

mod faults;

// Helpers of tests may fail as tests do; clippy's own exception knows only the tests themselves.
use std::fs;
use std::path::Path;

use featscope::error::Result;
use featscope::features::{FeatureSet, ids_sha256};
use featscope::store;
use featscope::store::{
    DataInfo, Description, FeatureStore, LayerInfo, ModelInfo, OpenOptions, PART_ROWS, Writer, gather,
};
use ndarray::{Array2, Axis, concatenate, s};
use serde_json::json;

const WIDTHS: [(&str, usize); 3] = [("stage1", 5), ("backbone", 8), ("projector.0", 1)];

fn description() -> Description {
    let layer = |(name, width): (&str, usize)| LayerInfo {
        name: name.into(),
        width,
        pooling: "average".into(),
    };
    Description {
        model: ModelInfo {
            name: "SL-MLP".into(),
            arch: "small-cnn".into(),
            audit: json!({"matched": 7}),
            ..Default::default()
        },
        data: DataInfo {
            name: "animals".into(),
            split: "test".into(),
            // Two classes of one name, as ImageNet has, and one without rows.
            classes: ["dog", "crane", "crane", "never"].map(String::from).to_vec(),
            ..Default::default()
        },
        preprocess: json!({"resize": 32, "mean": [0.5, 0.5, 0.5]}),
        layers: WIDTHS.map(layer).to_vec(),
        precision: "f32".into(),
        device: "cpu".into(),
        versions: [("libtorch".to_owned(), "2.11.0".to_owned())].into(),
        shard: None,
    }
}

fn ids(rows: std::ops::Range<usize>) -> Vec<String> {
    rows.map(|row| format!("images/é {row:06}.png")).collect()
}

fn labels(rows: std::ops::Range<usize>) -> Vec<Option<u32>> {
    rows.map(|row| (row % 4 != 3).then_some((row % 4) as u32)).collect()
}

/// Values with all kinds of bits: tiny, negative zero, large.
fn layer(rows: std::ops::Range<usize>, width: usize) -> Array2<f32> {
    let first = rows.start;
    Array2::from_shape_fn((rows.len(), width), |(i, j)| match (i + first, j) {
        (0, 0) => -0.0,
        (1, 0) => f32::from_bits(1),
        (2, 0) => f32::MAX,
        (i, j) => (((i * 31 + j * 17) % 1009) as f32).sin(),
    })
}

fn append(writer: &mut Writer, rows: std::ops::Range<usize>) -> Result<()> {
    let layers = WIDTHS.map(|(_, width)| layer(rows.clone(), width));
    writer.append(&ids(rows.clone()), &labels(rows), &layers)
}

fn write(dir: &Path, rows: usize, portion: usize) {
    let mut writer = Writer::create(dir, description()).unwrap();
    for from in (0..rows).step_by(portion) {
        append(&mut writer, from..rows.min(from + portion)).unwrap();
    }
    writer.finish().unwrap();
}

fn all(set: &dyn FeatureSet, batch_rows: usize) -> Result<Array2<f64>> {
    let batches = set.batches(batch_rows)?.collect::<Result<Vec<_>>>()?;
    assert!(
        batches
            .iter()
            .rev()
            .skip(1)
            .all(|b| b.nrows() == batch_rows.min(set.rows()))
    );
    Ok(concatenate(Axis(0), &batches.iter().map(Array2::view).collect::<Vec<_>>()).unwrap())
}

fn bits(array: &Array2<f64>) -> Vec<u64> {
    array.iter().map(|v| v.to_bits()).collect()
}

/// The error of opening `dir` and reading all of it.
fn failure(dir: &Path) -> String {
    let read = || -> Result<()> {
        for set in store::open(dir, &OpenOptions::default())? {
            all(&*set, 1000)?;
        }
        Ok(())
    };
    read().unwrap_err().to_string()
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

#[test]
fn what_is_written_comes_back_bit_for_bit() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("modèle mit Lücke/animals-test");
    let rows = PART_ROWS + 1234;
    write(&dir, rows, 700);
    let store = FeatureStore::open(&dir).unwrap();
    assert_eq!(
        store.manifest().parts.iter().map(|p| p.rows).collect::<Vec<_>>(),
        [PART_ROWS, 1234]
    );
    assert_eq!(store.manifest().model, description().model);
    for (name, width) in WIDTHS {
        let set = store.features(name).unwrap();
        assert_eq!((set.rows(), set.width()), (rows, width));
        let expected = layer(0..rows, width).mapv(f64::from);
        assert_eq!(bits(&all(&set, 777).unwrap()), bits(&expected), "{name}");
        assert_eq!(set.ids().unwrap(), ids(0..rows));
        let labels = set.labels().unwrap();
        assert_eq!(labels.names(), ["crane (1)", "crane (2)", "dog"]);
        assert_eq!(labels.class_of()[..5], [Some(2), Some(0), Some(1), None, Some(2)]);
        assert_eq!(set.provenance().ids_sha256, ids_sha256(ids(0..rows)));
        assert_eq!(
            (set.subject().dataset.as_str(), set.subject().split.as_str()),
            ("animals", "test")
        );
    }
    let error = store.features("nothing").err().unwrap().to_string();
    assert!(error.contains("stage1, backbone, projector.0"), "{error}");
}

#[test]
fn batches_of_any_size_are_the_same_rows() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), 2345, 2345);
    let set = FeatureStore::open(temp.path()).unwrap().features("backbone").unwrap();
    let whole = all(&set, usize::MAX).unwrap();
    for batch_rows in [1, 2, 999, 1000, 1001, 2344, 2345, 2346] {
        assert_eq!(all(&set, batch_rows).unwrap(), whole, "{batch_rows}");
    }
}

#[test]
fn the_bytes_depend_on_the_rows_alone() {
    let temp = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| temp.path().join(name));
    let rows = 2 * PART_ROWS + 500;
    write(&a, rows, rows);
    write(&b, rows, 333);
    // Killed twice, once inside a part and once with a part finished.
    for stop in [PART_ROWS + 4000, 2 * PART_ROWS] {
        let mut writer = Writer::resume(&c, description()).unwrap();
        let done = writer.rows();
        append(&mut writer, done..stop).unwrap();
    }
    let mut writer = Writer::resume(&c, description()).unwrap();
    assert_eq!(writer.rows(), 2 * PART_ROWS);
    append(&mut writer, 2 * PART_ROWS..rows).unwrap();
    writer.finish().unwrap();
    assert!(files(&a) == files(&b), "portions matter");
    assert!(files(&a) == files(&c), "being killed matters");
    assert_eq!(
        files(&a).iter().map(|f| f.0.as_str()).collect::<Vec<_>>(),
        [
            "manifest.json",
            "part-00000.parquet",
            "part-00001.parquet",
            "part-00002.parquet"
        ]
    );
    assert_eq!(
        fs::read_dir(temp.path()).unwrap().count(),
        3,
        "something is left beside the stores"
    );
}

#[test]
fn layers_are_chosen_in_network_order_and_folders_explained() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("store");
    write(&dir, 10, 10);
    let layers = |wanted: &[&str]| {
        let wanted = wanted.iter().map(|w| w.to_string()).collect();
        let options = OpenOptions {
            layers: Some(wanted),
            ..Default::default()
        };
        store::open(&dir, &options).map(|sets| sets.iter().map(|s| s.subject().layer.clone()).collect::<Vec<_>>())
    };
    assert_eq!(layers(&["projector.0", "stage1"]).unwrap(), ["stage1", "projector.0"]);
    assert!(
        layers(&["stage9"])
            .unwrap_err()
            .to_string()
            .contains("no layer \"stage9\"")
    );
    let error = store::open(temp.path(), &OpenOptions::default())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("a folder of 1 feature stores"), "{error}");
    assert!(failure(&temp.path().join("nowhere")).contains("no such file or folder"));
    let options = OpenOptions {
        labels: Some("labels.npy".into()),
        ..Default::default()
    };
    assert!(
        store::open(&dir, &options)
            .err()
            .unwrap()
            .to_string()
            .contains("leave them out")
    );
}

#[test]
fn gathering_gives_the_rows_that_were_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), 2500, 2500);
    let set = FeatureStore::open(temp.path()).unwrap().features("backbone").unwrap();
    let whole = all(&set, 100).unwrap();
    let rows = [0, 1, 1, 1023, 1024, 2048, 2499];
    let found = gather(&set, &rows).unwrap();
    for (i, &row) in rows.iter().enumerate() {
        assert_eq!(found.slice(s![i, ..]), whole.slice(s![row, ..]));
    }
    assert_eq!(gather(&set, &[]).unwrap().dim(), (0, 8));
    assert!(gather(&set, &[2500]).unwrap_err().to_string().contains("row 2500"));
    assert!(gather(&set, &[2, 1]).unwrap_err().to_string().contains("sorted"));
}

#[test]
fn a_store_without_rows_is_well_formed() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), 0, 1);
    let set = FeatureStore::open(temp.path()).unwrap().features("stage1").unwrap();
    assert_eq!((set.rows(), set.width(), set.labels()), (0, 5, None));
    assert_eq!(set.batches(10).unwrap().count(), 0);
}

#[test]
fn a_summary_says_what_is_there() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), 10, 10);
    let summary = store::summary(temp.path()).unwrap();
    assert_eq!((summary.rows, summary.unlabelled, summary.parts), (10, 2, 1));
    assert_eq!(summary.layers.len(), 3);
    assert_eq!(
        summary
            .classes
            .iter()
            .map(|c| (c.name.as_str(), c.rows))
            .collect::<Vec<_>>(),
        [("crane (1)", 3), ("crane (2)", 2), ("dog", 3)]
    );
    assert_eq!(
        summary.bytes,
        files(temp.path()).iter().map(|f| f.1.len() as u64).sum::<u64>()
    );
    assert_eq!(serde_json::to_value(&summary).unwrap()["kind"], "store");
}
