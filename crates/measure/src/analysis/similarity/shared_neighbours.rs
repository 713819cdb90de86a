//! Metrics of the nearest neighbours of rows, on both sides.

use super::matched_pair::{MatchedPair, say_draw};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::ties::Ties;
use crate::error::{Error, Result};
use crate::metrics::{FromMatchedNeighbours, MatchedNeighbours};
use crate::uncertainty::{ErrorBar, Groups, replicates_from_halves};

/// How many times what unrelated rows give a value must be, and how many times k the rows, for half-samples to show its spread:
/// below, halves of the rows are too few or say too little, and intervals covered 99 %.
const ABOVE_CHANCE: f64 = 3.0;
const ROWS_PER_NEIGHBOUR: usize = 10;

/// The outcomes of these metrics.
pub fn outcomes(pair: MatchedPair, asked: &[PlannedMetric<FromMatchedNeighbours>], plan: &Plan) -> Vec<Outcome> {
    let matching = pair.matching;
    let drawn = matching.drawn.len();
    let groups: Vec<u8> = matching.drawn.iter().map(|&row| matching.groups[row]).collect();
    let outcome = |asked: &PlannedMetric<FromMatchedNeighbours>| {
        let FromMatchedNeighbours {
            value,
            null,
            between,
            k,
        } = asked.eval;
        let value = |kept: Groups| -> Result<f64> {
            let near = MatchedNeighbours {
                x: pair.x.near(between, k)?,
                y: pair.y.near(between, k)?,
                groups: &groups,
                k,
            };
            value(&near, kept)
        };
        let sides = [("rows of the first side", pair.x), ("rows of the second side", pair.y)];
        let ties: Vec<(&str, Ties)> = sides
            .into_iter()
            .filter_map(|(which, layer)| Some((which, Ties::new(layer.near(between, k).ok()?, drawn, k))))
            .collect();
        let whole = value(Groups::ALL).and_then(|value| {
            ties.iter().try_for_each(|(_, ties)| ties.leave_something())?;
            Ok(value)
        });
        let chance = null(drawn, k);
        let replicates = match asked.metric.error {
            ErrorBar::HalfSamples => shows_spread(&whole, chance, drawn, k)
                .and_then(|()| replicates_from_halves(&whole, drawn as u64, value)),
            _ => Ok(Vec::new()),
        };
        let mut outcome = Outcome::new(whole).with_replicates(asked.metric, replicates);
        outcome.defined_by("k", k);
        outcome.defined_by("neighbours", between.describe());
        say_draw(&mut outcome, drawn, pair, plan);
        outcome.n = drawn as u64;
        outcome.null_value = outcome.value.is_ok().then_some(chance);
        if outcome.value.is_ok() {
            outcome
                .notes
                .extend(ties.iter().flat_map(|(which, ties)| ties.notes(which)));
        }
        outcome
    };
    asked.iter().map(outcome).collect()
}

/// Checks that half-samples can show the spread of a value.
fn shows_spread(value: &Result<f64>, chance: f64, rows: usize, k: usize) -> Result<()> {
    let value = value.clone()?;
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
