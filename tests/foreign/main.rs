//! Arrays from elsewhere: read as the programs that wrote them read them, and refused in one sentence where they lie.

// Helpers of tests may fail as tests do; clippy's own exception knows only the tests themselves.

mod choice;
mod labels;
mod tables;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use featscope::error::{Error, Result};
use featscope::features::ids_sha256;
use featscope::features::{FeatureSet, Labels};
use featscope::kind::PathKind;
use featscope::store::{self, OpenOptions};
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
fn lying_and_damaged_arrays_are_refused_in_one_sentence() {
    let temp = tempfile::tempdir().unwrap();
    let case = |name: &str, bytes: &[u8], expected: &str| {
        let path = temp.path().join(name);
        write(&path, bytes);
        let error = failure(&path);
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    };
    let ones = |n: usize| 1f32.to_le_bytes().repeat(n);
    case(
        "larger.npy",
        &npy("<f4", "(1000000000000, 2048)", &ones(4)),
        "claims 8192000000000000 bytes, but 16",
    );
    case(
        "overflow.npy",
        &npy("<f4", "(9999999999999999999, 9999999999999)", &ones(4)),
        "more than any file",
    );
    case("negative.npy", &npy("<f4", "(-2, 2)", &ones(4)), "not a row of counts");
    case(
        "truncated.npy",
        &npy("<f4", "(3, 2)", &ones(5)),
        "claims 24 bytes, but 20",
    );
    case("flat.npy", &npy("<f4", "(4,)", &ones(4)), "reshape");
    case("images.npy", &npy("<f4", "(1, 2, 2)", &ones(4)), "two dimensions");
    case("norows.npy", &npy("<f4", "(0, 4)", b""), "has no rows");
    case("nochannels.npy", &npy("<f4", "(4, 0)", b""), "has no channels");
    case(
        "objects.npy",
        &npy("|O", "(2, 2)", b"\x80\x04cposix\nsystem\n"),
        "Python objects",
    );
    case("complex.npy", &npy("<c8", "(1, 2)", &ones(4)), "features are numbers");
    case("text.npy", &npy("<U1", "(2, 2)", &[0; 16]), "features are numbers");
    case("empty.npy", b"", "ends inside its header");
    case("image.npy", b"\x89PNG\r\n\x1a\n", "does not begin as an npy array");
    case("empty.npz", b"", "not a readable npz archive");
    case("empty.parquet", b"", "not a readable Parquet file");
    case("empty.csv", b"", "has no rows");
    case("header.csv", b"a,b,c\n", "has no rows");
    case("ragged.csv", b"1,2\n3\n", "line 2 has 1 fields");
    case("gap.csv", b"a,b\n1,2\n3,\n", "row 1, column \"b\" is \"\"");
    case("word.csv", b"a,b\n1,2\n3,x\n", "row 1, column \"b\" is \"x\"");
    case("twice.csv", b"id,b\nx,2\nx,3\n", "id \"x\" in \"id\" comes twice");
    case("empty.safetensors", b"", "an empty file");
    case("short.safetensors", b"ab", "ends inside its first 8 bytes");
    case("long.safetensors", &u64::MAX.to_le_bytes(), "the file has 8");
    let header = br#"{"x":{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}}"#;
    let bytes = [(header.len() as u64).to_le_bytes().as_slice(), header, &ones(3)].concat();
    case("lying.safetensors", &bytes, "its tensors need 64 bytes, 12 are there");
    case("empty.pt", b"", "an empty file");
    // A list of ten million things, each of which would take its place in memory.
    let list = [&b"\x80\x02("[..], &b"N".repeat(10_000_000), b"l."].concat();
    case("list.pt", &list, "needs more than 512 MB");
    case("features.docx", b"", "not a file of features");
}

#[test]
fn values_that_are_not_finite_are_found_wherever_they_are() {
    let temp = tempfile::tempdir().unwrap();
    let mut array = Array2::<f64>::ones((5, 3));
    array[[3, 1]] = f64::NAN;
    let path = temp.path().join("n.npy");
    ndarray_npy::write_npy(&path, &array).unwrap();
    assert!(
        failure(&path).contains("row 3, channel 1 is NaN; features must be finite"),
        "{}",
        failure(&path)
    );
    let columns = temp.path().join("columns.npy");
    ndarray_npy::write_npy(&columns, &array.t().as_standard_layout().reversed_axes()).unwrap();
    assert!(
        failure(&columns).contains("row 3, channel 1 is NaN"),
        "{}",
        failure(&columns)
    );
    let infinite = f16_bytes(&[1.0, 2.0, f32::NEG_INFINITY, 4.0]);
    let half = temp.path().join("half.npy");
    write(&half, &npy("<f2", "(2, 2)", &infinite));
    assert!(
        failure(&half).contains("row 1, channel 0 is infinite"),
        "{}",
        failure(&half)
    );
    let text = temp.path().join("t.csv");
    write(&text, b"a,b\n1,2\n3,inf\n");
    assert!(
        failure(&text).contains("row 1, channel b is infinite"),
        "{}",
        failure(&text)
    );
}

fn f16_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|&v| half::f16::from_f32(v).to_le_bytes())
        .collect()
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
fn a_damaged_archive_member_is_noticed() {
    let temp = tempfile::tempdir().unwrap();
    for file in ["stored.npz", "compressed.npz"] {
        let mut bytes = fs::read(fixtures().join(file)).unwrap();
        // Inside the first member's data: behind its header of 128 bytes, or inside its compressed form.
        bytes[if file == "stored.npz" { 240 } else { 200 }] ^= 1;
        let path = temp.path().join(file);
        write(&path, &bytes);
        assert!(failure(&path).contains("damaged"), "{}", failure(&path));
    }
    let bytes = fs::read(fixtures().join("stored.npz")).unwrap();
    let path = temp.path().join("cut.npz");
    write(&path, &bytes[..bytes.len() - 30]);
    assert!(
        failure(&path).contains("not a readable npz archive"),
        "{}",
        failure(&path)
    );
}

#[test]
fn every_truncation_of_every_array_is_an_error_and_no_panic() {
    let temp = tempfile::tempdir().unwrap();
    for file in [
        "f4-little-C.npy",
        "compressed.npz",
        "bfloat16.safetensors",
        "alone.pt",
        "gaps-legacy.pt",
        "pickle-4.pt",
        "lists.parquet",
    ] {
        let bytes = fs::read(fixtures().join(file)).unwrap();
        let path = temp.path().join(file);
        for length in (0..bytes.len()).step_by(7) {
            write(&path, &bytes[..length]);
            failure(&path);
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let temp = tempfile::tempdir().unwrap();
    for file in [
        "f4-big-F.npy",
        "compressed.npz",
        "float16.safetensors",
        "columns.pt",
        "dictionary.pt",
        "gaps.pt",
        "gaps-legacy.pt",
        "pickle-2.pt",
        "pickle-5.pt",
        "tuple.pt",
        "objects.npz",
        "one-hot.npz",
        "index.csv",
        "lists.parquet",
        "columns.parquet",
    ] {
        let bytes = fs::read(fixtures().join(file)).unwrap();
        let path = temp.path().join(file);
        for at in (0..bytes.len()).step_by(7) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x55;
            write(&path, &bytes);
            // Some flips only change a number: what matters is that this returns.
            if let Ok(sets) = open(&path) {
                sets.iter().for_each(|set| drop(set.batches(3).map(Iterator::count)));
            }
        }
    }
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
fn parquet_with_holes_is_refused() {
    use arrow_array::{Array, ArrayRef, Float64Array, ListArray, RecordBatch, types::Float32Type};
    let temp = tempfile::tempdir().unwrap();
    let case = |name: &str, column: ArrayRef, expected: &str| {
        let path = temp.path().join(name);
        let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert!(failure(&path).contains(expected), "{}", failure(&path));
    };
    let lists = |rows: Vec<Option<Vec<Option<f32>>>>| -> ArrayRef {
        std::sync::Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
    };
    let row = |n| Some(vec![Some(1.0); n]);
    case(
        "ragged.parquet",
        lists(vec![row(2), row(3)]),
        "row 1, column \"x\" has 3 values, row 0 has 2",
    );
    case(
        "null.parquet",
        lists(vec![row(2), row(2), None]),
        "row 2, column \"x\" is missing a value",
    );
    case(
        "hole.parquet",
        lists(vec![row(2), Some(vec![Some(1.0), None])]),
        "row 1, column \"x\" is missing a value",
    );
    case("width.parquet", lists(vec![row(0)]), "no channels");
    case("norows.parquet", lists(vec![]), "has no rows");
    let numbers: ArrayRef = std::sync::Arc::new(Float64Array::from(vec![Some(1.0), None]));
    assert_eq!(numbers.null_count(), 1);
    case("scalar.parquet", numbers, "row 1, column \"x\" is missing a value");
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
