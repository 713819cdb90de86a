//! Which number predicts transfer, as text, tables and a page.

mod closing;
mod data;
mod section;

use minijinja::context;

use super::charts::{Chart, predictors, scatter};
use super::figure::{INKS, draw};
use super::grid::{Cell, Grid};
use super::number::{MISSING, interval, number, p_value, typeset};
use super::page::{Shown, environment, fault};
use super::write::figure;
use super::{Format, Writing};
use crate::compare::Direction;
use crate::compare::correlate::{Agreement, CEILING, Correlation, Statistic};
use crate::error::Result;
use closing::closing;
use data::{csv, json};
pub(super) use section::Predictors;

/// Metrics shown for each data set, and drawn: the best, and all baselines.
const MOST: usize = 6;

/// Scores of a text: the best.
const MOST_IN_TEXT: usize = 15;

/// The correlation in `format`, ending in a newline; text and Markdown show one statistic, JSON and CSV all. Text has the best
/// scores and all baselines, unless `all` scores are wanted.
pub fn render_correlation(correlation: &Correlation, statistic: Statistic, format: Format, all: bool) -> String {
    match format {
        Format::Json => json(correlation),
        Format::Csv => csv(correlation),
        Format::Text | Format::Markdown | Format::Latex => {
            let most = if all || format != Format::Text {
                usize::MAX
            } else {
                MOST_IN_TEXT
            };
            page(correlation, statistic, most, format.writing())
        }
    }
}

fn page(correlation: &Correlation, statistic: Statistic, most: usize, writing: Writing) -> String {
    let ranked = ranked(correlation, statistic);
    let shown = best(&ranked, most);
    let mut grid = overall(correlation, statistic, &shown);
    let more = ranked.len() - shown.len();
    if more > 0 {
        grid.notes.push(format!(
            "{}: --all shows them, as do other formats.",
            counted(more, "more score")
        ));
    }
    let mut text = (writing.table)(&grid) + "\n";
    if let Some(grid) = by_dataset(correlation, statistic) {
        text.push_str(&(writing.table)(&grid));
        text.push('\n');
    }
    for line in closing(correlation, statistic) {
        text.push_str(&writing.lines(&line));
    }
    text
}

/// The records that one number for each metric is of, the best predictor first: a lower-is-better metric by its value turned
/// round. The ceiling is the last.
fn ranked(correlation: &Correlation, statistic: Statistic) -> Vec<&Agreement> {
    let data = correlation.overall();
    let of_data = |r: &&Agreement| r.dataset.as_deref() == data && r.statistic == statistic;
    let mut records: Vec<&Agreement> = correlation.records.iter().filter(of_data).collect();
    records.sort_by(|a, b| {
        let last = |r: &Agreement| (r.metric == CEILING, r.value.is_none());
        last(a).cmp(&last(b)).then(b.turned().total_cmp(&a.turned()))
    });
    records
}

/// Of ranked records the first so many scores, and all baselines.
fn best<'r>(ranked: &[&'r Agreement], most: usize) -> Vec<&'r Agreement> {
    let mut scores = 0;
    let is_shown = |r: &&&Agreement| {
        scores += usize::from(!r.baseline);
        r.baseline || scores <= most
    };
    ranked.iter().filter(is_shown).copied().collect()
}

fn is_lower(record: &Agreement) -> bool {
    record.direction == Some(Direction::Lower)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// One row for each of these records.
fn overall(correlation: &Correlation, statistic: Statistic, records: &[&Agreement]) -> Grid {
    let families = records.iter().any(|r| r.without_family.is_some());
    let lower = records.iter().any(|r| is_lower(r));
    let data = match &correlation.datasets[..] {
        [only] => only.clone(),
        all => format!("mean over {}", counted(all.len(), "data set")),
    };
    let mut header: Vec<&str> = vec![
        "score",
        statistic.label(),
        "95 % interval",
        "p",
        "p (Holm)",
        "without one model",
    ];
    if families {
        header.push("without one family");
    }
    if !statistic.is_bounded() {
        header.push("R²");
    }
    header.push("n");
    let ends = |ends: Option<[f64; 2]>| match ends {
        Some([low, high]) => format!("{} to {}", two_decimals(low), two_decimals(high)),
        None => MISSING.to_owned(),
    };
    let row = |r: &&Agreement| {
        let name = match (r.baseline, is_lower(r)) {
            (true, _) => format!("{} *", r.metric),
            (_, true) => format!("{} ↓", r.metric),
            _ => r.metric.clone(),
        };
        let mut cells = vec![
            Cell::Text(name),
            Cell::Number(shown(statistic, r.value)),
            Cell::Number(interval_shown(statistic, r)),
            Cell::Number(p_value(r.p_value)),
            Cell::Number(p_value(r.p_holm)),
            Cell::Number(ends(r.without_model)),
        ];
        if families {
            cells.push(Cell::Number(ends(r.without_family)));
        }
        if !statistic.is_bounded() {
            cells.push(Cell::Number(number(r.r_squared)));
        }
        cells.push(Cell::Number(r.n.to_string()));
        cells
    };
    let mut notes: Vec<String> = Vec::new();
    for record in records {
        if let Some(note) = &record.note {
            notes.push(format!("{}: {note}.", record.metric));
        }
    }
    let mut marks = "* a baseline: what any new score has to beat.".to_owned();
    if lower {
        marks.push_str(" ↓ lower should go with better transfer: a negative value is what it promises.");
    }
    notes.insert(0, marks);
    Grid {
        caption: format!(
            "{} of scores and accuracies · {} · {data}",
            capital(statistic.label()),
            counted(correlation.models.len(), "model")
        ),
        header: header.into_iter().map(str::to_owned).collect(),
        rows: records.iter().map(row).collect(),
        notes,
    }
}

/// Without the sign of a zero.
fn two_decimals(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// Correlations to two decimals: more are noise at any number of models people have.
pub(super) fn shown(statistic: Statistic, value: Option<f64>) -> String {
    match value {
        Some(value) if statistic.is_bounded() => two_decimals(value),
        value => number(value),
    }
}

pub(super) fn interval_shown(statistic: Statistic, record: &Agreement) -> String {
    match (record.ci_low, record.ci_high) {
        (Some(low), Some(high)) if statistic.is_bounded() => format!("[{}, {}]", two_decimals(low), two_decimals(high)),
        (low, high) => interval(record.value, None, low, high),
    }
}

/// The metrics that are shown for each data set: the best scores and all baselines, in their order.
fn shown_metrics(correlation: &Correlation, statistic: Statistic) -> Vec<&str> {
    let ranked = ranked(correlation, statistic);
    let mut kept = best(&ranked, MOST);
    kept.retain(|r| r.metric != CEILING && r.value.is_some());
    kept.into_iter().map(|r| r.metric.as_str()).collect()
}

/// Data sets down, the best metrics across; nothing for a single data set.
fn by_dataset(correlation: &Correlation, statistic: Statistic) -> Option<Grid> {
    if correlation.datasets.len() < 2 {
        return None;
    }
    let metrics = shown_metrics(correlation, statistic);
    let row = |dataset: &String| {
        let n = metrics
            .iter()
            .filter_map(|m| correlation.record(m, Some(dataset), statistic))
            .map(|r| r.n)
            .max()
            .unwrap_or(0);
        let number = |m: &&str| {
            let value = correlation.record(m, Some(dataset), statistic).and_then(|r| r.value);
            Cell::Number(shown(statistic, value))
        };
        std::iter::once(Cell::Text(dataset.clone()))
            .chain(metrics.iter().map(number))
            .chain([Cell::Number(n.to_string())])
            .collect()
    };
    Some(Grid {
        caption: format!("{} on each data set", capital(statistic.label())),
        header: std::iter::once("data set")
            .chain(metrics.iter().copied())
            .chain(["n"])
            .map(str::to_owned)
            .collect(),
        rows: correlation.datasets.iter().map(row).collect(),
        notes: Vec::new(),
    })
}

/// The figures: all metrics below one another, and the best of them beside the accuracies.
fn correlation_charts(correlation: &Correlation, statistic: Statistic) -> Vec<Chart> {
    let ranked = ranked(correlation, statistic);
    let drawn = shown_metrics(correlation, statistic);
    predictors(correlation, &ranked)
        .into_iter()
        .chain(
            drawn
                .into_iter()
                .filter_map(|metric| scatter(correlation, metric, statistic)),
        )
        .collect()
}

/// The files of a folder on it, by their paths in the folder, the page last: `correlation.json`, `tables/correlation.csv`,
/// `figures/`, `index.html`.
///
/// # Errors
/// When a figure or the page cannot be made: a fault of this program.
pub fn correlation_files(correlation: &Correlation, statistic: Statistic) -> Result<Vec<(String, Vec<u8>)>> {
    let mut figures = Vec::new();
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("correlation.json".to_owned(), json(correlation).into_bytes()),
        ("tables/correlation.csv".to_owned(), csv(correlation).into_bytes()),
    ];
    for chart in correlation_charts(correlation, statistic) {
        let picture = draw(&chart)?;
        figures.push(figure(&chart, &picture.svg));
        files.push((format!("figures/{}.svg", chart.name), picture.svg.into_bytes()));
        files.push((format!("figures/{}.png", chart.name), picture.png));
    }
    let mut tables = vec![Shown::new(overall(
        correlation,
        statistic,
        &ranked(correlation, statistic),
    ))];
    tables.extend(by_dataset(correlation, statistic).map(Shown::new));
    let lines: Vec<String> = closing(correlation, statistic)
        .iter()
        .map(|line| typeset(line))
        .collect();
    let environment = environment()?;
    let template = environment.get_template("correlation.html").map_err(fault)?;
    let html = template
        .render(context! { correlation, tables, figures, lines, inks => INKS })
        .map_err(fault)?;
    files.push(("index.html".to_owned(), html.into_bytes()));
    Ok(files)
}
