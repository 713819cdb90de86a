//! Scores and accuracies that featscope measured.

use std::collections::HashMap;

use super::evidence::{Evidence, ModelAccuracy, ModelScore, NEAREST_ONE, PARAMETERS};
use super::name_lists::some;
use super::ncti::NCTI;
use super::ncti_parts::NCTI_PARTS;
use crate::compare::meaning::{Direction, direction};
use crate::compare::side_by_side::{chosen_layer, layers};
use crate::error::{Error, Result};
use crate::features::Role;
use crate::metrics::find;
use crate::metrics::probes::PROBES;
use crate::results::{AnalysedInput, DEFAULT, NEAREST, Record, Results};

/// Results at one layer.
pub struct Measured<'r> {
    records: Vec<&'r Record>,
    layer: String,
    inputs: &'r [AnalysedInput],
}

impl<'r> Measured<'r> {
    /// At `layer`, else at the one that a comparison takes: the backbone, else the last.
    ///
    /// # Errors
    /// Where no model was measured at the layer by itself.
    pub fn new(results: &'r Results, layer: Option<&str>) -> Result<Self> {
        let layers = layers(results);
        let layer = chosen_layer(&layers, layer)?;
        // A suite is the mean of data sets that are here themselves.
        let one_model = |r: &&Record| r.other_model.is_none() && r.other_layer.is_none() && r.members().is_none();
        let records: Vec<&Record> = results.records.iter().filter(one_model).collect();
        if !records.iter().any(|r| r.layer == layer) {
            return Err(Error::input(format!(
                "nothing was measured of one model at layer {layer}; name one layer that was: {}",
                some(&layers)
            )));
        }
        // Scores of the logits are a model's, whatever layer the others are of.
        let of_logits = |r: &Record| find(&r.metric).is_some_and(|metric| metric.eval.needs().logits);
        Ok(Self {
            records: records
                .into_iter()
                .filter(|r| r.layer == layer || of_logits(r))
                .collect(),
            layer,
            inputs: &results.inputs,
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
            evidence.accuracies.push(ModelAccuracy {
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
        let is_part = |id: &str| NCTI_PARTS.iter().any(|(part, _)| *part == id);
        let asked = |id: &str| metrics.is_none_or(|m| m.iter().any(|m| m == id || (m == NCTI && is_part(id))));
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
            let by_nearest = record.found.get(NEAREST).and_then(serde_json::Value::as_f64);
            if let (Some(value), "knn_top1", false) = (by_nearest, metric.as_str(), is_pair) {
                evidence.scores.push(ModelScore {
                    model: record.model.clone(),
                    metric: NEAREST_ONE.to_owned(),
                    dataset: Some(dataset.clone()),
                    value,
                });
                evidence.directions.insert(NEAREST_ONE.to_owned(), Direction::Higher);
            }
            if let Some(direction) = direction(&record.metric, record.role) {
                evidence.directions.insert(metric.clone(), direction);
            }
            evidence.scores.push(ModelScore {
                model: record.model.clone(),
                metric,
                dataset: (!of_pre).then(|| dataset.clone()),
                value,
            });
        }
        let parameters = |input: &'r AnalysedInput| {
            let count = input.audit.as_ref()?.get("parameters")?.as_u64()?;
            Some((input.model.as_str(), count))
        };
        let parameters: HashMap<&str, u64> = self.inputs.iter().filter_map(parameters).collect();
        for (metric, counts) in [("feature_width", widths), (PARAMETERS, parameters)] {
            if !asked(metric) {
                continue;
            }
            let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
            counts.sort_unstable();
            evidence
                .scores
                .extend(counts.into_iter().map(|(model, count)| ModelScore {
                    model: model.to_owned(),
                    metric: metric.to_owned(),
                    dataset: None,
                    value: count as f64,
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
