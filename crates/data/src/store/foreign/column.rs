//! The numbers of a Parquet file's columns, and their texts.

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use ndarray::Array2;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::row_ids::Texts;
use crate::error::Result;
use crate::features::Batches;
use crate::files::parquet::{ListValues, damaged, integers, parquet, plain_list, simple_arrays};
use crate::files::{check_name, integral};
use crate::store::batches::{Recut, ahead};
use crate::store::raw::{NumberKind, RowReader, first_not_finite, not_finite};
use crate::store::refusal::malformed;

/// Numbers decoded at a time.
const BLOCK: usize = 1 << 20;

/// Texts decoded at a time.
pub(super) const TEXTS: usize = 8192;

/// A layer: one column of lists, or columns of numbers.
#[derive(Clone, Debug)]
pub(in crate::store) struct LayerColumn {
    pub(super) path: PathBuf,
    /// Positions of the columns in the file.
    pub(super) columns: Vec<usize>,
    pub(super) names: Vec<String>,
    pub(super) rows: usize,
    pub(super) width: usize,
}

/// True if these are numbers that can be features.
pub(super) fn is_number(kind: &DataType) -> bool {
    kind.is_integer() || matches!(kind, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

pub(super) fn is_list(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            is_number(item.data_type())
        }
        _ => false,
    }
}

/// Batches of some columns.
pub(super) fn read(path: &Path, columns: &[usize], rows: usize) -> Result<ParquetRecordBatchReader> {
    let builder = simple_arrays(path)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    builder
        .with_projection(mask)
        .with_batch_size(rows)
        .build()
        .map_err(|e| damaged(path, &e))
}

/// A column of text, whole numbers or booleans, as text.
pub(super) fn texts(path: &Path, column: usize) -> Result<Texts> {
    let mut all = Vec::new();
    for batch in read(path, &[column], TEXTS)? {
        let batch = batch.map_err(|e| damaged(path, &e))?;
        let array = batch.column(0);
        match array.data_type() {
            DataType::Utf8 => {
                for text in array.as_string::<i32>() {
                    text.map_or(Ok(()), |text| check_name(path, "a label or id", text))?;
                    all.push(text.map(str::to_owned));
                }
            }
            DataType::Binary => {
                for bytes in array.as_binary::<i32>() {
                    let text = bytes.map(std::str::from_utf8).transpose();
                    let text =
                        text.map_err(|_| malformed(path, "a column of labels or ids holds bytes that are no text"))?;
                    text.map_or(Ok(()), |text| check_name(path, "a label or id", text))?;
                    all.push(text.map(str::to_owned));
                }
            }
            DataType::Boolean => all.extend(array.as_boolean().iter().map(|b| b.map(|b| u8::from(b).to_string()))),
            kind if kind.is_integer() => {
                let numbers = integers(array).ok_or_else(|| damaged(path, &"a column changes its type"))?;
                all.extend(numbers.into_iter().map(|n| n.map(|n| n.to_string())));
            }
            _ => {
                let mut values = Vec::new();
                widen(array, &mut values).ok_or_else(|| damaged(path, &"a column changes its type"))?;
                for (row, value) in values.into_iter().enumerate() {
                    // What stands for a missing number has no meaning.
                    let missing = array.is_null(row) || value.is_nan();
                    let integer = if missing { None } else { integral(value) };
                    if integer.is_none() && !missing {
                        let what = format!("label {value} is not a whole number; labels are integers or text");
                        return Err(malformed(path, what));
                    }
                    all.push(integer);
                }
            }
        }
    }
    Ok(all)
}

/// Appends the numbers of an array; what stands for missing ones is undefined.
pub(super) fn widen(array: &dyn Array, out: &mut Vec<f64>) -> Option<()> {
    fn each<T: ArrowPrimitiveType>(
        array: &dyn Array,
        out: &mut Vec<f64>,
        to_f64: impl Fn(T::Native) -> f64,
    ) -> Option<()> {
        out.extend(array.as_primitive_opt::<T>()?.values().iter().map(|&v| to_f64(v)));
        Some(())
    }
    match array.data_type() {
        DataType::Float16 => each::<Float16Type>(array, out, |v| v.to_f64()),
        DataType::Float32 => each::<Float32Type>(array, out, f64::from),
        DataType::Float64 => each::<Float64Type>(array, out, |v| v),
        DataType::Int8 => each::<Int8Type>(array, out, f64::from),
        DataType::Int16 => each::<Int16Type>(array, out, f64::from),
        DataType::Int32 => each::<Int32Type>(array, out, f64::from),
        DataType::Int64 => each::<Int64Type>(array, out, |v| v as f64),
        DataType::UInt8 => each::<UInt8Type>(array, out, f64::from),
        DataType::UInt16 => each::<UInt16Type>(array, out, f64::from),
        DataType::UInt32 => each::<UInt32Type>(array, out, f64::from),
        DataType::UInt64 => each::<UInt64Type>(array, out, |v| v as f64),
        _ => None,
    }
}

/// The numbers of a column of lists, and how many each row has.
fn list_values(array: &dyn Array) -> Option<(&dyn Array, Vec<usize>)> {
    match array.data_type() {
        DataType::FixedSizeList(_, _) => {
            let list = array.as_fixed_size_list();
            let width = usize::try_from(list.value_length()).ok()?;
            Some((list.values().as_ref(), vec![width; list.len()]))
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            Some((list.values().as_ref(), list.offsets().lengths().collect()))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            Some((list.values().as_ref(), list.offsets().lengths().collect()))
        }
        _ => None,
    }
}

/// The width of a column of lists: that of its first row.
pub(super) fn list_width(path: &Path, column: usize, name: &str) -> Result<usize> {
    let first = read(path, &[column], 1)?
        .next()
        .transpose()
        .map_err(|e| damaged(path, &e))?;
    let lists = first.as_ref().map(|batch| batch.column(0).as_ref());
    let lists = lists.filter(|lists| lists.null_count() == 0);
    match lists
        .and_then(list_values)
        .and_then(|(_, lengths)| lengths.first().copied())
    {
        Some(0) => Err(malformed(
            path,
            format!("column {name:?} has no channels in row 0; features need at least one"),
        )),
        Some(width) => Ok(width),
        None => Err(malformed(
            path,
            format!("row 0, column {name:?} is missing a list; every row needs one"),
        )),
    }
}

impl LayerColumn {
    /// The names of the columns, where each is a channel.
    pub(in crate::store) fn channel_names(&self) -> Option<Vec<String>> {
        (self.names.len() == self.width).then(|| self.names.clone())
    }

    pub(in crate::store) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::store) fn batches(&self, batch_rows: usize) -> Result<Batches<'static>> {
        let column = self.clone();
        ahead(self.path.display().to_string(), self.rows, move || {
            column.read(batch_rows)
        })
    }

    fn read(self, batch_rows: usize) -> Result<Box<dyn Iterator<Item = Result<Array2<f64>>>>> {
        if let [name] = &self.names[..] {
            let file = parquet(&self.path)?;
            if let Some(leaf) = plain_list(&file, name) {
                let content = ListValues::new(&self.path, &file, leaf, self.width)?;
                let Self { path, rows, width, .. } = self;
                return Ok(Box::new(RowReader {
                    path,
                    content,
                    kind: NumberKind::little(leaf.1),
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
            if let Some(row) = (0..rows).find(|&row| first.is_null(row)) {
                return Err(missing(done + row, name));
            }
            let (numbers, lengths) =
                list_values(first).ok_or_else(|| damaged(&self.path, &"a column changes its type"))?;
            if let Some((row, n)) = lengths.iter().enumerate().find(|(_, n)| **n != self.width) {
                let message = format!(
                    "row {}, column {name:?} has {n} values, row 0 has {}; features have as many in every row",
                    done + row,
                    self.width
                );
                return Err(malformed(&self.path, message));
            }
            // The values of a slice stand among those of the whole column.
            let start = match first.data_type() {
                DataType::List(_) => first.as_list::<i32>().value_offsets()[0] as usize,
                DataType::LargeList(_) => first.as_list::<i64>().value_offsets()[0] as usize,
                _ => 0,
            };
            let numbers = numbers.slice(start, rows * self.width);
            if let Some(at) = (0..numbers.len()).find(|&i| numbers.is_null(i)) {
                return Err(missing(done + at / self.width, name));
            }
            let numbers = numbers.as_ref();
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
