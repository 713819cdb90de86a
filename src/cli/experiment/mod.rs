//! The experiment file: which models, which data, what to measure.

mod checkpoints;
mod experiment_file;
mod sections;
mod validation;

pub use checkpoints::FoundCheckpoint;
pub use sections::{DatasetSection, Experiment, Layers, ModelSection};
