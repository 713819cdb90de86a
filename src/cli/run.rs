//! `featscope run EXPERIMENT.toml`: the main job, end to end. Running it again does only what changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::analyze::{Beside, What, analysis_of, plan};
use super::experiment::{Dataset, Experiment, Found, Model};
use super::inputs::Input;
use super::{hand_over, style};
use crate::analysis::Suite;
use crate::compare::{Comparison, Options, merge};
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
struct State {
    /// By feature store.
    stores: BTreeMap<String, String>,
    /// Of the program that made them.
    #[serde(default)]
    extractor: String,
    /// Of the results of each model, run and step, by their folder.
    #[serde(default)]
    parts: BTreeMap<String, String>,
    /// Of the results.
    analysis: String,
    /// Of the report.
    #[serde(default)]
    report: String,
}

const STATE: &str = "run.json";

/// The folder of the results of each model, run and step.
const PARTS: &str = "parts";

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
    plan(&settings(&experiment, args), select, PICTURES)?;
    let Some(stores) = extract(&experiment, args, &programs, &mut state)? else {
        // The other program has said why.
        return Ok(ExitCode::from(2));
    };
    let analysis = analyze(&experiment, args, &programs, &mut state, &stores)?;
    let options = Options {
        baseline: experiment.analysis.baseline.clone(),
        ..Options::default()
    };
    let made_of = key(&[&state.analysis, &format!("{options:?}"), &programs.own]);
    let is_shown = holds(
        &state.report,
        &made_of,
        &[&report.join("index.html"), &report.join(FILE)],
    );
    let comparison = if is_shown && Analysis::read(&report).is_ok() {
        Comparison::of(&analysis.results, &options)?
    } else {
        let comparison = super::report::write(&analysis, &options, &Meta::default(), &report)?;
        state.report = made(&made_of, &[&report.join("index.html"), &report.join(FILE)])?;
        save(&state, out)?;
        comparison
    };
    let mut lines = vec![format!("report: {}", report.join("index.html").display())];
    lines.extend(summary(&comparison));
    style::print(&(lines.join("\n") + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The feature stores of one checkpoint.
struct Stores {
    /// Model, run and step as a path below the folders of features and of results.
    place: PathBuf,
    /// In the order of the data sets.
    paths: Vec<PathBuf>,
}

/// Extracts what is not yet extracted; the stores in the order of models, runs, steps and data sets, or `None` where an
/// extraction failed.
fn extract(
    experiment: &Experiment,
    args: &Args,
    programs: &Programs,
    state: &mut State,
) -> anyhow::Result<Option<Vec<Stores>>> {
    let features = experiment.out.join("features");
    let data: Vec<Looked> = experiment.datasets.iter().map(look_at).collect::<anyhow::Result<_>>()?;
    for (i, Looked { folder, .. }) in data.iter().enumerate() {
        if let Some(other) = data[..i].iter().position(|other| other.folder == *folder) {
            anyhow::bail!(
                "{} and {} would both be stored as {folder}; give one of these data sets another name",
                experiment.datasets[other].path,
                experiment.datasets[i].path
            );
        }
    }
    // Where there is no program that could make them anew, the stores at hand are those to measure.
    let other = programs.extractor.as_ref().filter(|e| **e != state.extractor);
    if let Some(extractor) = other {
        state.stores.clear();
        state.extractor.clone_from(extractor);
        save(state, &experiment.out)?;
    }
    let mut stores = Vec::new();
    for (model, checkpoint) in experiment
        .models
        .iter()
        .flat_map(|m| m.found.iter().map(move |f| (m, f)))
    {
        let weights = sha256_of(&checkpoint.path)?;
        let place = place(model, checkpoint);
        let mut paths = Vec::new();
        // What is lacking, by its store: each word list says what it is made of, one call makes all.
        let mut lacking: Vec<(String, String, PathBuf)> = Vec::new();
        let mut sets = Vec::new();
        for (dataset, Looked { folder, fingerprint }) in experiment.datasets.iter().zip(&data) {
            let store = features.join(&place).join(folder);
            let name = store
                .strip_prefix(&experiment.out)
                .unwrap_or(&store)
                .display()
                .to_string();
            let alone = words(experiment, args, (model, checkpoint), &[dataset], &features);
            let made_of = key(&[&format!("{alone:?}"), &weights, fingerprint]);
            let manifest = store.join("manifest.json");
            let known = state.stores.get(&name);
            if !known.is_some_and(|known| holds(known, &made_of, &[&manifest])) {
                style::say(&format!("extract {} on {folder}", shown(&place)));
                lacking.push((name, made_of, manifest));
                sets.push(dataset);
            }
            paths.push(store);
        }
        if !sets.is_empty() {
            let mut words = words(experiment, args, (model, checkpoint), &sets, &features);
            // What is allowed changes nothing of what was done.
            let allowed = [
                ("--trust-code", experiment.trust_code || model.trust_code),
                (
                    "--allow-unknown-calls",
                    experiment.allow_unknown_calls || model.allow_unknown_calls,
                ),
            ];
            words.extend(allowed.iter().filter(|(_, so)| *so).map(|(option, _)| option.into()));
            // An extraction of the very same plan that was cut off goes on where it stopped, unless another program began it.
            if other.is_none() {
                words.push("--resume".into());
            }
            // Where the stores are, which it prints, is known.
            if hand_over::call(&words, Stdio::null())? != ExitCode::SUCCESS {
                return Ok(None);
            }
            for (name, made_of, manifest) in lacking {
                state.stores.insert(name, made(&made_of, &[&manifest])?);
            }
            save(state, &experiment.out)?;
        }
        stores.push(Stores { place, paths });
    }
    Ok(Some(stores))
}

/// Where a checkpoint's stores lie below a folder, as `featscope extract` lays them.
fn place(model: &Model, checkpoint: &Found) -> PathBuf {
    let mut place = PathBuf::from(&model.name);
    place.extend(checkpoint.run.as_ref().map(|run| format!("run-{run}")));
    place.extend(checkpoint.step.map(|step| format!("step-{step}")));
    place
}

/// The same for a reader: `SL, run 0, step 40`.
fn shown(place: &Path) -> String {
    let parts = place.iter().map(|part| part.to_string_lossy());
    let words = parts.enumerate().map(|(i, part)| {
        if i == 0 {
            part.into_owned()
        } else {
            part.replacen('-', " ", 1)
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The command line of one extraction.
fn words(
    experiment: &Experiment,
    args: &Args,
    (model, checkpoint): (&Model, &Found),
    datasets: &[&Dataset],
    features: &Path,
) -> Vec<OsString> {
    // That a store of another plan has to go is known here, where it is asked what changed.
    let mut words: Vec<OsString> = vec!["extract".into(), "--force".into()];
    let mut option = |name: &str, value: OsString| {
        words.push(format!("--{name}").into());
        words.push(value);
    };
    option("model", checkpoint.path.clone().into());
    option("out", features.into());
    option("name", model.name.clone().into());
    for dataset in datasets {
        option("data", dataset.path.clone().into());
        option("dataset-name", dataset.name.clone().into());
        option("split", dataset.split.clone().unwrap_or_default().into());
        let classes: Vec<String> = dataset.classes.iter().map(ToString::to_string).collect();
        option("classes", classes.join(",").into());
    }
    option("arch", model.arch.clone().into());
    option("projector", model.projector.clone().into());
    option("branch", model.branch.clone().into());
    option("pooling", model.pooling.clone().into());
    option("preprocess", model.preprocess.clone().into());
    let layers = model.layers.as_ref().unwrap_or(&experiment.layers);
    option("layers", layers.joined().into());
    option("device", experiment.device.clone().into());
    if let Some(run) = &checkpoint.run {
        option("run", run.into());
    }
    if let Some(step) = checkpoint.step {
        option("step", step.to_string().into());
    }
    if let Some(threads) = args.threads {
        option("threads", threads.to_string().into());
    }
    words
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

/// Analyzes the stores, unless the results at hand are of these very stores and settings: each checkpoint by itself, so that
/// one more asks for no other again.
fn analyze(
    experiment: &Experiment,
    args: &Args,
    programs: &Programs,
    state: &mut State,
    stores: &[Stores],
) -> anyhow::Result<Analysis> {
    let what = settings(experiment, args);
    let mut asked = vec![
        format!(
            "{:?}",
            What {
                threads: None,
                ..what.clone()
            }
        ),
        programs.own.clone(),
    ];
    for file in experiment.probe.groups.iter() {
        asked.push(sha256_of(file)?);
    }
    let mut sources = Vec::with_capacity(stores.len());
    for Stores { paths, .. } in stores {
        let mut parts = asked.clone();
        for store in paths {
            parts.push(sha256_of(&store.join("manifest.json"))?);
        }
        sources.push(key(&parts.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    let made_of = key(&sources.iter().map(String::as_str).collect::<Vec<_>>());
    let results = experiment.out.join(FILE);
    if holds(&state.analysis, &made_of, &[&results])
        && let Ok(analysis) = Analysis::read(&experiment.out)
    {
        return Ok(analysis);
    }
    let mut parts = Vec::with_capacity(stores.len());
    for (Stores { place, paths }, source) in stores.iter().zip(&sources) {
        let dir = experiment.out.join(PARTS).join(place);
        let name = place.display().to_string();
        let is_there = state
            .parts
            .get(&name)
            .is_some_and(|noted| holds(noted, source, &[&dir.join(FILE)]));
        if is_there && let Ok(part) = Analysis::read(&dir) {
            parts.push(part);
            continue;
        }
        style::say(&format!("analyze {}, {} feature stores", shown(place), paths.len()));
        let inputs: Vec<Input> = paths.iter().cloned().map(Input::from).collect();
        let part = analysis_of(&inputs, &what, PICTURES)?;
        part.write(&dir)?;
        state.parts.insert(name, made(source, &[&dir.join(FILE)])?);
        save(state, &experiment.out)?;
        parts.push(part);
    }
    let mut analysis = merge(parts)?;
    analysis.results.command = style::command_line();
    analysis.write(&experiment.out)?;
    state.analysis = made(&made_of, &[&results])?;
    save(state, &experiment.out)?;
    Ok(analysis)
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

/// What a data set turns out to be.
struct Looked {
    /// The folder of its stores: NAME-SPLIT, or NAME. The split may be said by the path alone.
    folder: String,
    fingerprint: String,
}

fn look_at(dataset: &Dataset) -> anyhow::Result<Looked> {
    let classes: Vec<String> = dataset.classes.iter().map(ToString::to_string).collect();
    let classes = (!classes.is_empty()).then_some(classes.as_slice());
    let images = crate::images::open(&dataset.path, dataset.split.as_deref(), classes)?;
    Ok(Looked {
        folder: match images.split() {
            "" => dataset.name.clone(),
            split => format!("{}-{split}", dataset.name),
        },
        fingerprint: images.fingerprint()?,
    })
}

fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(hash)
}
