//! The command line of `featscope run`, and its course from the experiment to the report.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::analysis_settings::{PICTURES, settings};
use super::analyze::analyze;
use super::extract::extract;
use super::program_digests::Programs;
use super::state::{STATE, State, holds, key, made, save};
use crate::cli::analyze::plan;
use crate::cli::experiment::Experiment;
use crate::cli::{report, style};
use crate::compare::{CompareOptions, Comparison};
use crate::files::{self, Lock};
use crate::metrics::select;
use crate::report::summary;
use crate::results::{Analysis, FILE, TABLES, check_folder};

/// Held while a run writes into its folder.
const LOCK: &str = ".run.lock";

/// Arguments of `featscope run`.
#[derive(clap::Args)]
pub struct Args {
    /// The experiment file (see the README for an example)
    experiment: PathBuf,
    /// Do everything again, changed or not
    #[arg(long)]
    force: bool,
    /// Threads (default: one for each processor)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Runs an experiment.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let experiment = Experiment::read(&args.experiment)?;
    let out = &experiment.out;
    std::fs::create_dir_all(out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let _lock = Lock::hold(&out.join(LOCK), out)?;
    // A state that cannot be read only means that everything is done again.
    let mut state: State = match files::read_text(&out.join(STATE), files::MAX_TEXT) {
        Ok(text) if !args.force => serde_json::from_str(&text).unwrap_or_default(),
        _ => State::default(),
    };
    let programs = Programs::here()?;
    // What cannot be measured or written is known before hours of extraction.
    let folder = out.join("report");
    check_folder(out, TABLES)?;
    check_folder(&folder, &[])?;
    plan(&settings(&experiment, args.threads), select, PICTURES)
        .with_context(|| format!("{}, [analysis]", args.experiment.display()))?;
    let Some(stores) = extract(&experiment, args.threads, &programs, &mut state)? else {
        // The other program has said why.
        return Ok(ExitCode::from(2));
    };
    let analysis = analyze(&experiment, args.threads, &programs, &mut state, &stores)?;
    let options = CompareOptions {
        baseline: experiment.baseline(),
        layer: experiment.report.layer.clone(),
        ..CompareOptions::default()
    };
    let title = experiment.title.as_deref();
    let made_of = key(&[&state.analysis, &format!("{options:?} {title:?}"), &programs.own]);
    let is_shown = holds(
        &state.report,
        &made_of,
        &[&folder.join("index.html"), &folder.join(FILE)],
    );
    let comparison = if is_shown && Analysis::read(&folder).is_ok() {
        Comparison::of(&analysis.results, &options)?
    } else {
        let comparison = report::write(&analysis, &options, title, &folder)?;
        state.report = made(&made_of, &[&folder.join("index.html"), &folder.join(FILE)])?;
        save(&state, out)?;
        comparison
    };
    let mut lines = vec![format!("report: {}", folder.join("index.html").display())];
    lines.extend(summary(&comparison));
    style::print(&(lines.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
