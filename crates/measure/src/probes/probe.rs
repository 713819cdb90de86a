//! Which probes there are, and how each is set.

use super::knn::Vote;
use super::logistic::PenaltyStrength;
use super::scaled::Scaling;

/// Which probe, and how it is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Probe {
    /// Weighted k nearest neighbours.
    Votes {
        /// How a neighbour votes.
        vote: Vote,
        /// Neighbours.
        k: usize,
    },
    /// Nearest class mean.
    Means {
        /// Angles count instead of distances.
        cosine: bool,
    },
    /// Ridge regression on one-hot targets.
    Ridge,
    /// Logistic regression.
    Linear {
        /// How channels are brought to one scale.
        scaling: Scaling,
        /// How λ is set.
        strength: PenaltyStrength,
    },
}

impl Probe {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Votes { .. } => "knn",
            Self::Means { .. } => "ncm",
            Self::Ridge => "ridge",
            Self::Linear { .. } => "linear",
        }
    }
}
