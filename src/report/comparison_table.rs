//! Every number of a comparison, as one long table.

use crate::compare::{Comparison, Difference, Direction, MetricGroup, MetricTable, ModelRow, SuiteRow, SuiteTable};
use crate::features::Role;
use crate::results::Table;

/// Every number of the comparison, one row per metric, sides, layer and model.
pub fn long_table(comparison: &Comparison) -> Table {
    let rows: Vec<(&MetricTable, &MetricGroup, &ModelRow)> = comparison
        .tables
        .iter()
        .flat_map(|t| t.groups.iter().flat_map(move |g| g.rows.iter().map(move |r| (t, g, r))))
        .collect();
    let difference = |r: &ModelRow, number: fn(&Difference) -> Option<f64>| r.difference.as_ref().and_then(number);
    Table::of("comparison", &rows)
        .text("metric", |(t, ..)| &t.metric)
        .text("dataset", |(_, g, _)| &g.dataset)
        .text("split", |(_, g, _)| &g.split)
        .text("role", |(_, g, _)| g.role.map_or("", Role::as_str))
        .text("other_dataset", |(_, g, _)| g.other_dataset.clone().unwrap_or_default())
        .text("layer", |(_, g, _)| &g.layer)
        .text("good", |(_, g, _)| g.direction.map_or("", Direction::as_str))
        .text("model", |(.., r)| &r.model)
        .float("value", |(.., r)| r.value)
        .float("std_error", |(.., r)| r.std_error)
        .float("ci_low", |(.., r)| r.ci_low)
        .float("ci_high", |(.., r)| r.ci_high)
        .whole("rank", |(.., r)| r.rank)
        .flag("best_or_not_separable", |(_, g, r)| {
            r.rank.filter(|_| g.is_best_tested()).map(|_| r.best)
        })
        .text("baseline", |_| comparison.baseline.clone().unwrap_or_default())
        .float("difference", |(.., r)| difference(r, |d| d.value))
        .float("difference_std_error", |(.., r)| difference(r, |d| d.std_error))
        .float("difference_ci_low", |(.., r)| difference(r, |d| d.ci_low))
        .float("difference_ci_high", |(.., r)| difference(r, |d| d.ci_high))
        .float("p_uncorrected", |(.., r)| difference(r, |d| d.p_value))
        .float("p_holm", |(.., r)| difference(r, |d| d.p_holm))
        .float("p_mcnemar", |(.., r)| difference(r, |d| d.p_mcnemar))
        .text("verdict", |(.., r)| {
            r.difference.as_ref().map_or("", |d| d.verdict.words())
        })
        .text("note", |(.., r)| note(r).unwrap_or_default())
        .count("runs", |(.., r)| r.runs.as_ref().map_or(1, |runs| runs.runs as u64))
        .float("runs_sd", |(.., r)| r.runs.as_ref().and_then(|runs| runs.sd))
        .float("error_within_run", |(.., r)| match &r.runs {
            Some(runs) => runs.within,
            None => r.std_error,
        })
        .float("mean_rank", |(t, g, r)| {
            standing(comparison, t, g, r).and_then(|row| row.mean_rank)
        })
        .whole("tier", |(t, g, r)| Some(standing(comparison, t, g, r)?.tier? as u64))
        .finish()
}

/// Where a model stands in a suite, where a group is of one.
fn standing<'c>(
    comparison: &'c Comparison,
    table: &MetricTable,
    group: &MetricGroup,
    row: &ModelRow,
) -> Option<&'c SuiteRow> {
    let is_it = |s: &&SuiteTable| (&s.metric, &s.suite, &s.layer) == (&table.metric, &group.dataset, &group.layer);
    let suite = comparison.suites.iter().find(is_it)?;
    suite.rows.iter().find(|r| r.model == row.model)
}

/// Why a row lacks a value or a test, or what to bear in mind.
pub(super) fn note(row: &ModelRow) -> Option<String> {
    let reason = row.difference.as_ref().and_then(|d| d.reason.clone());
    match (row.note.clone(), reason) {
        (Some(note), Some(reason)) => Some(format!("{note}; {reason}")),
        (note, reason) => note.or(reason),
    }
}
