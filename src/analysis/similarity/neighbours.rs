//! Metrics of the nearest neighbours of rows, on both sides.

use serde_json::{Map, Value, json};

use super::super::Plan;
use super::super::kinds::{Chosen, replicates};
use super::super::outcome::Outcome;
use super::pair::Pair;
use crate::error::Result;
use crate::metrics::{Eval, Matched, MatchedNeighbours};

/// A tenth of the neighbours goes with each group that is left out; this many hardly ever run out.
pub fn with_spare(k: usize) -> usize {
    k.saturating_add(k / 4).saturating_add(25)
}

/// What a record says of the rows looked at, where they are a draw.
pub fn of_draw(convention: &mut Map<String, Value>, drawn: usize, pair: Pair, plan: &Plan) {
    if drawn < pair.matching.rows() {
        convention.insert("rows_drawn".to_owned(), json!(drawn));
        convention.insert("rows_of".to_owned(), json!(pair.matching.rows()));
        convention.insert("seed".to_owned(), json!(plan.seed));
    }
}

/// The outcomes of these metrics.
pub fn outcomes(pair: Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let matching = pair.matching;
    let drawn = matching.drawn.len();
    let groups: Vec<u8> = matching.drawn.iter().map(|&row| matching.groups[row]).collect();
    let value = |eval: Eval, without: Option<u8>| -> Result<f64> {
        let Eval::Matched(Matched::Neighbours { value, between, k, .. }) = eval else {
            unreachable!("only metrics of neighbours come here")
        };
        let near = MatchedNeighbours {
            x: pair.x.near(between, k)?,
            y: pair.y.near(between, k)?,
            groups: &groups,
            k,
        };
        value(&near, without)
    };
    let replicates = replicates(metrics, drawn as u64, Ok, |eval, g| value(eval, Some(*g as u8)));
    metrics
        .iter()
        .zip(replicates)
        .map(|(&(metric, eval), replicates)| {
            let mut convention = plan.conventions.describe(metric);
            if let Eval::Matched(Matched::Neighbours { between, k, .. }) = eval {
                convention.insert("k".to_owned(), json!(k));
                convention.insert("neighbours".to_owned(), json!(between.describe()));
            }
            of_draw(&mut convention, drawn, pair, plan);
            let mut outcome = Outcome::new(value(eval, None), convention).with_replicates(metric, replicates);
            outcome.n = drawn as u64;
            if let (Ok(_), Eval::Matched(Matched::Neighbours { null, k, .. })) = (&outcome.value, eval) {
                outcome.null_value = Some(null(drawn, k));
            }
            outcome
        })
        .collect()
}
