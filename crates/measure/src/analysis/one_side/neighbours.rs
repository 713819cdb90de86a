//! Metrics of the nearest neighbours of each row within its set: one table serves them all.

use super::rows_used::of_held_rows;
use crate::analysis::limits::MOST_NEIGHBOURS;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::analysis::ties::Ties;
use crate::error::{Error, Result};
use crate::metrics::{FromNeighbours, NearRows};
use crate::stats::in_range;
use crate::uncertainty::{ErrorBar, Groups, replicates_from_halves};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromNeighbours>], plan: &Plan) -> Vec<Outcome> {
    let near = NearRows {
        groups: side.rows.groups(),
        neighbours: side.neighbours(plan),
    };
    let coincide = (0..near.groups.len())
        .filter(|&i| near.neighbours.squared(i).first() == Some(&0.0))
        .count();
    asked
        .iter()
        .map(|asked| of_held_rows(side, outcome(side, asked, &near, coincide), plan))
        .collect()
}

fn outcome(side: &Side, asked: &PlannedMetric<FromNeighbours>, near: &NearRows, coincide: usize) -> Outcome {
    let FromNeighbours {
        value, k, distances, ..
    } = asked.eval;
    let among = |kept: Groups| -> Result<f64> {
        in_range(side.rows.measurable())?;
        if k > MOST_NEIGHBOURS {
            return Err(Error::undefined(format!(
                "k = {k} is above the {MOST_NEIGHBOURS} neighbours that are kept"
            )));
        }
        value(near, k, kept)
    };
    let rows = near.groups.len();
    // Where distances do not count the order of rows could.
    let ties = Ties::new(near.neighbours, if distances { 0 } else { rows }, k);
    let whole = among(Groups::ALL).and_then(|value| ties.leave_something().map(|()| value));
    let replicates = match asked.metric.error {
        ErrorBar::HalfSamples => replicates_from_halves(&whole, rows as u64, among),
        _ => Ok(Vec::new()),
    };
    let mut outcome = Outcome::new(whole).with_replicates(asked.metric, replicates);
    outcome.defined_by("k", k);
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
