//! Two layers of the same images.

use super::layer::LayerRows;
use super::matching::Matching;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::stats::CrossSums;

/// Two layers and their matched rows.
#[derive(Clone, Copy)]
pub struct MatchedPair<'p> {
    pub x: &'p LayerRows<'p>,
    pub y: &'p LayerRows<'p>,
    pub matching: &'p Matching,
    /// Cross products by jackknife group; empty where they are not wanted or cannot be had.
    pub sums: &'p [CrossSums],
}

/// What a record says of the rows looked at, where they are a draw.
pub fn say_draw(outcome: &mut Outcome, drawn: usize, pair: MatchedPair, plan: &Plan) {
    if drawn < pair.matching.rows() {
        outcome.defined_by("rows_drawn", drawn);
        outcome.defined_by("rows_of", pair.matching.rows());
        outcome.defined_by("seed", plan.seed);
    }
}
