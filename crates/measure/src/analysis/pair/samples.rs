//! Metrics of the nearest neighbours among samples of both sides: one table serves them all.

use ndarray::{Axis, concatenate, s};

use super::sides::{SidePair, is_measurable};
use crate::analysis::limits::SAMPLES;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::ties::Ties;
use crate::metrics::{FromSamples, SamplePair};
use crate::stats::{Rows, nearest};
use crate::uncertainty::{Groups, replicates_from_halves, with_spare_for_halves};

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): SidePair, asked: &[PlannedMetric<FromSamples>], plan: &Plan) -> Vec<Outcome> {
    let (a, b) = (&pre.summary.sample, &eval.summary.sample);
    let each = a.rows.nrows().min(b.rows.nrows());
    let pooled = concatenate(Axis(0), &[a.rows.slice(s![..each, ..]), b.rows.slice(s![..each, ..])])
        .expect("both sides are of one layer");
    // A metric of more neighbours has no value.
    let most = asked.iter().map(|asked| asked.eval.k).filter(|k| *k < each);
    let pair = SamplePair {
        is_eval: (0..2 * each).map(|i| i >= each).collect(),
        groups: a.groups[..each].iter().chain(&b.groups[..each]).copied().collect(),
        measurable: is_measurable(&pooled),
        neighbours: nearest(&Rows::of(pooled), with_spare_for_halves(most.max().unwrap_or(0))),
    };
    asked.iter().map(|asked| outcome(&pair, each, asked, plan)).collect()
}

fn outcome(pair: &SamplePair, each: usize, asked: &PlannedMetric<FromSamples>, plan: &Plan) -> Outcome {
    let FromSamples { value, null, k } = asked.eval;
    // LISI counts the row itself.
    let ties = Ties::new(
        &pair.neighbours,
        pair.is_eval.len(),
        if null.is_some() { k } else { k.saturating_sub(1) },
    );
    let whole = value(pair, k, Groups::ALL).and_then(|value| ties.leave_something().map(|()| value));
    let replicates = replicates_from_halves(&whole, each as u64, |kept| value(pair, k, kept));
    let mut outcome = Outcome::new(whole).with_replicates(asked.metric, replicates);
    outcome.defined_by("k", k);
    outcome.defined_by("samples_per_side", each);
    outcome.defined_by("most_samples_per_side", SAMPLES);
    outcome.defined_by("seed", plan.seed);
    outcome.n = pair.is_eval.len() as u64;
    outcome.null_value = null.filter(|_| outcome.value.is_ok());
    if outcome.value.is_ok() {
        outcome.notes.extend(ties.notes("samples"));
    }
    outcome
}
