//! Arrays that are damaged, lie, or are none.

use std::fs;

use ndarray::Array2;

use super::{failure, fixtures, npy, open, write};

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
