//! Metrics of the ranks of distances between rows, on both sides.

use super::super::Plan;
use super::super::kinds::{Asked, replicates};
use super::super::outcome::Outcome;
use super::layer::needs;
use super::pair::Pair;
use super::shared_neighbours::say_draw;
use crate::error::Result;
use crate::metrics::FromMatchedRanks;

/// Rows whose distances are held where the user sets no other number, and at most: they are as many as half their square.
const RANKED: usize = 2_000;
const MOST_RANKED: usize = 10_000;

/// How many rows a plan wants the distances of.
pub fn wanted(plan: &Plan) -> usize {
    if needs(plan, |m| m.ranks.is_some() || m.distances) {
        plan.rows.unwrap_or(RANKED).min(MOST_RANKED)
    } else {
        0
    }
}

/// The outcomes of these metrics.
pub fn outcomes(pair: Pair, asked: &[Asked<FromMatchedRanks>], plan: &Plan) -> Vec<Outcome> {
    let ranked = pair.matching.ranked.len();
    let replicates = replicates(asked, ranked as u64, Ok, |eval, g| value(pair, eval, Some(*g)));
    let outcome = |(asked, replicates): (&Asked<FromMatchedRanks>, Result<Vec<f64>>)| {
        let found = value(pair, asked.eval, None);
        let mut outcome = Outcome::new(found).with_replicates(asked.metric, replicates);
        say_draw(&mut outcome, ranked, pair, plan);
        outcome.n = ranked as u64;
        outcome.null_value = outcome.value.is_ok().then_some(0.0);
        outcome
    };
    asked.iter().zip(replicates).map(outcome).collect()
}

fn value(pair: Pair, eval: FromMatchedRanks, without: Option<usize>) -> Result<f64> {
    let kept = |place: usize| match without {
        None => true,
        Some(g) => pair.matching.pair_groups[place]
            .iter()
            .all(|&own| usize::from(own) != g),
    };
    let (x, y) = (pair.x.order(eval.between)?, pair.y.order(eval.between)?);
    (eval.value)(&x.ranks(kept), &y.ranks(kept))
}
