//! Metrics of each row's mean distances to the classes of its set.

use super::super::kinds::{Chosen, replicates_from_halves};
use super::super::outcome::Outcome;
use super::super::{Plan, Side};
use super::within::of_rows;
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::{Groups, OUT_OF_RANGE, ToClasses, all_and_halves, class_distances, unit_apart};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    metrics.iter().map(|&chosen| outcome(side, chosen, plan)).collect()
}

fn outcome(side: &Side, (metric, eval): Chosen, plan: &Plan) -> Outcome {
    let Eval::ByClass { cosine, row, value } = eval else {
        unreachable!("only metrics of distances to classes come here");
    };
    let rows = &side.rows;
    let norms = rows.norms();
    let found = class_distances(rows, |squared, i, j| match cosine {
        true => unit_apart((rows, i, norms[i]), (rows, j, norms[j]), squared) / 2.0,
        false => squared.sqrt(),
    });
    let resamples = all_and_halves();
    let mean = |kept: Groups| -> Result<f64> {
        if !rows.measurable() {
            return Err(Error::undefined(OUT_OF_RANGE));
        }
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
    let mut convention = plan.conventions.describe(metric);
    of_rows(&mut convention, side, plan);
    let whole = mean(Groups::ALL);
    let replicates = replicates_from_halves(&whole, rows.len() as u64, mean);
    let mut outcome = Outcome::new(whole, convention).with_replicates(metric, replicates);
    outcome.n = rows.len() as u64;
    outcome.d = side.summary.width as u64;
    outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
    outcome
}
