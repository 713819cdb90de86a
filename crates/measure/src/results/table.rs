//! Named columns of equal length, written and read as Parquet.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{Error, Result};
use crate::files;

/// A table: columns of equal length in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Name, also its file's stem.
    pub name: String,
    /// (column name, values).
    pub columns: Vec<(String, Column)>,
}

/// Builds a table of some things, a row for each, from what is said of them, column by column.
pub struct TableBuilder<'r, T> {
    rows: &'r [T],
    table: Table,
}

impl<'r, T> TableBuilder<'r, T> {
    /// A column of text.
    pub fn text<S: Into<String>>(self, name: &str, cell: impl Fn(&'r T) -> S) -> Self {
        let cells = self.rows.iter().map(|row| cell(row).into()).collect();
        self.with(name, Column::Text(cells))
    }

    /// A column of numbers; what is missing is NaN.
    pub fn float<N: Into<Option<f64>>>(self, name: &str, cell: impl Fn(&'r T) -> N) -> Self {
        let cells = self
            .rows
            .iter()
            .map(|row| cell(row).into().unwrap_or(f64::NAN))
            .collect();
        self.with(name, Column::Float(cells))
    }

    /// A column of counts or indices.
    pub fn count(self, name: &str, cell: impl Fn(&'r T) -> u64) -> Self {
        let cells = self.rows.iter().map(cell).collect();
        self.with(name, Column::Count(cells))
    }

    /// A column of ranks, steps and other whole numbers that may be missing.
    pub fn whole<N: Into<u64>>(self, name: &str, cell: impl Fn(&'r T) -> Option<N>) -> Self {
        let cells = self.rows.iter().map(|row| cell(row).map(Into::into)).collect();
        self.with(name, Column::Whole(cells))
    }

    /// A column of yes and no, where either was found.
    pub fn flag(self, name: &str, cell: impl Fn(&'r T) -> Option<bool>) -> Self {
        let cells = self.rows.iter().map(cell).collect();
        self.with(name, Column::Flag(cells))
    }

    fn with(mut self, name: &str, column: Column) -> Self {
        self.table.columns.push((name.to_owned(), column));
        self
    }

    /// The table.
    pub fn finish(self) -> Table {
        self.table
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Text.
    Text(Vec<String>),
    /// Numbers; NaN where missing.
    Float(Vec<f64>),
    /// Counts and indices.
    Count(Vec<u64>),
    /// Whole numbers, where there are any.
    Whole(Vec<Option<u64>>),
    /// Yes and no, where either was found.
    Flag(Vec<Option<bool>>),
}

impl Column {
    fn to_arrow(&self) -> ArrayRef {
        match self {
            Self::Text(v) => Arc::new(StringArray::from_iter_values(v)),
            Self::Float(v) => Arc::new(v.iter().map(|x| (!x.is_nan()).then_some(*x)).collect::<Float64Array>()),
            Self::Count(v) => Arc::new(UInt64Array::from(v.clone())),
            Self::Whole(v) => Arc::new(UInt64Array::from(v.clone())),
            Self::Flag(v) => Arc::new(BooleanArray::from(v.clone())),
        }
    }

    /// Whether a cell may be missing: the file says so too, where it tells whole numbers from counts.
    fn may_miss(&self) -> bool {
        !matches!(self, Self::Text(_) | Self::Count(_))
    }

    fn extend_from(&mut self, array: &dyn Array) -> Option<()> {
        let array = array.as_any();
        let texts = || array.downcast_ref::<StringArray>();
        let floats = || array.downcast_ref::<Float64Array>();
        let counts = || array.downcast_ref::<UInt64Array>();
        match self {
            Self::Text(v) => v.extend(texts()?.iter().map(|s| s.unwrap_or("").to_owned())),
            Self::Float(v) => v.extend(floats()?.iter().map(|x| x.unwrap_or(f64::NAN))),
            Self::Count(v) => v.extend(counts()?.iter().map(|x| x.unwrap_or(0))),
            Self::Whole(v) => v.extend(counts()?),
            Self::Flag(v) => v.extend(array.downcast_ref::<BooleanArray>()?),
        }
        Some(())
    }
}

impl Table {
    /// A table with a row for each of these things, and no column yet.
    pub fn of<'r, T>(name: &str, rows: &'r [T]) -> TableBuilder<'r, T> {
        TableBuilder {
            rows,
            table: Self {
                name: name.to_owned(),
                columns: Vec::new(),
            },
        }
    }

    /// The text column `name`.
    pub fn text(&self, name: &str) -> Option<&[String]> {
        self.columns.iter().find_map(|(n, c)| match c {
            Column::Text(v) if n == name => Some(v.as_slice()),
            _ => None,
        })
    }

    /// The number column `name`.
    pub fn float(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find_map(|(n, c)| match c {
            Column::Float(v) if n == name => Some(v.as_slice()),
            _ => None,
        })
    }

    /// The count column `name`.
    pub fn count(&self, name: &str) -> Option<&[u64]> {
        self.columns.iter().find_map(|(n, c)| match c {
            Column::Count(v) if n == name => Some(v.as_slice()),
            _ => None,
        })
    }

    /// Leaves out the rows that are not kept, of which there is one word for each.
    pub fn retain(&mut self, keep: &[bool]) {
        for (_, column) in &mut self.columns {
            let mut kept = keep.iter();
            let mut is_kept = || kept.next() == Some(&true);
            match column {
                Column::Text(v) => v.retain(|_| is_kept()),
                Column::Float(v) => v.retain(|_| is_kept()),
                Column::Count(v) => v.retain(|_| is_kept()),
                Column::Whole(v) => v.retain(|_| is_kept()),
                Column::Flag(v) => v.retain(|_| is_kept()),
            }
        }
    }

    /// Puts the rows into another order: `rows` names the old place of each.
    ///
    /// # Panics
    /// When it names a row that is not there.
    pub fn reorder(&mut self, rows: &[usize]) {
        for (_, column) in &mut self.columns {
            match column {
                Column::Text(v) => *v = rows.iter().map(|&row| std::mem::take(&mut v[row])).collect(),
                Column::Float(v) => *v = rows.iter().map(|&row| v[row]).collect(),
                Column::Count(v) => *v = rows.iter().map(|&row| v[row]).collect(),
                Column::Whole(v) => *v = rows.iter().map(|&row| v[row]).collect(),
                Column::Flag(v) => *v = rows.iter().map(|&row| v[row]).collect(),
            }
        }
    }

    /// Appends the rows of a table with the same columns.
    ///
    /// # Panics
    /// When the columns differ in number or kind: tables of one name are made by one place.
    pub fn append(&mut self, other: Self) {
        assert_eq!(self.columns.len(), other.columns.len(), "tables {} differ", self.name);
        for ((_, mine), (_, theirs)) in self.columns.iter_mut().zip(other.columns) {
            match (mine, theirs) {
                (Column::Text(a), Column::Text(b)) => a.extend(b),
                (Column::Float(a), Column::Float(b)) => a.extend(b),
                (Column::Count(a), Column::Count(b)) => a.extend(b),
                (Column::Whole(a), Column::Whole(b)) => a.extend(b),
                (Column::Flag(a), Column::Flag(b)) => a.extend(b),
                _ => panic!("tables {} differ in the kind of a column", self.name),
            }
        }
    }

    /// The table as Parquet (zstd).
    ///
    /// # Errors
    /// When its columns differ in length.
    pub fn to_parquet(&self) -> Result<Vec<u8>> {
        let damaged = |e: String| Error::input(format!("table {}: cannot be written ({e})", self.name));
        let columns = self
            .columns
            .iter()
            .map(|(n, c)| (n.as_str(), c.to_arrow(), c.may_miss()));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).map_err(|e| damaged(e.to_string()))?;
        let properties = parquet::file::properties::WriterProperties::builder()
            .set_compression(parquet::basic::Compression::ZSTD(Default::default()))
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(|e| damaged(e.to_string()))?;
        writer.write(&batch).map_err(|e| damaged(e.to_string()))?;
        writer.close().map_err(|e| damaged(e.to_string()))?;
        Ok(bytes)
    }

    /// Reads a table this project wrote.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a table.
    pub fn read_parquet(path: &Path) -> Result<Self> {
        Self::from_file(files::open(path)?.0, path)
    }

    /// Reads the table in an open file, which is at `path`.
    pub(super) fn from_file(file: std::fs::File, path: &Path) -> Result<Self> {
        let damaged = |e: String| {
            Error::input(format!(
                "{}: not a table of featscope ({e}); analyze again",
                path.display()
            ))
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(e.to_string()))?;
        let mut columns = Vec::new();
        for field in builder.schema().fields() {
            use arrow_schema::DataType::{Boolean, Float64, UInt64, Utf8};
            let column = match field.data_type() {
                Utf8 => Column::Text(Vec::new()),
                Float64 => Column::Float(Vec::new()),
                UInt64 if field.is_nullable() => Column::Whole(Vec::new()),
                UInt64 => Column::Count(Vec::new()),
                Boolean => Column::Flag(Vec::new()),
                other => return Err(damaged(format!("column {} is {other}", field.name()))),
            };
            columns.push((field.name().clone(), column));
        }
        for batch in builder.build().map_err(|e| damaged(e.to_string()))? {
            let batch = batch.map_err(|e| damaged(e.to_string()))?;
            for (i, (name, column)) in columns.iter_mut().enumerate() {
                column
                    .extend_from(batch.column(i))
                    .ok_or_else(|| damaged(format!("column {name} changes its type")))?;
            }
        }
        let name = path
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self { name, columns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let table = Table {
            name: "spectrum".into(),
            columns: vec![
                ("model".into(), Column::Text(vec!["SL".into(), "ü,\"".into()])),
                ("rank".into(), Column::Count(vec![1, u64::MAX])),
                ("eigenvalue".into(), Column::Float(vec![0.1 + 0.2, 5e-324])),
                ("place".into(), Column::Whole(vec![Some(1), None])),
                ("step".into(), Column::Whole(vec![Some(1), Some(2)])),
                ("best".into(), Column::Flag(vec![Some(false), None])),
            ],
        };
        let path = dir.path().join("spectrum.parquet");
        std::fs::write(&path, table.to_parquet().unwrap()).unwrap();
        assert_eq!(Table::read_parquet(&path).unwrap(), table);
    }
}
