//! Metrics of the nearest neighbours of each row within its set: one table serves them all.

use serde_json::json;

use super::super::kinds::{Chosen, MOST_NEIGHBOURS, replicates_from_halves};
use super::super::outcome::Outcome;
use super::super::ties::Ties;
use super::super::{Plan, Side};
use super::within::of_rows;
use crate::error::{Error, Result};
use crate::metrics::{ErrorBar, Eval, NearRows};
use crate::stats::{Groups, OUT_OF_RANGE};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let near = NearRows {
        groups: side.rows.groups(),
        neighbours: side.neighbours(plan),
    };
    let coincide = (0..near.groups.len())
        .filter(|&i| near.neighbours.squared(i).first() == Some(&0.0))
        .count();
    metrics
        .iter()
        .map(|&chosen| outcome(side, chosen, &near, coincide, plan))
        .collect()
}

fn outcome(side: &Side, (metric, eval): Chosen, near: &NearRows, coincide: usize, plan: &Plan) -> Outcome {
    let Eval::Neighbours {
        value, k, distances, ..
    } = eval
    else {
        unreachable!("only metrics of one set's neighbours come here")
    };
    let of = |kept: Groups| -> Result<f64> {
        if !side.rows.measurable() {
            return Err(Error::undefined(OUT_OF_RANGE));
        }
        if k > MOST_NEIGHBOURS {
            return Err(Error::undefined(format!(
                "k = {k} is above the {MOST_NEIGHBOURS} neighbours that are kept"
            )));
        }
        value(near, k, kept)
    };
    let rows = near.groups.len() as u64;
    // Where distances do not count the order of rows could.
    let ties = Ties::new(near.neighbours, if distances { 0 } else { near.groups.len() }, k);
    let whole = of(Groups::ALL).and_then(|value| ties.leave_something().map(|()| value));
    let replicates = match metric.error {
        ErrorBar::HalfSamples => replicates_from_halves(&whole, rows, of),
        _ => Ok(Vec::new()),
    };
    let mut convention = plan.conventions.describe(metric);
    convention.insert("k".to_owned(), json!(k));
    of_rows(&mut convention, side, plan);
    let mut outcome = Outcome::new(whole, convention).with_replicates(metric, replicates);
    outcome.n = rows;
    outcome.d = side.summary.width as u64;
    outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
    if outcome.value.is_ok() {
        outcome.notes.extend(ties.notes("rows"));
        if distances && coincide > 0 {
            outcome
                .notes
                .push(format!("{coincide} rows coincide with another one and are left out"));
        }
    }
    outcome
}
