//! What a comparison says, and how it is written as results.

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::meaning::Direction;
use super::runs::OverRuns;
use super::suite_table::SuiteTable;
use crate::features::Role;
use crate::results::{Record, Results};

/// What to compare.
#[derive(Clone, Debug, Default)]
pub struct CompareOptions {
    /// The model the others are compared with; the first one unless given.
    pub baseline: Option<String>,
    /// Catalogue ids, families or `axes`, in the order wanted; all measured ones unless given.
    pub metrics: Option<Vec<String>>,
    /// A layer's name, or `all`. Unless given: `backbone`, or the deepest layer where no model has a `backbone`.
    pub layer: Option<String>,
}

/// Models side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The models, in the order of the results.
    pub models: Vec<String>,
    /// The model the others are compared with; `None` when there is only one.
    pub baseline: Option<String>,
    /// The layer compared, or `all`.
    pub layer: String,
    /// One table per metric.
    pub tables: Vec<MetricTable>,
    /// One table per suite, layer and probe.
    pub suites: Vec<SuiteTable>,
    /// What was made of runs and steps.
    pub notes: Vec<String>,
    /// What to bear in mind.
    pub warnings: Vec<String>,
    /// What is compared, where it is not the results themselves: the means over runs, at the last step.
    pub settled: Option<Results>,
}

/// All that is compared of one metric: the family that Holm's correction runs over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricTable {
    /// Catalogue id.
    pub metric: String,
    /// Its short name.
    pub label: String,
    /// The number of differences to the baseline that were tested.
    pub tested: usize,
    /// One group per layer and data set (or pair): pretraining side first, then evaluation, then pairs.
    pub groups: Vec<MetricGroup>,
}

/// One metric at one layer on one data set or pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricGroup {
    /// Layer.
    pub layer: String,
    /// Data set; of a pair, the pretraining side.
    pub dataset: String,
    /// Split of `dataset`, or empty.
    pub split: String,
    /// The evaluation side of a pair.
    pub other_dataset: Option<String>,
    /// The split that a probe was fitted on.
    pub fitted_on: Option<String>,
    /// The data sets of a suite, where it is of one.
    pub members: Vec<String>,
    /// What the data set is to the models, where the analysis was told.
    pub role: Option<Role>,
    /// Which way goes with good transfer here.
    pub direction: Option<Direction>,
    /// One row per model.
    pub rows: Vec<ModelRow>,
}

impl MetricGroup {
    /// Whether any model was tested against the best one.
    pub fn is_best_tested(&self) -> bool {
        self.rows.iter().any(|row| row.best)
    }
}

/// One model's number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRow {
    /// Model.
    pub model: String,
    /// Index of its record in the results; `None` where the model was not measured here.
    pub record: Option<usize>,
    /// The value.
    pub value: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Its 95 % interval.
    pub ci_low: Option<f64>,
    /// Its 95 % interval.
    pub ci_high: Option<f64>,
    /// What the metric gives where there is nothing to find.
    pub null_value: Option<f64>,
    /// Competition rank, 1 = best; `None` where the metric has no good way here.
    pub rank: Option<u32>,
    /// The best model, or not separable from it; of none where nothing was tested.
    pub best: bool,
    /// Difference to the baseline; `None` for the baseline itself and where a value is missing.
    pub difference: Option<Difference>,
    /// The single runs of a model that is a set of runs.
    pub runs: Option<OverRuns>,
    /// Why the value is missing, or what to bear in mind.
    pub note: Option<String>,
}

/// A paired difference to the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Model minus baseline; `None` when refused.
    pub value: Option<f64>,
    /// Standard error.
    pub std_error: Option<f64>,
    /// 95 % interval, not corrected.
    pub ci_low: Option<f64>,
    /// 95 % interval, not corrected.
    pub ci_high: Option<f64>,
    /// Two-sided p-value, not corrected.
    pub p_value: Option<f64>,
    /// Two-sided p-value, Holm-adjusted over the metric's table.
    pub p_holm: Option<f64>,
    /// Two-sided p-value of McNemar's exact test for classifiers, not corrected.
    pub p_mcnemar: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// The two models saw the images through different preprocessing, so part of the difference may come from it.
    pub preprocessed_unlike: bool,
    /// Why there is no verdict.
    pub reason: Option<String>,
}

/// What may be said about a difference at 95 %, corrected for all comparisons of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Above the baseline.
    Higher,
    /// Below the baseline.
    Lower,
    /// The difference may be chance.
    NotSeparable,
    /// There is no error to judge it by.
    Untested,
    /// The two models did not see the same images, or were measured differently.
    Refused,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::NotSeparable => "not separable",
            Self::Untested => "not tested",
            Self::Refused => "not comparable",
        }
    }
}

impl Comparison {
    /// The table of one metric.
    pub fn table(&self, metric: &str) -> Option<&MetricTable> {
        self.tables.iter().find(|t| t.metric == metric)
    }

    /// What is compared, of the results that it was made of: rows name records of these.
    pub fn compared<'r>(&'r self, given: &'r Results) -> &'r Results {
        self.settled.as_ref().unwrap_or(given)
    }

    /// As results of schema `featscope/results/2`: the records compared, with `found.rank`, and one record per
    /// difference, whose `other_model` is the baseline, `value` the difference and `p_value` the adjusted one. Those of suites
    /// have `found.tier` and `found.friedman`.
    pub fn to_results(&self, given: &Results, command: &str) -> Results {
        let compared = self.compared(given);
        let mut results = Results {
            command: command.to_owned(),
            ..compared.without_records()
        };
        for table in &self.tables {
            for group in &table.groups {
                for row in &group.rows {
                    let Some(record) = row.record.and_then(|i| compared.records.get(i)) else {
                        continue;
                    };
                    let mut measured = record.clone();
                    if let Some(rank) = row.rank {
                        measured.found.insert("rank".into(), json!(rank));
                        if group.is_best_tested() {
                            measured.found.insert("best_or_not_separable".into(), json!(row.best));
                        }
                    }
                    for suite in &self.suites {
                        suite.tell(&mut measured);
                    }
                    results.records.push(measured);
                    if let (Some(difference), Some(baseline)) = (&row.difference, &self.baseline) {
                        results
                            .records
                            .push(difference.to_record(record, baseline, table.tested));
                    }
                }
            }
        }
        results
    }
}

impl Difference {
    fn to_record(&self, measured: &Record, baseline: &str, tested: usize) -> Record {
        let mut method = Map::new();
        method.insert("quantity".into(), json!("model minus other_model, paired"));
        let mut found = Map::new();
        found.insert("verdict".into(), json!(self.verdict));
        if let Some(p) = self.p_mcnemar {
            found.insert("p_mcnemar".into(), json!(p));
        }
        if self.preprocessed_unlike {
            found.insert("preprocessing".into(), json!("differs"));
        }
        if self.p_holm.is_some() {
            method.insert("correction".into(), json!("Holm"));
            method.insert("comparisons".into(), json!(tested));
            found.insert("p_uncorrected".into(), json!(self.p_value));
        }
        Record {
            other_model: Some(baseline.to_owned()),
            value: self.value,
            std_error: self.std_error,
            ci_low: self.ci_low,
            ci_high: self.ci_high,
            p_value: self.p_holm,
            null_value: self.value.map(|_| 0.0),
            error: measured.error.filter(|_| self.std_error.is_some()),
            replicates: None,
            method,
            found,
            note: self.reason.clone(),
            seconds: 0.0,
            ..measured.clone()
        }
    }
}
