//! Metrics of the nearest neighbours of rows, on both sides.

use serde_json::{Map, Value, json};

use super::super::Plan;
use super::super::kinds::{Chosen, replicates_from_halves, restate};
use super::super::outcome::Outcome;
use super::super::ties::Ties;
use super::pair::Pair;
use crate::error::{Error, Result};
use crate::metrics::{ErrorBar, Eval, Matched, MatchedNeighbours};
use crate::stats::Groups;

/// How many times what unrelated rows give a value must be, and how many times k the rows, for half-samples to show its spread:
/// below, halves of the rows are too few or say too little, and intervals covered 99 %.
const ABOVE_CHANCE: f64 = 3.0;
const ROWS_PER_NEIGHBOUR: usize = 10;

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
    let value = |eval: Eval, kept: Groups| -> Result<f64> {
        let Eval::Matched(Matched::Neighbours { value, between, k, .. }) = eval else {
            unreachable!("only metrics of neighbours come here")
        };
        let near = MatchedNeighbours {
            x: pair.x.near(between, k)?,
            y: pair.y.near(between, k)?,
            groups: &groups,
            k,
        };
        value(&near, kept)
    };
    metrics
        .iter()
        .map(|&(metric, eval)| {
            let Eval::Matched(Matched::Neighbours { null, between, k, .. }) = eval else {
                unreachable!("only metrics of neighbours come here")
            };
            let mut convention = plan.conventions.describe(metric);
            convention.insert("k".to_owned(), json!(k));
            convention.insert("neighbours".to_owned(), json!(between.describe()));
            of_draw(&mut convention, drawn, pair, plan);
            let sides = [("rows of the first side", pair.x), ("rows of the second side", pair.y)];
            let ties: Vec<(&str, Ties)> = sides
                .into_iter()
                .filter_map(|(which, layer)| Some((which, Ties::new(layer.near(between, k).ok()?, drawn, k))))
                .collect();
            let whole = value(eval, Groups::ALL).and_then(|value| {
                ties.iter().try_for_each(|(_, ties)| ties.leave_something())?;
                Ok(value)
            });
            let chance = null(drawn, k);
            let replicates = match metric.error {
                ErrorBar::HalfSamples => shows_spread(&whole, chance, drawn, k)
                    .and_then(|()| replicates_from_halves(&whole, drawn as u64, |kept| value(eval, kept))),
                _ => Ok(Vec::new()),
            };
            let mut outcome = Outcome::new(whole, convention).with_replicates(metric, replicates);
            outcome.n = drawn as u64;
            outcome.null_value = outcome.value.is_ok().then_some(chance);
            if outcome.value.is_ok() {
                outcome
                    .notes
                    .extend(ties.iter().flat_map(|(which, ties)| ties.notes(which)));
            }
            outcome
        })
        .collect()
}

/// Whether half-samples can show the spread of a value.
fn shows_spread(value: &Result<f64>, chance: f64, rows: usize, k: usize) -> Result<()> {
    let value = *value.as_ref().map_err(restate)?;
    if rows < ROWS_PER_NEIGHBOUR * k {
        return Err(Error::undefined(format!(
            "{rows} rows are fewer than {ROWS_PER_NEIGHBOUR} for each of k = {k} neighbours"
        )));
    }
    if value < ABOVE_CHANCE * chance {
        return Err(Error::undefined(format!(
            "the value is less than {ABOVE_CHANCE} times what unrelated rows give"
        )));
    }
    Ok(())
}
