//! Metrics of the nearest neighbours among samples of both sides.

use ndarray::{Axis, concatenate, s};
use serde_json::json;

use super::super::kinds::{Chosen, replicates_from_halves, with_spare_for_halves};
use super::super::outcome::Outcome;
use super::super::{Plan, SAMPLES, Side};
use super::{Pair, is_measurable};
use crate::metrics::{Eval, SamplePair};
use crate::stats::{Groups, Rows, nearest};

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    metrics.iter().map(|&chosen| outcome(pre, eval, chosen, plan)).collect()
}

fn outcome(pre: &Side, eval: &Side, (metric, evaluation): Chosen, plan: &Plan) -> Outcome {
    let Eval::Samples { value, null, k } = evaluation else {
        unreachable!("only metrics of samples come here")
    };
    let (a, b) = (&pre.summary.sample, &eval.summary.sample);
    let each = a.rows.nrows().min(b.rows.nrows());
    let mut convention = plan.conventions.describe(metric);
    convention.insert("k".to_owned(), json!(k));
    convention.insert("samples_per_side".to_owned(), json!(each));
    convention.insert("most_samples_per_side".to_owned(), json!(SAMPLES));
    convention.insert("seed".to_owned(), json!(plan.seed));
    let pooled = concatenate(Axis(0), &[a.rows.slice(s![..each, ..]), b.rows.slice(s![..each, ..])])
        .expect("both sides are of one layer");
    let pair = SamplePair {
        is_eval: (0..2 * each).map(|i| i >= each).collect(),
        groups: a.groups[..each].iter().chain(&b.groups[..each]).copied().collect(),
        measurable: is_measurable(&pooled),
        neighbours: nearest(&Rows::of(pooled), with_spare_for_halves(k)),
    };
    let whole = value(&pair, k, Groups::ALL);
    let replicates = replicates_from_halves(&whole, each as u64, |kept| value(&pair, k, kept));
    let mut outcome = Outcome::new(whole, convention).with_replicates(metric, replicates);
    outcome.n = 2 * each as u64;
    outcome.null_value = outcome.value.is_ok().then_some(null);
    outcome
}
