//! The two programs' command lines: one file per subcommand. Only this module prints, exits or uses anyhow.

pub mod style;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Says why one pretraining method transfers better than another, in numbers with error bars.
#[cfg(feature = "analysis")]
#[derive(Parser)]
#[command(name = "featscope", version, propagate_version = true, max_term_width = 100)]
struct Analysis {
    #[command(subcommand)]
    command: AnalysisCommand,
}

#[cfg(feature = "analysis")]
#[derive(Subcommand)]
enum AnalysisCommand {
    /// Extract features of every asked-for layer (runs featscope-extract)
    #[command(disable_help_flag = true)]
    Extract(HandedOver),
    /// Train small encoders by SL, SL-MLP, SimCLR (runs featscope-extract)
    #[command(disable_help_flag = true)]
    Pretrain(HandedOver),
}

/// Arguments that the second program reads.
#[derive(clap::Args)]
struct HandedOver {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    args: Vec<OsString>,
}

/// Runs `featscope`.
#[cfg(feature = "analysis")]
pub fn analysis_program() -> ExitCode {
    let _ = Analysis::parse();
    ExitCode::SUCCESS
}

/// Runs `featscope-extract`.
#[cfg(feature = "torch")]
pub fn torch_program() -> ExitCode {
    ExitCode::SUCCESS
}
