//! Metrics of the moments of both sides.

use super::super::kinds::{Chosen, replicates};
use super::super::outcome::Outcome;
use super::super::{Plan, WIDEST};
use super::Pair;
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::Moments;

/// The outcomes of these metrics. A jackknife group is left out of both sides at a time.
pub fn outcomes((pre, eval): Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let without = |group: Option<usize>| match (
        pre.summary.moments_without(group, false),
        eval.summary.moments_without(group, false),
    ) {
        (Some(a), Some(b)) => Ok((a, b)),
        _ => Err(Error::undefined(format!(
            "{} channels are more than the {WIDEST} whose covariance is computed",
            pre.summary.width
        ))),
    };
    let least = pre.summary.rows.min(eval.summary.rows);
    let whole = without(None);
    replicates(metrics, least, |group| without(Some(group)), value)
        .into_iter()
        .zip(metrics)
        .map(|(replicates, (metric, of))| {
            let found = match &whole {
                Ok(moments) => value(*of, moments),
                Err(error) => Err(Error::undefined(error.to_string())),
            };
            let mut outcome =
                Outcome::new(found, plan.conventions.describe(metric)).with_replicates(metric, replicates);
            outcome.n = pre.summary.rows + eval.summary.rows;
            let d = pre.summary.width as u64;
            if outcome.value.is_ok() && least < 5 * d {
                outcome.notes.push(format!(
                    "a side has {least} rows, below 5 d = {}: much of this distance is the error of its covariance",
                    5 * d
                ));
            }
            outcome
        })
        .collect()
}

fn value(eval: Eval, (a, b): &(Moments, Moments)) -> Result<f64> {
    match eval {
        Eval::Moments { value } => value(a, b),
        _ => unreachable!("only metrics of moments come here"),
    }
}
