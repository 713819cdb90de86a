//! Transferability scores: what the features and labels of a data set alone say of how well a model will do on it.
//!
//! Each is computed from the fitting rows of the evaluation data: no row that probes are scored on is seen, where there is another
//! split.

mod catalogue;
mod gbc;
mod h_score;
mod leep;
mod logme;
mod moment_rows;
mod ncti;
mod nleep;
mod parc;
mod sfda;
#[cfg(test)]
mod test_rows;
mod tmi;
mod transrate;

pub use super::labelled::{Base, Labelled, LabelledMoments, Principal, Score};
pub use catalogue::FAMILY;
