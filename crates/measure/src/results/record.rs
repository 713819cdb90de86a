//! One number, and all that is said of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::features::Role;
use crate::uncertainty::{DifferenceSide, Discordant, Scheme};

/// The variant of a metric's default convention.
pub const DEFAULT: &str = "default";

/// Where the record of a suite says which data sets it is the mean of, in `method`.
pub const DATASETS: &str = "datasets";

/// Where the record of a suite says which split of each data set, in `method`.
pub const SPLITS: &str = "splits";

/// A data set of a suite, and its split.
pub type SuiteMember<'r> = (&'r str, &'r str);

/// What a record of a classifier says in `found` of its rows: which are right, in the order of their ids, as bits of hexadecimal
/// digits, the first row highest.
pub const RIGHT: &str = "right";

/// What a record of votes says in `found`: the accuracy where the nearest row alone votes.
pub const NEAREST: &str = "top1_at_k_1";

/// One number: a metric on one side (a data set) or on two (pre and eval).
///
/// Two numbers can be compared exactly where `metric`, `variant` and `method` are equal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// Model name.
    pub model: String,
    /// The run of a model that is a set of runs.
    pub run: Option<String>,
    /// The step of training, where there are several.
    pub step: Option<u64>,
    /// Layer name.
    pub layer: String,
    /// Data set name; for a pair, the pretraining side.
    pub dataset: String,
    /// Split of `dataset`, or empty.
    pub split: String,
    /// What the data set is to the models; `None` for a pair, and where nobody said.
    pub role: Option<Role>,
    /// For a pair, the evaluation data set; for a comparison of two layers or models, the other side's.
    pub other_dataset: Option<String>,
    /// Split of `other_dataset`, where it has one.
    pub other_split: Option<String>,
    /// For a comparison of two layers or models, the other side's model.
    pub other_model: Option<String>,
    /// For a comparison of two layers or models, the other side's layer.
    pub other_layer: Option<String>,
    /// Catalogue id.
    pub metric: String,
    /// Which of its conventions: `default`, or a variant's id.
    pub variant: String,
    /// The value, or `None` where it is undefined (see `note`).
    pub value: Option<f64>,
    /// Standard error.
    pub std_error: Option<f64>,
    /// Lower end of the 95 % interval.
    pub ci_low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub ci_high: Option<f64>,
    /// p-value of the metric's test.
    pub p_value: Option<f64>,
    /// What the metric gives where there is nothing to find (its floor or chance level).
    pub null_value: Option<f64>,
    /// How the error was found; `None` where there is none, and then `note` says why.
    pub error: Option<Scheme>,
    /// The value recomputed on each resample.
    pub replicates: Option<Vec<f64>>,
    /// Rows used (both sides together for a pair of data sets; rows matched one to one count once).
    pub n: u64,
    /// Channels used, of the first side.
    pub d: u64,
    /// Classes used (both sides together for a pair).
    pub classes: u64,
    /// What defines the number beside metric and variant: k, rows drawn, seed...
    pub method: Map<String, Value>,
    /// What was found beside the value.
    pub found: Map<String, Value>,
    /// Why the value is missing, or what to bear in mind.
    pub note: Option<String>,
    /// Seconds this record took, shared work shared out.
    pub seconds: f64,
}

impl Record {
    /// What two records of one question answer differently, or `None` where their numbers can be compared.
    pub fn unlike<'r>(&'r self, other: &'r Self) -> Option<&'r str> {
        let keys = self.method.keys().chain(other.method.keys());
        let differs = |key: &&String| self.method.get(*key) != other.method.get(*key);
        match () {
            _ if self.metric != other.metric => Some("metric"),
            _ if self.variant != other.variant => Some("variant"),
            _ => keys.into_iter().find(differs).map(String::as_str),
        }
    }

    /// The split of its data that was fitted on, where it is of a probe that was fitted on another split than it is scored on.
    pub fn fitted_on(&self) -> Option<&str> {
        let same = self.other_dataset.as_ref() == Some(&self.dataset);
        self.other_split.as_deref().filter(|split| same && *split != self.split)
    }

    /// On which rows it and another record of a classifier on the same rows are alone in being right, where both say.
    pub fn discordant(&self, other: &Self) -> Option<Discordant> {
        let right = |r: &Self| r.found.get(RIGHT).and_then(Value::as_str).map(str::to_owned);
        let (a, b) = (right(self)?, right(other)?);
        if a.len() != b.len() || self.n != other.n {
            return None;
        }
        let mut rows = Discordant { first: 0, second: 0 };
        for (a, b) in a.chars().zip(b.chars()) {
            let (a, b) = (a.to_digit(16)?, b.to_digit(16)?);
            rows.first += u64::from((a & !b).count_ones());
            rows.second += u64::from((b & !a).count_ones());
        }
        Some(rows)
    }

    /// The data sets whose mean it is, where it is of a suite.
    pub fn members(&self) -> Option<Vec<SuiteMember<'_>>> {
        let names = |key| Some(self.method.get(key)?.as_array()?.iter().filter_map(Value::as_str));
        Some(names(DATASETS)?.zip(names(SPLITS)?).collect())
    }

    /// Its value with what its error is made of.
    pub fn measured(&self) -> DifferenceSide<'_> {
        DifferenceSide {
            value: self.value,
            scheme: self.error,
            replicates: self.replicates.as_deref(),
        }
    }
}
