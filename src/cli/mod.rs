//! The two programs' command lines: one file per subcommand. Only this module prints, exits or uses anyhow.

#[cfg(feature = "analysis")]
mod analyze;
#[cfg(feature = "analysis")]
mod compare;
#[cfg(feature = "analysis")]
mod hand_over;
#[cfg(feature = "analysis")]
mod metrics;
pub mod style;

use std::process::ExitCode;

#[cfg(feature = "analysis")]
use clap::CommandFactory as _;
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
    /// Measure feature stores or arrays: class variation, mixing, redundancy, each with an error bar
    Analyze(analyze::Args),
    /// Set models side by side: value, interval, paired difference, rank
    Compare(compare::Args),
    /// Extract features of every asked-for layer (runs featscope-extract)
    #[command(disable_help_flag = true)]
    Extract(hand_over::Args),
    /// List the metrics, or say everything about one
    Metrics(metrics::Args),
    /// Train small encoders by SL, SL-MLP, SimCLR (runs featscope-extract)
    #[command(disable_help_flag = true)]
    Pretrain(hand_over::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs `featscope`.
#[cfg(feature = "analysis")]
pub fn analysis_program() -> ExitCode {
    style::finish(match Analysis::parse().command {
        AnalysisCommand::Analyze(args) => analyze::run(&args),
        AnalysisCommand::Compare(args) => compare::run(&args),
        AnalysisCommand::Extract(args) => hand_over::run("extract", &args),
        AnalysisCommand::Metrics(args) => metrics::run(&args),
        AnalysisCommand::Pretrain(args) => hand_over::run("pretrain", &args),
        AnalysisCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Analysis::command(), "featscope", &mut script);
            style::print(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS)
        }
    })
}

/// Runs `featscope-extract`.
#[cfg(feature = "torch")]
pub fn torch_program() -> ExitCode {
    ExitCode::SUCCESS
}
