//! Metrics of each row's mean distances to the classes of its set.

use super::super::kinds::Chosen;
use super::super::outcome::Outcome;
use super::super::{Plan, Side};
use super::within::outcome_of_shares;
use crate::metrics::Eval;
use crate::stats::class_distances;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let rows = &side.rows;
    let norms = rows.norms();
    metrics
        .iter()
        .map(|&chosen| {
            let Eval::ByClass { distance, row, .. } = chosen.1 else {
                unreachable!("only metrics of distances to classes come here");
            };
            let found = class_distances(rows, |squared, i, j| distance(squared, norms[i], norms[j]));
            let shares: Vec<_> = found.iter().map(|to| to.as_ref().map(row)).collect();
            outcome_of_shares(side, chosen, || shares.iter().copied(), plan)
        })
        .collect()
}
