//! Metrics of the nearest neighbours among samples of both sides: one table serves them all.

use ndarray::{Axis, concatenate, s};
use serde_json::json;

use super::super::kinds::{Chosen, replicates_from_halves, with_spare_for_halves};
use super::super::outcome::Outcome;
use super::super::ties::Ties;
use super::super::{Plan, SAMPLES};
use super::{Pair, is_measurable};
use crate::metrics::{Eval, SamplePair};
use crate::stats::{Groups, Rows, nearest};

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let (a, b) = (&pre.summary.sample, &eval.summary.sample);
    let each = a.rows.nrows().min(b.rows.nrows());
    let pooled = concatenate(Axis(0), &[a.rows.slice(s![..each, ..]), b.rows.slice(s![..each, ..])])
        .expect("both sides are of one layer");
    // A metric of more neighbours has no value.
    let most = metrics.iter().map(|(_, eval)| neighbours(*eval)).filter(|k| *k < each);
    let pair = SamplePair {
        is_eval: (0..2 * each).map(|i| i >= each).collect(),
        groups: a.groups[..each].iter().chain(&b.groups[..each]).copied().collect(),
        measurable: is_measurable(&pooled),
        neighbours: nearest(&Rows::of(pooled), with_spare_for_halves(most.max().unwrap_or(0))),
    };
    metrics
        .iter()
        .map(|&chosen| outcome(&pair, each, chosen, plan))
        .collect()
}

fn neighbours(eval: Eval) -> usize {
    match eval {
        Eval::Samples { k, .. } => k,
        _ => unreachable!("only metrics of samples come here"),
    }
}

fn outcome(pair: &SamplePair, each: usize, (metric, eval): Chosen, plan: &Plan) -> Outcome {
    let Eval::Samples { value, null, k } = eval else {
        unreachable!("only metrics of samples come here")
    };
    let mut convention = plan.conventions.describe(metric);
    convention.insert("k".to_owned(), json!(k));
    convention.insert("samples_per_side".to_owned(), json!(each));
    convention.insert("most_samples_per_side".to_owned(), json!(SAMPLES));
    convention.insert("seed".to_owned(), json!(plan.seed));
    // LISI counts the row itself.
    let ties = Ties::new(
        &pair.neighbours,
        pair.is_eval.len(),
        if null.is_some() { k } else { k.saturating_sub(1) },
    );
    let whole = value(pair, k, Groups::ALL).and_then(|value| ties.leave_something().map(|()| value));
    let replicates = replicates_from_halves(&whole, each as u64, |kept| value(pair, k, kept));
    let mut outcome = Outcome::new(whole, convention).with_replicates(metric, replicates);
    outcome.n = pair.is_eval.len() as u64;
    outcome.null_value = null.filter(|_| outcome.value.is_ok());
    if outcome.value.is_ok() {
        outcome.notes.extend(ties.notes("samples"));
    }
    outcome
}
