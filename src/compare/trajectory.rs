//! Many checkpoints of one run: each number against the step of training.

use std::collections::BTreeMap;

use serde::Serialize;

use super::meaning::{Direction, direction, label};
use super::runs::averaged;
use crate::features::Role;
use crate::results::{Record, Results};

/// One metric at one layer on one data set, pair or suite, over steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trajectory {
    /// Catalogue id.
    pub metric: String,
    /// Its short name.
    pub label: String,
    /// Data set; of a pair, the pretraining side.
    pub dataset: String,
    /// Split, or empty.
    pub split: String,
    /// The evaluation side of a pair.
    pub other_dataset: Option<String>,
    /// What the data set is to the models.
    pub role: Option<Role>,
    /// Which way goes with good transfer.
    pub direction: Option<Direction>,
    /// The models that are there at several steps.
    pub models: Vec<Course>,
}

/// One model, step by step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Course {
    /// Model.
    pub model: String,
    /// Its values in the order of steps, those that are missing left out; of a set of runs their means.
    pub points: Vec<StepValue>,
}

/// A value at a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepValue {
    /// The step of training.
    pub step: u64,
    /// The value.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
}

/// The values of each model by step.
type BySteps = BTreeMap<String, BTreeMap<u64, StepValue>>;

/// Every number at `layer` that some model has at two steps or more, in the order of the results.
pub fn trajectories(results: &Results, layer: &str) -> Vec<Trajectory> {
    let with_steps = |r: &&Record| {
        r.layer == layer && r.step.is_some() && r.value.is_some() && r.other_model.is_none() && r.other_layer.is_none()
    };
    let mut all: Vec<(Trajectory, BySteps)> = Vec::new();
    for record in averaged(results.records.iter().filter(with_steps)) {
        let (Some(step), Some(value)) = (record.step, record.value) else {
            continue;
        };
        let other = record.other_dataset.clone().filter(|_| record.fitted_on().is_none());
        let same = |(t, _): &(Trajectory, _)| {
            t.metric == record.metric
                && (&t.dataset, &t.split, &t.other_dataset) == (&record.dataset, &record.split, &other)
        };
        let at = match all.iter().position(same) {
            Some(at) => at,
            None => {
                let new = Trajectory {
                    metric: record.metric.clone(),
                    label: label(&record.metric).to_owned(),
                    dataset: record.dataset.clone(),
                    split: record.split.clone(),
                    other_dataset: other.clone(),
                    role: record.role,
                    direction: direction(&record.metric, record.role),
                    models: Vec::new(),
                };
                all.push((new, BTreeMap::new()));
                all.len() - 1
            }
        };
        let point = StepValue {
            step,
            value,
            interval: record.ci_low.zip(record.ci_high),
        };
        all[at].1.entry(record.model).or_default().insert(step, point);
    }
    all.into_iter()
        .map(|(trajectory, models)| Trajectory {
            models: models
                .into_iter()
                .filter(|(_, points)| points.len() > 1)
                .map(|(model, points)| Course {
                    model,
                    points: points.into_values().collect(),
                })
                .collect(),
            ..trajectory
        })
        .filter(|trajectory| !trajectory.models.is_empty())
        .collect()
}
