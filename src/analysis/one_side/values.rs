//! Metrics of the values that channels take.

use super::super::kinds::{Chosen, replicates};
use super::super::outcome::Outcome;
use super::super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::ChannelValues;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let all = side.summary.channels_without(None);
    let without = |group| Ok(side.summary.channels_without(Some(group)));
    replicates(metrics, side.summary.rows, without, value)
        .into_iter()
        .zip(metrics)
        .map(|(replicates, &(metric, eval))| {
            let found = value(eval, &all);
            // What was never seen, or always, may still be rare: no resample can say how rare.
            let replicates = match found {
                Ok(share) if metric.error.resamples() && (share == 0.0 || share == 1.0) => {
                    Err(Error::undefined("every resample gives the same"))
                }
                _ => replicates,
            };
            let mut outcome =
                Outcome::new(found, plan.conventions.describe(metric)).with_replicates(metric, replicates);
            outcome.n = side.summary.rows;
            outcome.d = side.summary.width as u64;
            outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
            outcome
        })
        .collect()
}

fn value(eval: Eval, values: &ChannelValues) -> Result<f64> {
    match eval {
        Eval::Values { value } => value(values),
        _ => unreachable!("only metrics of channels' values come here"),
    }
}
