//! Features in a Parquet file that need not be ours.
//!
//! Each column of lists of numbers is a layer. Where there is none, the columns of numbers are the channels of one layer,
//! `features`. Columns called `id`, `label` or `class` (and the like) are ids and labels; other columns are left alone.

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field};
use ndarray::Array2;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::batches::{Recut, ahead};
use super::foreign::{Found, Source};
use super::manifest::Duplicates;
use super::pages::{ListValues, arrays, damaged, guarded, parquet, plain_list};
use super::raw::{Rows, first_not_finite, not_finite};
use super::{delimited, labels, malformed};
use crate::error::Result;
use crate::features::Batches;
use crate::features::IdsHash;

/// Numbers decoded at a time.
const BLOCK: usize = 1 << 20;

/// A layer: one column of lists, or columns of numbers.
#[derive(Clone, Debug)]
pub(super) struct Column {
    path: PathBuf,
    /// Positions of the columns in the file.
    columns: Vec<usize>,
    names: Vec<String>,
    rows: usize,
    width: usize,
}

/// What a file has.
struct Layout {
    lists: Vec<usize>,
    channels: Vec<usize>,
    id: Option<usize>,
    label: Option<usize>,
    rows: usize,
    names: Vec<String>,
}

/// Whether these are numbers that can be features.
fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || matches!(kind, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

fn is_list(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_number(item.data_type())
        }
        _ => false,
    }
}

fn layout(path: &Path) -> Result<Layout> {
    let builder = arrays(path)?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows());
    let rows = rows.map_err(|_| damaged(path, &"its number of rows"))?;
    let fields: Vec<&Field> = builder.schema().fields().iter().map(AsRef::as_ref).collect();
    let names: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
    let side = |known: &[&str], ok: &dyn Fn(&Field) -> bool| {
        let named = |k: &&str| fields.iter().position(|f| f.name().eq_ignore_ascii_case(k) && ok(f));
        known.iter().find_map(named)
    };
    let is_text = |f: &Field| matches!(f.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let is_name = |f: &Field| is_text(f) || is_number(f.data_type()) || *f.data_type() == DataType::Boolean;
    let is_label = |f: &Field| labels::is_column(f.name(), &names);
    let id = side(&delimited::IDS, &|f| is_text(f) || f.data_type().is_integer());
    // A class by its name tells more than its number does.
    let label = side(&labels::NAMES, &|f| is_label(f) && is_text(f));
    let label = label.or_else(|| side(&labels::NAMES, &|f| is_label(f) && is_name(f)));
    let all = 0..fields.len();
    let lists = all.clone().filter(|&c| is_list(fields[c].data_type())).collect();
    let is_channel = |&c: &usize| {
        let field = fields[c];
        // pandas keeps the index of a frame in such a column.
        let is_index = field.name().starts_with("__index_level_");
        is_number(field.data_type()) && Some(c) != id && !is_label(field) && !is_index
    };
    let channels = all.filter(is_channel).collect();
    Ok(Layout {
        lists,
        channels,
        id,
        label,
        rows,
        names,
    })
}

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<Found> {
    guarded(path, || read_sides(path))
}

fn read_sides(path: &Path) -> Result<Found> {
    let Layout {
        lists,
        channels,
        id,
        label,
        rows,
        names,
    } = layout(path)?;
    if rows == 0 {
        return Err(malformed(path, "has no rows; features need at least one"));
    }
    let column = |columns: Vec<usize>, width| {
        let names = columns.iter().map(|&c| names[c].clone()).collect();
        Source::Column(Column {
            path: path.to_path_buf(),
            columns,
            names,
            rows,
            width,
        })
    };
    let layers = if !lists.is_empty() {
        let layer = |&c: &usize| Ok((names[c].clone(), column(vec![c], list_width(path, c, &names[c])?)));
        lists.iter().map(layer).collect::<Result<_>>()?
    } else if !channels.is_empty() {
        let width = channels.len();
        vec![("features".to_owned(), column(channels, width))]
    } else {
        let message = format!(
            "no column of numbers or of lists of numbers (columns: {})",
            names.join(", ")
        );
        return Err(malformed(path, message));
    };
    let labels = label.map(|column| texts(path, column)).transpose()?;
    let mut hash = IdsHash::default();
    if let Some(column) = id {
        let mut seen = Duplicates::default();
        for id in texts(path, column)? {
            let id = id.ok_or_else(|| malformed(path, "a row has no id; every row needs one"))?;
            if !seen.is_new(&id) {
                return Err(malformed(
                    path,
                    format!("id {id:?} comes twice; every row needs an id of its own"),
                ));
            }
            hash.add(&id);
        }
    }
    Ok(Found {
        layers,
        rows,
        labels,
        ids_sha256: id.map(|_| hash.finish()),
    })
}

/// The ids of a file that has some.
pub(super) fn ids(path: &Path) -> Result<Vec<String>> {
    guarded(path, || match layout(path)?.id {
        Some(column) => Ok(texts(path, column)?.into_iter().flatten().collect()),
        None => Err(malformed(path, "its column of ids is gone")),
    })
}

/// The labels in a file: its label column, or its only column.
pub(super) fn labels(path: &Path) -> Result<labels::Names> {
    guarded(path, || {
        let Layout { label, names, .. } = layout(path)?;
        let column = label.or((names.len() == 1).then_some(0));
        let Some(column) = column else {
            let message = format!("no column called \"label\" (columns: {}); name it so", names.join(", "));
            return Err(malformed(path, message));
        };
        texts(path, column)
    })
}

fn read(path: &Path, columns: &[usize], rows: usize) -> Result<ParquetRecordBatchReader> {
    let builder = arrays(path)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    builder
        .with_projection(mask)
        .with_batch_size(rows)
        .build()
        .map_err(|e| damaged(path, &e))
}

/// A column of text or of integers, as text.
fn texts(path: &Path, column: usize) -> Result<Vec<Option<String>>> {
    let mut all = Vec::new();
    for batch in read(path, &[column], 8192)? {
        let batch = batch.map_err(|e| damaged(path, &e))?;
        let array = batch.column(0);
        let text = |s: Option<&str>| s.map(str::to_owned);
        match array.data_type() {
            DataType::Utf8 => all.extend(array.as_string::<i32>().iter().map(text)),
            DataType::LargeUtf8 => all.extend(array.as_string::<i64>().iter().map(text)),
            DataType::Utf8View => all.extend(array.as_string_view().iter().map(text)),
            DataType::Boolean => all.extend(array.as_boolean().iter().map(|b| b.map(|b| u8::from(b).to_string()))),
            kind if is_number(kind) => {
                let mut values = Vec::new();
                widen(array, &mut values).ok_or_else(|| damaged(path, &"a column changes its type"))?;
                for (row, value) in values.into_iter().enumerate() {
                    let integer = labels::integral(value).filter(|_| array.is_valid(row));
                    if integer.is_none() && array.is_valid(row) {
                        return Err(malformed(
                            path,
                            format!("label {value} is not a whole number; labels are integers or text"),
                        ));
                    }
                    all.push(integer);
                }
            }
            kind => {
                return Err(malformed(
                    path,
                    format!("a column of {kind} where text or integers were expected"),
                ));
            }
        }
    }
    Ok(all)
}

/// Appends the numbers of an array; what stands for missing ones is undefined.
fn widen(array: &dyn Array, out: &mut Vec<f64>) -> Option<()> {
    fn of<T: ArrowPrimitiveType>(
        array: &dyn Array,
        out: &mut Vec<f64>,
        to_f64: impl Fn(T::Native) -> f64,
    ) -> Option<()> {
        out.extend(array.as_primitive_opt::<T>()?.values().iter().map(|&v| to_f64(v)));
        Some(())
    }
    match array.data_type() {
        DataType::Float16 => of::<Float16Type>(array, out, |v| v.to_f64()),
        DataType::Float32 => of::<Float32Type>(array, out, f64::from),
        DataType::Float64 => of::<Float64Type>(array, out, |v| v),
        DataType::Int8 => of::<Int8Type>(array, out, f64::from),
        DataType::Int16 => of::<Int16Type>(array, out, f64::from),
        DataType::Int32 => of::<Int32Type>(array, out, f64::from),
        DataType::Int64 => of::<Int64Type>(array, out, |v| v as f64),
        DataType::UInt8 => of::<UInt8Type>(array, out, f64::from),
        DataType::UInt16 => of::<UInt16Type>(array, out, f64::from),
        DataType::UInt32 => of::<UInt32Type>(array, out, f64::from),
        DataType::UInt64 => of::<UInt64Type>(array, out, |v| v as f64),
        _ => None,
    }
}

/// The numbers of one row of a column of lists, and how many each row has if all have as many.
fn list_values(array: &dyn Array) -> Option<(&dyn Array, Option<usize>)> {
    fn even(mut lengths: impl Iterator<Item = usize>) -> Option<usize> {
        let first = lengths.next()?;
        lengths.all(|n| n == first).then_some(first)
    }
    if array.null_count() > 0 {
        return None;
    }
    match array.data_type() {
        DataType::FixedSizeList(_, _) => {
            let list = array.as_fixed_size_list();
            Some((list.values().as_ref(), usize::try_from(list.value_length()).ok()))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let lengths = even(list.offsets().lengths());
            Some((list.values().as_ref(), lengths))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let lengths = even(list.offsets().lengths());
            Some((list.values().as_ref(), lengths))
        }
        _ => None,
    }
}

/// The width of a column of lists: that of its type, or of its first row.
fn list_width(path: &Path, column: usize, name: &str) -> Result<usize> {
    let first = read(path, &[column], 1)?
        .next()
        .transpose()
        .map_err(|e| damaged(path, &e))?;
    let width = first
        .as_ref()
        .and_then(|batch| list_values(batch.column(0).as_ref())?.1);
    match width {
        Some(0) => Err(malformed(
            path,
            format!("column {name:?} has no channels; features need at least one"),
        )),
        Some(width) => Ok(width),
        None => Err(malformed(
            path,
            format!("column {name:?} has no list in row 0; every row needs one"),
        )),
    }
}

impl Column {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn batches(&self, batch_rows: usize) -> Result<Batches<'static>> {
        let column = self.clone();
        ahead(self.path.display().to_string(), self.rows, move || {
            column.read(batch_rows)
        })
    }

    fn read(self, batch_rows: usize) -> Result<Box<dyn Iterator<Item = Result<Array2<f64>>>>> {
        if let [name] = &self.names[..] {
            let file = parquet(&self.path)?;
            if let Some((leaf, dtype)) = plain_list(&file, name) {
                let content = ListValues::new(&self.path, &file, leaf, dtype)?;
                let Self { path, rows, width, .. } = self;
                return Ok(Box::new(Rows {
                    path,
                    content,
                    dtype,
                    rows,
                    width,
                    batch_rows,
                    done: 0,
                }));
            }
        }
        let block = (BLOCK / self.width).clamp(1, self.rows);
        let reader = read(&self.path, &self.columns, block)?;
        let mut done = 0;
        let blocks = reader.map(move |batch| {
            let block = self.block(done, &batch.map_err(|e| damaged(&self.path, &e))?)?;
            done += block.nrows();
            Ok(block)
        });
        Ok(Box::new(Recut::new(blocks, batch_rows)))
    }

    /// The numbers of one batch, row after row.
    fn block(&self, done: usize, batch: &RecordBatch) -> Result<Array2<f64>> {
        let rows = batch.num_rows();
        let missing = |row: usize, name: &str| {
            malformed(
                &self.path,
                format!("row {row}, column {name:?} is missing a value; features must be complete"),
            )
        };
        let mut values = Vec::with_capacity(rows * self.width);
        let first = batch.column(0).as_ref();
        if is_list(first.data_type()) {
            let name = &self.names[0];
            let (numbers, width) = list_values(first).ok_or_else(|| missing(done, name))?;
            if width != Some(self.width) {
                let message = format!(
                    "column {name:?} has lists of other lengths than {} near row {done}",
                    self.width
                );
                return Err(malformed(&self.path, message));
            }
            if numbers.null_count() > 0 {
                // Nulls of the lists' elements: the first one's row.
                let at = (0..numbers.len()).find(|&i| numbers.is_null(i)).unwrap_or(0);
                return Err(missing(done + at / self.width.max(1), name));
            }
            widen(numbers, &mut values).ok_or_else(|| damaged(&self.path, &"a column changes its type"))?;
        } else {
            let mut by_column = Vec::with_capacity(rows * self.width);
            for (array, name) in batch.columns().iter().zip(&self.names) {
                if let Some(row) = (0..rows).find(|&row| array.is_null(row)) {
                    return Err(missing(done + row, name));
                }
                widen(array, &mut by_column).ok_or_else(|| damaged(&self.path, &"a column changes its type"))?;
            }
            values.extend(
                (0..rows)
                    .flat_map(|row| (0..self.width).map(move |c| (row, c)))
                    .map(|(r, c)| by_column[c * rows + r]),
            );
        }
        if let Some(at) = first_not_finite(&values) {
            return Err(not_finite(
                &self.path,
                done + at / self.width,
                at % self.width,
                values[at],
            ));
        }
        Array2::from_shape_vec((rows, self.width), values).map_err(|e| damaged(&self.path, &e))
    }
}
