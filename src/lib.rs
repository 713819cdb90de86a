//! featscope measures *why* one pretraining method transfers better than another.
//!
//! Data walks down one street: a checkpoint and images become features ([`store`]); one pass over them gives mergeable
//! moments and neighbours (`stats`); `metrics` and `analysis` turn those into records (`results`) with error bars
//! (`uncertainty`); `compare` sets methods side by side and `report` renders them; `selftest` proves every number. Whatever is
//! read goes through [`files`], which trusts no byte; whatever is said goes through [`shown`].
//!
//! `shown ← error ← files ← features ← store, checkpoint, images ← kind` stand in the member `featscope-data`; `linalg, uncertainty ←
//! stats ← metrics ← analysis` and `results ← analysis` in `featscope-measure`; `compare ← report ← cli`, `analysis ← selftest ← cli` and
//! `store, checkpoint, images ← extract ← pretrain ← cli` here: left never imports right.
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
