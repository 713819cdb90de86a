//! Metrics of kernels of the distances between rows, on both sides.

use super::matched_pair::{MatchedPair, say_draw};
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::error::{Error, Result};
use crate::metrics::FromMatchedKernels;
use crate::stats::{CentredKernels, centred_kernels};

/// The outcomes of these metrics.
pub fn outcomes(pair: MatchedPair, asked: &[PlannedMetric<FromMatchedKernels>], plan: &Plan) -> Vec<Outcome> {
    let rows = pair.matching.ranked.len();
    let replicates = replicates(asked, rows as u64, Ok, |eval, g| {
        (eval.value)(&kernels(pair, eval, Some(*g))?)
    });
    let outcome = |(asked, replicates): (&PlannedMetric<FromMatchedKernels>, Result<Vec<f64>>)| {
        let kernels = kernels(pair, asked.eval, None);
        let value = kernels.as_ref().map_err(Error::clone).and_then(asked.eval.value);
        let mut outcome = Outcome::new(value).with_replicates(asked.metric, replicates);
        outcome.defined_by("bandwidth", asked.eval.bandwidth);
        say_draw(&mut outcome, rows, pair, plan);
        outcome.n = rows as u64;
        if let (Ok(_), Ok(kernels)) = (&outcome.value, &kernels) {
            outcome.null_value = Some((asked.eval.null)(kernels));
        }
        outcome
    };
    asked.iter().zip(replicates).map(outcome).collect()
}

/// Both kernels, of all rows or without one group: its rows have no part in the medians either.
fn kernels(pair: MatchedPair, eval: FromMatchedKernels, without: Option<usize>) -> Result<CentredKernels> {
    let (matching, sides) = (pair.matching, [pair.x.apart()?, pair.y.apart()?]);
    let group = |place: &usize| usize::from(matching.groups[matching.drawn[*place]]);
    let kept: Vec<bool> = matching
        .ranked
        .iter()
        .map(|place| Some(group(place)) != without)
        .collect();
    let mut s = [0.0; 2];
    for (s, side) in s.iter_mut().zip(sides) {
        let median = side.median_squared(&kept).filter(|median| *median > 0.0);
        let median = median.ok_or_else(|| {
            Error::undefined("half of the rows of a side or more are the same: the median distance is zero")
        })?;
        *s = eval.bandwidth.powi(2) * median;
    }
    if s.iter().any(|s| !s.is_normal()) {
        return Err(Error::undefined("the bandwidth is beyond the range of 64-bit numbers"));
    }
    Ok(centred_kernels(sides, s, &kept))
}
