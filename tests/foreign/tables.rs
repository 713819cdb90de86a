//! Tables: which columns are channels, and Parquet of every kind.

use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::*;

fn write_columns(path: &Path, columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn numbers(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

fn integers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn categories(values: &[&str]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<DictionaryArray<Int32Type>>())
}

fn lists(rows: Vec<Vec<f32>>) -> ArrayRef {
    let rows = rows
        .into_iter()
        .map(|row| Some(row.into_iter().map(Some).collect::<Vec<_>>()));
    Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
}

fn opened_with(path: &Path, columns: &[&str]) -> Result<Vec<Box<dyn FeatureSet>>> {
    let columns = Some(columns.iter().map(|c| (*c).to_owned()).collect());
    store::open(
        path,
        &OpenOptions {
            columns,
            ..Default::default()
        },
    )
}

#[test]
fn bookkeeping_is_no_channel_and_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let text = b",a,b,fold,class_id,fine_label,idx\n0,1.5,2,0,7,1,0\n1,2.5,3,1,8,2,1\n2,3.5,4,0,7,3,2\n";
    let csv = temp.path().join("t.csv");
    write(&csv, text);
    let parquet = temp.path().join("t.parquet");
    let columns = vec![
        ("__index_level_0__", integers([0, 1, 2])),
        ("a", numbers([1.5, 2.5, 3.5])),
        ("b", numbers([2.0, 3.0, 4.0])),
        ("fold", integers([0, 1, 0])),
        ("class_id", integers([7, 8, 7])),
        ("fine_label", integers([1, 2, 3])),
        ("idx", integers([0, 1, 2])),
    ];
    write_columns(&parquet, columns, WriterProperties::default());
    for path in [&csv, &parquet] {
        let set = &open(path).unwrap()[0];
        assert_eq!(
            all(&**set, 9).unwrap(),
            ndarray::array![[1.5, 2.0], [2.5, 3.0], [3.5, 4.0]]
        );
        assert_eq!(set.labels().unwrap().names(), ["1", "2", "3"]);
        let said = &set.interpretation().arrays[0];
        for part in [
            "2 channels (a … b)",
            "\"fold\", \"class_id\", \"idx\"",
            "labels are \"fine_label\"",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let asked = &opened_with(path, &["idx", "a"]).unwrap()[0];
        assert_eq!(
            all(&**asked, 9).unwrap(),
            ndarray::array![[1.5, 0.0], [2.5, 1.0], [3.5, 2.0]]
        );
        let error = opened_with(path, &["c*"]).err().map(|e| e.to_string());
        assert_eq!(error, None, "class_id is a number, asked for by its pattern");
        let error = opened_with(path, &["z"]).err().unwrap().to_string();
        assert!(error.contains("--columns z: no such column"), "{error}");
    }
}

#[test]
fn an_index_that_counts_is_no_channel_even_without_a_header() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.csv");
    write(&path, b"0,1.5,2\n1,2.5,3\n2,3.5,5\n");
    let set = &open(&path).unwrap()[0];
    assert_eq!(set.width(), 2);
    assert!(
        set.interpretation().arrays[0].contains("left out: \"0\""),
        "{:?}",
        set.interpretation()
    );
    assert_eq!(opened_with(&path, &["*"]).unwrap()[0].width(), 3);
    write(&path, b"n\n0\n1\n2\n");
    assert!(failure(&path).contains("--columns"), "{}", failure(&path));
}

#[test]
fn a_header_behind_a_hash_is_one() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.csv");
    write(&path, b"# label f0 f1\n4 1.5 2\n5 2.5 3\n");
    let set = &open(&path).unwrap()[0];
    assert_eq!(
        (set.width(), set.labels().unwrap().names()),
        (2, ["4".to_owned(), "5".to_owned()].as_slice())
    );
    write(&path, b"1.5,cat\n2.5,dog\n");
    assert!(
        failure(&path).contains("no header says what it is"),
        "{}",
        failure(&path)
    );
}

#[test]
fn a_column_called_features_is_read_or_refused_but_never_passed_over() {
    let temp = tempfile::tempdir().unwrap();
    let case = |name: &str, column: ArrayRef, expected: &str| {
        let path = temp.path().join(name);
        write_columns(
            &path,
            vec![("embedding", column), ("score", numbers([0.5, 0.25]))],
            WriterProperties::default(),
        );
        let error = failure(&path);
        assert!(error.contains("\"embedding\"") && error.contains(expected), "{error}");
    };
    case(
        "bytes.parquet",
        Arc::new(BinaryArray::from_iter_values([b"ab", b"cd"])),
        "holds bytes",
    );
    case("text.parquet", texts(&["[1, 2]", "[3, 4]"]), "holds text");
    let floats = arrow_array::builder::Float32Builder::new();
    let inner = arrow_array::builder::ListBuilder::new(floats);
    let mut nested = arrow_array::builder::ListBuilder::new(inner);
    for value in [1.0, 2.0] {
        nested.values().values().append_value(value);
        nested.values().append(true);
        nested.append(true);
    }
    case(
        "nested.parquet",
        Arc::new(nested.finish()),
        "holds lists of lists of float32",
    );
}

#[test]
fn lists_are_layers_and_numbers_beside_them_are_not() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.parquet");
    let rows = |width: usize| lists((0..3).map(|i| vec![i as f32; width]).collect());
    let columns = vec![
        ("backbone", rows(4)),
        ("head", rows(2)),
        ("score", numbers([0.1, 0.2, 0.3])),
        ("key", categories(&["b", "c", "a"])),
        ("label", categories(&["x", "y", "x"])),
    ];
    write_columns(&path, columns, WriterProperties::default());
    let sets = open(&path).unwrap();
    let layers: Vec<(&str, usize)> = sets.iter().map(|s| (s.subject().layer.as_str(), s.width())).collect();
    assert_eq!(layers, [("backbone", 4), ("head", 2)]);
    assert_eq!(sets[0].ids().unwrap(), ["b", "c", "a"]);
    assert_eq!(sets[0].labels().unwrap().names(), ["x", "y"]);
    assert!(
        sets[0].interpretation().arrays[0].contains("left out: \"score\""),
        "{:?}",
        sets[0].interpretation()
    );
}

#[test]
fn channels_are_complete_and_in_the_order_of_their_numbers() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.csv");
    write(&path, b"f1,f0,f10,f2\n1.5,0,10,2\n2.5,1,11,3\n");
    let set = &open(&path).unwrap()[0];
    assert_eq!(
        all(&**set, 9).unwrap(),
        ndarray::array![[0.0, 1.5, 2.0, 10.0], [1.0, 2.5, 3.0, 11.0]]
    );
    for (text, expected) in [
        (
            "f0,f1,f2\n?,1,2\n3,4,5\n",
            "row 0, column \"f0\" holds \"?\", not a number",
        ),
        (
            "a,b,c\n?,1.5,2\n3,4,5\n",
            "row 0, column \"a\" holds \"?\", not a number",
        ),
        ("f0;f1\n1,5;2,5\n3,5;4,5\n", "a number with a decimal comma"),
        (
            "f0,label\n1,\"cat\n2,dog\n",
            "the quote opened in line 2 is never closed",
        ),
    ] {
        write(&path, text.as_bytes());
        assert!(failure(&path).contains(expected), "{text}: {}", failure(&path));
    }
    let parquet = temp.path().join("t.parquet");
    let columns = vec![
        ("f0", numbers([1.0, 2.0])),
        ("f1", texts(&["1.0", "2.0"])),
        ("f2", numbers([1.0, 2.0])),
    ];
    write_columns(&parquet, columns, WriterProperties::default());
    let expected = "\"f1\" is a channel by its name and holds text";
    assert!(failure(&parquet).contains(expected), "{}", failure(&parquet));
}

#[test]
fn a_header_of_numbers_is_no_row() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.csv");
    for (text, rows, width) in [
        ("1,2,3\n0.5,1.5,2.5\n3.5,4.5,5.5\n", 2, 3),
        ("0,1\n0.5,1.5\n3.5,4.5\n", 2, 2),
        ("1,2,label\n0.5,1.5,cat\n3.5,4.5,dog\n", 2, 2),
        ("f0,f1,2020\n0.5,1.5,2.5\n3.5,4.5,5.5\n", 2, 2),
        // Whole numbers above whole numbers are rows, and so are numbers that are not whole.
        ("1,2\n3,5\n4,6\n", 3, 2),
        ("0.5,2\n3.5,5\n4.5,6\n", 3, 2),
    ] {
        write(&path, text.as_bytes());
        let set = &open(&path).unwrap_or_else(|e| panic!("{text}: {e}"))[0];
        assert_eq!((set.rows(), set.width()), (rows, width), "{text}");
    }
}

#[test]
fn labels_and_ids_of_other_kinds_are_named() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.parquet");
    let features = || ("f0", numbers([1.5, 2.5, 0.5]));
    let more = || ("f1", numbers([1.5, 3.5, 0.5]));
    let list = || lists(vec![vec![1.0, 0.0]; 3]);
    write_columns(
        &path,
        vec![features(), more(), ("label", list())],
        WriterProperties::default(),
    );
    let set = &open(&path).unwrap()[0];
    assert_eq!((set.subject().layer.as_str(), set.width()), ("features", 2));
    assert!(
        set.interpretation().labels[0].contains("\"label\" (lists of float32) in the file is not"),
        "{:?}",
        set.interpretation()
    );
    write_columns(
        &path,
        vec![features(), more(), ("id", list())],
        WriterProperties::default(),
    );
    assert!(
        failure(&path).contains("\"id\" is called an id and holds lists"),
        "{}",
        failure(&path)
    );
    let words: Vec<&[u8]> = vec![b"cat", b"dog", b"cat"];
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(words));
    write_columns(
        &path,
        vec![features(), more(), ("label", bytes)],
        WriterProperties::default(),
    );
    assert_eq!(open(&path).unwrap()[0].labels().unwrap().names(), ["cat", "dog"]);
}

#[test]
fn every_usual_compression_is_read() {
    let temp = tempfile::tempdir().unwrap();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::BROTLI(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(Default::default()),
    ] {
        let path = temp.path().join("t.parquet");
        let properties = WriterProperties::builder().set_compression(compression).build();
        write_columns(&path, vec![("x", lists(vec![vec![1.0, 2.0]; 50]))], properties);
        assert_eq!(all(&*open(&path).unwrap()[0], 7).unwrap().sum(), 150.0, "{compression}");
    }
}

#[test]
fn ids_are_exact_whatever_their_size() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("t.parquet");
    let big = [9_007_199_254_740_993, 9_007_199_254_740_992, -3];
    let columns = vec![
        ("id", integers(big)),
        ("f0", numbers([1.0, 2.0, 3.0])),
        ("f1", numbers([1.0, 2.0, 4.0])),
    ];
    write_columns(&path, columns, WriterProperties::default());
    assert_eq!(open(&path).unwrap()[0].ids().unwrap(), big.map(|id| id.to_string()));
}

/// Lists in which nothing can be missing, written plain: their values are taken straight from the pages.
fn required_lists(path: &Path, rows: &[&[f32]], version: WriterVersion) {
    let item = Arc::new(Field::new("item", DataType::Float32, false));
    let field = Field::new("x", DataType::List(item), false);
    let mut builder = arrow_array::builder::ListBuilder::new(arrow_array::builder::Float32Builder::new())
        .with_field(Field::new("item", DataType::Float32, false));
    for row in rows {
        builder.values().append_slice(row);
        builder.append(true);
    }
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(builder.finish())]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN)
        .set_writer_version(version)
        .set_data_page_row_count_limit(3)
        .set_write_batch_size(3)
        .build();
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn rows_of_other_lengths_are_found_where_nothing_can_be_missing() {
    let temp = tempfile::tempdir().unwrap();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let path = temp.path().join("t.parquet");
        let even: Vec<Vec<f32>> = (0..50).map(|i| vec![i as f32; 5]).collect();
        required_lists(&path, &even.iter().map(Vec::as_slice).collect::<Vec<_>>(), version);
        let sum: f64 = all(&*open(&path).unwrap()[0], 7).unwrap().sum();
        assert_eq!(sum, 5.0 * 1225.0);
        for (rows, expected) in [
            (
                vec![&[1.0f32, 2.0, 3.0][..], &[4.0, 5.0], &[6.0, 7.0, 8.0, 9.0]],
                "row 1 has 2 values, the first row 3",
            ),
            (
                vec![&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0, 7.0]],
                "row 2 has more than the 2 values of the first row",
            ),
            (vec![&[1.0, 2.0], &[], &[3.0, 4.0]], "has empty lists"),
        ] {
            required_lists(&path, &rows, version);
            assert!(failure(&path).contains(expected), "{version:?}: {}", failure(&path));
        }
    }
}
