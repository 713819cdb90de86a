//! Metrics of the ranks of distances between rows, on both sides.

use super::super::Plan;
use super::super::kinds::{Chosen, replicates, restate};
use super::super::outcome::Outcome;
use super::neighbours::of_draw;
use super::pair::Pair;
use crate::error::Result;
use crate::metrics::{Eval, Matched};

/// Rows whose distances are ranked where the user sets no other number, and at most: their square is held.
const RANKED: usize = 2_000;
const MOST_RANKED: usize = 10_000;

/// How many rows a plan wants ranked.
pub fn wanted(plan: &Plan) -> usize {
    if plan.evals().any(|e| matches!(e, Eval::Matched(Matched::Ranks { .. }))) {
        plan.rows.unwrap_or(RANKED).min(MOST_RANKED)
    } else {
        0
    }
}

/// The outcomes of these metrics.
pub fn outcomes(pair: Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let matching = pair.matching;
    let replicates = replicates(metrics, matching.ranked.len() as u64, Ok, |eval, g| {
        value(pair, eval, Some(*g))
    });
    metrics
        .iter()
        .zip(replicates)
        .map(|(&(metric, eval), replicates)| {
            let mut convention = plan.conventions.describe(metric);
            of_draw(&mut convention, matching.ranked.len(), pair, plan);
            let mut outcome = Outcome::new(value(pair, eval, None), convention).with_replicates(metric, replicates);
            outcome.n = matching.ranked.len() as u64;
            outcome.null_value = outcome.value.is_ok().then_some(0.0);
            outcome
        })
        .collect()
}

fn value(pair: Pair, eval: Eval, without: Option<usize>) -> Result<f64> {
    let Eval::Matched(Matched::Ranks { value, between }) = eval else {
        unreachable!("only metrics of ranks come here")
    };
    let kept = |place: usize| match without {
        None => true,
        Some(g) => pair.matching.pair_groups[place]
            .iter()
            .all(|&own| usize::from(own) != g),
    };
    let (x, y) = (pair.x.order(between)?, pair.y.order(between)?);
    value(&x.ranks(kept), &y.ranks(kept)).map_err(|e| restate(&e))
}
