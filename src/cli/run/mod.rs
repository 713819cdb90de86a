//! `featscope run EXPERIMENT.toml`: the main job, end to end. Running it again does only what changed.

mod analysis_settings;
mod analyze;
mod command;
mod extract;
mod layers;
mod program_digests;
mod progress;
mod state;

pub use command::{Args, run};
pub(in crate::cli) use state::{STATE, State};
