//! `featscope run EXPERIMENT.toml`: the main job, end to end. Running it again does only what changed.

mod analyze;
mod extract;
mod layers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::analyze::{Beside, What, plan};
use super::experiment::Experiment;
use super::{hand_over, style};
use crate::analysis::Suite;
use crate::compare::{Comparison, Options};
use crate::features::Role;
use crate::files::{self, Lock, hex, sha256_of, write_atomically};
use crate::metrics::select;
use crate::report::{Meta, summary};
use crate::results::{Analysis, FILE, TABLES, check_folder};

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

/// What the files of a run were made from, and which they are, so that the next run knows what changed: a file that another
/// command wrote in its place is not taken for it.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {
    /// By feature store.
    pub(super) stores: BTreeMap<String, String>,
    /// Of the program that made them.
    #[serde(default)]
    extractor: String,
    /// Of what was measured of each model, run and step, piece by piece, by their folders.
    #[serde(default)]
    pub(super) parts: BTreeMap<String, String>,
    /// Which layers of each model, run and step are others by another name.
    #[serde(default)]
    pub(super) same: BTreeMap<String, Equal>,
    /// Of the results.
    analysis: String,
    /// Of the report.
    #[serde(default)]
    report: String,
}

/// Layers that equal others, in these stores.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Equal {
    stores: String,
    /// (layer, the one that it equals).
    layers: Vec<(String, String)>,
}

pub(super) const STATE: &str = "run.json";

/// Held while a run writes into its folder.
const LOCK: &str = ".run.lock";

/// The programs, by their bytes: what another build made may be otherwise, whatever its version says.
struct Programs {
    /// This one, which measures and reports.
    own: String,
    /// The one that extracts, where there is one.
    extractor: Option<String>,
}

impl Programs {
    fn here() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("this program's own file cannot be found")?;
        Ok(Self {
            own: sha256_of(&own)?,
            extractor: hand_over::find().ok().map(|path| sha256_of(&path)).transpose()?,
        })
    }
}

/// A report shows pictures.
const PICTURES: Beside = Beside {
    tables: true,
    convergence: false,
};

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
    let report = out.join("report");
    check_folder(out, TABLES)?;
    check_folder(&report, &[])?;
    plan(&settings(&experiment, args), select, PICTURES)
        .with_context(|| format!("{}, [analysis]", args.experiment.display()))?;
    let Some(stores) = extract::extract(&experiment, args, &programs, &mut state)? else {
        // The other program has said why.
        return Ok(ExitCode::from(2));
    };
    let analysis = analyze::analyze(&experiment, args, &programs, &mut state, &stores)?;
    let options = Options {
        baseline: experiment.baseline(),
        layer: experiment.report.layer.clone(),
        ..Options::default()
    };
    let meta = Meta {
        title: experiment.title.clone(),
    };
    let made_of = key(&[&state.analysis, &format!("{options:?} {meta:?}"), &programs.own]);
    let is_shown = holds(
        &state.report,
        &made_of,
        &[&report.join("index.html"), &report.join(FILE)],
    );
    let comparison = if is_shown && Analysis::read(&report).is_ok() {
        Comparison::of(&analysis.results, &options)?
    } else {
        let comparison = super::report::write(&analysis, &options, &meta, &report)?;
        state.report = made(&made_of, &[&report.join("index.html"), &report.join(FILE)])?;
        save(&state, out)?;
        comparison
    };
    let mut lines = vec![format!("report: {}", report.join("index.html").display())];
    lines.extend(summary(&comparison));
    style::print(&(lines.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// How far some work has come, in lines that a log keeps.
struct Progress {
    verb: &'static str,
    total: usize,
    began: Instant,
}

impl Progress {
    fn new(verb: &'static str, total: usize) -> Self {
        Self {
            verb,
            total,
            began: Instant::now(),
        }
    }

    /// Says what comes next, after so many and at so many at once, and how long the rest may take.
    fn say(&self, done: usize, next: usize, what: &str) {
        let rest = self.began.elapsed().as_secs_f64() / done.max(1) as f64 * (self.total - done) as f64;
        let left = match rest {
            _ if done == 0 || rest < 10.0 => String::new(),
            rest if rest < 90.0 => format!(", about {:.0} s left", (rest / 10.0).round() * 10.0),
            rest => format!(", about {:.0} min left", rest / 60.0),
        };
        let which = match next {
            1 => format!("{}", done + 1),
            _ => format!("{} to {}", done + 1, done + next),
        };
        style::say(&format!("{} {which} of {}: {what}{left}", self.verb, self.total));
    }
}

/// What the experiment wants measured.
fn settings(experiment: &Experiment, args: &Args) -> What {
    let named = |role| {
        let mut names: Vec<String> = Vec::new();
        for data in experiment.datasets.iter().filter(|d| d.role == role) {
            if !names.contains(&data.name) {
                names.push(data.name.clone());
            }
        }
        names
    };
    let chosen = &experiment.analysis;
    What {
        pre: named(Role::Pre),
        eval: named(Role::Eval),
        fit: experiment.probe.fit.clone(),
        score: experiment.probe.score.clone(),
        groups: experiment
            .probe
            .groups
            .iter()
            .map(|file| file.display().to_string())
            .collect(),
        fit_sd: experiment.probe.fit_sd,
        suites: experiment
            .suites
            .iter()
            .map(|suite| Suite {
                name: suite.name.clone(),
                datasets: suite.datasets.clone(),
            })
            .collect(),
        metrics: if chosen.metrics.is_empty() {
            vec!["all".to_owned()]
        } else {
            chosen.metrics.clone()
        },
        convention: chosen.convention.clone(),
        k: chosen.k,
        seed: experiment.seed,
        threads: args.threads,
        ..What::default()
    }
}

/// What the state notes of files that were made of something: what it was, and the files by their bytes.
fn made(source: &str, files: &[&Path]) -> anyhow::Result<String> {
    let mut parts = vec![source.to_owned()];
    for file in files {
        parts.push(sha256_of(file)?);
    }
    Ok(key(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Whether the files are those that were noted, made of the same.
fn holds(noted: &str, source: &str, files: &[&Path]) -> bool {
    made(source, files).is_ok_and(|found| found == noted)
}

fn save(state: &State, out: &Path) -> anyhow::Result<()> {
    Ok(write_atomically(
        &out.join(STATE),
        format!("{:#}\n", serde_json::to_value(state)?).as_bytes(),
    )?)
}

fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(hash)
}
