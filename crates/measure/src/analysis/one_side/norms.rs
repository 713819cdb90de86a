//! Metrics of the norms of the rows of one set.

use super::rows_used::of_held_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::side::Side;
use crate::error::Result;
use crate::metrics::FromNorms;
use crate::stats::in_range;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromNorms>], plan: &Plan) -> Vec<Outcome> {
    let norms = side.rows.norms();
    let without = |group: usize| -> Result<Vec<f64>> {
        let rows = norms.iter().zip(side.rows.groups());
        Ok(rows
            .filter(|(_, g)| usize::from(**g) != group)
            .map(|(norm, _)| *norm)
            .collect())
    };
    let measurable = in_range(side.rows.measurable());
    let value = |eval: FromNorms, norms: &Vec<f64>| measurable.clone().and_then(|()| (eval.value)(norms));
    let replicates = replicates(asked, norms.len() as u64, without, value);
    let outcome = |(asked, replicates): (&PlannedMetric<FromNorms>, Result<Vec<f64>>)| {
        let outcome = Outcome::new(value(asked.eval, &norms)).with_replicates(asked.metric, replicates);
        of_held_rows(side, outcome, plan)
    };
    asked.iter().zip(replicates).map(outcome).collect()
}
