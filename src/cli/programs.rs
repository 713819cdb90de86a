//! The two programs: their subcommands, and what becomes of them.

use std::process::ExitCode;

#[cfg(feature = "analysis")]
use clap::CommandFactory as _;
use clap::{Parser, Subcommand};

use super::style;
#[cfg(feature = "analysis")]
use super::{analyze, compare, correlate, export, hand_over, inspect, metrics, report, run, selftest, similarity};
#[cfg(feature = "torch")]
use super::{extract, interrupt, pretrain};

/// Says why one pretraining method transfers better than another, in numbers with error bars.
#[cfg(feature = "analysis")]
#[derive(Parser)]
#[command(name = "featscope", version, propagate_version = true, max_term_width = 100)]
struct AnalysisProgram {
    #[command(subcommand)]
    command: AnalysisCommand,
}

#[cfg(feature = "analysis")]
#[derive(Subcommand)]
enum AnalysisCommand {
    /// Do the whole job: extract, analyze, compare, report; a second call does only what changed
    Run(run::Args),
    /// Say what a checkpoint, a data set, a feature store, an array or a results file holds
    Inspect(inspect::Args),
    /// Measure feature stores or arrays: class variation, mixing, redundancy, each with an error bar
    Analyze(analyze::Args),
    /// Compare layers and models that saw the same images: CKA and its kin
    Similarity(similarity::Args),
    /// Set models side by side: value, interval, paired difference, rank
    Compare(compare::Args),
    /// Say which number predicts transfer: agreement of scores with accuracies, beside trivial baselines
    Correlate(correlate::Args),
    /// Write a checkpoint's backbone without its heads, in the names of torchvision, timm or Detectron2
    Export(export::Args),
    /// Extract features of every asked-for layer (runs featscope-extract)
    #[command(disable_help_flag = true)]
    Extract(hand_over::Args),
    /// List the metrics, or say everything about one
    Metrics(metrics::Args),
    /// Train small encoders by SL, SL-MLP, SimCLR, MoCo v2 or BYOL (runs featscope-extract)
    #[command(disable_help_flag = true)]
    Pretrain(hand_over::Args),
    /// Write a report: one self-contained page, tables, figures
    Report(report::Args),
    /// Prove every number on this machine: golden values, laws, closed forms, with the errors achieved
    Selftest(selftest::Args),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs `featscope`.
#[cfg(feature = "analysis")]
pub fn analysis_program() -> ExitCode {
    let command = match style::parsed::<AnalysisProgram>() {
        Ok(all) => all.command,
        Err(code) => return code,
    };
    style::finish(match command {
        AnalysisCommand::Run(args) => run::run(&args),
        AnalysisCommand::Inspect(args) => inspect::run(&args),
        AnalysisCommand::Analyze(args) => analyze::run(&args),
        AnalysisCommand::Similarity(args) => similarity::run(&args),
        AnalysisCommand::Compare(args) => compare::run(&args),
        AnalysisCommand::Correlate(args) => correlate::run(&args),
        AnalysisCommand::Export(args) => export::run(&args),
        AnalysisCommand::Extract(args) => hand_over::run("extract", &args),
        AnalysisCommand::Metrics(args) => metrics::run(&args),
        AnalysisCommand::Pretrain(args) => hand_over::run("pretrain", &args),
        AnalysisCommand::Report(args) => report::run(&args),
        AnalysisCommand::Selftest(args) => selftest::run(&args),
        AnalysisCommand::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut AnalysisProgram::command(), "featscope", &mut script);
            style::print_as_is(&String::from_utf8_lossy(&script)).map(|()| ExitCode::SUCCESS)
        }
    })
}

/// The half of featscope that needs libtorch: pretraining encoders and extracting their features.
#[cfg(feature = "torch")]
#[derive(Parser)]
#[command(name = "featscope-extract", version, propagate_version = true, max_term_width = 100)]
struct Torch {
    #[command(subcommand)]
    command: TorchCommand,
}

#[cfg(feature = "torch")]
#[derive(Subcommand)]
enum TorchCommand {
    /// Extract features of every asked-for layer in one pass over the images
    Extract(extract::Args),
    /// Train a small encoder by SL, SL-MLP, SimCLR, MoCo v2 or BYOL
    Pretrain(pretrain::Args),
}

/// Runs `featscope-extract`.
#[cfg(feature = "torch")]
pub fn torch_program() -> ExitCode {
    let command = match style::parsed::<Torch>() {
        Ok(all) => all.command,
        Err(code) => return code,
    };
    interrupt::end_with_caller();
    style::finish(libtorch_failures_are_errors(|| match command {
        TorchCommand::Extract(args) => extract::run(&args),
        TorchCommand::Pretrain(args) => pretrain::run(&args),
    }))
}

/// tch panics where libtorch throws, above all when a device has no memory left. The user gets its first line.
#[cfg(feature = "torch")]
fn libtorch_failures_are_errors(run: impl FnOnce() -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    std::panic::set_hook(default);
    outcome.unwrap_or_else(|cause| {
        let message = match (cause.downcast_ref::<String>(), cause.downcast_ref::<&str>()) {
            (Some(text), _) => text.as_str(),
            (_, Some(text)) => text,
            _ => "no reason given",
        };
        // libtorch's messages go on with its call stack, escaped by tch's `unwrap`.
        let first = message.split(['\n']).next().unwrap_or(message);
        let first = first.split("\\n").next().unwrap_or(first);
        Err(anyhow::anyhow!(
            "libtorch could not go on: {first}; if memory ran out, pass a smaller --batch-size"
        ))
    })
}
