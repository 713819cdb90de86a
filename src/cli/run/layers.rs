//! Which layers each model is asked for: known before the first image is read.

use crate::checkpoint::arch::Pooling;
use crate::checkpoint::{Checkpoint, LoadOptions, detect};
use crate::cli::experiment::{Experiment, Layers, ModelSection};
use crate::cli::style;
use crate::error::{Error, Result};
use crate::files::ScriptFile;

/// The layers of each model as an extraction is told them. Of a list that is the experiment's a model takes those that it has, and
/// a note says which it lacks.
///
/// # Errors
/// For a layer that no model has, and one of a model's own list that it lacks.
pub fn of_models(experiment: &Experiment) -> Result<Vec<String>> {
    let mut nobody: Vec<String> = names(&experiment.layers).unwrap_or_default();
    let (mut all, mut notes, mut everything) = (Vec::new(), Vec::new(), Vec::new());
    for model in &experiment.models {
        let asked = model.layers.as_ref().unwrap_or(&experiment.layers);
        let Some(wanted) = names(asked) else {
            nobody.clear();
            all.push(asked.joined());
            continue;
        };
        let Some(taps) = taps(experiment, model)? else {
            nobody.clear();
            all.push(asked.joined());
            continue;
        };
        let (kept, lacking): (Vec<String>, Vec<String>) = wanted.into_iter().partition(|name| taps.contains(name));
        let has = || taps.join(", ");
        if model.layers.is_some() && !lacking.is_empty() {
            return Err(Error::input(format!(
                "model {}: its checkpoint has no layer {}; it has {}",
                model.name,
                lacking.join(", "),
                has()
            )));
        }
        if kept.is_empty() {
            return Err(Error::input(format!(
                "model {}: its checkpoint has none of the layers {}; it has {}",
                model.name,
                lacking.join(", "),
                has()
            )));
        }
        nobody.retain(|name| !kept.contains(name));
        if !lacking.is_empty() {
            notes.push((lacking, format!("{} has no layer", model.name)));
        }
        everything.extend(taps);
        all.push(kept.join(","));
    }
    if !nobody.is_empty() && experiment.models.iter().any(|model| model.layers.is_none()) {
        everything.sort_unstable();
        everything.dedup();
        return Err(Error::input(format!(
            "layers: no model has {}; they have {}",
            nobody.join(", "),
            everything.join(", ")
        )));
    }
    for (lacking, start) in notes {
        style::say(&format!(
            "note: {start} {}; the others are measured",
            lacking.join(", ")
        ));
    }
    Ok(all)
}

/// The names of a list; `None` for all layers.
fn names(layers: &Layers) -> Option<Vec<String>> {
    let names: Vec<String> = layers.joined().split(',').map(|name| name.trim().to_owned()).collect();
    (!names.iter().any(|name| name == "all")).then_some(names)
}

/// The layers of a model's first checkpoint; `None` of one that tells them only when it runs.
fn taps(experiment: &Experiment, model: &ModelSection) -> Result<Option<Vec<String>>> {
    let Some(first) = model.found.first() else {
        return Ok(None);
    };
    if ScriptFile::look(&first.path)?.is_some() {
        return Ok(None);
    }
    let options = LoadOptions {
        arch: model.arch.clone(),
        projector: model.projector.clone(),
        branch: model.branch.clone(),
        pooling: Pooling::parse(&model.pooling),
        allow_unknown_calls: experiment.allow_unknown_calls || model.allow_unknown_calls,
        ..LoadOptions::default()
    };
    let loading = detect(&Checkpoint::open(&first.path)?, &options)?;
    Ok(Some(loading.taps().into_iter().map(|(name, _)| name).collect()))
}
