//! What a plan wants of matched layers.

use crate::analysis::plan::Plan;
use crate::metrics::MatchedNeeds;

/// Rows whose distances are held where the user sets no other number, and at most: they are as many as half their square.
const RANKED: usize = 2_000;
const MOST_RANKED: usize = 10_000;

/// How many rows a plan wants the distances of.
pub fn rows_ranked(plan: &Plan) -> usize {
    if needs(plan, |m| m.ranks.is_some() || m.distances) {
        plan.rows.unwrap_or(RANKED).min(MOST_RANKED)
    } else {
        0
    }
}

/// Whether a metric of the plan needs this.
pub fn needs(plan: &Plan, wanted: fn(&MatchedNeeds) -> bool) -> bool {
    plan.needs().any(|needs| wanted(&needs.matched))
}
