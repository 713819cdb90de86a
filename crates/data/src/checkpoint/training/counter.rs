//! A counter of a training.

use serde::{Deserialize, Serialize};

/// A counter of a training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// What it counts: `epoch` or `step`.
    pub unit: String,
    /// Where it stands.
    pub at: u64,
    /// Where the training ends, where that is known.
    pub end: Option<u64>,
    /// Where the two are told.
    pub told: String,
}
