//! Probes: what frozen features can do. Each is fitted on some rows and says something of others: k nearest neighbours, class
//! means, ridge, logistic regression, few-shot episodes.
//!
//! Pure: arrays in, numbers out. No choice sees a scored row.

mod cuts;
pub mod episodes;
pub mod logistic;
mod means;
mod predictions;
mod refitted_means;
pub mod ridge;
mod scaled;
mod votes;

use logistic::Strength;

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
        /// By angle instead of distance.
        cosine: bool,
    },
    /// Ridge regression on one-hot targets.
    Ridge,
    /// Logistic regression.
    Linear {
        /// How channels are brought to one scale.
        scaling: Scaling,
        /// How λ is set.
        strength: Strength,
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

pub use cuts::{CROSS, Cut, Strata};
pub use means::{class_means, nearest_mean};
pub use predictions::{Prediction, Predictions, calibration_error, class_mean, nll, top1, top5};
pub use refitted_means::{Fitting, Scored, refitted_means};
pub use scaled::{Frame, Scaling, Seen};
pub use votes::{Polled, TEMPERATURE, Vote};
