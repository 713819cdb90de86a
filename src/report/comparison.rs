//! A comparison as tables: models side by side, with what may be said about their differences.

use crate::compare::{
    Comparison, Direction, MetricGroup, MetricTable, ModelRow, Verdict, distinct, grouped, said_together, with_split,
};
use crate::results::Results;
use crate::uncertainty::ENOUGH_RUNS;

use super::comparison_table::{long_table, note};
use super::format::{TableFormat, TableStyle};
use super::grid::{Cell, Grid, Marked};
use super::number::{MISSING, ROUNDING, interval, measured, number, p_value};
use super::records::csv;
use super::suites::suite_grid;
use super::where_to_cut::where_to_cut;

/// More models than this do not fit side by side on a line of text.
const MODELS_PER_LINE: usize = 4;

/// The comparison in `format`, ending in a newline. `results` are those compared; `command` is noted in the JSON.
pub fn render_comparison(comparison: &Comparison, results: &Results, command: &str, format: TableFormat) -> String {
    match format {
        TableFormat::Json => comparison.to_results(results, command).to_json(),
        TableFormat::Csv => csv(&long_table(comparison)),
        TableFormat::Text | TableFormat::Markdown | TableFormat::Latex => page(comparison, results, format.writing()),
    }
}

fn page(comparison: &Comparison, results: &Results, writing: TableStyle) -> String {
    if comparison.tables.is_empty() {
        return writing.lines(&format!("Nothing to compare at layer {}.", comparison.layer));
    }
    let of_suites = comparison.suites.iter().map(suite_grid);
    let grids = comparison.tables.iter().flat_map(|t| grids(comparison, t));
    let mut text: String = of_suites
        .chain(grids)
        .map(|grid| (writing.table)(&grid) + "\n")
        .collect();
    for warning in &comparison.warnings {
        text.push_str(&writing.lines(&format!("Warning: {warning}.")));
    }
    if comparison.layer == "all" {
        for line in where_to_cut(comparison, results) {
            text.push_str(&writing.lines(&line));
        }
    }
    text.push_str(&writing.lines(&reading(comparison)));
    text
}

/// How the tables are to be read.
pub fn reading(comparison: &Comparison) -> String {
    let mut text =
        "• marks the best model and those not separable from it at 95 %; there is none where nothing was tested."
            .to_owned();
    if let Some(baseline) = &comparison.baseline {
        let rows = comparison.tables.iter().flat_map(|t| &t.groups).flat_map(|g| &g.rows);
        let over_runs = rows
            .filter_map(|row| row.runs.as_ref())
            .any(|runs| runs.runs >= ENOUGH_RUNS);
        let paired = match over_runs {
            true => "by Welch's test over runs where both models have three and more, else paired on the same images",
            false => "paired on the same images",
        };
        text.push_str(&format!(
            " Differences are to {baseline}, {paired}; their p-values are Holm-adjusted over each metric's table, the intervals are not."
        ));
    }
    for note in &comparison.notes {
        text.push_str(&format!(" {note}."));
    }
    format!("{text} {ROUNDING}")
}

/// One grid per data set and layer, or, over all layers, one per data set with the models as columns.
pub fn grids(comparison: &Comparison, table: &MetricTable) -> Vec<Grid> {
    if comparison.layer == "all" && comparison.models.len() <= MODELS_PER_LINE {
        return wide_grids(comparison, table);
    }
    table
        .groups
        .iter()
        .map(|group| grid(comparison, table, group))
        .collect()
}

/// One metric at one layer: a row per model.
pub fn grid(comparison: &Comparison, table: &MetricTable, group: &MetricGroup) -> Grid {
    let ranked = group.rows.iter().any(|r| r.rank.is_some());
    let has_runs = group.rows.iter().any(|r| r.runs.is_some());
    let rows = group.rows.iter().map(|row| {
        let name = Cell::Text(row.model.clone());
        std::iter::once(name)
            .chain(has_runs.then(|| cells_of_runs(row)).into_iter().flatten())
            .chain(cells(row, comparison.baseline.as_deref(), ranked))
            .collect()
    });
    let of_runs = ["runs", "spread over runs", "error within a run"].map(str::to_owned);
    let header = std::iter::once("model".to_owned())
        .chain(has_runs.then_some(of_runs).into_iter().flatten())
        .chain(heads(comparison.baseline.as_deref(), ranked));
    Grid {
        caption: caption(table, group, true),
        header: header.collect(),
        rows: rows.collect(),
        notes: notes(group.rows.iter()),
    }
}

/// Several metrics in one table: a row per metric, data set or pair, and model.
pub fn long_grid(comparison: &Comparison, metrics: &[&str]) -> Grid {
    let baseline = comparison.baseline.as_deref();
    let groups = || {
        metrics
            .iter()
            .filter_map(|id| comparison.table(id))
            .flat_map(|t| t.groups.iter().map(move |g| (t, g)))
    };
    let rows = groups().flat_map(|(table, group)| {
        group.rows.iter().map(move |row| {
            let words = [table.label.clone(), sides(group), row.model.clone()].map(Cell::Text);
            words.into_iter().chain(cells(row, baseline, true)).collect()
        })
    });
    let header = ["metric", "data", "model"]
        .map(str::to_owned)
        .into_iter()
        .chain(heads(baseline, true));
    Grid {
        caption: format!("Layer {}. {}", comparison.layer, reading(comparison)),
        header: header.collect(),
        rows: rows.collect(),
        notes: notes(groups().flat_map(|(_, group)| &group.rows)),
    }
}

/// The axes at a glance: a row per axis and data set, a column per model.
pub fn overview(comparison: &Comparison) -> Grid {
    let groups = || {
        let tables = super::axes::AXES
            .iter()
            .filter_map(|axis| comparison.table(axis.primary));
        tables.flat_map(|t| t.groups.iter().map(move |g| (t, g)))
    };
    let rows = groups().map(|(table, group)| {
        let better = group.direction.map_or("", Direction::as_str);
        let words = [table.label.clone(), sides(group), better.to_owned()].map(Cell::Text);
        words.into_iter().chain(group.rows.iter().map(marked)).collect()
    });
    let header = ["axis", "data", "better"]
        .map(str::to_owned)
        .into_iter()
        .chain(comparison.models.iter().cloned());
    let mut caption = format!(
        "The three axes at layer {}; • best or not separable from the best",
        comparison.layer
    );
    if let Some(baseline) = &comparison.baseline {
        caption.push_str(&format!("; ▲ ▼ separably above, below {baseline}"));
    }
    Grid {
        caption,
        header: header.collect(),
        rows: rows.collect(),
        notes: notes(groups().flat_map(|(_, group)| &group.rows)),
    }
}

fn marked(row: &ModelRow) -> Cell {
    let sign = match row.difference.as_ref().map(|d| d.verdict) {
        Some(Verdict::Higher) => "▲",
        Some(Verdict::Lower) => "▼",
        _ => "",
    };
    Cell::Marked(Marked {
        number: measured(row.value, row.std_error),
        sign,
        best: if row.best { "•" } else { "" },
    })
}

/// How many runs a set has, their standard deviation, and the error of one of them.
fn cells_of_runs(row: &ModelRow) -> [Cell; 3] {
    let shown = |x: Option<f64>| Cell::Number(x.map_or(MISSING.to_owned(), |x| number(Some(x))));
    match &row.runs {
        Some(runs) => [Cell::Number(runs.runs.to_string()), shown(runs.sd), shown(runs.within)],
        None => [Cell::Number("1".to_owned()), shown(None), shown(row.std_error)],
    }
}

fn heads(baseline: Option<&str>, ranked: bool) -> Vec<String> {
    let mut heads = vec!["value ± error".to_owned(), "95 % interval".to_owned()];
    if let Some(name) = baseline {
        heads.extend([format!("difference to {name}"), "p".to_owned(), "verdict".to_owned()]);
    }
    heads.extend(ranked.then(|| "rank".to_owned()));
    heads
}

fn cells(row: &ModelRow, baseline: Option<&str>, ranked: bool) -> Vec<Cell> {
    let mut cells = vec![
        Cell::Number(measured(row.value, row.std_error)),
        Cell::Number(interval(row.value, row.std_error, row.ci_low, row.ci_high)),
    ];
    if baseline.is_some() {
        cells.extend(difference_cells(row, baseline));
    }
    if ranked {
        let mark = if row.best { " •" } else { "" };
        cells.push(Cell::Text(
            row.rank.map_or(MISSING.to_owned(), |rank| format!("{rank}{mark}")),
        ));
    }
    cells
}

/// What `rows` have to say, each once, with the models that say it.
fn notes<'a>(rows: impl Iterator<Item = &'a ModelRow>) -> Vec<String> {
    let said = rows.filter_map(|row| Some((note(row)?, row.model.as_str())));
    said_together(distinct(said))
}

fn difference_cells(row: &ModelRow, baseline: Option<&str>) -> [Cell; 3] {
    let Some(d) = &row.difference else {
        let words = if Some(row.model.as_str()) == baseline {
            "baseline"
        } else {
            ""
        };
        return [
            Cell::Number(MISSING.to_owned()),
            Cell::Number(MISSING.to_owned()),
            Cell::Text(words.to_owned()),
        ];
    };
    let shown = match (d.value, d.ci_low) {
        (Some(_), Some(_)) => format!(
            "{} {}",
            signed(measured(d.value, d.std_error), d.value),
            interval(d.value, d.std_error, d.ci_low, d.ci_high)
        ),
        _ => signed(measured(d.value, d.std_error), d.value),
    };
    [
        Cell::Number(shown),
        Cell::Number(p_value(d.p_holm)),
        Cell::Text(match d.p_mcnemar {
            Some(p) => format!("{} (McNemar's p {})", d.verdict.words(), p_value(Some(p))),
            None => d.verdict.words().to_owned(),
        }),
    ]
}

/// A difference above zero says so. Its error is left to the interval beside it.
fn signed(shown: String, value: Option<f64>) -> String {
    let alone = match shown.split_once(" ± ") {
        Some((value, rest)) => match rest.split_once(')') {
            Some((_, exponent)) => format!("{}{exponent}", value.trim_start_matches('(')),
            None => value.to_owned(),
        },
        None => shown,
    };
    if value.is_some_and(|v| v > 0.0) {
        format!("+{alone}")
    } else {
        alone
    }
}

/// One grid per data set or pair: layers down, models across.
pub fn wide_grids(comparison: &Comparison, table: &MetricTable) -> Vec<Grid> {
    let parts = grouped(table.groups.iter().map(|group| (sides(group), group)));
    let grid = |(_, part): &(String, Vec<&MetricGroup>)| {
        let row = |g: &&MetricGroup| {
            std::iter::once(Cell::Text(g.layer.clone()))
                .chain(g.rows.iter().map(marked))
                .collect()
        };
        let mut caption = caption(table, part[0], false);
        if let Some(baseline) = &comparison.baseline {
            caption.push_str(&format!(" · ▲ ▼ separably above, below {baseline}"));
        }
        Grid {
            caption,
            header: std::iter::once("layer".to_owned())
                .chain(comparison.models.iter().cloned())
                .collect(),
            rows: part.iter().map(row).collect(),
            notes: notes(part.iter().flat_map(|g| &g.rows).filter(|row| row.record.is_some())),
        }
    };
    parts.iter().map(grid).collect()
}

/// `Discriminative ratio · animals (test), pre · backbone · lower goes with good transfer`
fn caption(table: &MetricTable, group: &MetricGroup, with_layer: bool) -> String {
    let mut parts = vec![table.label.clone(), sides(group)];
    if with_layer {
        parts.push(group.layer.clone());
    }
    parts.extend(good(group.direction).map(str::to_owned));
    parts.join(" · ")
}

/// The data set or pair of a group, in words.
pub fn sides(group: &MetricGroup) -> String {
    if !group.members.is_empty() {
        return format!("suite {}", group.dataset);
    }
    let data = with_split(&group.dataset, &group.split);
    let fitted = match &group.fitted_on {
        Some(fitted) => format!(", fitted on {fitted}"),
        None => String::new(),
    };
    match (&group.other_dataset, &group.role) {
        (Some(other), _) => format!("{data} and {other}"),
        (None, Some(role)) => format!("{data}, {}{fitted}", role.as_str()),
        (None, None) => format!("{data}{fitted}"),
    }
}

/// Which way goes with good transfer, in words.
pub fn good(direction: Option<Direction>) -> Option<&'static str> {
    direction.map(|d| match d {
        Direction::Higher => "higher goes with good transfer",
        Direction::Lower => "lower goes with good transfer",
    })
}
