//! Probes: what frozen features can do. Each is fitted on some rows and says something of others: k nearest neighbours, class
//! means, ridge, logistic regression, few-shot episodes.
//!
//! Pure: arrays in, numbers out. No choice sees a scored row.

mod cuts;
pub mod episodes;
pub mod logistic;
mod means;
mod predictions;
mod probe;
mod refitted_means;
pub mod ridge;
mod scaled;
mod votes;

pub use cuts::{CROSS, Fold, Strata};
pub use means::{class_means, nearest_mean};
pub use predictions::{Prediction, Predictions, calibration_error, class_mean, nll, top1, top5};
pub use probe::Probe;
pub use refitted_means::{Fitting, ScoredRows, refitted_means};
pub use scaled::{Frame, ScaledRows, Scaling};
pub use votes::{Polled, TEMPERATURE, Vote};
