//! `featscope inspect PATH`: what a checkpoint, a data set, a feature store, an array, a results file or a run holds.

mod checkpoint;
mod command;
mod experiment;
mod folders;
mod images;
mod json_files;
mod results;
mod sheet;
mod store;

pub use command::{Args, run};
