//! Arrays from elsewhere: read as the programs that wrote them read them, and refused in one sentence where they lie.

// Helpers of tests may fail as tests do; clippy's own exception knows only the tests themselves.

mod choice;
mod damage;
mod labels;
mod tables;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use featscope::error::{Error, Result};
use featscope::features::{FeatureSet, Labels, ids_sha256};
use featscope::kind::PathKind;
use featscope::store;
use featscope::store::OpenOptions;
use ndarray::{Array1, Array2, Axis, concatenate};
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/arrays")
}

/// What numpy, pandas and PyTorch read from the fixtures (see `fixtures/arrays/make.py`).
fn expected() -> Value {
    serde_json::from_str(&fs::read_to_string(fixtures().join("expected.json")).unwrap()).unwrap()
}

fn open(path: &Path) -> Result<Vec<Box<dyn FeatureSet>>> {
    store::open(path, &OpenOptions::default())
}

fn open_labelled(path: &Path, labels: &Path) -> Result<Vec<Box<dyn FeatureSet>>> {
    store::open(
        path,
        &OpenOptions {
            labels: Some(labels.to_path_buf()),
            ..Default::default()
        },
    )
}

fn all(set: &dyn FeatureSet, batch_rows: usize) -> Result<Array2<f64>> {
    let batches = set.batches(batch_rows)?.collect::<Result<Vec<_>>>()?;
    assert!(batches.iter().rev().skip(1).all(|b| b.nrows() == batch_rows));
    Ok(concatenate(Axis(0), &batches.iter().map(Array2::view).collect::<Vec<_>>()).unwrap())
}

/// The error of opening an array and reading it; the sentence must name the file.
fn failure(path: &Path) -> String {
    let read = || -> Result<()> {
        for set in open(path)? {
            all(&*set, 2)?;
        }
        Ok(())
    };
    let error = read().unwrap_err();
    assert!(matches!(error, Error::Input(_)), "{error:?}");
    let error = error.to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    error
}

fn texts(value: &Value) -> Vec<Option<&str>> {
    value.as_array().unwrap().iter().map(Value::as_str).collect()
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

/// An npy file with any header.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), data].concat()
}

#[test]
fn every_array_is_read_as_its_own_program_reads_it() {
    let expected = expected();
    let arrays = expected["arrays"].as_object().unwrap();
    assert!(arrays.len() > 40);
    for (file, entry) in arrays {
        let sets = open(&fixtures().join(file)).unwrap_or_else(|e| panic!("{e}"));
        let layers = entry["layers"].as_object().unwrap();
        assert_eq!(sets.len(), layers.len(), "{file}");
        for (set, (layer, rows)) in sets.iter().zip(layers) {
            let rows: Vec<Vec<f64>> = serde_json::from_value(rows.clone()).unwrap();
            let provenance = set.provenance();
            assert_eq!(&provenance.subject.layer, layer, "{file}");
            assert_eq!(
                (provenance.subject.model.as_str(), provenance.subject.split.as_str()),
                ("features", "")
            );
            assert_eq!(
                Some(provenance.subject.dataset.as_str()),
                Path::new(file).file_stem().unwrap().to_str()
            );
            assert_eq!((set.rows(), set.width()), (rows.len(), rows[0].len()), "{file}");
            for batch_rows in [1, 2, 3, 100] {
                let found = all(&**set, batch_rows).unwrap_or_else(|e| panic!("{e}"));
                let found: Vec<u64> = found.iter().map(|v| v.to_bits()).collect();
                let expected: Vec<u64> = rows.iter().flatten().map(|v| v.to_bits()).collect();
                assert_eq!(found, expected, "{file}");
            }
            let labels = (!entry["labels"].is_null()).then(|| Labels::from_optional(&texts(&entry["labels"])));
            assert_eq!(set.labels(), labels.as_ref(), "{file}");
            let ids = match entry["ids"].as_array() {
                Some(_) => texts(&entry["ids"]).into_iter().flatten().map(str::to_owned).collect(),
                None => (0..rows.len()).map(|i| i.to_string()).collect::<Vec<_>>(),
            };
            assert_eq!(set.ids().unwrap(), ids, "{file}");
            assert_eq!(provenance.ids_sha256, ids_sha256(&ids), "{file}");
        }
    }
}

#[test]
fn labels_are_read_from_every_kind_of_file() {
    let array = fixtures().join("f8-little-C.npy");
    for (file, names) in expected()["labels"].as_object().unwrap() {
        let sets = open_labelled(&array, &fixtures().join(file)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(sets[0].labels(), Some(&Labels::from_optional(&texts(names))), "{file}");
    }
}

#[test]
fn given_labels_win_over_those_beside_and_inside() {
    let other = fixtures().join("labels-bool.npy");
    for file in ["beside.npy", "stored.npz"] {
        let sets = open_labelled(&fixtures().join(file), &other).unwrap();
        assert_eq!(sets[0].labels().unwrap().names(), ["0", "1"], "{file}");
    }
}

#[test]
fn labels_of_the_wrong_length_are_counted_and_named() {
    let temp = tempfile::tempdir().unwrap();
    let (array, labels) = (temp.path().join("a.npy"), temp.path().join("a_labels.npy"));
    ndarray_npy::write_npy(&array, &Array2::<f32>::ones((5, 2))).unwrap();
    ndarray_npy::write_npy(&labels, &Array1::<i64>::ones(4)).unwrap();
    let error = open(&array).err().unwrap().to_string();
    for part in ["a_labels.npy: 4 labels", "5 rows of", "a.npy"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn labels_that_are_none_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let array = fixtures().join("f8-little-C.npy");
    let case = |name: &str, bytes: &[u8], expected: &str| {
        let path = temp.path().join(name);
        write(&path, bytes);
        let error = open_labelled(&array, &path).err().unwrap().to_string();
        assert!(error.contains(name) && error.contains(expected), "{error}");
    };
    case(
        "half.npy",
        &npy("<f8", "(1,)", &0.5f64.to_le_bytes()),
        "not whole numbers",
    );
    case("matrix.npy", &npy("|u1", "(2, 3)", &[0; 6]), "one dimension");
    case("objects.npy", &npy("|O", "(7,)", b"\x80\x04"), "not a readable pickle");
    case("latin.npy", &npy("|S1", "(1,)", b"\xe9"), "not UTF-8");
    case("two.csv", b"a,b\nc,d\n", "none called \"label\"");
    case("long.txt", b"a\nb\n", "2 labels for the 7 rows");
    case("labels.jpg", b"", "labels are read from");
    let missing = open_labelled(&array, &temp.path().join("no.npy"))
        .err()
        .unwrap()
        .to_string();
    assert!(missing.contains("no.npy"), "{missing}");
}

#[test]
fn arrays_of_as_many_rows_are_layers_and_others_are_asked_about() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("two.npz");
    let mut npz = ndarray_npy::NpzWriter::new(fs::File::create(&path).unwrap());
    npz.add_array("left", &Array2::<f32>::ones((2, 3))).unwrap();
    npz.add_array("right", &Array2::<f32>::ones((2, 4))).unwrap();
    npz.finish().unwrap();
    let sets = open(&path).unwrap();
    let layers: Vec<(&str, usize)> = sets.iter().map(|s| (s.subject().layer.as_str(), s.width())).collect();
    assert_eq!(layers, [("left", 3), ("right", 4)]);
    let mut npz = ndarray_npy::NpzWriter::new(fs::File::create(&path).unwrap());
    npz.add_array("left", &Array2::<f32>::ones((2, 3))).unwrap();
    npz.add_array("right", &Array2::<f32>::ones((5, 4))).unwrap();
    npz.finish().unwrap();
    let error = failure(&path);
    assert!(
        error.contains("left (2, 3) f32; right (5, 4) f32") && error.contains("several"),
        "{error}"
    );
}

#[test]
fn y_is_a_label_but_not_beside_x() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.csv");
    write(&path, b"a,y\n1,2\n3,4\n");
    let set = &open(&path).unwrap()[0];
    assert_eq!(
        (set.width(), set.labels().map(|l| l.names().to_vec())),
        (1, Some(vec!["2".into(), "4".into()]))
    );
    write(&path, b"x,y,class,label\n1,2,cat,0\n3,4,dog,1\n");
    let set = &open(&path).unwrap()[0];
    assert_eq!(
        (set.width(), set.labels().map(|l| l.names().to_vec())),
        (2, Some(vec!["cat".into(), "dog".into()]))
    );
}

#[test]
fn names_and_layers_are_settable_and_paths_may_be_anything() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("données <b>é<b> 1.2.npy");
    ndarray_npy::write_npy(&path, &Array2::<f32>::ones((2, 2))).unwrap();
    let options = OpenOptions {
        model: Some("DINO".into()),
        layers: Some(vec!["features".into()]),
        ..Default::default()
    };
    let sets = store::open(&path, &options).unwrap();
    assert_eq!(sets[0].subject().model, "DINO");
    assert_eq!(sets[0].subject().dataset, "données <b>é<b> 1.2");
    let options = OpenOptions {
        layers: Some(vec!["backbone".into()]),
        ..Default::default()
    };
    assert!(
        store::open(&path, &options)
            .err()
            .unwrap()
            .to_string()
            .contains("no layer \"backbone\"")
    );
}

#[test]
fn one_part_of_a_store_is_a_file_of_features() {
    let temp = tempfile::tempdir().unwrap();
    let layer = |name: &str| store::LayerInfo {
        name: name.into(),
        width: 3,
        pooling: "none".into(),
    };
    let data = store::DataInfo {
        classes: vec!["b".into(), "a".into()],
        ..Default::default()
    };
    let description = store::Description {
        layers: vec![layer("stage1"), layer("head")],
        data,
        ..Default::default()
    };
    let mut writer = store::Writer::create(&temp.path().join("s"), description).unwrap();
    let array = Array2::from_shape_fn((2, 3), |(i, j)| (3 * i + j) as f32);
    writer
        .append(
            &["x".into(), "y".into()],
            &[Some(0), Some(1)],
            &[array.clone(), -&array],
        )
        .unwrap();
    writer.finish().unwrap();
    let sets = open(&temp.path().join("s/part-00000.parquet")).unwrap();
    assert_eq!(sets[1].subject().layer, "head");
    assert_eq!(all(&*sets[1], 9).unwrap(), -array.mapv(f64::from));
    assert_eq!(sets[1].ids().unwrap(), ["x", "y"]);
    assert_eq!(sets[1].labels().unwrap(), &Labels::from_names(&["b", "a"]));
}

#[test]
fn a_path_is_what_it_holds() {
    let temp = tempfile::tempdir().unwrap();
    let kind = |path: &Path| featscope::kind::kind(path).unwrap();
    for file in [
        "f4-big-C.npy",
        "stored.npz",
        "float32.safetensors",
        "alone.pt",
        "lists.parquet",
        "header.csv",
    ] {
        assert_eq!(kind(&fixtures().join(file)), PathKind::Array, "{file}");
    }
    let make = |name: &str, text: &str| {
        let path = temp.path().join(name);
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    };
    assert_eq!(kind(&make("images.csv", "path,label\na.png,cat\n")), PathKind::Images);
    assert_eq!(
        kind(&make("sizes.csv", "path,label,width\na.png,cat,32\n")),
        PathKind::Images
    );
    assert_eq!(kind(&make("rows.csv", "path,f0,f1\na.png,1.5,2\n")), PathKind::Array);
    assert_eq!(kind(&make("e.toml", "seed = 0")), PathKind::Experiment);
    assert_eq!(kind(&make("results.json", "{}")), PathKind::Results);
    assert_eq!(kind(&make("w.ckpt", "")), PathKind::Checkpoint);
    let summary = store::summary(&fixtures().join("stored.npz")).unwrap();
    assert_eq!(
        (summary.kind, summary.rows, summary.layers[0].width),
        (store::FeatureStorage::Array, 7, 3)
    );
    assert_eq!(
        summary
            .classes
            .iter()
            .map(|c| (c.name.as_str(), c.rows))
            .collect::<Vec<_>>(),
        [("4", 3), ("30", 3)]
    );
    assert!(featscope::kind::kind(&temp.path().join("nowhere")).is_err());
}
