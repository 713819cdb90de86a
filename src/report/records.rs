//! The long record table: every record of an analysis, one line each.

use crate::compare::{label, said_together, with_split};
use crate::features::Role;
use crate::metrics::find;
use crate::results::{AnalysedInput, Column, Record, Results, Table};
use crate::shown::plain;
use crate::uncertainty::Scheme;

use super::format::TableFormat;
use super::grid::{Cell, Grid};
use super::number::{interval, measured, number, p_value};

/// The records of `results` in `format`, ending in a newline.
pub fn render(results: &Results, format: TableFormat) -> String {
    match format {
        TableFormat::Json => results.to_json(),
        TableFormat::Csv => csv(&table(&results.records)),
        TableFormat::Text | TableFormat::Markdown | TableFormat::Latex => sections(results, format.writing().table),
    }
}

/// A grid per (model, layer, sides), in the order of the records.
fn sections(results: &Results, write: fn(&Grid) -> String) -> String {
    let mut text = String::new();
    let mut rest = results.records.as_slice();
    while let Some(first) = rest.first() {
        let end = rest
            .iter()
            .position(|r| heading(r) != heading(first))
            .unwrap_or(rest.len());
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&write(&grid(&rest[..end], results)));
        rest = &rest[end..];
    }
    if text.is_empty() {
        "No records.\n".to_owned()
    } else {
        text
    }
}

fn heading(record: &Record) -> String {
    let data = with_split(&record.dataset, &record.split);
    let mut heading = format!("{} · {} · {data}", record.model, record.layer);
    let pair = record.other_dataset.clone().filter(|_| record.fitted_on().is_none());
    if let Some(fitted) = record.fitted_on() {
        heading.push_str(&format!(", fitted on {fitted}"));
    }
    for (sign, other) in [
        ("→", &pair),
        ("vs layer", &record.other_layer),
        ("vs model", &record.other_model),
    ] {
        if let Some(other) = other {
            heading.push_str(&format!(" {sign} {other}"));
        }
    }
    if let Some(role) = record.role {
        heading.push_str(&format!(" · {}", role.as_str()));
    }
    heading
}

/// Rows of the sets that records of one heading are about, and their channels; the largest numbers used where the sets are not
/// known.
fn size(records: &[Record], results: &Results) -> (u64, u64) {
    let first = &records[0];
    let rows = |dataset: &str, split: &str| {
        let is_meant = |i: &&AnalysedInput| {
            (&i.model, &i.run, i.step) == (&first.model, &first.run, first.step)
                && i.dataset == dataset
                && i.split == split
        };
        results.inputs.iter().find(is_meant).map(|input| input.rows)
    };
    let other_split = first.other_split.as_deref().unwrap_or("");
    let pair = first.other_dataset.as_ref().filter(|_| first.fitted_on().is_none());
    let n = match (&first.other_layer, pair) {
        (None, None) => rows(&first.dataset, &first.split),
        (None, Some(other)) => rows(&first.dataset, &first.split)
            .zip(rows(other, other_split))
            .map(|(a, b)| a + b),
        // Rows that have a match.
        (Some(_), _) => None,
    };
    let dead = |r: &Record| r.found.get("dead_channels").and_then(|v| v.as_u64()).unwrap_or(0);
    let most = |count: &dyn Fn(&Record) -> u64| records.iter().map(count).max().unwrap_or(0);
    (n.unwrap_or_else(|| most(&|r| r.n)), most(&|r| r.d + dead(r)))
}

fn grid(records: &[Record], results: &Results) -> Grid {
    let with_null = records.iter().any(|r| r.null_value.is_some());
    let with_p = records.iter().any(|r| r.p_value.is_some());
    let mut header = vec![
        "metric".to_owned(),
        "value ± error".to_owned(),
        "95 % interval".to_owned(),
    ];
    header.extend(with_null.then(|| "chance level".to_owned()));
    header.extend(with_p.then(|| "p".to_owned()));
    let row = |r: &Record| {
        let mut cells = vec![
            Cell::Text(r.metric.clone()),
            Cell::Number(measured(r.value, r.std_error)),
            Cell::Number(interval(r.value, r.std_error, r.ci_low, r.ci_high)),
        ];
        cells.extend(with_null.then(|| Cell::Number(number(r.null_value))));
        cells.extend(with_p.then(|| Cell::Number(p_value(r.p_value))));
        cells
    };
    // Metrics that have the same to say say it together.
    let said = records
        .iter()
        .filter_map(|r| Some((r.note.clone()?, r.metric.as_str())));
    let (n, d) = size(records, results);
    Grid {
        caption: format!("{} · n = {n}, d = {d}", heading(&records[0])),
        header,
        rows: records.iter().map(row).collect(),
        notes: with_null
            .then(|| "chance level: what the metric gives where there is nothing to find".to_owned())
            .into_iter()
            .chain(said_together(said))
            .collect(),
    }
}

/// Records of one metric under several conventions, one line each, side by side.
pub fn render_conventions(records: &[Record]) -> String {
    let about = |r: &Record| {
        find(&r.metric)
            .map_or("", |metric| metric.about_variant(&r.variant))
            .to_owned()
    };
    let row = |r: &Record| {
        vec![
            Cell::Text(r.variant.clone()),
            Cell::Number(measured(r.value, r.std_error)),
            Cell::Number(interval(r.value, r.std_error, r.ci_low, r.ci_high)),
            Cell::Text(about(r)),
        ]
    };
    let note = |r: &Record| Some(format!("{}: {}", r.variant, r.note.as_ref()?));
    let grids = records.chunk_by(|a, b| heading(a) == heading(b)).map(|side| {
        let grid = Grid {
            caption: {
                let n = side.iter().map(|r| r.n).max().unwrap_or(0);
                format!("{} · {} · n = {n}", side[0].metric, heading(&side[0]))
            },
            header: ["convention", "value ± error", "95 % interval", "about"]
                .map(str::to_owned)
                .to_vec(),
            rows: side.iter().map(row).collect(),
            notes: side.iter().filter_map(note).collect(),
        };
        grid.to_text()
    });
    grids.collect::<Vec<_>>().join("\n")
}

/// The records as columns: text, numbers (NaN where missing) and counts; methods and replicates stay in the JSON.
pub fn table(records: &[Record]) -> Table {
    fn or_empty(name: &Option<String>) -> &str {
        name.as_deref().unwrap_or("")
    }
    Table::of("records", records)
        .text("model", |r| &r.model)
        .text("run", |r| or_empty(&r.run))
        .whole("step", |r| r.step)
        .text("layer", |r| &r.layer)
        .text("dataset", |r| &r.dataset)
        .text("split", |r| &r.split)
        .text("role", |r| r.role.map_or("", Role::as_str))
        .text("other_dataset", |r| or_empty(&r.other_dataset))
        .text("other_split", |r| or_empty(&r.other_split))
        .text("other_model", |r| or_empty(&r.other_model))
        .text("other_layer", |r| or_empty(&r.other_layer))
        .text("metric", |r| &r.metric)
        .text("variant", |r| &r.variant)
        .text("label", |r| label(&r.metric))
        .float("value", |r| r.value)
        .float("std_error", |r| r.std_error)
        .float("ci_low", |r| r.ci_low)
        .float("ci_high", |r| r.ci_high)
        .float("p_value", |r| r.p_value)
        .float("null_value", |r| r.null_value)
        .text("error", |r| r.error.map_or("", Scheme::as_str))
        .count("n", |r| r.n)
        .count("d", |r| r.d)
        .count("classes", |r| r.classes)
        .text("note", |r| or_empty(&r.note))
        .finish()
}

/// A table as CSV, every digit; what is missing is empty. Text is [`harmless`] where spreadsheets and terminals show it.
pub fn csv(table: &Table) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = table.columns.iter().map(|(_, c)| length(c)).max().unwrap_or(0);
    let header = table.columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let cells = |row: usize| table.columns.iter().map(move |(_, c)| cell(c, row)).collect::<Vec<_>>();
    // Writing into memory cannot fail.
    for row in std::iter::once(header).chain((0..rows).map(cells)) {
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Text that no spreadsheet takes for a formula (an apostrophe goes before `=`, `+`, `-` and `@`, but of numbers) and in
/// which nothing steers a terminal.
fn harmless(text: &str) -> String {
    let shown = plain(text);
    match shown.starts_with(['=', '+', '-', '@']) && shown.parse::<f64>().is_err() {
        true => format!("'{shown}"),
        false => shown,
    }
}

fn length(column: &Column) -> usize {
    match column {
        Column::Text(v) => v.len(),
        Column::Float(v) => v.len(),
        Column::Count(v) => v.len(),
        Column::Whole(v) => v.len(),
        Column::Flag(v) => v.len(),
    }
}

fn cell(column: &Column, row: usize) -> String {
    match column {
        Column::Text(v) => harmless(&v[row]),
        Column::Float(v) if v[row].is_finite() => json_number(v[row]),
        Column::Float(_) => String::new(),
        Column::Count(v) => v[row].to_string(),
        Column::Whole(v) => v[row].map_or(String::new(), |x| x.to_string()),
        Column::Flag(v) => v[row].map_or(String::new(), |x| x.to_string()),
    }
}

/// The shortest digits that read back as the same number, as JSON writes them.
fn json_number(x: f64) -> String {
    serde_json::Number::from_f64(x)
        .map(|n| n.to_string())
        .unwrap_or_default()
}
