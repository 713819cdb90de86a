//! What features are of, and where they come from.

use serde::{Deserialize, Serialize};

/// What is measured: a layer of a model, at one run and step of its training, on a split of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Name of the model, e.g. `SL-MLP`.
    pub model: String,
    /// Which run of it, e.g. its seed, where the model is a set of runs.
    pub run: Option<String>,
    /// The step of training, where there are several.
    pub step: Option<u64>,
    /// Name of the layer, e.g. `backbone`, `projector.0`.
    pub layer: String,
    /// Name of the data set, e.g. `animals`.
    pub dataset: String,
    /// Split of the data set, e.g. `test`; empty where there is none (foreign arrays).
    pub split: String,
}

/// What a data set is to the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// They were pretrained on it.
    Pre,
    /// They are evaluated on it.
    Eval,
}

impl Role {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pre => "pre",
            Self::Eval => "eval",
        }
    }
}

/// Where a set of features comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// What they are features of.
    pub subject: Subject,
    /// The path this was read from, as the user gave it.
    pub path: String,
    /// SHA-256 (hex) over the row ids in order: equal means "the same images in the same order".
    pub ids_sha256: String,
    /// SHA-256 (hex) over the preprocessing description; empty where unknown.
    pub preprocess_sha256: String,
}
