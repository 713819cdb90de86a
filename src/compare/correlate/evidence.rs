//! Scores and accuracies of models, as they are given.

use std::collections::BTreeMap;

use crate::compare::meaning::Direction;

/// The rank of each model on the other data sets: a baseline that looks at no feature.
pub const STATIC_RANK: &str = "static_rank";

/// The number of parameters of a backbone.
pub const PARAMETERS: &str = "parameters";

/// The vote of the nearest row alone; `knn_top1` is of as many neighbours as it was measured with.
pub const NEAREST_ONE: &str = "knn_top1(k=1)";

/// Scores that any new one has to beat.
pub const BASELINES: [&str; 7] = [
    STATIC_RANK,
    PARAMETERS,
    "feature_width",
    "source_accuracy",
    NEAREST_ONE,
    "knn_top1",
    "ncm_top1",
];

/// A score of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelScore {
    /// Its name.
    pub model: String,
    /// What was measured.
    pub metric: String,
    /// On which data set; `None` holds for all.
    pub dataset: Option<String>,
    /// The number.
    pub value: f64,
}

/// What a model reached on a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelAccuracy {
    /// Its name.
    pub model: String,
    /// Where.
    pub dataset: String,
    /// In whatever unit all have.
    pub value: f64,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
}

/// All that is given.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Scores, in order.
    pub scores: Vec<ModelScore>,
    /// Accuracies, in order.
    pub accuracies: Vec<ModelAccuracy>,
    /// The family of each model that has one.
    pub families: BTreeMap<String, String>,
    /// Whether models of one family are checkpoints of one training or of its like, which say little more than one: a family
    /// is then left out or kept as a whole, and nothing is permuted.
    pub by_family: bool,
    /// Which way is good, of each metric where that is known.
    pub directions: BTreeMap<String, Direction>,
    /// What to bear in mind.
    pub notes: Vec<String>,
}
