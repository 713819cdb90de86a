//! Analysis: each checkpoint alone, data set by data set, then all of them together.

use std::path::PathBuf;

use super::analysis_settings::{PICTURES, settings};
use super::extract::{Stores, shown};
use super::program_digests::Programs;
use super::progress::Progress;
use super::state::{Equal, State, holds, key, made, save};
use crate::analysis::{Piece, Same, equal_layers, joined};
use crate::cli::analyze::{What, plan, run_pieces, use_threads};
use crate::cli::experiment::Experiment;
use crate::cli::inputs::{NamedInput, open_all};
use crate::cli::{duplicate_layers, style};
use crate::features::{FeatureSet, Role};
use crate::files::sha256_of;
use crate::metrics::select;
use crate::results::{Analysis, Column, FILE};

/// The folder of what was measured of each model, run and step.
const PARTS: &str = "parts";

/// Below that of a model, run and step: that of the data sets, and that of a pretraining with an evaluation data set.
const SETS: &str = "sets";
const PAIRS: &str = "pairs";

/// One piece of the results of a model, run and step.
struct RunPiece {
    piece: Piece,
    /// Below the folder of the run.
    place: PathBuf,
    /// What it is made of.
    source: String,
    /// What was measured, once it is known.
    known: Option<Analysis>,
}

/// Analyzes the stores, unless the results at hand are of these very stores and settings: each checkpoint by itself, and of each
/// the data sets by themselves, so that one more asks for no other again.
pub fn analyze(
    experiment: &Experiment,
    threads: Option<u16>,
    programs: &Programs,
    state: &mut State,
    stores: &[Stores],
) -> anyhow::Result<Analysis> {
    use_threads(threads);
    let what = settings(experiment, threads);
    let asked = format!(
        "{:?}",
        What {
            threads: None,
            ..what.clone()
        }
    );
    let mut all = vec![asked, programs.own.clone()];
    let groups = experiment.probe.groups.as_deref().map(sha256_of).transpose()?;
    // One for each store of each checkpoint.
    let mut sources: Vec<Vec<String>> = Vec::with_capacity(stores.len());
    for Stores { paths, .. } in stores {
        let mut of_step = Vec::with_capacity(paths.len());
        for store in paths {
            let manifest = sha256_of(&store.join("manifest.json"))?;
            of_step.push(key(&[&manifest, groups.as_deref().unwrap_or_default()]));
        }
        all.push(key(&of_step.iter().map(String::as_str).collect::<Vec<_>>()));
        sources.push(of_step);
    }
    all.extend(experiment.models.iter().map(|model| model.shown().to_owned()));
    let made_of = key(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let results = experiment.out.join(FILE);
    if holds(&state.analysis, &made_of, &[&results])
        && let Ok(analysis) = Analysis::read(&experiment.out)
    {
        return Ok(analysis);
    }
    let mut steps: Vec<(Equal, Vec<RunPiece>)> = Vec::with_capacity(stores.len());
    for (of_step, sources) in stores.iter().zip(&sources) {
        let equal = equal(state, programs, &what, of_step, sources)?;
        let mut parts = parts(experiment, programs, &what, of_step, sources, &equal);
        for part in &mut parts {
            let dir = experiment.out.join(&part.place);
            let noted = state.parts.get(&part.place.display().to_string());
            let is_there = noted.is_some_and(|noted| holds(noted, &part.source, &[&dir.join(FILE)]));
            part.known = is_there.then(|| Analysis::read(&dir).ok()).flatten();
        }
        steps.push((equal, parts));
    }
    let plan = plan(&what, select, PICTURES)?;
    let lacks = |parts: &[RunPiece]| parts.iter().any(|part| part.known.is_none());
    let progress = Progress::new("analyze", steps.iter().filter(|(_, parts)| lacks(parts)).count());
    let (mut done, mut said): (usize, Vec<String>) = (0, Vec::new());
    for (of_step, (equal, parts)) in stores.iter().zip(&mut steps) {
        if !lacks(parts) {
            continue;
        }
        progress.say(done, 1, &format!("{}, {}", shown(&of_step.place), lacking(parts)));
        done += 1;
        let sets = open(of_step, &what)?;
        let same = of_sets(&sets, equal);
        for line in duplicate_layers::describe(&same) {
            if !said.contains(&line) {
                style::say(&line);
                said.push(line);
            }
        }
        let sets = duplicate_layers::without(sets, &same);
        let wanted: Vec<&mut RunPiece> = parts.iter_mut().filter(|part| part.known.is_none()).collect();
        let pieces: Vec<Piece> = wanted.iter().map(|part| part.piece.clone()).collect();
        for (part, measured) in wanted.into_iter().zip(run_pieces(&plan, &sets, &pieces)?) {
            let dir = experiment.out.join(&part.place);
            measured.write(&dir)?;
            let noted = made(&part.source, &[&dir.join(FILE)])?;
            state.parts.insert(part.place.display().to_string(), noted);
            part.known = Some(measured);
        }
        save(state, &experiment.out)?;
    }
    let parts = steps.into_iter().flat_map(|(_, parts)| parts);
    let mut analysis = joined(parts.filter_map(|part| part.known).collect(), &plan);
    relabel(&mut analysis, experiment);
    analysis.results.command = style::command_line();
    analysis.write(&experiment.out)?;
    state.analysis = made(&made_of, &[&results])?;
    save(state, &experiment.out)?;
    Ok(analysis)
}

fn open(stores: &Stores, what: &What) -> anyhow::Result<Vec<Box<dyn FeatureSet>>> {
    let inputs: Vec<NamedInput> = stores.paths.iter().cloned().map(NamedInput::from).collect();
    Ok(open_all(&inputs, &what.reading())?)
}

/// The layers of a model, run and step that are others by another name: as noted, or looked up.
fn equal(
    state: &mut State,
    programs: &Programs,
    what: &What,
    stores: &Stores,
    sources: &[String],
) -> anyhow::Result<Equal> {
    let place = stores.place.display().to_string();
    let made_of: Vec<&str> = sources.iter().chain([&programs.own]).map(String::as_str).collect();
    let made_of = key(&made_of);
    if let Some(known) = state.same.get(&place).filter(|known| known.stores == made_of) {
        return Ok(known.clone());
    }
    let found = equal_layers(&open(stores, what)?)?;
    let equal = Equal {
        stores: made_of,
        layers: found.into_iter().map(|same| (same.layer, same.other)).collect(),
    };
    state.same.insert(place, equal.clone());
    Ok(equal)
}

/// The same layers, of the model, run and step of these sets.
fn of_sets(sets: &[Box<dyn FeatureSet>], equal: &Equal) -> Vec<Same> {
    let Some(first) = sets.first().map(|set| set.subject()) else {
        return Vec::new();
    };
    let same = |(layer, other): &(String, String)| Same {
        model: first.model.clone(),
        run: first.run.clone(),
        step: first.step,
        layer: layer.clone(),
        other: other.clone(),
    };
    equal.layers.iter().map(same).collect()
}

/// The pieces that the results of a model, run and step are made of, and what each of them is made of: the features of its own data
/// sets and what is asked of them, but not which others there are.
fn parts(
    experiment: &Experiment,
    programs: &Programs,
    what: &What,
    stores: &Stores,
    sources: &[String],
    equal: &Equal,
) -> Vec<RunPiece> {
    let asked = What {
        pre: Vec::new(),
        eval: Vec::new(),
        suites: Vec::new(),
        groups: Vec::new(),
        threads: None,
        ..what.clone()
    };
    let asked = format!("{asked:?} {:?}", equal.layers);
    let mut pieces: Vec<(Piece, PathBuf, Option<Role>)> = Vec::new();
    for data in &experiment.datasets {
        let piece = Piece::Set(data.name.clone());
        if !pieces.iter().any(|(known, ..)| *known == piece) {
            pieces.push((piece, PathBuf::from(SETS).join(&data.name), Some(data.role)));
        }
    }
    for (pre, eval) in what
        .pre
        .iter()
        .flat_map(|pre| what.eval.iter().map(move |eval| (pre, eval)))
    {
        let place = PathBuf::from(PAIRS).join(pre).join(eval);
        pieces.push((Piece::Pair(pre.clone(), eval.clone()), place, None));
    }
    let parts = pieces.into_iter().map(|(piece, below, role)| {
        let own = format!("{piece:?} {role:?}");
        let mut made_of = vec![asked.as_str(), &programs.own, &own];
        let of_stores = experiment.datasets.iter().zip(sources);
        made_of.extend(
            of_stores
                .filter(|(data, _)| piece.is_of(&data.name))
                .map(|(_, source)| source.as_str()),
        );
        RunPiece {
            source: key(&made_of),
            place: PathBuf::from(PARTS).join(&stores.place).join(below),
            piece,
            known: None,
        }
    });
    parts.collect()
}

/// What is not known of a model, run and step: all of its data sets, or some pieces.
fn lacking(parts: &[RunPiece]) -> String {
    const NAMED: usize = 4;
    let lacking: Vec<String> = parts
        .iter()
        .filter(|part| part.known.is_none())
        .map(|part| part.piece.describe())
        .collect();
    if lacking.len() == parts.len() {
        let sets = parts.iter().filter(|part| matches!(part.piece, Piece::Set(_))).count();
        return style::counted(sets, "data set");
    }
    match lacking.len() {
        n if n > NAMED => format!("{} and {} more", lacking[..NAMED].join(", "), n - NAMED),
        _ => lacking.join(", "),
    }
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
