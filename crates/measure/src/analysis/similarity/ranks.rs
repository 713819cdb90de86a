//! Metrics of the ranks of distances between rows, on both sides.

use super::matched_pair::{MatchedPair, say_draw};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::error::Result;
use crate::metrics::FromMatchedRanks;

/// The outcomes of these metrics.
pub fn outcomes(pair: MatchedPair, asked: &[PlannedMetric<FromMatchedRanks>], plan: &Plan) -> Vec<Outcome> {
    let ranked = pair.matching.ranked.len();
    let replicates = replicates(asked, ranked as u64, Ok, |eval, g| value(pair, eval, Some(*g)));
    let outcome = |(asked, replicates): (&PlannedMetric<FromMatchedRanks>, Result<Vec<f64>>)| {
        let found = value(pair, asked.eval, None);
        let mut outcome = Outcome::new(found).with_replicates(asked.metric, replicates);
        say_draw(&mut outcome, ranked, pair, plan);
        outcome.n = ranked as u64;
        outcome.null_value = outcome.value.is_ok().then_some(0.0);
        outcome
    };
    asked.iter().zip(replicates).map(outcome).collect()
}

fn value(pair: MatchedPair, eval: FromMatchedRanks, without: Option<usize>) -> Result<f64> {
    let kept = |place: usize| match without {
        None => true,
        Some(g) => pair.matching.pair_groups[place]
            .iter()
            .all(|&own| usize::from(own) != g),
    };
    let (x, y) = (pair.x.order(eval.between)?, pair.y.order(eval.between)?);
    (eval.value)(&x.ranks(kept), &y.ranks(kept))
}
