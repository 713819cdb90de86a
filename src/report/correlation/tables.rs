//! The tables on which number predicts transfer: over all data sets, and for each.

use super::ranked::{best, ranked};
use crate::compare::Direction;
use crate::compare::correlate::{Agreement, CEILING, Correlation, Statistic};
use crate::report::agreement::{interval_shown, shown, two_decimals};
use crate::report::grid::{Cell, Grid};
use crate::report::number::{MISSING, counted, number, p_value};

/// Metrics shown for each data set, and drawn: the best, and all baselines.
const MOST: usize = 6;

fn is_lower(record: &Agreement) -> bool {
    record.direction == Some(Direction::Lower)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// One row for each of these records.
pub(super) fn overall(correlation: &Correlation, statistic: Statistic, records: &[&Agreement]) -> Grid {
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

/// The metrics that are shown for each data set: the best scores and all baselines, in their order.
pub(super) fn shown_metrics(correlation: &Correlation, statistic: Statistic) -> Vec<&str> {
    let ranked = ranked(correlation, statistic);
    let mut kept = best(&ranked, MOST);
    kept.retain(|r| r.metric != CEILING && r.value.is_some());
    kept.into_iter().map(|r| r.metric.as_str()).collect()
}

/// Data sets down, the best metrics across; nothing for a single data set.
pub(super) fn by_dataset(correlation: &Correlation, statistic: Statistic) -> Option<Grid> {
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
