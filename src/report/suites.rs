//! The table of a benchmark: methods down, data sets across, best in bold.

use super::grid::{Cell, Grid};
use super::number::{MISSING, counted, measured, number, p_value};
use crate::compare::{Direction, SuiteRow, SuiteTable};
use crate::results::Table;
use crate::uncertainty::Friedman;

/// More data sets than this are shown without their errors, which do not fit; the mean keeps its own.
const WITH_ERRORS: usize = 6;

/// One probe on all data sets of a suite.
pub fn suite_grid(table: &SuiteTable) -> Grid {
    let shown = |value, error| match table.datasets.len() > WITH_ERRORS {
        true => number(value),
        false => measured(value, error),
    };
    let has_odds = table.rows.iter().any(|row| row.log_odds.is_some());
    let has_ranks = table.rows.iter().any(|row| row.mean_rank.is_some());
    let higher = table.direction == Direction::Higher;
    let best = |value: &dyn Fn(&SuiteRow) -> Option<f64>, higher: bool| {
        let values = table.rows.iter().filter_map(value);
        values.reduce(if higher { f64::max } else { f64::min })
    };
    let cell = |value: Option<f64>, best: Option<f64>, shown: String| match value.is_some() && value == best {
        true => Cell::Best(shown),
        false => Cell::Number(shown),
    };
    let rows = table.rows.iter().map(|row| {
        let mut cells = vec![Cell::Text(row.model.clone())];
        for (i, (value, error)) in row.cells.iter().enumerate() {
            cells.push(cell(*value, best(&|r| r.cells[i].0, higher), shown(*value, *error)));
        }
        cells.push(cell(
            row.mean,
            best(&|r| r.mean, higher),
            measured(row.mean, row.std_error),
        ));
        if has_odds {
            cells.push(cell(row.log_odds, best(&|r| r.log_odds, true), number(row.log_odds)));
        }
        if has_ranks {
            cells.push(cell(
                row.mean_rank,
                best(&|r| r.mean_rank, false),
                row.mean_rank.map_or(MISSING.to_owned(), |rank| format!("{rank:.2}")),
            ));
        }
        cells.push(Cell::Number(
            row.tier.map_or(MISSING.to_owned(), |tier| tier.to_string()),
        ));
        cells
    });
    let mut header = vec!["model".to_owned()];
    header.extend(table.datasets.iter().cloned());
    header.push("mean".to_owned());
    header.extend(has_odds.then(|| "log-odds".to_owned()));
    header.extend(has_ranks.then(|| "mean rank".to_owned()));
    header.push("tier".to_owned());
    Grid {
        caption: format!("{} · suite {} · {}", table.label, table.suite, table.layer),
        header,
        rows: rows.collect(),
        notes: notes(table),
    }
}

/// How its tiers were made, and what the ranks say.
fn notes(table: &SuiteTable) -> Vec<String> {
    let mut notes = vec![match table.tested {
        0 => "No two models can be tested against each other here: all stand in one tier.".to_owned(),
        pairs => format!(
            "Bold, in text with a star: the best of its column. A tier ends at the first model separably worse than its best at 95 %: \
             {} tested, Holm-adjusted.",
            counted(pairs, "pair")
        ),
    }];
    notes.extend(table.friedman.as_ref().map(|friedman| ranks(table, friedman)));
    notes
}

fn ranks(table: &SuiteTable, test: &Friedman) -> String {
    let models = test.mean_ranks.len();
    let statistic = match test.f {
        Some(f) => format!("F({}, {}) = {f:.2}", models - 1, (models - 1) * (test.datasets - 1)),
        None => "all data sets rank alike".to_owned(),
    };
    let left_out = table.rows.len() - models;
    let of_all = match left_out {
        0 => String::new(),
        _ => format!(" of the {models} models with every value"),
    };
    let p = p_value(Some(test.p_value));
    let p = if p.starts_with('<') {
        format!("p {p}")
    } else {
        format!("p = {p}")
    };
    format!(
        "Second opinion, from the ranks{of_all} on {} data sets alone: Friedman's test {statistic}, {p}{}; mean ranks {:.2} or more apart \
         differ at 95 % (Nemenyi).",
        test.datasets,
        if test.exact { " (exact)" } else { "" },
        test.critical_difference
    )
}

/// The same with every digit, one row per model.
pub fn suite_table(name: &str, suites: &[&SuiteTable]) -> Table {
    let rows: Vec<(&SuiteTable, &SuiteRow, Option<usize>)> = suites
        .iter()
        .flat_map(|table| {
            let columns = (0..table.datasets.len()).map(Some).chain([None]);
            columns.flat_map(move |column| table.rows.iter().map(move |row| (*table, row, column)))
        })
        .collect();
    let value = |(_, row, column): &(&SuiteTable, &SuiteRow, Option<usize>)| match column {
        Some(column) => row.cells[*column].0,
        None => row.mean,
    };
    let error = |(_, row, column): &(&SuiteTable, &SuiteRow, Option<usize>)| match column {
        Some(column) => row.cells[*column].1,
        None => row.std_error,
    };
    let of_mean = |column: &Option<usize>, value: Option<f64>| value.filter(|_| column.is_none());
    Table::of(name, &rows)
        .text("suite", |(table, ..)| &table.suite)
        .text("metric", |(table, ..)| &table.metric)
        .text("layer", |(table, ..)| &table.layer)
        .text("dataset", |(table, _, column)| match column {
            Some(column) => table.datasets[*column].clone(),
            None => "mean".to_owned(),
        })
        .text("model", |(_, row, _)| &row.model)
        .float("value", value)
        .float("std_error", error)
        .float("ci_low", |(_, row, c)| of_mean(c, row.interval.map(|i| i.0)))
        .float("ci_high", |(_, row, c)| of_mean(c, row.interval.map(|i| i.1)))
        .float("log_odds", |(_, row, c)| of_mean(c, row.log_odds))
        .float("mean_rank", |(_, row, c)| of_mean(c, row.mean_rank))
        .float("tier", |(_, row, c)| of_mean(c, row.tier.map(|tier| tier as f64)))
        .finish()
}
