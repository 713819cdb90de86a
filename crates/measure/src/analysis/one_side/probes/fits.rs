//! One probe, fitted and asked: on another split, or fold by fold.

use serde_json::Value;

use super::cut::{Asking, FoldResult, ProbeNeeds};
use crate::analysis::probed::{Classifier, Probed};
use crate::error::{Error, Result};
use crate::probes::logistic::PenaltyStrength;
use crate::probes::{CROSS, Fold, Prediction, Predictions, Probe, Scaling};
use crate::uncertainty::GROUPS;

/// What a probe says of the scored rows, and how it came about.
pub struct ProbeFit {
    pub predictions: Predictions,
    /// The same of probes that are fitted without each jackknife group of the fitting rows, where they are wanted.
    pub refitted: Option<Vec<Predictions>>,
    /// What other numbers of neighbours say, where they are wanted.
    pub by_k: Vec<(usize, Predictions)>,
    /// Neighbours that voted.
    pub k: Option<usize>,
    /// What is found beside the value.
    pub beside: Vec<(&'static str, Value)>,
    pub notes: Vec<String>,
}

/// The cuts of what is probed: one of another split, or folds.
pub fn cuts(probed: &Probed, seed: u64) -> Vec<Fold> {
    let fitting = probed.fitting();
    let places: Vec<usize> = (0..fitting.classes.len()).collect();
    match &probed.fit {
        Some(_) => vec![Fold {
            fit: places,
            held: (0..probed.truths.len()).collect(),
        }],
        None => fitting.strata(probed.names.len()).folds(&places, CROSS, seed),
    }
}

/// Fits a probe and asks it of every scored row.
pub fn fitted(probed: &Probed, wanted: &ProbeNeeds) -> Result<ProbeFit> {
    let cuts = cuts(probed, wanted.seed);
    let mut made = Vec::with_capacity(cuts.len());
    for cut in cuts.into_iter().filter(|cut| !cut.held.is_empty()) {
        let asking = Asking {
            probed,
            fitting: probed.fitting(),
            held: &cut.held,
            seed: wanted.seed,
        };
        let mut answer = asking.answer(&cut.fit, wanted)?;
        // A single cut is fitted on all fitting rows.
        if let (Some(classifier), true) = (answer.classifier.take(), probed.fit.is_some()) {
            probed.keep(wanted.probe, classifier);
        }
        made.push((cut.held, answer));
    }
    let all = |pick: &dyn Fn(&FoldResult) -> Option<&Vec<Prediction>>| -> Option<Predictions> {
        let mut all: Vec<Option<Prediction>> = vec![None; probed.truths.len()];
        for (held, answer) in &made {
            for (&place, prediction) in held.iter().zip(pick(answer)?) {
                all[place] = Some(*prediction);
            }
        }
        Some(Predictions {
            all: all.into_iter().collect::<Option<_>>()?,
            classes: probed.scored.classes.clone(),
            groups: probed.scored.rows.groups().to_vec(),
            known: probed.names.len(),
        })
    };
    let predictions =
        all(&|answer| Some(&answer.predictions)).ok_or_else(|| Error::undefined("a row is in no fold"))?;
    let refitted = (0..GROUPS)
        .map(|g| all(&|answer| answer.refitted.get(g)))
        .collect::<Option<Vec<_>>>();
    let by_k = (0..wanted.by_k.len()).filter_map(|i| {
        let k = made.first()?.1.by_k.get(i)?.0;
        Some((k, all(&|answer| answer.by_k.get(i).map(|(_, found)| found))?))
    });
    let mut notes: Vec<String> = made.iter().flat_map(|(_, answer)| answer.notes.clone()).collect();
    notes.dedup();
    Ok(ProbeFit {
        predictions,
        refitted,
        by_k: by_k.collect(),
        k: made.iter().filter_map(|(_, answer)| answer.k).min(),
        beside: together(&made),
        notes,
    })
}

/// The weights of logistic regression on all fitting rows: those of a probe that was fitted on them, where there was one.
pub fn classifier(probed: &Probed, strength: PenaltyStrength, seed: u64) -> Result<Classifier> {
    let probe = Probe::Linear {
        scaling: Scaling::Rms,
        strength,
    };
    if let Some(kept) = probed.kept(probe) {
        return Ok(kept);
    }
    let asking = Asking {
        probed,
        fitting: probed.fitting(),
        held: &[],
        seed,
    };
    let all: Vec<usize> = (0..probed.fitting().classes.len()).collect();
    let found = asking.classifier(&all, strength)?;
    probed.keep(probe, found.clone());
    Ok(found)
}

/// What all cuts found: a number of one, a list of several.
fn together(made: &[(Vec<usize>, FoldResult)]) -> Vec<(&'static str, Value)> {
    let [(_, first), rest @ ..] = made else {
        return Vec::new();
    };
    if rest.is_empty() {
        return first.beside.clone();
    }
    let value = |answer: &FoldResult, name: &str| {
        let found = answer.beside.iter().find(|(own, _)| *own == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    let list = |(name, _): &(&'static str, Value)| {
        let values: Vec<Value> = made.iter().map(|(_, answer)| value(answer, name)).collect();
        (*name, Value::Array(values))
    };
    first.beside.iter().map(list).collect()
}
