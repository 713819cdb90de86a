//! The outcomes of metrics of probes, and of few-shot episodes.

use super::cut::ProbeNeeds;
use super::fits::{ProbeFit, fitted};
use super::{efficiency, tables};
use crate::analysis::one_side::rows_used::of_probed_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::probed::Probed;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::{FromEpisodes, FromProbe};
use crate::probes::logistic::PenaltyStrength;
use crate::probes::{CROSS, Predictions, Probe, Scaling, TEMPERATURE, Vote, episodes, top1};
use crate::results::{DEFAULT, NEAREST, RIGHT, Table};
use crate::stats::in_range;
use crate::uncertainty::{ErrorBar, GROUPS, jackknife};

/// Numbers of neighbours in the table of votes by k, and the one that every record of votes states.
const SWEEP: &[usize] = &[1, 10, 20, 100, 200];
const ONE: &[usize] = &[1];

/// The outcomes of these metrics: one fit for all that share a probe.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromProbe>], plan: &Plan) -> Vec<Outcome> {
    let mut known: Vec<(Probe, Result<ProbeFit>)> = Vec::new();
    let mut outcomes = Vec::with_capacity(asked.len());
    for asked in asked {
        let probe = asked.eval.probe;
        let place = known.iter().position(|(other, _)| *other == probe).unwrap_or_else(|| {
            let found = readable(side).and_then(|probed| fitted(probed, &wanted(probe, plan)));
            known.push((probe, found));
            known.len() - 1
        });
        outcomes.push(outcome(side, asked, &known[place].1, plan));
    }
    if let (true, Some(probed), Some(first)) = (plan.tables, &side.probed, outcomes.first_mut()) {
        first.tables = of_probes(side, probed, asked, &known, plan);
    }
    outcomes
}

/// What the plan wants of a probe. The spread over fitting rows is cheap where nothing is chosen.
fn wanted(probe: Probe, plan: &Plan) -> ProbeNeeds {
    let (is_free, votes) = match probe {
        Probe::Votes { .. } => (true, true),
        Probe::Means { .. } => (true, false),
        Probe::Ridge | Probe::Linear { .. } => (false, false),
    };
    ProbeNeeds {
        probe,
        seed: plan.seed,
        refitted: is_free || plan.fit_sd,
        by_k: match (votes, plan.tables) {
            (true, true) => SWEEP,
            (true, false) => ONE,
            (false, _) => &[],
        },
    }
}

/// The tables of all probes that were fitted.
fn of_probes(
    side: &Side,
    probed: &Probed,
    asked: &[PlannedMetric<FromProbe>],
    known: &[(Probe, Result<ProbeFit>)],
    plan: &Plan,
) -> Result<Vec<Table>> {
    let mut all: Vec<tables::OfProbe> = Vec::new();
    for (probe, found) in known {
        let variant = asked
            .iter()
            .find(|one| one.eval.probe == *probe)
            .and_then(|one| one.variant);
        if let Ok(found) = found {
            all.push((probe.name(), variant.map_or(DEFAULT, |v| v.id), found));
        }
    }
    let mut made = tables::of_probes(side, probed, &all)?;
    if let Ok(probed) = readable(side) {
        made.push(efficiency::table(
            side,
            probed,
            known.iter().map(|one| one.0),
            plan.seed,
        )?);
    }
    Ok(made)
}

/// The rows that probes of a side look at.
pub fn readable<'s>(side: &'s Side) -> Result<&'s Probed> {
    let probed = side.probed.as_ref().ok_or_else(|| Error::undefined(ONLY_NAMED))?;
    let fitting = probed.fitting();
    if fitting.classes.is_empty() || probed.truths.is_empty() {
        return Err(Error::undefined("no labelled row is left to fit on or to score"));
    }
    if fitting.classes.iter().all(|c| *c == fitting.classes[0]) {
        return Err(Error::undefined("one class only: there is nothing to tell apart"));
    }
    in_range(fitting.rows.measurable() && probed.scored.rows.measurable())?;
    Ok(probed)
}

const ONLY_NAMED: &str = "the rows were not read";

fn outcome(side: &Side, asked: &PlannedMetric<FromProbe>, found: &Result<ProbeFit>, plan: &Plan) -> Outcome {
    let seeded = matches!(
        asked.eval.probe,
        Probe::Linear {
            strength: PenaltyStrength::Chosen(_),
            ..
        }
    );
    let (found, probed) = match (found, &side.probed) {
        (Ok(found), Some(probed)) => (found, probed),
        (Err(error), _) => return described(side, Outcome::new(Err(error.clone())), plan, true, seeded),
        (Ok(_), None) => {
            let error = Error::undefined(ONLY_NAMED);
            return described(side, Outcome::new(Err(error)), plan, true, seeded);
        }
    };
    let predictions = &found.predictions;
    let rows = predictions.all.len() as u64;
    let value = (asked.eval.value)(predictions, None);
    let without = |g| (asked.eval.value)(predictions, Some(g));
    let replicates = probed.scored.enough().and_then(|()| (0..GROUPS).map(without).collect());
    let is_share = asked.metric.error == ErrorBar::Share;
    // Rows that belong together are right or wrong together: the jackknife over whole groups takes that in.
    let mut outcome = match (is_share, &probed.scored.groups) {
        (true, None) => Outcome::new(value).with_share(replicates, rows),
        (true, Some(_)) => Outcome::new(value).with_bar(ErrorBar::Jackknife, replicates),
        (false, _) => Outcome::new(value).with_replicates(asked.metric, replicates),
    };
    if is_share && asked.metric.id != "linear_top5" && outcome.value.is_ok() && probed.scored.groups.is_none() {
        outcome.found(RIGHT, right(predictions));
    }
    if let (Ok(value), Some(refitted)) = (&outcome.value, &found.refitted) {
        let refitted: Result<Vec<f64>> = refitted.iter().map(|one| (asked.eval.value)(one, None)).collect();
        if let (Ok(refitted), Ok(())) = (refitted, probed.fitting().enough()) {
            outcome.found("fit_sd", jackknife(*value, &refitted, false).std_error);
        }
    }
    match asked.eval.probe {
        Probe::Votes { vote, .. } => {
            outcome.defined_by("k", found.k.unwrap_or_default());
            if vote == Vote::Cosine {
                outcome.defined_by("temperature", TEMPERATURE);
            }
            let by_one = found.by_k.iter().find(|(k, _)| *k == 1);
            if let Some(value) = by_one.and_then(|(_, predictions)| top1(predictions, None).ok()) {
                outcome.found(NEAREST, value);
            }
        }
        Probe::Means { .. } | Probe::Ridge => {}
        Probe::Linear { scaling, strength } => {
            match strength {
                PenaltyStrength::Chosen(protocol) => {
                    outcome.notes.extend(protocol.not_followed().map(str::to_owned));
                }
                PenaltyStrength::Fixed(c) => outcome.defined_by("C", c),
                PenaltyStrength::Penalty(lambda) => outcome.defined_by("lambda", lambda),
            }
            if scaling == Scaling::Rms && predictions.known == 2 {
                outcome
                    .notes
                    .push("two classes: C is half of scikit-learn's binomial C".to_owned());
            }
        }
    }
    outcome.null_value = chance(asked.metric.id, probed);
    for (name, value) in &found.beside {
        outcome.found(name, value.clone());
    }
    outcome.notes.extend(found.notes.iter().cloned());
    described(side, outcome, plan, true, seeded)
}

/// What a probe gives that always names the same classes, whatever it sees: the most frequent of the scored rows.
fn chance(id: &str, probed: &Probed) -> Option<f64> {
    let mut counts = vec![0u64; probed.names.len()];
    probed.truths.iter().flatten().for_each(|&class| counts[class] += 1);
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let share = |named: usize| counts.iter().take(named).sum::<u64>() as f64 / probed.truths.len() as f64;
    match id {
        "knn_top1" | "ncm_top1" | "ridge_top1" | "linear_top1" => Some(share(1)),
        "linear_top5" => Some(share(5)),
        "linear_class_mean" => Some(1.0 / counts.iter().filter(|n| **n > 0).count() as f64),
        _ => None,
    }
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
fn described(side: &Side, outcome: Outcome, plan: &Plan, crossed: bool, seeded: bool) -> Outcome {
    let mut outcome = of_probed_rows(side, outcome, |probed| probed.truths.len());
    let Some(probed) = &side.probed else { return outcome };
    if probed.scored.groups.is_some() {
        outcome.defined_by("grouped", true);
    }
    if seeded || (crossed && probed.fit.is_none()) {
        outcome.defined_by("seed", plan.seed);
    }
    match &probed.fit {
        Some(fit) => {
            outcome.fitted = side.fitted_split();
            outcome.found("fitting_rows", fit.classes.len());
        }
        _ if crossed => {
            outcome.defined_by("folds", CROSS);
            if outcome.estimate.is_some() {
                outcome
                    .notes
                    .push("cross-validated: the interval is given the fits of the folds".to_owned());
            }
        }
        _ => {}
    }
    if outcome.value.is_ok() {
        outcome.notes.extend(probed.notes.iter().cloned());
    }
    outcome
}

/// The outcomes of few-shot episodes.
pub fn of_episodes(side: &Side, asked: &[PlannedMetric<FromEpisodes>], plan: &Plan) -> Vec<Outcome> {
    asked.iter().map(|asked| episode_outcome(side, asked, plan)).collect()
}

fn episode_outcome(side: &Side, asked: &PlannedMetric<FromEpisodes>, plan: &Plan) -> Outcome {
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
            together: probed.scored.groups.as_deref().filter(|_| probed.fit.is_none()),
        };
        episodes::play(&drawn, shots, plan.seed)
    });
    let value = played.as_ref().map_err(Error::clone).and_then(|p| p.accuracy(None));
    let replicates = match (&played, &side.probed) {
        (Ok(_), Some(probed)) if probed.fit.is_none() => Err(Error::undefined(
            "episodes of one set alone fit on the rows that they score elsewhere, which the jackknife over scored rows does not know",
        )),
        (Ok(played), Some(probed)) => probed
            .scored
            .enough()
            .and_then(|()| (0..GROUPS).map(|g| played.accuracy(Some(g))).collect()),
        (Err(error), _) => Err(error.clone()),
        (Ok(_), None) => Err(Error::undefined(ONLY_NAMED)),
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
    described(side, outcome, plan, false, true)
}
