//! What the accuracies themselves would reach if they were measured again.

use rand::distr::Open01;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::agreement::{FEWEST, Statistic};
use super::agreement_record::{Agreement, CEILING};
use super::cells::Cells;
use super::metric_scores::AccuracyCell;
use super::resamples::{Agreed, ScoreTable, StatisticValues};
use crate::uncertainty::normal_quantile;

/// Resamples of the accuracies by their intervals.
const CEILINGS: usize = 999;

/// The agreement of the accuracies with themselves, measured again: normal draws by their intervals.
pub(super) fn ceiling(cells: &Cells, seed: u64) -> Vec<Agreement> {
    let all: Vec<usize> = (0..cells.models.len()).collect();
    let known: Vec<bool> = cells
        .accuracies
        .iter()
        .map(|row| {
            let row: Vec<_> = row.iter().flatten().collect();
            row.len() >= FEWEST && row.iter().all(|a| a.1.is_some())
        })
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draws = Vec::new();
    for _ in 0..if known.contains(&true) { CEILINGS } else { 0 } {
        let mut again = |a: &AccuracyCell| {
            let noise = normal_quantile(rng.sample(Open01));
            a.map(|(value, error)| value + error.unwrap_or(0.0) * noise)
        };
        let scores: Vec<Vec<Option<f64>>> = cells
            .accuracies
            .iter()
            .map(|row| row.iter().map(&mut again).collect())
            .collect();
        let table = ScoreTable {
            scores: &scores,
            accuracies: &cells.accuracies,
        };
        draws.push(table.found(&all, &all, &known));
    }
    let row = |dataset: Option<String>, n: usize, pick: &dyn Fn(&Agreed) -> StatisticValues| {
        let record = |(s, statistic): (usize, Statistic)| {
            let mut values: Vec<f64> = draws.iter().filter_map(|d| pick(d).map(|v| v[s])).collect();
            values.sort_by(f64::total_cmp);
            let at = |share: f64| values.get((share * values.len() as f64) as usize).copied();
            Agreement {
                metric: CEILING.to_owned(),
                dataset: dataset.clone(),
                statistic,
                n,
                baseline: true,
                value: (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
                ci_low: at(0.025),
                ci_high: at(0.975),
                note: Some(
                    match values.is_empty() {
                        true => "accuracies without intervals have no ceiling",
                        false => "approximate: the observed accuracies against normal draws around them",
                    }
                    .to_owned(),
                ),
                ..Agreement::default()
            }
        };
        Statistic::ALL.into_iter().enumerate().map(record).collect::<Vec<_>>()
    };
    let mut records = Vec::new();
    for (d, dataset) in cells.datasets.iter().enumerate() {
        let n = cells.accuracies[d].iter().flatten().count();
        records.extend(row(Some(dataset.clone()), n, &|found: &Agreed| found.each[d]));
    }
    if cells.datasets.len() > 1 {
        records.extend(row(None, cells.models.len(), &|found: &Agreed| found.mean));
    }
    records
}
