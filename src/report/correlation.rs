//! Which number predicts transfer, as text, tables and a page.

use minijinja::context;

use super::charts::{Chart, predictors, scatter};
use super::figure::{INKS, draw};
use super::grid::{Cell, Grid};
use super::number::{MISSING, interval, number, p_value, typeset};
use super::page::{Shown, environment, fault};
use super::write::figure;
use super::{Format, Writing};
use crate::compare::Direction;
use crate::compare::correlate::{Agreement, CEILING, Correlation, Evidence, Measured, STATIC_RANK, Statistic};
use crate::error::Result;
use crate::results::Results;
use crate::shown::{plain, plain_json};

/// Metrics shown for each data set, and drawn: the best, and all baselines.
const MOST: usize = 6;

/// The correlation in `format`, ending in a newline; text and Markdown show one statistic, JSON and CSV all.
pub fn render_correlation(correlation: &Correlation, statistic: Statistic, format: Format) -> String {
    match format {
        Format::Json => json(correlation),
        Format::Csv => csv(correlation),
        Format::Text | Format::Markdown | Format::Latex => page(correlation, statistic, format.writing()),
    }
}

fn json(correlation: &Correlation) -> String {
    let text = serde_json::to_string_pretty(correlation).unwrap_or_default();
    plain_json(&text) + "\n"
}

fn csv(correlation: &Correlation) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let float = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
    let end = |ends: Option<[f64; 2]>, i: usize| float(ends.map(|e| e[i]));
    let header = [
        "metric",
        "dataset",
        "statistic",
        "value",
        "ci_low",
        "ci_high",
        "p_value",
        "p_holm",
        "n",
        "null_upper",
        "r_squared",
        "without_model_low",
        "without_model_high",
        "without_family_low",
        "without_family_high",
        "baseline",
        "direction",
        "note",
    ];
    // Writing to memory does not fail.
    let _ = writer.write_record(header);
    for r in &correlation.records {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let _ = writer.write_record([
            plain(&r.metric),
            plain(r.dataset.as_deref().unwrap_or_default()),
            word(serde_json::json!(r.statistic)),
            float(r.value),
            float(r.ci_low),
            float(r.ci_high),
            float(r.p_value),
            float(r.p_holm),
            r.n.to_string(),
            float(r.null_upper),
            float(r.r_squared),
            end(r.without_model, 0),
            end(r.without_model, 1),
            end(r.without_family, 0),
            end(r.without_family, 1),
            r.baseline.to_string(),
            word(serde_json::json!(r.direction)),
            plain(r.note.as_deref().unwrap_or_default()),
        ]);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn page(correlation: &Correlation, statistic: Statistic, writing: Writing) -> String {
    let mut text = (writing.table)(&overall(correlation, statistic)) + "\n";
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
        let turned = |r: &Agreement| r.value.unwrap_or(0.0) * if is_lower(r) { -1.0 } else { 1.0 };
        last(a).cmp(&last(b)).then(turned(b).total_cmp(&turned(a)))
    });
    records
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

/// One row for each metric.
fn overall(correlation: &Correlation, statistic: Statistic) -> Grid {
    let records = ranked(correlation, statistic);
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
        Some([low, high]) => format!("{low:.2} to {high:.2}"),
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
    for record in &records {
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

/// Correlations to two decimals: more are noise at any number of models people have.
pub(super) fn shown(statistic: Statistic, value: Option<f64>) -> String {
    match value {
        Some(value) if statistic.is_bounded() => format!("{:.2}", value + 0.0),
        value => number(value),
    }
}

pub(super) fn interval_shown(statistic: Statistic, record: &Agreement) -> String {
    match (record.ci_low, record.ci_high) {
        (Some(low), Some(high)) if statistic.is_bounded() => format!("[{low:.2}, {high:.2}]"),
        (low, high) => interval(record.value, None, low, high),
    }
}

/// The metrics that are shown for each data set: the best scores and all baselines, in their order.
fn shown_metrics(correlation: &Correlation, statistic: Statistic) -> Vec<&str> {
    let mut scores = 0;
    let is_shown = |r: &&Agreement| {
        scores += usize::from(!r.baseline);
        r.metric != CEILING && r.value.is_some() && (r.baseline || scores <= MOST)
    };
    let ranked = ranked(correlation, statistic);
    let kept: Vec<&Agreement> = ranked.into_iter().filter(is_shown).collect();
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

/// What it comes to, in sentences.
fn closing(correlation: &Correlation, statistic: Statistic) -> Vec<String> {
    let records = ranked(correlation, statistic);
    let best = records.iter().find(|r| !r.baseline && r.value.is_some());
    let said = |r: &Agreement| {
        format!(
            "{} ({} {}, n = {})",
            r.metric,
            shown(statistic, r.value),
            interval_shown(statistic, r),
            r.n
        )
    };
    let mut lines = Vec::new();
    if let Some(best) = best {
        let sure = match best.p_holm {
            Some(p) if p <= 0.05 => "more than chance",
            _ => "not told from chance",
        };
        lines.push(format!(
            "Of the scores {} agrees best with the accuracies: {sure}.",
            said(best)
        ));
    }
    let trivial = records
        .iter()
        .find(|r| r.baseline && r.metric != CEILING && r.value.is_some());
    if let (Some(trivial), Some(best)) = (trivial, best) {
        let turned = |r: &Agreement| r.value.unwrap_or(0.0) * if is_lower(r) { -1.0 } else { 1.0 };
        let verb = if turned(trivial) >= turned(best) {
            "does at least as well"
        } else {
            "stays below it"
        };
        lines.push(format!("Of the baselines {} {verb}.", said(trivial)));
    } else if let Some(trivial) = trivial {
        lines.push(format!("Of the baselines {} agrees best.", said(trivial)));
    }
    if records.iter().any(|r| r.metric == STATIC_RANK) {
        lines.push(
            "static_rank is the mean rank of each model on the other data sets: it looks at no feature, and is known only afterwards."
                .to_owned(),
        );
    }
    match correlation.tells_from_nothing {
        Some(tau) => lines.push(format!(
            "With {} a weighted tau on one data set below {tau:.2} cannot be told from nothing: 97.5 % of all orders stay below it.",
            counted(correlation.models.len(), "model")
        )),
        None => lines.push("Fewer than three models tell nothing about which number predicts transfer.".to_owned()),
    }
    lines.extend(correlation.notes.iter().map(|note| format!("Bear in mind: {note}.")));
    lines
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

/// Models below which a report has no section: what predicts transfer among fewer is anyone's guess.
const FEWEST_IN_REPORTS: usize = 5;

/// Scores of a report's section.
const MOST_IN_REPORTS: usize = 10;

/// The section of a report.
#[derive(serde::Serialize)]
pub(super) struct Predictors {
    /// What it comes to.
    lines: Vec<String>,
    /// The best scores and all baselines.
    table: Shown,
}

impl Predictors {
    /// Of results with probes of at least five models at this layer.
    pub fn of(results: &Results, layer: &str) -> Option<Self> {
        let measured = Measured::new(results, Some(layer)).ok()?;
        let mut evidence = Evidence::default();
        let probe = measured.accuracies(None, &mut evidence).ok()?;
        measured.scores(None, Some(&probe), &mut evidence).ok()?;
        let correlation = Correlation::new(&evidence, &results.command, Vec::new(), results.seed).ok()?;
        if correlation.models.len() < FEWEST_IN_REPORTS {
            return None;
        }
        let statistic = Statistic::WeightedTau;
        let mut table = overall(&correlation, statistic);
        let ranked = ranked(&correlation, statistic);
        let mut scores = 0;
        let shown: Vec<bool> = ranked
            .iter()
            .map(|r| {
                scores += usize::from(!r.baseline);
                r.value.is_some() && (r.baseline || scores <= MOST_IN_REPORTS)
            })
            .collect();
        let mut kept = shown.iter();
        table.rows.retain(|_| kept.next() == Some(&true));
        table.notes.truncate(1);
        let left_out = shown.iter().filter(|shown| !**shown).count();
        if left_out > 0 {
            table
                .notes
                .push(format!("{left_out} more scores: featscope correlate shows them."));
        }
        let accuracies = format!("Accuracies are {probe}.");
        let lines = closing(&correlation, statistic).into_iter().chain([accuracies]);
        Some(Self {
            lines: lines.collect(),
            table: Shown::new(table),
        })
    }
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
    let mut tables = vec![Shown::new(overall(correlation, statistic))];
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
