//! Features as delimited text: one row per line, numbers as channels, with or without a header line.
//!
//! Columns called `id`, `label` or `class` (and the like) are ids and labels. The delimiter is the comma, semicolon or tab
//! of the first line, or else the space. A first line of which no field is a number is a header; so is one whose numbers
//! only count the columns (0, 1, 2, … as pandas writes them) where there are at least three.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::batches::ahead;
use super::foreign::{Found, Source};
use super::manifest::Duplicates;
use super::raw::not_finite;
use super::{labels, malformed};
use crate::error::{Error, Result};
use crate::features::Batches;
use crate::features::IdsHash;

/// Names of id columns; the empty name is the index that pandas writes.
pub(super) const IDS: [&str; 5] = ["id", "ids", "image_id", "index", ""];

/// The longest first line read: more than any array has channels.
const LONGEST_LINE: u64 = 1 << 26;

/// A file of delimited numbers.
#[derive(Clone, Debug)]
pub(super) struct Table {
    path: PathBuf,
    layout: Layout,
    rows: usize,
}

/// What the columns are.
#[derive(Clone, Debug)]
struct Layout {
    delimiter: u8,
    header: bool,
    /// Names, or positions where there is no header.
    names: Vec<String>,
    id: Option<usize>,
    label: Option<usize>,
    channels: Vec<usize>,
}

/// Opens a file, reading it once to count its rows and to take ids and labels.
pub(super) fn open(path: &Path) -> Result<Found> {
    let layout = layout(path)?;
    if layout.channels.is_empty() {
        return Err(malformed(path, "no column of numbers; features are rows of numbers"));
    }
    let (mut rows, mut names) = (0, Vec::new());
    let (mut hash, mut seen) = (IdsHash::default(), Duplicates::default());
    each_row(path, &layout, |record| {
        if rows == 0 {
            // Text where numbers should be is noticed here and not only when the features are read.
            layout
                .channels
                .iter()
                .try_for_each(|&column| layout.number(path, record, column, 0).map(drop))?;
        }
        rows += 1;
        if let Some(id) = layout.id.map(|id| field(record, id)) {
            hash.add(id);
            if !seen.is_new(id) {
                return Err(malformed(
                    path,
                    format!("id {id:?} comes twice; every row needs an id of its own"),
                ));
            }
        }
        if let Some(label) = layout.label.map(|label| field(record, label)) {
            names.push((!label.is_empty()).then(|| label.to_owned()));
        }
        Ok(())
    })?;
    if rows == 0 {
        return Err(malformed(path, "has no rows; features need at least one"));
    }
    let labels = layout.label.map(|_| names);
    let ids_sha256 = layout.id.map(|_| hash.finish());
    let table = Table {
        path: path.to_path_buf(),
        layout,
        rows,
    };
    Ok(Found {
        layers: vec![("features".to_owned(), Source::Delimited(table))],
        rows,
        labels,
        ids_sha256,
    })
}

/// Labels as text: one per line, or the label column of a table. `rows` tells a header line from a label.
pub(super) fn labels(path: &Path, rows: usize) -> Result<labels::Names> {
    let mut text = String::new();
    File::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|e| super::raw::broken(path, e))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let damaged = |e: csv::Error| malformed(path, format!("not readable as labels ({e})"));
    let records: Vec<csv::StringRecord> = reader
        .records()
        .collect::<std::result::Result<_, _>>()
        .map_err(damaged)?;
    let Some(first) = records.first() else {
        return Ok(Vec::new());
    };
    let named = labels::NAMES
        .iter()
        .find_map(|name| first.iter().position(|f| f.eq_ignore_ascii_case(name)));
    let column = match (first.len(), named) {
        (1, _) => 0,
        (_, Some(column)) => column,
        (columns, None) => {
            let message =
                format!("{columns} columns and none called \"label\"; give one label per line, or name the column");
            return Err(malformed(path, message));
        }
    };
    // A single column may have a class called "label" in its first row, unless there is one line too many.
    let header = named.is_some() && (first.len() > 1 || records.len() != rows);
    let value = |record: &csv::StringRecord| record.get(column).filter(|f| !f.is_empty()).map(str::to_owned);
    Ok(records.iter().skip(usize::from(header)).map(value).collect())
}

impl Layout {
    /// The number in a column of a row.
    fn number(&self, path: &Path, record: &csv::StringRecord, column: usize, row: usize) -> Result<f64> {
        let (text, name) = (field(record, column), &self.names[column]);
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(value) => Err(not_finite(path, row, name, value)),
            Err(_) => {
                let what = format!(
                    "row {row}, column {name:?} is {text:?}, not a number; columns of text are called id, label or class"
                );
                Err(malformed(path, what))
            }
        }
    }
}

fn field(record: &csv::StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default()
}

/// Reads the first line, and what it says about the columns.
fn layout(path: &Path) -> Result<Layout> {
    let file = File::open(path).map_err(Error::io(path))?;
    let mut line = String::new();
    let mut lines = BufReader::new(file.take(LONGEST_LINE));
    while line.trim().is_empty() {
        line.clear();
        if lines.read_line(&mut line).map_err(|e| super::raw::broken(path, e))? == 0 {
            return Err(malformed(path, "has no rows; features need at least one"));
        }
    }
    let text = line.trim_start_matches('\u{feff}');
    let delimiter = *[b',', b';', b'\t']
        .iter()
        .find(|&&d| text.bytes().any(|b| b == d))
        .unwrap_or(&b' ');
    let mut first = builder(delimiter, false).from_reader(text.as_bytes());
    let first = first
        .records()
        .next()
        .transpose()
        .map_err(|e| damaged(path, &e))?
        .unwrap_or_default();
    let numbers: Vec<&str> = first.iter().filter(|f| f.parse::<f64>().is_ok()).collect();
    let counting = numbers.iter().enumerate().all(|(i, n)| *n == i.to_string());
    let header = numbers.is_empty() || (counting && numbers.len() >= 3);
    let positions = (0..first.len()).map(|i| i.to_string());
    let names: Vec<String> = if header {
        first.iter().map(str::to_owned).collect()
    } else {
        positions.collect()
    };
    let find = |known: &[&str], ok: &dyn Fn(&str) -> bool| {
        let known = known.iter().filter(|_| header);
        known
            .flat_map(|k| names.iter().position(|n| n.eq_ignore_ascii_case(k) && ok(n)))
            .next()
    };
    let is_label = |name: &str| header && labels::is_column(name, &names);
    let (id, label) = (find(&IDS, &|_| true), find(&labels::NAMES, &is_label));
    // Both `label` and `class` may be there: the second is no channel either.
    let channels = (0..names.len())
        .filter(|&c| Some(c) != id && !is_label(&names[c]))
        .collect();
    Ok(Layout {
        delimiter,
        header,
        id,
        label,
        channels,
        names,
    })
}

fn builder(delimiter: u8, header: bool) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(header).trim(csv::Trim::All);
    builder
}

fn damaged(path: &Path, error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, pos } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            malformed(
                path,
                format!("line {line} has {len} fields, the lines before it {expected_len}; repair it"),
            )
        }
        _ => malformed(path, format!("not readable as delimited text ({error})")),
    }
}

fn each_row(path: &Path, layout: &Layout, mut row: impl FnMut(&csv::StringRecord) -> Result<()>) -> Result<()> {
    let mut reader = builder(layout.delimiter, layout.header)
        .from_path(path)
        .map_err(|e| damaged(path, &e))?;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| damaged(path, &e))? {
        row(&record)?;
    }
    Ok(())
}

impl Table {
    pub(super) fn width(&self) -> usize {
        self.layout.channels.len()
    }

    pub(super) fn ids(&self) -> Result<Vec<String>> {
        let mut ids = Vec::with_capacity(self.rows);
        each_row(&self.path, &self.layout, |record| {
            ids.extend(self.layout.id.map(|id| field(record, id).to_owned()));
            Ok(())
        })?;
        Ok(ids)
    }

    pub(super) fn batches(&self, batch_rows: usize) -> Result<Batches<'static>> {
        let table = self.clone();
        ahead(self.path.display().to_string(), self.rows, move || {
            let reader = builder(table.layout.delimiter, table.layout.header).from_path(&table.path);
            let reader = reader.map_err(|e| damaged(&table.path, &e))?;
            Ok(Lines {
                table,
                reader,
                batch_rows: batch_rows.max(1),
                done: 0,
                failed: false,
            })
        })
    }
}

/// Reads the numbers, batch after batch.
struct Lines {
    table: Table,
    reader: csv::Reader<File>,
    batch_rows: usize,
    done: usize,
    failed: bool,
}

impl Lines {
    fn batch(&mut self) -> Result<Option<Array2<f64>>> {
        let path = &self.table.path;
        let mut values = Vec::new();
        let mut record = csv::StringRecord::new();
        let mut rows = 0;
        while rows < self.batch_rows && self.reader.read_record(&mut record).map_err(|e| damaged(path, &e))? {
            for &column in &self.table.layout.channels {
                values.push(self.table.layout.number(path, &record, column, self.done + rows)?);
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
