//! A table of paths and labels.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use super::files::Files;
use super::locate::Located;
use super::{Contents, classes, shards};
use crate::error::{Error, Result};

/// What the tables' names end in.
pub(super) const ENDING: &str = "csv";
/// What the column of paths is called, the most telling first.
const PATH_NAMES: [&str; 11] = [
    "path",
    "filepath",
    "file_path",
    "image_path",
    "img_path",
    "filename",
    "file_name",
    "file",
    "image",
    "img",
    "image_file",
];

pub(super) fn open(at: &Located, split: &str) -> Result<Contents> {
    let root = match at.path.is_file() {
        true => at.path.parent().unwrap_or(Path::new("")).to_path_buf(),
        false => at.path.clone(),
    };
    let (mut files, mut texts) = (Vec::new(), Vec::new());
    // Ids are paths, so each may come once; and where it came first.
    let mut met: HashMap<String, (usize, u64)> = HashMap::new();
    let tables = shards::paths(at, ENDING, split)?;
    for (table, path) in tables.iter().enumerate() {
        refuse_open_quote(path)?;
        let folder = path.parent().and_then(|f| f.strip_prefix(&root).ok());
        let folder = folder.map(Path::to_string_lossy).unwrap_or_default();
        for row in rows(path)? {
            let Row { line, file, label } = row?;
            let file = match folder.is_empty() || Path::new(&file).is_absolute() {
                true => file,
                false => format!("{folder}/{file}"),
            };
            if let Some((first_table, first)) = met.insert(file.clone(), (table, line)) {
                let (shown, first_shown) = (path.display(), tables[first_table].display());
                return Err(Error::input(format!(
                    "{shown}: line {line} lists {file} again (first in line {first} of {first_shown}); list every image \
                     once, with one label"
                )));
            }
            files.push(file);
            texts.push(label);
        }
    }
    let (classes, labels) = classes::of_texts(&texts, &root)?;
    Ok(Contents {
        classes,
        labels,
        left_out: Vec::new(),
        source: Box::new(Files { root, files }),
    })
}

struct Row {
    line: u64,
    file: String,
    label: Option<String>,
}

/// The rows of a table with a header, in order.
fn rows(path: &Path) -> Result<impl Iterator<Item = Result<Row>>> {
    let shown = path.display().to_string();
    let mut reader = csv::Reader::from_path(path).map_err(|e| wrong(&shown, &e))?;
    let header = reader.headers().map_err(|e| wrong(&shown, &e))?.clone();
    let Some(file_column) = classes::column(header.iter(), &PATH_NAMES) else {
        let found: Vec<&str> = header.iter().collect();
        return Err(Error::input(format!(
            "{shown}: no column of paths in its first line ({}); expected a header such as path,label",
            found.join(", ")
        )));
    };
    let label_column = classes::label_column(header.iter());
    let row = move |record: csv::Result<csv::StringRecord>| {
        let record = record.map_err(|e| wrong(&shown, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let file = record.get(file_column).unwrap_or_default().trim();
        if file.is_empty() {
            return Err(Error::input(format!(
                "{shown}: line {line} has no path; add it or remove the line"
            )));
        }
        let label = label_column.and_then(|column| record.get(column)).map(str::trim);
        Ok(Row {
            line,
            file: file.to_owned(),
            label: label.filter(|l| !l.is_empty()).map(str::to_owned),
        })
    };
    Ok(reader.into_records().map(row))
}

fn wrong(shown: &str, error: &csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    Error::input(match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "{shown}: line {line} has {len} fields, the header has {expected_len}; put fields that contain commas in quotes"
        ),
        csv::ErrorKind::Utf8 { .. } => format!("{shown}: line {line} is not UTF-8; save the table as UTF-8"),
        _ => format!("{shown}: not a readable table ({error})"),
    })
}

/// The reader would take the rest of the file for one field.
fn refuse_open_quote(path: &Path) -> Result<()> {
    let mut reader = BufReader::new(File::open(path).map_err(Error::io(path))?);
    // Whether inside quotes, whether quotes may open here, and the line of the last that did.
    let (mut quoted, mut may_open, mut opened) = (false, true, 0);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(Error::io(path))? == 0 {
            break;
        }
        let text = match number {
            1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line),
            _ => &line,
        };
        for &byte in text {
            let quote = byte == b'"';
            if quote && !quoted && may_open {
                (quoted, opened) = (true, number);
            } else if quote && quoted {
                // Right behind a closing quote another one means a quote inside the field.
                (quoted, may_open) = (false, true);
            } else {
                may_open = matches!(byte, b',' | b'\n' | b'\r');
            }
        }
    }
    match quoted {
        true => Err(Error::input(format!(
            "{}: the quote opened in line {opened} is never closed; close it, or double quotes inside fields",
            path.display()
        ))),
        false => Ok(()),
    }
}
