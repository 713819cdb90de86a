//! Analysis: of each checkpoint by itself, and all of them together.

use super::super::analyze::{What, analysis_of};
use super::super::experiment::Experiment;
use super::super::inputs::Input;
use super::super::style;
use super::extract::{Stores, shown};
use super::{Args, PICTURES, Programs, Progress, State, holds, key, made, save, settings};
use crate::compare::merge;
use crate::files::sha256_of;
use crate::results::{Analysis, Column, FILE};

/// The folder of the results of each model, run and step.
const PARTS: &str = "parts";

/// Analyzes the stores, unless the results at hand are of these very stores and settings: each checkpoint by itself, so that
/// one more asks for no other again.
pub fn analyze(
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
    let labels = experiment.models.iter().map(|model| model.shown());
    let all: Vec<&str> = sources.iter().map(String::as_str).chain(labels).collect();
    let made_of = key(&all);
    let results = experiment.out.join(FILE);
    if holds(&state.analysis, &made_of, &[&results])
        && let Ok(analysis) = Analysis::read(&experiment.out)
    {
        return Ok(analysis);
    }
    let mut parts = Vec::with_capacity(stores.len());
    for (Stores { place, .. }, source) in stores.iter().zip(&sources) {
        let dir = experiment.out.join(PARTS).join(place);
        let known = state.parts.get(&place.display().to_string());
        let is_there = known.is_some_and(|noted| holds(noted, source, &[&dir.join(FILE)]));
        parts.push(is_there.then(|| Analysis::read(&dir).ok()).flatten());
    }
    let progress = Progress::new("analyze", parts.iter().filter(|part| part.is_none()).count());
    let mut done = 0;
    for ((Stores { place, paths }, source), part) in stores.iter().zip(&sources).zip(&mut parts) {
        if part.is_some() {
            continue;
        }
        progress.say(done, &format!("{}, {} feature stores", shown(place), paths.len()));
        done += 1;
        let dir = experiment.out.join(PARTS).join(place);
        let inputs: Vec<Input> = paths.iter().cloned().map(Input::from).collect();
        let made_now = analysis_of(&inputs, &what, PICTURES)?;
        made_now.write(&dir)?;
        state
            .parts
            .insert(place.display().to_string(), made(source, &[&dir.join(FILE)])?);
        save(state, &experiment.out)?;
        *part = Some(made_now);
    }
    let mut analysis = merge(parts.into_iter().flatten().collect())?;
    relabel(&mut analysis, experiment);
    analysis.results.command = style::command_line();
    analysis.write(&experiment.out)?;
    state.analysis = made(&made_of, &[&results])?;
    save(state, &experiment.out)?;
    Ok(analysis)
}

/// Gives each model the label that tables and pictures show. What was extracted and measured knows it by its name.
fn relabel(analysis: &mut Analysis, experiment: &Experiment) {
    let shown = |name: &mut String| {
        if let Some(model) = experiment.models.iter().find(|model| model.name == *name) {
            *name = model.shown().to_owned();
        }
    };
    analysis.results.records.iter_mut().for_each(|r| shown(&mut r.model));
    analysis.results.inputs.iter_mut().for_each(|i| shown(&mut i.model));
    for (name, column) in analysis.tables.iter_mut().flat_map(|table| &mut table.columns) {
        if let (true, Column::Text(cells)) = (name == "model", column) {
            cells.iter_mut().for_each(shown);
        }
    }
}
