//! A table of paths and labels.

use std::collections::HashMap;
use std::path::Path;

use super::files::{FileSizes, Files};
use super::located::Located;
use super::source::SplitContents;
use super::{classes, shards};
use crate::error::{Error, Result};
use crate::files::text::layout;

/// What the tables' names end in.
pub(super) const ENDING: &str = "csv";
/// What the column of paths is called, the most telling first.
const PATH_NAMES: &str = "path filepath file_path image_path img_path filename file_name file image img image_file";

pub(super) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let root = match at.path.is_file() {
        true => at.path.parent().unwrap_or(Path::new("")).to_path_buf(),
        false => at.path.clone(),
    };
    let (mut files, mut texts) = (Vec::new(), Vec::new());
    // Ids are paths, so each may come once; and where it came first.
    let mut met: HashMap<String, (usize, u64)> = HashMap::new();
    let tables = shards::paths(at, ENDING, split)?;
    for (table, path) in tables.iter().enumerate() {
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
    Ok(SplitContents {
        classes,
        labels,
        left_out: Vec::new(),
        source: Box::new(Files {
            root,
            files,
            found: false,
            sizes: FileSizes::default(),
        }),
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
    let Some(layout) = layout(path)? else {
        return Err(Error::input(format!(
            "{shown}: has no lines; expected a header such as path,label"
        )));
    };
    layout.refuse_open_quote(path)?;
    let Some(file_column) = classes::column(layout.first.iter().map(String::as_str), PATH_NAMES) else {
        return Err(Error::input(format!(
            "{shown}: no column of paths in its first line ({}); expected a header such as path,label",
            layout.first.join(", ")
        )));
    };
    let label_column = classes::label_column(layout.first.iter().map(String::as_str));
    let reader = layout.rows(path, true)?;
    let at = path.to_path_buf();
    let row = move |record: csv::Result<csv::StringRecord>| {
        let record = record.map_err(|e| layout.wrong(&at, &e))?;
        let line = layout.line(&record);
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
