//! All evidence as a table of models and data sets.

use std::collections::HashMap;

use super::evidence::{Evidence, STATIC_RANK};
use super::metric_scores::{AccuracyCell, MetricScores};
use super::name_lists::{hinted, some};
use super::ncti::ncti;
use super::resamples::{Agreed, ScoreTable};
use crate::compare::grouping::distinct;
use crate::compare::meaning::Direction;
use crate::error::{Error, Result};
use crate::uncertainty::mean_ranks;

/// Models across, data sets down: accuracies, and the scores of each metric.
pub(super) struct Cells {
    pub models: Vec<String>,
    pub datasets: Vec<String>,
    /// (data sets) of (models), with the standard error where it is known.
    pub accuracies: Vec<Vec<AccuracyCell>>,
    pub metrics: Vec<MetricScores>,
    /// Number of the family of each model.
    pub families: Vec<Option<usize>>,
    /// Whether families are left out or kept as a whole.
    pub by_family: bool,
    pub notes: Vec<String>,
}

impl Cells {
    /// What is found of the scores of these models beside their accuracies, on the data sets that count.
    pub fn found(&self, scored: &MetricScores, models: &[usize], counts: &[bool]) -> Agreed {
        let table = ScoreTable {
            scores: &scored.among(models),
            accuracies: &self.accuracies,
        };
        table.found(models, models, counts)
    }

    /// These models in groups that each say something of their own: one by one, or by family.
    pub fn units(&self, models: &[usize]) -> Vec<Vec<usize>> {
        let mut units: Vec<Vec<usize>> = Vec::new();
        for &model in models {
            let is_kin = |unit: &&mut Vec<usize>| {
                self.by_family && self.families[model].is_some() && self.families[unit[0]] == self.families[model]
            };
            match units.iter_mut().find(is_kin) {
                Some(unit) => unit.push(model),
                None => units.push(vec![model]),
            }
        }
        units
    }
}

fn places(names: &[String]) -> HashMap<&str, usize> {
    names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect()
}

impl Cells {
    /// # Errors
    /// Without accuracies or scores, and where no model has both.
    pub fn new(evidence: &Evidence) -> Result<Self> {
        let models = distinct(evidence.accuracies.iter().map(|a| a.model.clone()));
        let datasets = distinct(evidence.accuracies.iter().map(|a| a.dataset.clone()));
        if models.is_empty() {
            return Err(Error::input(
                "no accuracy is given; expected at least one model with an accuracy on a data set",
            ));
        }
        let (of_model, of_dataset) = (places(&models), places(&datasets));
        let mut accuracies = vec![vec![None; models.len()]; datasets.len()];
        for a in &evidence.accuracies {
            let error = a
                .interval
                .map(|(low, high)| (high - low) / (2.0 * crate::uncertainty::NORMAL_QUANTILE));
            accuracies[of_dataset[a.dataset.as_str()]][of_model[a.model.as_str()]] = Some((a.value, error));
        }
        let scored = distinct(evidence.scores.iter().map(|s| s.model.clone()));
        let known: Vec<&String> = scored.iter().filter(|m| of_model.contains_key(m.as_str())).collect();
        let strangers: Vec<&String> = scored.iter().filter(|m| !of_model.contains_key(m.as_str())).collect();
        if known.is_empty() && !scored.is_empty() {
            return Err(Error::input(format!(
                "no model has both a score and an accuracy: scores are of {}, accuracies of {}; give each model one name",
                some(&scored),
                some(&models)
            )));
        }
        let mut notes = evidence.notes.clone();
        if !strangers.is_empty() {
            notes.push(format!("no accuracy of {}: left out", hinted(&strangers, &models)));
        }
        let unscored: Vec<&String> = models.iter().filter(|m| !scored.contains(m)).collect();
        if !unscored.is_empty() && !scored.is_empty() {
            notes.push(format!("no score of {}", hinted(&unscored, &scored)));
        }
        let elsewhere = distinct(evidence.scores.iter().filter_map(|s| s.dataset.clone()));
        let elsewhere: Vec<&String> = elsewhere
            .iter()
            .filter(|d| !of_dataset.contains_key(d.as_str()))
            .collect();
        if !elsewhere.is_empty() {
            notes.push(format!(
                "no accuracy on {}: its scores are left out",
                hinted(&elsewhere, &datasets)
            ));
        }
        let mut metrics = vec![];
        if datasets.len() > 1 {
            metrics.push(MetricScores {
                metric: STATIC_RANK.to_owned(),
                scores: static_ranks(&accuracies),
                direction: Some(Direction::Higher),
                parts: None,
                notes: vec![None; datasets.len()],
            });
        }
        for metric in distinct(evidence.scores.iter().map(|s| s.metric.clone())) {
            let mut scores = vec![vec![None; models.len()]; datasets.len()];
            let of_metric = || evidence.scores.iter().filter(|s| s.metric == metric);
            // What holds for all first: what is of one data set takes its place there.
            for score in of_metric().filter(|s| s.dataset.is_none()) {
                if let Some(&m) = of_model.get(score.model.as_str()) {
                    scores.iter_mut().for_each(|row| row[m] = Some(score.value));
                }
            }
            for score in of_metric() {
                let place = score.dataset.as_ref().and_then(|d| of_dataset.get(d.as_str()));
                if let (Some(&d), Some(&m)) = (place, of_model.get(score.model.as_str())) {
                    scores[d][m] = Some(score.value);
                }
            }
            let direction = evidence.directions.get(&metric).copied();
            metrics.push(MetricScores {
                metric,
                scores,
                direction,
                parts: None,
                notes: vec![None; datasets.len()],
            });
        }
        metrics.extend(ncti(&metrics, &accuracies, &models));
        if evidence.by_family {
            let families: Vec<_> = models.iter().filter_map(|m| evidence.families.get(m)).collect();
            notes.push(format!(
                "every checkpoint is a point; intervals are over the {} models, each left out with all its checkpoints, and nothing is \
                 permuted: checkpoints of one training are alike",
                distinct(families).len()
            ));
        }
        let names = distinct(evidence.families.values().cloned());
        let of_family = places(&names);
        let family = |m: &String| evidence.families.get(m).map(|f| of_family[f.as_str()]);
        Ok(Self {
            families: models.iter().map(family).collect(),
            by_family: evidence.by_family,
            models,
            datasets,
            accuracies,
            metrics,
            notes,
        })
    }
}

/// The mean rank of each model on the other data sets, (data sets) of (models): the worst is 1, equal ones share a rank. Where a
/// data set has fewer models than another its ranks are stretched to as many.
fn static_ranks(accuracies: &[Vec<AccuracyCell>]) -> Vec<Vec<Option<f64>>> {
    let count = |row: &[AccuracyCell]| row.iter().flatten().count() as f64;
    let most = accuracies.iter().map(|row| count(row)).fold(0.0, f64::max);
    let ranked = |row: &Vec<AccuracyCell>| {
        let values: Vec<f64> = row.iter().flatten().map(|a| a.0).collect();
        let mut ranks = mean_ranks(&values)
            .into_iter()
            .map(|rank| rank * most / values.len() as f64);
        row.iter().map(|a| a.and_then(|_| ranks.next())).collect()
    };
    let ranks: Vec<Vec<Option<f64>>> = accuracies.iter().map(ranked).collect();
    let on_others = |d: usize, m: usize| {
        let others: Vec<f64> = (0..ranks.len())
            .filter(|&o| o != d)
            .filter_map(|o| ranks[o][m])
            .collect();
        (!others.is_empty()).then(|| others.iter().sum::<f64>() / others.len() as f64)
    };
    (0..ranks.len())
        .map(|d| (0..ranks[d].len()).map(|m| on_others(d, m)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_static_rank_is_of_the_other_data_sets() {
        let row = |values: [f64; 3]| values.map(|v| Some((v, None))).to_vec();
        let ranks = static_ranks(&[row([1.0, 2.0, 3.0]), row([5.0, 5.0, 1.0]), row([3.0, 2.0, 1.0])]);
        // The second and third give ranks 2.5 and 3, 2.5 and 2, 1 and 1.
        assert_eq!(ranks[0], [Some(2.75), Some(2.25), Some(1.0)]);
    }

    #[test]
    fn a_missing_cell_has_no_rank_and_stretches_the_others() {
        let ranks = static_ranks(&[
            vec![Some((1.0, None)), None, Some((2.0, None))],
            vec![Some((1.0, None)), Some((2.0, None)), Some((3.0, None))],
        ]);
        assert_eq!(ranks[0], [Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!(ranks[1], [Some(1.5), None, Some(3.0)]);
    }
}
