//! Metrics of probes: fitted on some rows, scored on others.

mod cut;
mod efficiency;
mod fits;
mod outcomes;
mod tables;

pub use fits::classifier;
pub use outcomes::{of_episodes, outcomes, readable};
