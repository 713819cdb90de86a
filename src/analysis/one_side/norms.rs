//! Metrics of the norms of the rows of one set.

use super::super::kinds::{Chosen, replicates};
use super::super::outcome::Outcome;
use super::super::{Plan, Side};
use super::within::of_rows;
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::OUT_OF_RANGE;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let norms = side.rows.norms();
    let without = |group: usize| -> Result<Vec<f64>> {
        let rows = norms.iter().zip(side.rows.groups());
        Ok(rows
            .filter(|(_, g)| usize::from(**g) != group)
            .map(|(norm, _)| *norm)
            .collect())
    };
    let measurable = side.rows.measurable();
    let value = |eval: Eval, norms: &Vec<f64>| match eval {
        Eval::Norms { .. } if !measurable => Err(Error::undefined(OUT_OF_RANGE)),
        Eval::Norms { value } => value(norms),
        _ => unreachable!("only metrics of norms come here"),
    };
    replicates(metrics, norms.len() as u64, without, value)
        .into_iter()
        .zip(metrics)
        .map(|(replicates, &(metric, eval))| {
            let mut convention = plan.conventions.describe(metric);
            of_rows(&mut convention, side, plan);
            let mut outcome = Outcome::new(value(eval, &norms), convention).with_replicates(metric, replicates);
            outcome.n = norms.len() as u64;
            outcome.d = side.summary.width as u64;
            outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
            outcome
        })
        .collect()
}
