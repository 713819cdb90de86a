//! What an outcome says of the rows of a side that it is of.

use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::probed::Probed;
use crate::analysis::side::Side;

/// An outcome of all rows of a side.
pub fn of_all_rows(side: &Side, mut outcome: Outcome) -> Outcome {
    outcome.n = side.summary.rows;
    outcome.d = side.summary.width as u64;
    outcome.classes = side.classes();
    outcome
}

/// An outcome of as many labelled rows as `rows` finds among those that probes look at; of all rows of a side without such.
pub fn of_probed_rows(side: &Side, outcome: Outcome, rows: impl Fn(&Probed) -> usize) -> Outcome {
    let mut outcome = of_all_rows(side, outcome);
    if let Some(probed) = &side.probed {
        outcome.n = rows(probed) as u64;
        outcome.classes = probed.names.len() as u64;
    }
    outcome
}

/// An outcome of the rows of a side that were held; the record says so where they are a choice.
pub fn of_held_rows(side: &Side, mut outcome: Outcome, plan: &Plan) -> Outcome {
    say_held(side, &mut outcome, plan);
    outcome = of_all_rows(side, outcome);
    outcome.n = side.rows.len() as u64;
    outcome
}

/// What a record says of the rows looked at, where they are a choice.
pub fn say_held(side: &Side, outcome: &mut Outcome, plan: &Plan) {
    if !side.rows.are_all() {
        outcome.defined_by("rows_drawn", side.rows.len());
        outcome.defined_by("rows_of", side.summary.rows);
        outcome.defined_by("seed", plan.seed);
    }
}
