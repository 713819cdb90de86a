//! Metrics of each row's distances to all rows of its set: one sweep serves them all.

use super::rows_used::of_held_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::{FromDistances, RowShares, RowView};
use crate::stats::{in_range, sweep};
use crate::uncertainty::{GROUPS, enough_rows};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromDistances>], plan: &Plan) -> Vec<Outcome> {
    let rows = &side.rows;
    let norms = rows.norms();
    let shares: Vec<Vec<RowShares>> = sweep(rows, rows, |i, squared| {
        let view = RowView {
            i,
            squared,
            rows,
            norms: &norms,
        };
        asked.iter().map(|asked| (asked.eval.row)(&view)).collect()
    });
    let outcome = |(m, asked): (usize, &PlannedMetric<FromDistances>)| {
        let mean = |without| mean(side, shares.iter().map(|row| row[m]), asked.eval, without);
        let replicates =
            enough_rows(rows.len() as u64).and_then(|()| (0..GROUPS).map(|group| mean(Some(group))).collect());
        let outcome = Outcome::new(mean(None)).with_replicates(asked.metric, replicates);
        of_held_rows(side, outcome, plan)
    };
    asked.iter().enumerate().map(outcome).collect()
}

/// The value of a metric that is a weighted mean over rows, from what each row adds.
fn mean(
    side: &Side,
    shares: impl Iterator<Item = RowShares>,
    eval: FromDistances,
    without: Option<usize>,
) -> Result<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (row, &group) in shares.zip(side.rows.groups()) {
        let share = match without {
            None => row.all,
            Some(g) if g == usize::from(group) => continue,
            Some(g) => row.without[g],
        };
        sum += share.0;
        weight += share.1;
    }
    in_range(side.rows.measurable())?;
    match weight > 0.0 {
        true => (eval.value)(sum / weight),
        false => Err(Error::undefined("no two rows to compare")),
    }
}
