//! Metrics of probes: fitted on some rows, scored on others.

mod fits;

use super::super::kinds::Asked;
use super::super::outcome::Outcome;
use super::super::probed::Probed;
use super::super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::{FromEpisodes, FromProbe};
use crate::probes::logistic::Strength;
use crate::probes::{CROSS, Predictions, Probe, Scaling, TEMPERATURE, Vote, episodes};
use crate::results::RIGHT;
use crate::stats::OUT_OF_RANGE;
use crate::uncertainty::{ErrorBar, GROUPS, enough_rows};
use fits::{Found, fitted};

/// The outcomes of these metrics: one fit for all that share a probe.
pub fn outcomes(side: &Side, asked: &[Asked<FromProbe>], plan: &Plan) -> Vec<Outcome> {
    let mut known: Vec<(Probe, Result<Found>)> = Vec::new();
    let outcome = |asked: &Asked<FromProbe>| {
        let probe = asked.eval.probe;
        if !known.iter().any(|(other, _)| *other == probe) {
            let found = readable(side).and_then(|probed| fitted(probed, probe, plan.seed));
            known.push((probe, found));
        }
        let found = known.iter().find(|(other, _)| *other == probe).map(|(_, found)| found);
        outcome(side, asked, found, plan)
    };
    asked.iter().map(outcome).collect()
}

/// The rows that probes of a side look at.
fn readable<'s>(side: &'s Side) -> Result<&'s Probed> {
    let probed = side.probed.as_ref().ok_or_else(|| Error::undefined(ONLY_NAMED))?;
    let fitting = probed.fitting();
    if fitting.classes.is_empty() || probed.truths.is_empty() {
        return Err(Error::undefined("no labelled row is left to fit on or to score"));
    }
    if fitting.classes.iter().all(|c| *c == fitting.classes[0]) {
        return Err(Error::undefined("one class only: there is nothing to tell apart"));
    }
    if !(fitting.rows.measurable() && probed.scored.rows.measurable()) {
        return Err(Error::undefined(OUT_OF_RANGE));
    }
    Ok(probed)
}

const ONLY_NAMED: &str = "the rows were not read";

fn outcome(side: &Side, asked: &Asked<FromProbe>, found: Option<&Result<Found>>, plan: &Plan) -> Outcome {
    let strength = Strength::Chosen;
    let seeded = matches!(asked.eval.probe, Probe::Linear { strength: s, .. } if s == strength);
    let found = match found {
        Some(Ok(found)) => found,
        Some(Err(error)) => return said(side, Outcome::new(Err(error.clone())), plan, true, seeded),
        None => {
            return said(
                side,
                Outcome::new(Err(Error::undefined(ONLY_NAMED))),
                plan,
                true,
                seeded,
            );
        }
    };
    let predictions = &found.predictions;
    let rows = predictions.all.len() as u64;
    let value = (asked.eval.value)(predictions, None);
    let without = |g| (asked.eval.value)(predictions, Some(g));
    let replicates = enough_rows(rows).and_then(|()| (0..GROUPS).map(without).collect());
    let mut outcome = match asked.metric.error {
        ErrorBar::Share => Outcome::new(value).with_share(replicates, rows),
        _ => Outcome::new(value).with_replicates(asked.metric, replicates),
    };
    if asked.metric.error == ErrorBar::Share && asked.metric.id != "linear_top5" && outcome.value.is_ok() {
        outcome.found(RIGHT, right(predictions));
    }
    match asked.eval.probe {
        Probe::Votes { vote, .. } => {
            outcome.defined_by("k", found.k.unwrap_or_default());
            if vote == Vote::Cosine {
                outcome.defined_by("temperature", TEMPERATURE);
            }
        }
        Probe::Means { .. } | Probe::Ridge => {}
        Probe::Linear { scaling, strength } => {
            match strength {
                Strength::Chosen => {}
                Strength::Fixed(c) => outcome.defined_by("C", c),
                Strength::Penalty(lambda) => outcome.defined_by("lambda", lambda),
            }
            if scaling == Scaling::Rms && predictions.known == 2 {
                outcome
                    .notes
                    .push("two classes: C is half of scikit-learn's binomial C".to_owned());
            }
        }
    }
    for (name, value) in &found.said {
        outcome.found(name, value.clone());
    }
    outcome.notes.extend(found.notes.iter().cloned());
    said(side, outcome, plan, true, seeded)
}

/// Which scored rows are right, in the order of their ids: bits of hexadecimal digits, the first row highest.
fn right(predictions: &Predictions) -> String {
    let digit = |four: &[crate::probes::Prediction]| {
        let bits = (0..4).map(|i| u32::from(four.get(i).is_some_and(|p| p.right)) << (3 - i));
        char::from_digit(bits.sum(), 16).unwrap_or('0')
    };
    predictions.all.chunks(4).map(digit).collect()
}

/// What every record of a probe says of its rows; `crossed` says whether one split alone is cut into folds, `seeded` whether it
/// draws at random in any case.
fn said(side: &Side, mut outcome: Outcome, plan: &Plan, crossed: bool, seeded: bool) -> Outcome {
    outcome.n = side.summary.rows;
    outcome.d = side.summary.width as u64;
    outcome.classes = side.classes();
    let Some(probed) = &side.probed else { return outcome };
    outcome.n = probed.truths.len() as u64;
    outcome.classes = probed.names.len() as u64;
    if seeded || (crossed && probed.fit.is_none()) {
        outcome.defined_by("seed", plan.seed);
    }
    match (&probed.fit, side.fitted) {
        (Some(fit), Some(fitted)) => {
            let subject = fitted.subject();
            outcome.fitted = Some((subject.dataset.clone(), subject.split.clone()));
            outcome.found("fitting_rows", fit.classes.len());
        }
        _ if crossed => outcome.defined_by("folds", CROSS),
        _ => {}
    }
    if outcome.value.is_ok() {
        outcome.notes.extend(probed.notes.iter().cloned());
    }
    outcome
}

/// The outcomes of few-shot episodes.
pub fn of_episodes(side: &Side, asked: &[Asked<FromEpisodes>], plan: &Plan) -> Vec<Outcome> {
    asked.iter().map(|asked| episode_outcome(side, asked, plan)).collect()
}

fn episode_outcome(side: &Side, asked: &Asked<FromEpisodes>, plan: &Plan) -> Outcome {
    let shots = asked.eval.shots;
    let played = readable(side).and_then(|probed| {
        let count = probed.names.len();
        let mut queries = vec![Vec::new(); count];
        for (i, truth) in probed.truths.iter().enumerate() {
            if let Some(class) = truth {
                queries[*class].push(i);
            }
        }
        let drawn = episodes::Drawn {
            fit: &probed.fitting().rows,
            supports: &probed.fitting().by_class(count),
            scored: &probed.scored.rows,
            queries: &queries,
            groups: probed.scored.rows.groups(),
            one_set: probed.fit.is_none(),
        };
        episodes::play(&drawn, shots, plan.seed)
    });
    let value = played.as_ref().map_err(Error::clone).and_then(|p| p.accuracy(None));
    let rows = side.probed.as_ref().map_or(0, |p| p.truths.len() as u64);
    let replicates = match &played {
        Ok(played) => enough_rows(rows).and_then(|()| (0..GROUPS).map(|g| played.accuracy(Some(g))).collect()),
        Err(error) => Err(error.clone()),
    };
    let mut outcome = Outcome::new(value).with_replicates(asked.metric, replicates);
    if let Ok(played) = &played {
        outcome.defined_by("episodes", episodes::COUNT);
        outcome.defined_by("ways", played.ways);
        outcome.defined_by("shots", shots);
        outcome.defined_by("queries", played.queries);
        outcome.found("episode_error", played.monte_carlo_error());
        outcome.null_value = Some(1.0 / played.ways as f64);
    }
    said(side, outcome, plan, false, true)
}
