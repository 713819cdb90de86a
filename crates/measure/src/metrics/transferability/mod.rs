//! Transferability scores: what the features and labels of a data set alone say of how well a model will do on it.
//!
//! Each is computed from the fitting rows of the evaluation data: no row that probes are scored on is seen, where there is another
//! split.

mod between;
mod bhattacharyya;
mod catalogue;
mod coding;
mod collapse;
mod correlation;
#[cfg(test)]
mod drawn_rows;
mod entropy;
mod evidence;
mod fisher;
mod mixture;
mod rows_of_moments;
mod sources;

pub use super::labelled::{Base, Labelled, LabelledMoments, Principal, Score};
pub use catalogue::FAMILY;
