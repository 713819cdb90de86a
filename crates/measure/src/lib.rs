//! What featscope measures: statistics, metrics and their error bars, from features to records.
//!
//! `linalg, uncertainty ← stats ← probes ← metrics ← analysis` and `results ← analysis`: left never imports right. `stats`,
//! `uncertainty`, `probes` and `metrics` are pure: arrays in, numbers out.
//!
//! ```
//! use featscope_measure::metrics::distance::frechet_distance;
//! use featscope_measure::stats::Moments;
//! use ndarray::{Array2, array};
//!
//! fn moments(rows: &Array2<f64>) -> Moments {
//!     let mut moments = Moments::new(rows.ncols());
//!     moments.update(rows.view());
//!     moments
//! }
//!
//! let one = array![[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]];
//! // The same rows, moved by 3 and by 4: only the means differ.
//! let other = &one + &array![3.0, 4.0];
//! let distance = frechet_distance(&moments(&one), &moments(&other))?;
//! assert!((distance - 25.0).abs() < 1e-9);
//! # Ok::<(), featscope_data::error::Error>(())
//! ```

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
