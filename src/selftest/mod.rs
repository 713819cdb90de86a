//! The proof on the user's own machine: golden values of reference libraries, laws, closed forms, and the same records for
//! any number of threads, each with the error that was achieved.

mod check;
pub mod closed_forms;
pub mod formula_data;
pub mod golden;
pub mod laws;
mod run;
mod threads;

pub use check::{Check, KINDS};
pub use run::run;
