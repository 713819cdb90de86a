//! What featscope measures: statistics, metrics and their error bars, from features to records.
//!
//! `linalg, uncertainty ← stats ← probes ← metrics ← analysis` and `results ← analysis`: left never imports right. `stats`,
//! `uncertainty`, `probes` and `metrics` are pure: arrays in, numbers out.

// Unit tests may unwrap; the library may not.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]
// A list of metrics that nobody computes is one (see `analysis::kinds`).
#![deny(unused_variables)]

pub mod analysis;
pub mod linalg;
pub mod metrics;
pub mod probes;
pub mod results;
pub mod stats;
pub mod uncertainty;

use featscope_data::{error, features, files, shown};
