//! `featscope correlate SCORES --accuracy FILE`: which number predicts transfer here.

mod command;
mod score_tables;

pub use command::{Args, run};
