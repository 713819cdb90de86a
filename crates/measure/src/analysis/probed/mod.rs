//! Labelled rows that probes are fitted on and scored on, in the order of their ids: no result depends on the order of rows.

mod labelled_rows;
mod leaks;

pub use labelled_rows::{Classifier, Half, Probed};
