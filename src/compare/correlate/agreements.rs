//! All records of one metric: on each data set, and on average.

use super::agreement::{FEWEST, Statistic};
use super::agreement_record::Agreement;
use super::cells::Cells;
use super::evidence::BASELINES;
use super::metric_scores::MetricScores;
use super::name_lists::some;
use super::resamples::{Agreed, ScoreTable, StatisticValues, interval, permuted, two_sided, upper};

/// The agreements on each data set, then their mean where there are several.
pub(super) fn agreements(cells: &Cells, scored: &MetricScores, seed: u64) -> Vec<Agreement> {
    let has_both = |d: usize, m: usize| scored.scores[d][m].is_some() && cells.accuracies[d][m].is_some();
    let on: Vec<Vec<usize>> = (0..cells.datasets.len())
        .map(|d| (0..cells.models.len()).filter(|&m| has_both(d, m)).collect())
        .collect();
    let counts: Vec<bool> = on.iter().map(|models| models.len() >= FEWEST).collect();
    let taking_part: Vec<usize> = (0..cells.models.len())
        .filter(|m| on.iter().any(|on| on.contains(m)))
        .collect();
    let table = ScoreTable {
        scores: &scored.scores,
        accuracies: &cells.accuracies,
    };
    let at = |models: &[usize]| cells.found(scored, models, &counts);
    let without = |left_out: &dyn Fn(usize) -> bool| {
        let rest: Vec<usize> = taking_part.iter().copied().filter(|&m| !left_out(m)).collect();
        at(&rest)
    };
    let orders = match cells.by_family {
        true => Vec::new(),
        false => permuted(taking_part.len(), seed),
    };
    let all = Looked {
        observed: at(&taking_part),
        units: cells
            .units(&taking_part)
            .into_iter()
            .map(|unit| {
                let found = without(&|m| unit.contains(&m));
                (unit, found)
            })
            .collect(),
        by_family: cells.by_family,
        families: families(cells, &taking_part)
            .into_iter()
            .map(|family| without(&|m| cells.families[m] == Some(family)))
            .collect(),
        orders: orders
            .iter()
            .map(|order| {
                let of_scores: Vec<usize> = order.iter().map(|&i| taking_part[i]).collect();
                table.found(&of_scores, &taking_part, &counts)
            })
            .collect(),
    };
    let mut records = Vec::new();
    for (d, models) in on.iter().enumerate() {
        let why = reason(cells, scored, d, models);
        let of_dataset = |found: &Agreed| found.each[d];
        let mine = all
            .units
            .iter()
            .filter(|(unit, _)| unit.iter().any(|m| models.contains(m)));
        let without = mine.map(|(_, found)| of_dataset(found)).collect();
        let dataset = Some(cells.datasets[d].clone());
        let mut found = all.records(scored, dataset, models.len(), &of_dataset, without, why);
        found.iter_mut().for_each(|record| record.say(&scored.notes[d]));
        records.extend(found);
    }
    if cells.datasets.len() > 1 {
        let left: Vec<&String> = (0..counts.len())
            .filter(|&d| !counts[d])
            .map(|d| &cells.datasets[d])
            .collect();
        let same = |d: &usize| counts[*d] && has_one_accuracy(cells, *d, &on[*d]);
        let silent: Vec<&String> = (0..counts.len()).filter(same).map(|d| &cells.datasets[d]).collect();
        let flat = (0..counts.len())
            .filter(|d| counts[*d] && !same(d) && all.observed.each[*d].is_none())
            .count();
        let mut notes = Vec::new();
        if !left.is_empty() {
            notes.push(format!(
                "without {}: fewer than three models have both numbers there",
                some(&left)
            ));
        }
        if !silent.is_empty() {
            notes.push(format!(
                "without {}: the accuracy is the same for all models there",
                some(&silent)
            ));
        }
        if flat > 0 {
            let sets = if flat == 1 { "data set" } else { "data sets" };
            notes.push(format!("{flat} {sets} without a spread: counted as 0"));
        }
        let why = match (
            left.len() == counts.len(),
            flat + left.len() + silent.len() == counts.len(),
        ) {
            (true, _) => Some("fewer than three models have a score and an accuracy on any data set".to_owned()),
            (_, true) => Some("no data set has a spread of scores and accuracies".to_owned()),
            _ => None,
        };
        let of_mean = |found: &Agreed| found.mean;
        let without = all.units.iter().map(|(_, found)| found.mean).collect();
        let mut mean = all.records(scored, None, taking_part.len(), &of_mean, without, why);
        for record in mean.iter_mut().filter(|r| r.value.is_some()) {
            notes.iter().for_each(|note| record.say(&Some(note.clone())));
            if scored.parts.is_some() {
                record.say(&Some(
                    "its parts are brought to 0..1 over the models of each data set".to_owned(),
                ));
            }
        }
        records.extend(mean);
    }
    records
}

/// The families of these models, where leaving one out leaves enough.
fn families(cells: &Cells, models: &[usize]) -> Vec<usize> {
    let mut families: Vec<usize> = models.iter().filter_map(|&m| cells.families[m]).collect();
    families.sort_unstable();
    families.dedup();
    let rest = |family: usize| models.iter().filter(|&&m| cells.families[m] != Some(family)).count();
    match families.len() > 1 {
        true => families.into_iter().filter(|&family| rest(family) >= FEWEST).collect(),
        false => Vec::new(),
    }
}

/// Why there is no agreement on a data set, if there is none.
fn reason(cells: &Cells, scored: &MetricScores, d: usize, models: &[usize]) -> Option<String> {
    if models.len() < FEWEST {
        let n = models.len();
        return Some(format!(
            "{n} models have a score and an accuracy here: fewer than three"
        ));
    }
    if has_one_accuracy(cells, d, models) {
        return Some("the accuracy is the same for all models".to_owned());
    }
    are_equal(models.iter().filter_map(|&m| scored.scores[d][m]))
        .then(|| "the score is the same for all models".to_owned())
}

fn are_equal(mut values: impl Iterator<Item = f64>) -> bool {
    let first = values.next();
    values.all(|value| Some(value) == first)
}

fn has_one_accuracy(cells: &Cells, d: usize, models: &[usize]) -> bool {
    are_equal(models.iter().filter_map(|&m| cells.accuracies[d][m].map(|a| a.0)))
}

/// What was found of the models as they are, without each unit of them, and in other orders.
struct Looked {
    observed: Agreed,
    units: Vec<(Vec<usize>, Agreed)>,
    by_family: bool,
    families: Vec<Agreed>,
    orders: Vec<Agreed>,
}

impl Looked {
    fn records(
        &self,
        scored: &MetricScores,
        dataset: Option<String>,
        n: usize,
        pick: &dyn Fn(&Agreed) -> StatisticValues,
        without: Vec<StatisticValues>,
        why: Option<String>,
    ) -> Vec<Agreement> {
        let observed = pick(&self.observed).filter(|_| why.is_none());
        let record = |(s, statistic): (usize, Statistic)| {
            let value = observed.map(|values| values[s]);
            let of_orders: Vec<f64> = self.orders.iter().map(|o| pick(o).map_or(0.0, |v| v[s])).collect();
            let of_units: Vec<Option<f64>> = without.iter().map(|w| w.map(|v| v[s])).collect();
            let known: Vec<f64> = of_units.iter().flatten().copied().collect();
            let of_families: Vec<f64> = self.families.iter().filter_map(|f| pick(f).map(|v| v[s])).collect();
            let interval = value.and_then(|value| interval(statistic, value, &of_units));
            let ends = |values: &[f64]| {
                let low = values.iter().copied().fold(f64::INFINITY, f64::min);
                let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                (value.is_some() && low <= high).then_some([low, high])
            };
            let unsure = value.is_some() && interval.is_none();
            let no_interval = "no interval: without one of the models nothing varies, or there are fewer than five";
            let permuted = value.filter(|_| !self.by_family);
            Agreement {
                metric: scored.metric.clone(),
                dataset: dataset.clone(),
                statistic,
                value,
                n,
                ci_low: interval.map(|i| i.0),
                ci_high: interval.map(|i| i.1),
                p_value: permuted.map(|value| two_sided(value, &of_orders)),
                null_upper: permuted.map(|_| upper(&of_orders)),
                r_squared: observed
                    .filter(|_| !statistic.is_bounded())
                    .map(|values| values[3].powi(2)),
                without_model: ends(&known).filter(|_| !self.by_family),
                without_family: ends(&of_families),
                baseline: BASELINES.contains(&scored.metric.as_str()),
                direction: scored.direction,
                note: why.clone().or_else(|| unsure.then(|| no_interval.to_owned())),
                ..Agreement::default()
            }
        };
        Statistic::ALL.into_iter().enumerate().map(record).collect()
    }
}
