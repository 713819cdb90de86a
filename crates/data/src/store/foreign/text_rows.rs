//! The numbers of a table of delimited text, batch after batch.

use std::path::PathBuf;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::features::Batches;
use crate::files::text::{TableRecords, TextLayout};
use crate::store::batches::ahead;
use crate::store::raw::not_finite;
use crate::store::refusal::malformed;

/// A file of delimited numbers.
#[derive(Clone, Debug)]
pub(super) struct DelimitedTable {
    pub(super) path: PathBuf,
    pub(super) layout: TextLayout,
    pub(super) header: bool,
    /// The columns that are channels, with their names.
    pub(super) channels: Vec<(usize, String)>,
    pub(super) rows: usize,
}

pub(super) fn field(record: &csv::StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default()
}

impl DelimitedTable {
    /// The names of the channels, where a header gives them.
    pub(super) fn channel_names(&self) -> Option<Vec<String>> {
        let names = self.channels.iter().map(|(_, name)| name.clone()).collect();
        self.header.then_some(names)
    }

    pub(super) fn width(&self) -> usize {
        self.channels.len()
    }

    pub(super) fn batches(&self, batch_rows: usize) -> Result<Batches<'static>> {
        let table = self.clone();
        ahead(self.path.display().to_string(), self.rows, move || {
            let reader = table.layout.rows(&table.path, table.header)?;
            Ok(Lines {
                table,
                reader,
                batch_rows: batch_rows.max(1),
                done: 0,
                failed: false,
            })
        })
    }

    /// The number in a column of a row.
    fn number(&self, record: &csv::StringRecord, (column, name): &(usize, String), row: usize) -> Result<f64> {
        let text = field(record, *column);
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(value) => Err(not_finite(&self.path, row, name, value)),
            Err(_) => {
                let what = format!("row {row}, column {name:?} is {text:?}, not a number; features must be complete");
                Err(malformed(&self.path, what))
            }
        }
    }
}

/// Reads the numbers, batch after batch.
struct Lines {
    table: DelimitedTable,
    reader: csv::Reader<TableRecords>,
    batch_rows: usize,
    done: usize,
    failed: bool,
}

impl Lines {
    fn batch(&mut self) -> Result<Option<Array2<f64>>> {
        let path = &self.table.path;
        let wrong = |e: csv::Error| -> Error { self.table.layout.wrong(path, &e) };
        let mut values = Vec::new();
        let mut record = csv::StringRecord::new();
        let mut rows = 0;
        while rows < self.batch_rows && self.reader.read_record(&mut record).map_err(wrong)? {
            for channel in &self.table.channels {
                values.push(self.table.number(&record, channel, self.done + rows)?);
            }
            rows += 1;
        }
        self.done += rows;
        let batch = Array2::from_shape_vec((rows, self.table.width()), values).map_err(|e| malformed(path, e))?;
        Ok((rows > 0).then_some(batch))
    }
}

impl Iterator for Lines {
    type Item = Result<Array2<f64>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.batch();
        self.failed = batch.is_err();
        batch.transpose()
    }
}
