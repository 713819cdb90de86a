//! Metrics of the values that channels take.

use super::rows_used::of_all_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromValues;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromValues>]) -> Vec<Outcome> {
    let all = side.summary.channels_without(None);
    let without = |group| Ok(side.summary.channels_without(Some(group)));
    let replicates = replicates(asked, side.summary.rows, without, |eval, values| (eval.value)(values));
    let outcome = |(asked, replicates): (&PlannedMetric<FromValues>, Result<Vec<f64>>)| {
        let found = (asked.eval.value)(&all);
        // What was never seen, or always, may still be rare: no resample can say how rare.
        let replicates = match found {
            Ok(share) if asked.resamples() && (share == 0.0 || share == 1.0) => {
                Err(Error::undefined("every resample gives the same"))
            }
            _ => replicates,
        };
        of_all_rows(side, Outcome::new(found).with_replicates(asked.metric, replicates))
    };
    asked.iter().zip(replicates).map(outcome).collect()
}
