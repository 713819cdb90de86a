//! Metrics of each row's mean distances to the classes of its set.

use super::rows_used::of_held_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromClassDistances;
use crate::stats::{ToClasses, class_distances, in_range, unit_apart};
use crate::uncertainty::{Groups, all_and_halves, replicates_from_halves};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromClassDistances>], plan: &Plan) -> Vec<Outcome> {
    asked.iter().map(|asked| outcome(side, asked, plan)).collect()
}

fn outcome(side: &Side, asked: &PlannedMetric<FromClassDistances>, plan: &Plan) -> Outcome {
    let FromClassDistances { cosine, row, value } = asked.eval;
    let rows = &side.rows;
    let norms = rows.norms();
    let found = class_distances(rows, |squared, i, j| match cosine {
        true => unit_apart((rows, i, norms[i]), (rows, j, norms[j]), squared) / 2.0,
        false => squared.sqrt(),
    });
    let resamples = all_and_halves();
    let mean = |kept: Groups| -> Result<f64> {
        in_range(rows.measurable())?;
        let place = resamples.iter().position(|r| *r == kept).expect("one of the resamples");
        let of_row = |(to, &group): (&Option<_>, &u8)| {
            let to = to.as_ref().filter(|_| kept.has(group))?;
            let ToClasses { own, other } = to;
            row(own[place], other[place])
        };
        let (mut sum, mut counted) = (0.0, 0.0);
        for share in found.iter().zip(rows.groups()).filter_map(of_row) {
            sum += share;
            counted += 1.0;
        }
        match counted > 0.0 {
            true => value(sum / counted),
            false => Err(Error::undefined("no two classes to compare")),
        }
    };
    let whole = mean(Groups::ALL);
    let replicates = replicates_from_halves(&whole, rows.len() as u64, mean);
    let outcome = Outcome::new(whole).with_replicates(asked.metric, replicates);
    of_held_rows(side, outcome, plan)
}
