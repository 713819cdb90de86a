//! `featscope correlate SCORES --accuracy FILE`: which number predicts transfer here.

mod command;
mod read;

pub use command::{Args, run};
