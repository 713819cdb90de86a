//! Both sides of a pair: whether their rows can be measured, and what a record says of them.

use ndarray::Array2;

use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::side::Side;
use crate::error::Result;
use crate::stats::{Rows, in_range, squares_in_range};

/// A pretraining and an evaluation side.
pub type SidePair<'p> = (&'p Side<'p>, &'p Side<'p>);

/// Checks that the squares of distances between the rows of these sets neither overflow nor vanish.
pub fn check_measurable(pre: &Rows, eval: &Rows) -> Result<()> {
    in_range(pre.measurable() && eval.measurable())
}

/// The same of all rows of both sides.
pub fn check_both((pre, eval): SidePair) -> Result<()> {
    in_range(pre.summary.measurable() && eval.summary.measurable())
}

/// What a record says of the rows looked at, where they are a choice.
pub fn say_rows(outcome: &mut Outcome, (pre, eval): SidePair, used: [&Rows; 2], plan: &Plan) {
    if used.iter().any(|rows| !rows.are_all()) {
        outcome.defined_by("rows_drawn", used.map(Rows::len).to_vec());
        outcome.defined_by("rows_of", vec![pre.summary.rows, eval.summary.rows]);
        outcome.defined_by("seed", plan.seed);
    }
}

/// Whether the squares of these rows neither overflow nor vanish.
pub fn is_measurable(rows: &Array2<f64>) -> bool {
    let (low, high) = rows
        .iter()
        .fold((0.0f64, 0.0f64), |(low, high), x| (low.min(*x), high.max(*x)));
    squares_in_range(low, high, rows.ncols())
}
