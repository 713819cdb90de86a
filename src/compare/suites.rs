//! Benchmarks: from compared metrics to a table for each suite.

use serde_json::json;

use super::comparison::{MetricGroup, MetricTable};
use super::meaning::{Direction, LEVEL};
use super::pairing;
use super::suite_table::{SuiteRow, SuiteTable};
use crate::metrics::probes::SUITE_LOG_ODDS;
use crate::results::{Record, Results, SuiteMember};
use crate::uncertainty::{Friedman, difference, holm, mean_ranks};

/// A table for each suite, layer and probe of the metrics compared.
pub(super) fn tables(metrics: &[MetricTable], results: &Results) -> Vec<SuiteTable> {
    let mut tables = Vec::new();
    for table in metrics.iter().filter(|table| table.metric != SUITE_LOG_ODDS) {
        for group in &table.groups {
            let mut records = group.rows.iter().filter_map(|row| Some(&results.records[row.record?]));
            let whole = records.clone().find(|r| r.value.is_some());
            let members = whole.or(records.next()).and_then(Record::members);
            if let (Some(members), Some(direction)) = (members, group.direction) {
                tables.push(suite_table(table, group, &members, direction, results));
            }
        }
    }
    tables
}

fn suite_table(
    table: &MetricTable,
    group: &MetricGroup,
    members: &[SuiteMember],
    direction: Direction,
    results: &Results,
) -> SuiteTable {
    let record = |row: usize| group.rows[row].record.map(|i| &results.records[i]);
    let higher = direction == Direction::Higher;
    let columns: Vec<Vec<(Option<f64>, Option<f64>)>> =
        members.iter().map(|member| column(table, group, member)).collect();
    let odds = |row: usize| {
        let model = &group.rows[row].model;
        let is_it = |r: &&Record| {
            r.metric == SUITE_LOG_ODDS
                && (&r.model, &r.layer, &r.dataset) == (model, &group.layer, &group.dataset)
                && r.method.get("probe") == Some(&json!(table.metric))
        };
        results.records.iter().find(is_it)?.value
    };
    // Ranks are of models that have a value on every data set.
    let whole: Vec<usize> = (0..group.rows.len())
        .filter(|&row| columns.iter().all(|column| column[row].0.is_some()))
        .collect();
    // The best comes first.
    let sign = -Direction::sign(Some(direction));
    let values: Vec<Vec<f64>> = columns
        .iter()
        .map(|column| whole.iter().filter_map(|&row| column[row].0).collect())
        .collect();
    let mut sums = vec![0.0; whole.len()];
    for row in &values {
        let ranks = mean_ranks(&row.iter().map(|x| sign * x).collect::<Vec<_>>());
        sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += rank);
    }
    let (tiers, tested) = tiers(group.rows.len(), sign, &record, results);
    let rows = group.rows.iter().enumerate().map(|(i, row)| SuiteRow {
        model: row.model.clone(),
        cells: columns.iter().map(|column| column[i]).collect(),
        mean: row.value,
        std_error: row.std_error,
        interval: row.ci_low.zip(row.ci_high),
        log_odds: odds(i),
        mean_rank: whole
            .iter()
            .position(|&w| w == i)
            .map(|at| sums[at] / members.len() as f64),
        tier: tiers[i],
    });
    SuiteTable {
        suite: group.dataset.clone(),
        metric: table.metric.clone(),
        label: table.label.clone(),
        layer: group.layer.clone(),
        direction,
        datasets: members.iter().map(|(name, _)| (*name).to_owned()).collect(),
        rows: rows.collect(),
        tested,
        friedman: Friedman::new(&values, higher),
    }
}

/// The values of a probe on one data set, by model.
fn column(table: &MetricTable, suite: &MetricGroup, (dataset, split): &SuiteMember) -> Vec<(Option<f64>, Option<f64>)> {
    let is_it = |g: &&MetricGroup| {
        g.dataset == *dataset && g.split == *split && g.layer == suite.layer && g.other_dataset.is_none()
    };
    match table.groups.iter().find(is_it) {
        Some(group) => group.rows.iter().map(|row| (row.value, row.std_error)).collect(),
        None => vec![(None, None); suite.rows.len()],
    }
}

/// The tier of each model, and how many pairs were tested: every two models are compared on the same images, or by their runs,
/// Holm's correction running over all pairs.
fn tiers<'r>(
    models: usize,
    sign: f64,
    record: &dyn Fn(usize) -> Option<&'r Record>,
    results: &Results,
) -> (Vec<Option<usize>>, usize) {
    let value = |i: usize| record(i).and_then(|r| r.value);
    let mut order: Vec<usize> = (0..models).filter(|&i| value(i).is_some()).collect();
    order.sort_by(|&a, &b| {
        let [a, b] = [a, b].map(|i| sign * value(i).unwrap_or(f64::NAN));
        a.total_cmp(&b)
    });
    let mut pairs = Vec::new();
    for (at, &better) in order.iter().enumerate() {
        for &worse in &order[at + 1..] {
            let (Some(a), Some(b)) = (record(better), record(worse)) else {
                continue;
            };
            let fit = pairing::unlike(&results.inputs, a, b).is_none();
            let p = difference(a.measured(), b.measured()).and_then(|d| d.p_value);
            pairs.extend(p.filter(|_| fit).map(|p| ((better, worse), p)));
        }
    }
    let adjusted = holm(&pairs.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    let apart = |a: usize, b: usize| {
        let at = pairs.iter().position(|(pair, _)| *pair == (a, b));
        at.is_some_and(|at| adjusted[at] <= LEVEL)
    };
    let mut tiers = vec![None; models];
    let (mut tier, mut best) = (0, None);
    for &model in &order {
        if best.is_none_or(|best| apart(best, model)) {
            (tier, best) = (tier + 1, Some(model));
        }
        tiers[model] = Some(tier);
    }
    (tiers, pairs.len())
}
