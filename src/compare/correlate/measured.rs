//! Scores and accuracies that featscope measured.

use std::collections::HashMap;

use super::evidence::{Accuracy, Evidence, Score};
use crate::compare::direction;
use crate::error::{Error, Result};
use crate::features::Role;
use crate::metrics::find;
use crate::metrics::probes::PROBES;
use crate::results::{DEFAULT, Record, Results};

/// Results at one layer.
pub struct Measured<'r> {
    records: Vec<&'r Record>,
    layer: String,
}

impl<'r> Measured<'r> {
    /// At `layer`, else at the backbone, else at the last layer that is there.
    ///
    /// # Errors
    /// Where nothing was measured at the layer.
    pub fn new(results: &'r Results, layer: Option<&str>) -> Result<Self> {
        // A suite is the mean of data sets that are here themselves.
        let one_model = |r: &&Record| r.other_model.is_none() && r.other_layer.is_none() && r.members().is_none();
        let records: Vec<&Record> = results.records.iter().filter(one_model).collect();
        let has = |layer: &str| records.iter().any(|r| r.layer == layer);
        let last = records.last().map_or("backbone", |r| r.layer.as_str());
        let layer = layer.unwrap_or(if has("backbone") { "backbone" } else { last });
        if !has(layer) {
            let mut layers: Vec<&str> = records.iter().map(|r| r.layer.as_str()).collect();
            layers.sort_unstable();
            layers.dedup();
            return Err(Error::input(format!(
                "nothing was measured at layer {layer}; the results have {}",
                super::some(&layers)
            )));
        }
        let layer = layer.to_owned();
        // Scores of the logits are a model's, whatever layer the others are of.
        let of_logits = |r: &Record| find(&r.metric).is_some_and(|metric| metric.eval.needs().logits);
        Ok(Self {
            records: records
                .into_iter()
                .filter(|r| r.layer == layer || of_logits(r))
                .collect(),
            layer,
        })
    }

    /// Adds the accuracies by `metric`, or by the first probe that was measured, and gives its name.
    ///
    /// # Errors
    /// Where no such accuracy was measured, and where two splits of a data set have one.
    pub fn accuracies(&self, metric: Option<&str>, evidence: &mut Evidence) -> Result<String> {
        let has = |id: &str| self.records.iter().any(|r| r.metric == id && r.value.is_some());
        let metric = match metric {
            Some(metric) if has(metric) => metric,
            Some(metric) => {
                return Err(Error::input(format!(
                    "no {metric} at layer {} in the results; measure it with featscope analyze --metrics {metric}",
                    self.layer
                )));
            }
            None => *PROBES.iter().find(|id| has(id)).ok_or_else(|| {
                Error::input(format!(
                    "no accuracy at layer {} in the results: none of {} was measured; give a table with --accuracy",
                    self.layer,
                    PROBES.join(", ")
                ))
            })?,
        };
        let mut splits = HashMap::new();
        for record in self
            .records
            .iter()
            .filter(|r| r.metric == metric && r.role != Some(Role::Pre))
        {
            let Some(value) = record.value else { continue };
            self.one_split(&mut splits, record, &record.dataset)?;
            evidence.accuracies.push(Accuracy {
                model: record.model.clone(),
                dataset: record.dataset.clone(),
                value,
                interval: record.ci_low.zip(record.ci_high),
            });
        }
        Ok(metric.to_owned())
    }

    /// Adds every number but those of the probe that gives the accuracies: what is measured on the pretraining data holds for all
    /// data sets and is called `METRIC(pre)`; a pair's is of its evaluation data.
    ///
    /// # Errors
    /// Where two splits of a data set have one.
    pub fn scores(&self, metrics: Option<&[String]>, but: Option<&str>, evidence: &mut Evidence) -> Result<()> {
        let same_fit = |id: &str| match but {
            Some(but) if but.starts_with("linear_") => id.starts_with("linear_"),
            Some(but) => id == but,
            None => false,
        };
        let asked = |id: &str| metrics.is_none_or(|m| m.iter().any(|m| m == id));
        let mut splits = HashMap::new();
        let mut widths: HashMap<&str, u64> = HashMap::new();
        for record in &self.records {
            if record.layer == self.layer {
                widths.entry(&record.model).or_insert(record.d);
            }
            let Some(value) = record
                .value
                .filter(|_| !same_fit(&record.metric) && asked(&record.metric))
            else {
                continue;
            };
            let of_pre = record.role == Some(Role::Pre);
            let id = match record.variant.as_str() {
                "" | DEFAULT => record.metric.clone(),
                variant => format!("{}={variant}", record.metric),
            };
            let metric = if of_pre { format!("{id}(pre)") } else { id };
            // A pair is of its evaluation data; a probe of the data that is scored.
            let is_pair = record
                .other_dataset
                .as_ref()
                .is_some_and(|other| *other != record.dataset);
            let dataset = match (&record.other_dataset, is_pair) {
                (Some(other), true) => other,
                _ => &record.dataset,
            };
            self.one_split(&mut splits, record, &metric)?;
            if let Some(direction) = direction(&record.metric, record.role) {
                evidence.directions.insert(metric.clone(), direction);
            }
            evidence.scores.push(Score {
                model: record.model.clone(),
                metric,
                dataset: (!of_pre).then(|| dataset.clone()),
                value,
            });
        }
        if metrics.is_none_or(|m| m.iter().any(|m| m == "feature_width")) {
            let mut widths: Vec<(&str, u64)> = widths.into_iter().collect();
            widths.sort_unstable();
            evidence.scores.extend(widths.into_iter().map(|(model, width)| Score {
                model: model.to_owned(),
                metric: "feature_width".to_owned(),
                dataset: None,
                value: width as f64,
            }));
        }
        Ok(())
    }

    /// Refuses a second split of one data set: which of the two numbers is meant would be a guess.
    fn one_split<'a>(
        &self,
        splits: &mut HashMap<(String, &'a str, &'a str, Option<&'a str>), &'a str>,
        record: &'a Record,
        what: &str,
    ) -> Result<()> {
        let place = (
            what.to_owned(),
            record.model.as_str(),
            record.dataset.as_str(),
            record.other_dataset.as_deref(),
        );
        match splits.insert(place, &record.split) {
            None => Ok(()),
            Some(other) => Err(Error::input(format!(
                "{} of model {} on {} was measured on two splits, {other} and {}; correlate results of one split",
                find(&record.metric).map_or(record.metric.as_str(), |m| m.id),
                record.model,
                record.dataset,
                record.split
            ))),
        }
    }
}
