//! Labels as text: one per line, or a column of a table.

use std::path::Path;

use super::delimited::{id_columns, label_column};
use super::row_ids::{self, LabelledIds, TextColumn, Texts};
use super::text_rows::field;
use super::{group_column, names};
use crate::error::Result;
use crate::files;
use crate::files::text::{TextLayout, layout};
use crate::store::refusal::malformed;

/// What a file of a label in each line has at most: those of the largest labelled data sets fit.
const MAX_LINES: usize = 20_000_000;

/// The labels in a file. In .txt each line is a label; in a table they are the column with a name that says so, or the lines where
/// there is but one column. `rows` tells a header line from a label.
pub(super) fn labels(path: &Path, extension: &str, rows: usize) -> Result<LabelledIds> {
    let Some(layout) = layout(path)? else {
        return Err(malformed(path, "has no lines; labels are one for each row"));
    };
    let label = label_column(&layout.first);
    if let (Some(label), true) = (label, layout.first.len() > 1) {
        layout.refuse_open_quote(path)?;
        return in_columns(path, &layout, label);
    }
    let lines = lines(path)?;
    if extension != "txt" && layout.first.len() > 1 && layout.even {
        let columns = layout.first.len();
        let what =
            format!("{columns} columns and none called \"label\"; name the column, or save one label per line as .txt");
        return Err(malformed(path, what));
    }
    refuse_listing(path, &layout, &lines)?;
    in_lines(path, lines, rows, "label", |first| names::label_rank(first).is_some())
}

/// The groups in a file: in .txt one in each line; in a table the column with a name that says so, or the only one beside ids.
pub(super) fn groups(path: &Path, extension: &str, rows: usize) -> Result<LabelledIds> {
    let Some(layout) = layout(path)? else {
        return Err(malformed(path, "has no lines; groups are one for each row"));
    };
    if extension != "txt" && layout.first.len() > 1 {
        layout.refuse_open_quote(path)?;
        let ids = id_columns(&layout.first);
        let place = group_column::place(path, &layout.first, |c| ids.iter().any(|(_, id)| *id == c))?;
        return in_columns(path, &layout, place);
    }
    in_lines(path, lines(path)?, rows, "group", group_column::is_name)
}

/// The names of all columns of a table, and the texts of the one of a name.
pub(super) fn column(path: &Path, name: &str) -> Result<(Vec<String>, Option<Texts>)> {
    let Some(layout) = layout(path)? else {
        return Ok((Vec::new(), None));
    };
    let place = layout.first.iter().position(|own| own == name);
    let values = place.map(|place| in_columns(path, &layout, place)).transpose()?;
    Ok((layout.first, values.map(|found| found.labels.values)))
}

/// A text in each line, below a header where there is one.
fn in_lines(
    path: &Path,
    lines: Vec<String>,
    rows: usize,
    what: &str,
    is_name: impl Fn(&str) -> bool,
) -> Result<LabelledIds> {
    let one_more = lines.len() == rows + 1;
    // A single column may have a class called "label" in its first row, unless there is one line too many.
    let is_integer = |text: &str| text.parse::<i128>().is_ok();
    let first = lines.first().cloned().unwrap_or_default();
    let odd_one = !is_integer(&first) && lines[1..].iter().all(|line| is_integer(line));
    let header = first.starts_with('#') || (one_more && (is_name(&first) || odd_one));
    let values: Texts = lines
        .into_iter()
        .skip(usize::from(header))
        .map(|line| (!line.is_empty()).then_some(line))
        .collect();
    if values.len() == rows + 1 {
        let what = format!(
            "{} {what}s for {rows} rows of features; if its first line {first:?} is a header, call it {what:?}",
            values.len()
        );
        return Err(malformed(path, what));
    }
    let name = "label".to_owned();
    Ok(LabelledIds {
        labels: TextColumn { name, values },
        ids: Vec::new(),
    })
}

/// The label column of a table, and its ids.
fn in_columns(path: &Path, layout: &TextLayout, label: usize) -> Result<LabelledIds> {
    let ids = id_columns(&layout.first);
    let (mut values, mut texts): (Texts, Vec<Texts>) = (Vec::new(), vec![Vec::new(); ids.len()]);
    for record in layout.rows(path, true)?.into_records() {
        let record = record.map_err(|e| layout.wrong(path, &e))?;
        let text = |column| {
            Some(field(&record, column))
                .filter(|f| !f.is_empty())
                .map(str::to_owned)
        };
        values.push(text(label));
        for (column, (_, id)) in texts.iter_mut().zip(&ids) {
            column.push(text(*id));
        }
    }
    let name = |column: usize| layout.first[column].clone();
    let columns = ids.into_iter().zip(texts).map(|((kind, id), values)| {
        let name = name(id);
        row_ids::ids(path, kind, TextColumn { name, values })
    });
    Ok(LabelledIds {
        ids: columns.collect::<Result<_>>()?,
        labels: TextColumn {
            name: name(label),
            values,
        },
    })
}

/// The lines of a file, each a label whole; empty ones at the end do not count. Quotes around a line are not part of it.
fn lines(path: &Path) -> Result<Vec<String>> {
    let text = files::read_text(path, files::MAX_LIST)?;
    if text.lines().nth(MAX_LINES).is_some() {
        let what = format!("has more than {MAX_LINES} lines; save so many labels as .npy");
        return Err(malformed(path, what));
    }
    let unquoted = |line: &str| match line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => line.to_owned(),
    };
    let text = text.trim_start_matches('\u{feff}').trim_end();
    Ok(text.lines().map(|line| unquoted(line.trim())).collect())
}

/// Refuses lines of which every one is another and has several fields, as lists of images and their labels have: whole,
/// each would be a class of its own.
fn refuse_listing(path: &Path, layout: &TextLayout, lines: &[String]) -> Result<()> {
    let mut distinct: Vec<&String> = lines.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let blanks = |line: &String| line.split_whitespace().count();
    let even = layout.even && layout.first.len() > 1 || lines.iter().all(|line| blanks(line) == 2);
    if lines.len() > 2 && distinct.len() == lines.len() && even {
        let what = "every line is another one and has several fields, so that each would be a class of its own; save a table with a \
                    header (path,label) as .csv to join labels by path";
        return Err(malformed(path, what));
    }
    Ok(())
}
