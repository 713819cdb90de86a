//! Similarity of layers: one matrix for each metric, or a list where the matrix is too wide to read.

use unicode_width::UnicodeWidthStr as _;

use crate::compare::{distinct, grouped, label, with_split};
use crate::results::{DEFAULT, Record, Results};

use super::format::TableFormat;
use super::grid::{Cell, Grid};
use super::number::{interval, measured};
use super::records::render;

/// Columns of text that a matrix may take.
const WIDTH: usize = 100;

/// The records of `featscope similarity` in `format`, ending in a newline.
pub fn render_similarity(results: &Results, format: TableFormat) -> String {
    let write: fn(&[&Record]) -> String = match format {
        TableFormat::Json | TableFormat::Csv => return render(results, format),
        TableFormat::Text => text,
        TableFormat::Markdown => |records| matrix(records, false).to_markdown(),
        TableFormat::Latex => |records| matrix(records, false).to_latex(),
    };
    let metrics = grouped(results.records.iter().map(|r| (r.metric.as_str(), r)));
    let sections: Vec<String> = metrics.iter().map(|(_, records)| write(records)).collect();
    if sections.is_empty() {
        "No records.\n".to_owned()
    } else {
        sections.join("\n")
    }
}

/// The matrix with errors beside values where it fits, else with errors below them, else a list.
fn text(records: &[&Record]) -> String {
    [matrix(records, false), matrix(records, true)]
        .iter()
        .map(Grid::to_text)
        .find(|text| text.lines().skip(1).all(|line| line.width() <= WIDTH))
        .unwrap_or_else(|| list(records).to_text())
}

/// A matrix for each metric and pair of sides among `records`, those of similarity alone: what a report shows.
pub(super) fn similarity_grids(records: &[Record]) -> Vec<Grid> {
    let sides = |r: &Record| {
        let metric = (r.metric.clone(), r.variant.clone());
        let other = (r.other_model.clone(), r.other_dataset.clone(), r.other_split.clone());
        (metric, (r.model.clone(), r.dataset.clone(), r.split.clone()), other)
    };
    let parts = grouped(
        records
            .iter()
            .filter(|r| r.other_layer.is_some())
            .map(|r| (sides(r), r)),
    );
    parts.iter().map(|(_, part)| matrix(part, false)).collect()
}

fn other_layer(record: &Record) -> &str {
    record.other_layer.as_deref().unwrap_or("")
}

/// Layers of the first side downwards, of the second side across.
fn matrix(records: &[&Record], errors_below: bool) -> Grid {
    let down = distinct(records.iter().map(|r| r.layer.as_str()));
    let across = distinct(records.iter().map(|r| other_layer(r)));
    let at = |row: &str, column: &str| {
        let mut found = records.iter();
        found.find(|r| r.layer == row && other_layer(r) == column)
    };
    let cell = |row: &str, column: &str| at(row, column).map_or(String::new(), |r| measured(r.value, r.std_error));
    let mut rows = Vec::new();
    for row in &down {
        let cells = across.iter().map(|column| cell(row, column));
        if errors_below {
            let (values, errors): (Vec<_>, Vec<_>) = cells
                .map(|shown| match shown.split_once(" ± ") {
                    Some((value, error)) => (value.to_owned(), format!("±{error}")),
                    None => (shown, String::new()),
                })
                .unzip();
            rows.push(line(row, values));
            rows.push(line("", errors));
        } else {
            rows.push(line(row, cells));
        }
    }
    Grid {
        caption: caption(records),
        header: std::iter::once("layer".to_owned())
            .chain(across.iter().map(|layer| (*layer).to_owned()))
            .collect(),
        rows,
        notes: notes(records),
    }
}

fn line(name: &str, numbers: impl IntoIterator<Item = String>) -> Vec<Cell> {
    std::iter::once(Cell::Text(name.to_owned()))
        .chain(numbers.into_iter().map(Cell::Number))
        .collect()
}

fn list(records: &[&Record]) -> Grid {
    let row = |r: &&Record| {
        vec![
            Cell::Text(r.layer.clone()),
            Cell::Text(other_layer(r).to_owned()),
            Cell::Number(measured(r.value, r.std_error)),
            Cell::Number(interval(r.value, r.std_error, r.ci_low, r.ci_high)),
        ]
    };
    Grid {
        caption: caption(records),
        header: ["layer", "other layer", "value ± error", "95 % interval"]
            .map(String::from)
            .to_vec(),
        rows: records.iter().map(row).collect(),
        notes: notes(records),
    }
}

/// Metric, sides, rows: those left out as well.
fn caption(records: &[&Record]) -> String {
    let first = records[0];
    let other = |name: &Option<String>| name.clone().unwrap_or_default();
    let models = [first.model.clone(), other(&first.other_model)];
    let seen = [
        with_split(&first.dataset, &first.split),
        with_split(&other(&first.other_dataset), &other(&first.other_split)),
    ];
    let sides = match (models[0] == models[1], seen[0] == seen[1]) {
        (true, true) => format!("{} · {}", models[0], seen[0]),
        (false, true) => format!("{} (down) and {} (across) · {}", models[0], models[1], seen[0]),
        (_, false) => format!(
            "{} · {} (down) and {} · {} (across)",
            models[0], seen[0], models[1], seen[1]
        ),
    };
    let variant = match first.variant.as_str() {
        "" | DEFAULT => first.metric.clone(),
        variant => format!("{}={variant}", first.metric),
    };
    let left_out = |key: &str| first.found.get(key).and_then(serde_json::Value::as_u64);
    let mut caption = format!("{} ({variant}) · {sides} · n = {}", label(&first.metric), first.n);
    if let (Some(a), Some(b)) = (left_out("rows_left_out"), left_out("other_rows_left_out")) {
        caption.push_str(&format!(", left out: {a} and {b} without a match"));
    }
    caption
}

/// Each note once, with the pairs it is about where these are not all.
fn notes(records: &[&Record]) -> Vec<String> {
    let said = records.iter().copied().flat_map(|record| {
        let notes = record.note.iter().flat_map(|note| note.split("; "));
        notes.map(move |note| (note, record))
    });
    grouped(said)
        .into_iter()
        .map(|(note, about)| {
            let pair = |r: &Record| format!("{} and {}", r.layer, other_layer(r));
            match about.len() {
                all if all == records.len() => note.to_owned(),
                1 => format!("{}: {note}", pair(about[0])),
                more => format!("{} (and {} more): {note}", pair(about[0]), more - 1),
            }
        })
        .collect()
}
