//! Features as delimited text: one row per line, numbers as channels, with or without a header line.
//!
//! A first line of which no field is a number is a header; so is one whose numbers only count the columns (0, 1, 2, … as
//! pandas writes them) where there are at least three. Without a header every column is a channel; with one, `channels`
//! says which are.

use std::path::Path;

use super::channels::{self, Named};
use super::contents::{ForeignContents, NumberSource};
use super::names::{self, IdName};
use super::row_ids::{self, TextColumn, Texts};
use super::text_rows::{DelimitedTable, field};
use crate::error::Result;
use crate::features::Interpretation;
use crate::files::text::{TextLayout, layout};
use crate::store::refusal::malformed;

/// What stands for a number that is missing.
const MISSING: [&str; 5] = ["", "na", "n/a", "null", "none"];

/// What is known of a table before its rows are read.
struct TableHead {
    layout: TextLayout,
    header: bool,
    /// Names, or positions where there is no header.
    names: Vec<String>,
    /// The columns of ids, the most telling first.
    ids: Vec<(IdName, usize)>,
    label: Option<usize>,
}

/// Opens a file, reading it once to count its rows and to take ids and labels. The column of `groups` is no channel.
pub(super) fn open(path: &Path, asked: Option<&[String]>, groups: Option<&str>) -> Result<ForeignContents> {
    let no_rows = || malformed(path, "has no rows; features need at least one");
    let Some(layout) = layout(path)? else {
        return Err(no_rows());
    };
    layout.refuse_open_quote(path)?;
    let head = head(layout);
    let mut columns: Vec<Named> = head.names.iter().map(|name| Named::new(name)).collect();
    let (mut rows, mut labels): (usize, Texts) = (0, Vec::new());
    let mut ids: Vec<Texts> = vec![Vec::new(); head.ids.len()];
    let mut starts = vec![0.0; columns.len()];
    head.each_row(path, |record| {
        for (c, (column, field)) in columns.iter_mut().zip(record).enumerate() {
            if rows == 0 {
                column.number = is_number(field) || is_missing(field);
                column.holds = format!("{field:?} in row 0");
                starts[c] = field.parse().unwrap_or(f64::NAN);
                column.counts = starts[c] == 0.0 || starts[c] == 1.0;
            }
            column.counts = column.counts && field.parse() == Ok(starts[c] + rows as f64);
        }
        if let Some(label) = head.label.map(|label| field(record, label)) {
            labels.push((!label.is_empty()).then(|| label.to_owned()));
        }
        for (column, (_, id)) in ids.iter_mut().zip(&head.ids) {
            let id = field(record, *id);
            column.push((!id.is_empty()).then(|| id.to_owned()));
        }
        rows += 1;
        Ok(())
    })?;
    if rows == 0 {
        return Err(no_rows());
    }
    // A few rows tell nothing from a count, the less where it begins with 1.
    let tells = |start: f64| rows > if start == 0.0 { 2 } else { 9 };
    for (column, start) in columns.iter_mut().zip(&starts) {
        column.counts &= tells(*start);
    }
    let mut id_columns = Vec::new();
    for ((kind, column), values) in head.ids.iter().zip(ids) {
        let name = head.names[*column].clone();
        id_columns.push(row_ids::ids(path, *kind, TextColumn { name, values })?);
    }
    let primary = row_ids::primary(&id_columns).map(|column| column.name.clone());
    let is_primary = |c: &usize| Some(&head.names[*c]) == primary.as_ref();
    let id = head.ids.iter().map(|(_, c)| *c).find(is_primary);
    let groups = head.names.iter().position(|name| Some(name.as_str()) == groups);
    for column in id.into_iter().chain(head.label).chain(groups) {
        columns[column].taken = true;
    }
    let first = if head.header {
        head.layout.next.first()
    } else {
        Some(&head.layout.first)
    };
    let comma = |field: &String| {
        field
            .split_once(',')
            .is_some_and(|(a, b)| is_number(&format!("{a}.{b}")))
    };
    if let Some(field) = first
        .into_iter()
        .flatten()
        .find(|field| !is_number(field) && comma(field))
    {
        let what = format!("row 0 has {field:?}, a number with a decimal comma; save numbers with decimal points");
        return Err(malformed(path, what));
    }
    // What is no number in the first row alone is missing, not text.
    for (c, column) in columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !column.number && !column.taken)
    {
        let mut later = head
            .layout
            .next
            .iter()
            .skip(usize::from(head.header))
            .filter_map(|row| row.get(c));
        if head.header && later.clone().next().is_some() && later.all(|field| is_number(field)) {
            let what = format!(
                "row 0, column {:?} holds {}, not a number; features must be complete",
                column.name,
                column.holds.trim_end_matches(" in row 0")
            );
            return Err(malformed(path, what));
        }
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
        let what = format!(
            "no column of numbers that could be channels; its columns are {}: pick some with --columns",
            channels::listed(&head.names)
        );
        return Err(malformed(path, what));
    }
    let mut interpretation = Interpretation::default();
    if head.header || !chosen.left_out.is_empty() {
        let mut words = channels::in_words(&columns, &chosen);
        words.extend(head.label.map(|c| format!("labels are {:?}", head.names[c])));
        words.extend(primary.map(|name| format!("ids are {name:?}")));
        interpretation.arrays.push(words.join("; "));
    }
    let labels = head.label.map(|column| TextColumn {
        name: head.names[column].clone(),
        values: labels,
    });
    let layers = chosen.layers.into_iter().map(|(layer, members)| {
        let table = DelimitedTable {
            path: path.to_path_buf(),
            layout: head.layout.clone(),
            header: head.header,
            channels: members.into_iter().map(|c| (c, head.names[c].clone())).collect(),
            rows,
        };
        (layer, NumberSource::Delimited(table))
    });
    Ok(ForeignContents {
        layers: layers.collect(),
        rows,
        labels,
        ids: id_columns,
        unread_labels: Vec::new(),
        interpretation,
    })
}

/// What the first line says about the columns.
fn head(layout: TextLayout) -> TableHead {
    let header = layout.commented || is_header(&layout);
    let names: Vec<String> = match header {
        true => layout.first.clone(),
        false => (0..layout.first.len()).map(|i| i.to_string()).collect(),
    };
    let (ids, label) = match header {
        true => (id_columns(&names), label_column(&names)),
        false => (Vec::new(), None),
    };
    TableHead {
        layout,
        header,
        names,
        ids,
        label,
    }
}

/// True if a table lists files rather than features: it has a column of paths, and no columns whose names count.
pub fn lists_files(path: &Path) -> bool {
    let Ok(Some(layout)) = layout(path) else {
        return false;
    };
    let is_path = |name: &String| names::is_path(name);
    let counts = |name: &String| names::numbered(name).is_some();
    layout.first.iter().any(is_path) && !layout.first.iter().any(counts)
}

/// The columns of ids by their names, the most telling first.
pub(super) fn id_columns(names: &[String]) -> Vec<(IdName, usize)> {
    let ranked = names
        .iter()
        .enumerate()
        .filter_map(|(c, name)| Some((names::id_rank(name)?, c)));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_unstable();
    ranked
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

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

fn is_missing(text: &str) -> bool {
    MISSING.contains(&text.to_lowercase().as_str())
}

/// True if the first line names the columns: no field is a number; the numbers only count the columns; a field is text above
/// numbers; or all numbers are whole above such as are not.
fn is_header(layout: &TextLayout) -> bool {
    let first = &layout.first;
    let numbers: Vec<&str> = first.iter().map(String::as_str).filter(|f| is_number(f)).collect();
    let counting = numbers.iter().enumerate().all(|(i, n)| *n == i.to_string());
    if numbers.is_empty() || (counting && numbers.len() >= 3) {
        return true;
    }
    let column = |c: usize| layout.next.iter().filter_map(move |row| row.get(c)).map(String::as_str);
    let are_numbers = |c: usize| column(c).next().is_some() && column(c).all(|f| is_number(f) || is_missing(f));
    let named = |c: usize| !is_number(&first[c]) && !is_missing(&first[c]) && are_numbers(c);
    if (0..first.len()).any(named) {
        return true;
    }
    let is_whole = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let broken = |c: usize| are_numbers(c) && column(c).all(|f| !is_whole(f));
    let of_numbers = (0..first.len()).filter(|&c| are_numbers(c)).count();
    let above = (0..first.len()).filter(|&c| is_whole(&first[c]) && broken(c)).count();
    numbers.iter().all(|n| is_whole(n)) && above > 0 && 2 * above >= of_numbers
}

impl TableHead {
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
