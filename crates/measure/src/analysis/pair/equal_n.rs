//! Distances that depend on the number of rows, at about equal numbers.

use super::sides::SidePair;
use crate::analysis::outcome::{Outcome, in_words};
use crate::uncertainty::GROUPS;

/// The groups of the larger side that come near the rows of the smaller side, where the sides differ by a tenth or more:
/// [groups of pre, groups of eval], of ten.
pub fn groups_at_equal_n((pre, eval): SidePair) -> Option<[usize; 2]> {
    let [a, b] = [pre, eval].map(|s| s.summary.rows as f64);
    let share = |less: f64, more: f64| ((GROUPS as f64 * less / more).round() as usize).clamp(1, GROUPS);
    let groups = [share(b.min(a), a), share(a.min(b), b)];
    (groups != [GROUPS; 2]).then_some(groups)
}

/// Says what a value that depends on N is at about equal N.
pub fn at_equal_n(outcome: &mut Outcome, (pre, eval): SidePair, rows: [u64; 2], value: f64) {
    if !value.is_finite() {
        return;
    }
    outcome.found("at_equal_n", value);
    outcome.found("equal_n", rows.to_vec());
    outcome.notes.push(format!(
        "the sides have {} and {} rows, on which this distance depends: it is {} with {} and {}",
        pre.summary.rows,
        eval.summary.rows,
        in_words(value),
        rows[0],
        rows[1]
    ));
}
