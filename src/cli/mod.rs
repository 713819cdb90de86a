//! The two programs' command lines: one file per subcommand. Only this module prints, exits or uses anyhow.

#[cfg(feature = "analysis")]
mod analyze;
mod caller;
#[cfg(feature = "analysis")]
mod compare;
#[cfg(feature = "analysis")]
mod conventions;
#[cfg(feature = "analysis")]
mod correlate;
#[cfg(feature = "analysis")]
mod duplicate_layers;
#[cfg(feature = "analysis")]
mod experiment;
#[cfg(feature = "analysis")]
mod export;
#[cfg(feature = "torch")]
mod extract;
#[cfg(feature = "analysis")]
mod followed_library;
#[cfg(feature = "analysis")]
mod hand_over;
#[cfg(feature = "analysis")]
mod inputs;
#[cfg(feature = "analysis")]
mod inspect;
#[cfg(feature = "torch")]
mod interrupt;
#[cfg(feature = "analysis")]
mod metrics;
#[cfg(feature = "torch")]
mod pretrain;
mod programs;
#[cfg(feature = "analysis")]
mod report;
#[cfg(feature = "analysis")]
mod run;
#[cfg(feature = "analysis")]
mod selftest;
#[cfg(feature = "analysis")]
mod similarity;
pub mod style;

#[cfg(feature = "analysis")]
pub use programs::analysis_program;
#[cfg(feature = "torch")]
pub use programs::torch_program;
