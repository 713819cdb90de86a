//! featscope measures *why* one pretraining method transfers better than another.
//!
//! Data passes through the modules in one direction: a checkpoint and images become features ([`store`]); one pass over them gives mergeable
//! moments and neighbours (`stats`); `metrics` and `analysis` turn those into records (`results`) with error bars
//! (`uncertainty`); `compare` sets methods side by side and `report` renders them; `selftest` proves every number. Whatever is
//! read goes through [`files`], which trusts no byte; every text shown to a user goes through [`shown`].
//!
//! Left never imports right:
//!
//! - the member `featscope-data`: `shown ← error ← files ← features ← store, checkpoint, images ← kind`;
//! - the member `featscope-measure`: `linalg, uncertainty ← stats ← probes ← metrics ← analysis` and `results ← analysis`;
//! - this crate: `compare ← report ← cli`, `analysis ← selftest ← cli` and `store, checkpoint, images ← extract ← pretrain ← cli`.
//!
//! The crate is built in two halves that never meet in one program: feature `analysis` (LAPACK, the program
//! `featscope`) and feature `torch` (libtorch, the program `featscope-extract`).
//!
//! ```
//! use featscope::features::Labels;
//! let labels = Labels::from_names(&["cat", "dog", "cat"]);
//! assert_eq!(labels.names(), ["cat", "dog"]);
//! assert_eq!(labels.counts(), [2, 1]);
//! ```
//!
//! A metric of two arrays; `examples/` has more, with error bars and from files:
//!
//! ```
//! # #[cfg(feature = "analysis")]
//! # {
//! use featscope::analysis::{Plan, analyse};
//! use featscope::features::{FeatureSet, Matrix};
//! use featscope::metrics::select;
//! use ndarray::array;
//!
//! let one = array![[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]];
//! // The same rows, moved by 3 and by 4: only the means differ.
//! let other = &one + &array![3.0, 4.0];
//! let sets: Vec<Box<dyn FeatureSet>> = vec![
//!     Box::new(Matrix::new("model", "pretraining", one, None)?),
//!     Box::new(Matrix::new("model", "evaluation", other, None)?),
//! ];
//! let plan = Plan {
//!     metrics: select(&["frechet_distance".to_owned()])?,
//!     pre: vec!["pretraining".to_owned()],
//!     eval: vec!["evaluation".to_owned()],
//!     ..Plan::default()
//! };
//! let found = analyse(&sets, &plan, &|_| ())?.results;
//! assert!(found.records[0].value.is_some_and(|distance| (distance - 25.0).abs() < 1e-9));
//! # }
//! # Ok::<(), featscope::error::Error>(())
//! ```

// Unit tests may unwrap; the library and the programs may not.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod cli;

pub use featscope_data::{checkpoint, error, features, files, images, kind, shown, store};
#[cfg(feature = "analysis")]
pub use featscope_measure::{analysis, linalg, metrics, results, stats, uncertainty};

#[cfg(feature = "analysis")]
pub mod compare;
#[cfg(feature = "analysis")]
pub mod report;
#[cfg(feature = "analysis")]
pub mod selftest;

#[cfg(feature = "torch")]
pub mod extract;
#[cfg(feature = "torch")]
pub mod pretrain;
