//! Probes: what frozen features can do. Each is fitted on some rows and says something of others: k nearest neighbours, class
//! means, ridge, logistic regression, few-shot episodes.
//!
//! Pure: arrays in, numbers out. No choice sees a scored row.

pub mod episodes;
mod folds;
mod knn;
pub mod logistic;
mod nearest_mean;
mod predictions;
mod probe;
mod refitted_means;
pub mod ridge;
mod scaled;

pub use folds::{CROSS, Fold, Strata};
pub use knn::{Polled, TEMPERATURE, Vote};
pub use nearest_mean::{class_means, nearest_mean};
pub use predictions::{Prediction, Predictions, calibration_error, class_mean, nll, top1, top5};
pub use probe::Probe;
pub use refitted_means::{Fitting, ScoredRows, refitted_means};
pub use scaled::{Frame, ScaledRows, Scaling};
