//! Features as delimited text: one row per line, numbers as channels, with or without a header line; and labels as text.
//!
//! A first line of which no field is a number is a header; so is one whose numbers only count the columns (0, 1, 2, … as
//! pandas writes them) where there are at least three. Without a header every column is a channel; with one, `channels`
//! says which are.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::batches::ahead;
use super::channels::{self, Named};
use super::foreign::{Found, Source};
use super::malformed;
use super::names::{self, IdName};
use super::raw::not_finite;
use super::rows::{self, Column, Labelled, Texts};
use crate::error::{Error, Result};
use crate::features::{Batches, Said};
use crate::files::text::{Layout, layout};

/// What stands for a number that is missing.
const MISSING: [&str; 5] = ["", "na", "n/a", "null", "none"];

/// A file of delimited numbers.
#[derive(Clone, Debug)]
pub(super) struct Table {
    path: PathBuf,
    layout: Layout,
    header: bool,
    /// The columns that are channels, with their names.
    channels: Vec<(usize, String)>,
    rows: usize,
}

/// What is known of a table before its rows are read.
struct Head {
    layout: Layout,
    header: bool,
    /// Names, or positions where there is no header.
    names: Vec<String>,
    id: Option<(IdName, usize)>,
    label: Option<usize>,
}

/// Opens a file, reading it once to count its rows and to take ids and labels.
pub(super) fn open(path: &Path, asked: Option<&[String]>) -> Result<Found> {
    let no_rows = || malformed(path, "has no rows; features need at least one");
    let Some(layout) = layout(path)? else {
        return Err(no_rows());
    };
    let head = head(layout);
    let mut columns: Vec<Named> = head.names.iter().map(|name| Named::new(name)).collect();
    let (mut rows, mut labels, mut ids): (usize, Texts, Texts) = (0, Vec::new(), Vec::new());
    head.each_row(path, |record| {
        let number = rows.to_string();
        for (column, field) in columns.iter_mut().zip(record) {
            if rows == 0 {
                column.number = field.parse::<f64>().is_ok() || MISSING.contains(&field.to_lowercase().as_str());
            }
            column.counts = column.counts && field == number;
        }
        if let Some(label) = head.label.map(|label| field(record, label)) {
            labels.push((!label.is_empty()).then(|| label.to_owned()));
        }
        if let Some(id) = head.id.map(|(_, id)| field(record, id)) {
            ids.push((!id.is_empty()).then(|| id.to_owned()));
        }
        rows += 1;
        Ok(())
    })?;
    if rows == 0 {
        return Err(no_rows());
    }
    // One or two rows tell nothing from a count.
    columns.iter_mut().for_each(|column| column.counts &= rows > 2);
    let ids = match head.id {
        Some((kind, column)) => rows::ids(path, kind, ids)?.map(|ids| (column, ids)),
        None => None,
    };
    for column in ids.iter().map(|(column, _)| *column).chain(head.label) {
        columns[column].taken = true;
    }
    if let Some(text) = columns.iter().find(|column| !column.number && !head.header) {
        let what = format!(
            "row 0, column {} holds text, and no header says what it is; add one that calls it id, label or class",
            text.name
        );
        return Err(malformed(path, what));
    }
    let chosen = channels::choose(path, &columns, asked)?;
    if chosen.layers.is_empty() {
        let all: Vec<&str> = head.names.iter().map(String::as_str).collect();
        let what = format!(
            "no column of numbers that could be channels; its columns are {}: pick some with --columns",
            channels::listed(&all)
        );
        return Err(malformed(path, what));
    }
    let mut said = Said::default();
    if head.header || !chosen.left_out.is_empty() {
        let mut words = channels::in_words(&columns, &chosen);
        words.extend(head.label.map(|c| format!("labels are {:?}", head.names[c])));
        words.extend(ids.as_ref().map(|(c, _)| format!("ids are {:?}", head.names[*c])));
        said.arrays.push(words.join("; "));
    }
    let labels = head.label.map(|column| Column {
        name: head.names[column].clone(),
        values: labels,
    });
    let layers = chosen.layers.into_iter().map(|(layer, members)| {
        let table = Table {
            path: path.to_path_buf(),
            layout: head.layout.clone(),
            header: head.header,
            channels: members.into_iter().map(|c| (c, head.names[c].clone())).collect(),
            rows,
        };
        (layer, Source::Delimited(table))
    });
    Ok(Found {
        layers: layers.collect(),
        rows,
        labels,
        ids: ids.map(|(_, ids)| ids),
        said,
    })
}

/// What the first line says about the columns.
fn head(layout: Layout) -> Head {
    let first = &layout.first;
    let numbers: Vec<&str> = first
        .iter()
        .map(String::as_str)
        .filter(|f| f.parse::<f64>().is_ok())
        .collect();
    let counting = numbers.iter().enumerate().all(|(i, n)| *n == i.to_string());
    let header = layout.commented || numbers.is_empty() || (counting && numbers.len() >= 3);
    let names: Vec<String> = match header {
        true => first.clone(),
        false => (0..first.len()).map(|i| i.to_string()).collect(),
    };
    let (id, label) = match header {
        true => (id_column(&names), label_column(&names)),
        false => (None, None),
    };
    Head {
        layout,
        header,
        names,
        id,
        label,
    }
}

/// Whether a table lists files rather than features: it has a column of paths, and no columns whose names count.
pub(super) fn lists_files(path: &Path) -> bool {
    let Ok(Some(layout)) = layout(path) else {
        return false;
    };
    let is_path = |name: &String| names::is_path(name);
    let counts = |name: &String| names::numbered(name).is_some();
    layout.first.iter().any(is_path) && !layout.first.iter().any(counts)
}

/// The column of ids, by its name.
pub(super) fn id_column(names: &[String]) -> Option<(IdName, usize)> {
    let ranked = names
        .iter()
        .enumerate()
        .filter_map(|(c, name)| Some((names::id_rank(name)?, c)));
    ranked.min()
}

/// The column of labels, by its name. Beside an `x`, a `y` is a channel.
pub(super) fn label_column(names: &[String]) -> Option<usize> {
    let plane = names.iter().any(|name| names::plain(name) == "x");
    let ranked = names.iter().enumerate().filter_map(|(c, name)| {
        let rank = names::label_rank(name)?;
        (!plane || names::plain(name) != "y").then_some((rank, c))
    });
    ranked.min().map(|(_, column)| column)
}

impl Head {
    fn each_row(&self, path: &Path, mut row: impl FnMut(&csv::StringRecord) -> Result<()>) -> Result<()> {
        let mut reader = self.layout.rows(path, self.header)?;
        let mut record = csv::StringRecord::new();
        while reader
            .read_record(&mut record)
            .map_err(|e| self.layout.wrong(path, &e))?
        {
            if record.len() != self.names.len() {
                let (line, n) = (self.layout.line(&record), self.names.len());
                let what = format!("line {line} has {} fields, the first line {n}; repair it", record.len());
                return Err(malformed(path, what));
            }
            row(&record)?;
        }
        Ok(())
    }
}

fn field(record: &csv::StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default()
}

/// Labels as text. In .txt each line is a label; in a table they are the column with a name that says so, or the lines where
/// there is but one column. `rows` tells a header line from a label.
pub(super) fn labels(path: &Path, extension: &str, rows: usize) -> Result<Labelled> {
    let Some(layout) = layout(path)? else {
        return Err(malformed(path, "has no lines; labels are one for each row"));
    };
    let label = label_column(&layout.first);
    if let (Some(label), true) = (label, layout.first.len() > 1) {
        layout.refuse_open_quote(path)?;
        return in_columns(path, &layout, label);
    }
    let lines = lines(path)?;
    let one_more = lines.len() == rows + 1;
    if extension != "txt" && layout.first.len() > 1 && layout.even {
        let columns = layout.first.len();
        let what =
            format!("{columns} columns and none called \"label\"; name the column, or save one label per line as .txt");
        return Err(malformed(path, what));
    }
    if extension == "txt" {
        refuse_listing(path, &lines)?;
    }
    // A single column may have a class called "label" in its first row, unless there is one line too many.
    let is_integer = |text: &str| text.parse::<i128>().is_ok();
    let first = lines.first().cloned().unwrap_or_default();
    let odd_one = !is_integer(&first) && lines[1..].iter().all(|line| is_integer(line));
    let header = first.starts_with('#') || (one_more && (names::label_rank(&first).is_some() || odd_one));
    let values: Texts = lines
        .into_iter()
        .skip(usize::from(header))
        .map(|line| (!line.is_empty()).then_some(line))
        .collect();
    if values.len() == rows + 1 {
        let what = format!(
            "{} labels for {rows} rows of features; if its first line {first:?} is a header, call it \"label\"",
            values.len()
        );
        return Err(malformed(path, what));
    }
    let name = "label".to_owned();
    Ok(Labelled {
        labels: Column { name, values },
        ids: None,
    })
}

/// The label column of a table, and its ids.
fn in_columns(path: &Path, layout: &Layout, label: usize) -> Result<Labelled> {
    let id = id_column(&layout.first);
    let (mut values, mut ids): (Texts, Texts) = (Vec::new(), Vec::new());
    for record in layout.rows(path, true)?.into_records() {
        let record = record.map_err(|e| layout.wrong(path, &e))?;
        let text = |column| {
            Some(field(&record, column))
                .filter(|f| !f.is_empty())
                .map(str::to_owned)
        };
        values.push(text(label));
        ids.extend(id.map(|(_, column)| text(column)));
    }
    Ok(Labelled {
        labels: Column {
            name: layout.first[label].clone(),
            values,
        },
        ids: match id {
            Some((kind, _)) => rows::ids(path, kind, ids)?,
            None => None,
        },
    })
}

/// The lines of a file, each a label whole; empty ones at the end do not count. Quotes around a line are not part of it.
fn lines(path: &Path) -> Result<Vec<String>> {
    let mut text = String::new();
    File::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|e| crate::files::broken(path, e))?;
    let unquoted = |line: &str| match line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => line.to_owned(),
    };
    let text = text.trim_start_matches('\u{feff}').trim_end();
    Ok(text.lines().map(|line| unquoted(line.trim())).collect())
}

/// Refuses lines that are a path and a number each, as lists of images are: whole, every one would be a class.
fn refuse_listing(path: &Path, lines: &[String]) -> Result<()> {
    let listed = |line: &String| {
        let (before, last) = line.rsplit_once([' ', '\t', ','])?;
        let is_path = before.contains(['/', '.']) && !before.trim().contains([' ', '\t']);
        (is_path && last.parse::<u64>().is_ok()).then_some(())
    };
    if lines.len() > 1 && lines.iter().all(|line| listed(line).is_some()) {
        let what =
            "each line is a path and a number; save it as .csv with a header (path,label) to join labels by path";
        return Err(malformed(path, what));
    }
    Ok(())
}

impl Table {
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
    table: Table,
    reader: csv::Reader<File>,
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
