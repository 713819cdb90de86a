//! The experiment file: which models, which data, what to measure.

mod check;
mod checkpoints;
mod read;
mod sections;

pub use checkpoints::FoundCheckpoint;
pub use sections::{DatasetSection, Experiment, Layers, ModelSection};
