//! Extraction: of each checkpoint what is not yet there, by one call for all data sets.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use super::layers;
use super::program_digests::Programs;
use super::progress::Progress;
use super::state::{State, holds, key, made, save};
use crate::checkpoint::fingerprint;
use crate::cli::experiment::{DatasetSection, Experiment, FoundCheckpoint, ModelSection};
use crate::cli::hand_over;

/// The feature stores of one checkpoint.
pub struct Stores {
    /// Model, run and step as a path below the folders of features and of results.
    pub place: PathBuf,
    /// In the order of the data sets.
    pub paths: Vec<PathBuf>,
}

/// Extracts what is not yet extracted; the stores in the order of models, runs, steps and data sets, or `None` where an
/// extraction failed.
pub fn extract(
    experiment: &Experiment,
    threads: Option<u16>,
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
    let layers: Vec<String> = layers::of_models(experiment)?;
    let mut stores = Vec::new();
    let mut lacking: Vec<Lacking> = Vec::new();
    let models = experiment.models.iter().zip(&layers);
    for (model, layers, checkpoint) in models.flat_map(|(m, layers)| m.found.iter().map(move |f| (m, layers, f))) {
        let weights = fingerprint(&checkpoint.path)?;
        let place = place(model, checkpoint);
        let one = Wanted {
            model,
            checkpoint,
            layers,
        };
        let mut paths = Vec::new();
        let mut own = Vec::new();
        for (dataset, Looked { folder, fingerprint }) in experiment.datasets.iter().zip(&data) {
            let store = features.join(&place).join(folder);
            let name = store
                .strip_prefix(&experiment.out)
                .unwrap_or(&store)
                .display()
                .to_string();
            let alone = words(experiment, &one, &[dataset], &features);
            let made_of = key(&[&format!("{alone:?}"), &weights, fingerprint]);
            let manifest = store.join("manifest.json");
            let known = state.stores.get(&name);
            if !known.is_some_and(|known| holds(known, &made_of, &[&manifest])) {
                own.push(Store {
                    name,
                    made_of,
                    manifest,
                    dataset,
                    folder,
                });
            }
            paths.push(store);
        }
        if !own.is_empty() {
            lacking.push(Lacking {
                wanted: one,
                place: place.clone(),
                stores: own,
            });
        }
        stores.push(Stores { place, paths });
    }
    let total: usize = lacking.iter().map(|one| one.stores.len()).sum();
    let progress = Progress::new("extract", total);
    let mut done = 0;
    for Lacking { wanted, place, stores } in lacking {
        let folders: Vec<&str> = stores.iter().map(|store| store.folder).collect();
        progress.say(
            done,
            stores.len(),
            &format!("{} on {}", shown(&place), folders.join(", ")),
        );
        done += stores.len();
        let sets: Vec<&DatasetSection> = stores.iter().map(|store| store.dataset).collect();
        let mut words = words(experiment, &wanted, &sets, &features);
        // What is allowed, and by how many threads it is done, changes nothing of what was done.
        let allowed = [
            ("--trust-code", experiment.trust_code || wanted.model.trust_code),
            (
                "--allow-unknown-calls",
                experiment.allow_unknown_calls || wanted.model.allow_unknown_calls,
            ),
            // An extraction of the very same plan that was cut off goes on where it stopped, unless another program began it.
            ("--resume", other.is_none()),
        ];
        words.extend(allowed.iter().filter(|(_, so)| *so).map(|(option, _)| option.into()));
        if let Some(threads) = threads {
            words.extend(["--threads".into(), threads.to_string().into()]);
        }
        // Where the stores are, which it prints, is known.
        if hand_over::call(&words, Stdio::null())? != ExitCode::SUCCESS {
            return Ok(None);
        }
        for Store {
            name,
            made_of,
            manifest,
            ..
        } in stores
        {
            state.stores.insert(name, made(&made_of, &[&manifest])?);
        }
        save(state, &experiment.out)?;
    }
    Ok(Some(stores))
}

/// A checkpoint of a model, and the layers that are wanted of it.
struct Wanted<'e> {
    model: &'e ModelSection,
    checkpoint: &'e FoundCheckpoint,
    layers: &'e str,
}

/// What is not yet extracted of a checkpoint.
struct Lacking<'e> {
    wanted: Wanted<'e>,
    place: PathBuf,
    stores: Vec<Store<'e>>,
}

/// A store that is not there, or made of something else.
struct Store<'e> {
    name: String,
    made_of: String,
    manifest: PathBuf,
    dataset: &'e DatasetSection,
    folder: &'e str,
}

/// Where a checkpoint's stores lie below a folder, as `featscope extract` lays them.
fn place(model: &ModelSection, checkpoint: &FoundCheckpoint) -> PathBuf {
    let mut place = PathBuf::from(&model.name);
    place.extend(checkpoint.run.as_ref().map(|run| format!("run-{run}")));
    place.extend(checkpoint.step.map(|step| format!("step-{step}")));
    place
}

/// The same for a reader: `SL, run 0, step 40`.
pub fn shown(place: &Path) -> String {
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
    Wanted {
        model,
        checkpoint,
        layers,
    }: &Wanted,
    datasets: &[&DatasetSection],
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
    option("layers", (*layers).into());
    option("device", experiment.device.clone().into());
    if let Some(run) = &checkpoint.run {
        option("run", run.into());
    }
    if let Some(step) = checkpoint.step {
        option("step", step.to_string().into());
    }
    words
}

/// What a data set turns out to be.
struct Looked {
    /// The folder of its stores: NAME-SPLIT, or NAME. The split may be said by the path alone.
    folder: String,
    fingerprint: String,
}

fn look_at(dataset: &DatasetSection) -> anyhow::Result<Looked> {
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
