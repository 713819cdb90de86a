//! Metrics of the correlations between channels.

use super::rows_used::of_all_rows;
use crate::analysis::limits::too_wide;
use crate::analysis::outcome::{Outcome, few_rows};
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromCorrelation;
use crate::metrics::redundancy::{floor, redundancy_offdiagonal};
use crate::stats::{ChannelCorrelation, Moments};

/// How many times its floor mean |r| must reach before its interval covers as it should (simulated: see tests/coverage.rs).
const FLOORS: f64 = 2.0;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromCorrelation>]) -> Vec<Outcome> {
    let part = |group: Option<usize>, live: &[bool], varies: &[bool]| {
        correlation(side.summary.moments_without(group, false).as_ref(), live, varies)
    };
    let live = side.summary.channels_without(None).live();
    let whole = part(None, &live, &live);
    let resampled = resampled(asked, &whole, || {
        let without = |group| part(Some(group), &live, &side.summary.channels_without(Some(group)).live());
        replicates(asked, side.summary.rows, without, value)
    });
    of_correlations(side, asked, side.summary.rows, &live, &whole, resampled)
}

/// What `resample` gives, where there is a whole to resample.
pub fn resampled(
    asked: &[PlannedMetric<FromCorrelation>],
    whole: &Result<ChannelCorrelation>,
    resample: impl FnOnce() -> Vec<Result<Vec<f64>>>,
) -> Vec<Result<Vec<f64>>> {
    match whole {
        Ok(_) => resample(),
        Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// The outcomes of metrics of these correlations, of `rows` rows and the channels that are `live`.
pub fn of_correlations(
    side: &Side,
    asked: &[PlannedMetric<FromCorrelation>],
    rows: u64,
    live: &[bool],
    whole: &Result<ChannelCorrelation>,
    resampled: Vec<Result<Vec<f64>>>,
) -> Vec<Outcome> {
    let dead = live.iter().filter(|l| !**l).count();
    let outcome = |(asked, replicates): (&PlannedMetric<FromCorrelation>, Result<Vec<f64>>)| {
        let correlation = whole.as_ref().map_err(Error::clone);
        let found = correlation.clone().and_then(|c| value(asked.eval, c));
        let replicates = match asked.resamples() {
            true => correlation.clone().and_then(far_from_floor).and(replicates),
            false => replicates,
        };
        let mut outcome = of_all_rows(side, Outcome::new(found).with_replicates(asked.metric, replicates));
        outcome.found("dead_channels", dead);
        (outcome.n, outcome.d) = (rows, (live.len() - dead) as u64);
        if let (Ok(c), true) = (correlation, outcome.value.is_ok()) {
            outcome.null_value = Some((asked.eval.null)(c));
        }
        if dead > 0 {
            outcome.notes.push(format!("{dead} constant channels are left out"));
        }
        if outcome.value.is_ok() && asked.resamples() {
            let effect = "weak correlations look stronger than they are";
            outcome.notes.extend(few_rows(rows, outcome.d, effect));
        }
        outcome
    };
    asked.iter().zip(resampled).map(outcome).collect()
}

/// The correlations between the channels to `keep`, of which some no longer vary in this part of the rows.
pub fn correlation(moments: Option<&Moments>, keep: &[bool], varies: &[bool]) -> Result<ChannelCorrelation> {
    match moments {
        Some(moments) => ChannelCorrelation::new(moments, keep, varies),
        None => Err(too_wide(keep.len(), CORRELATIONS)),
    }
}

/// What sets that are too wide lack.
pub const CORRELATIONS: &str = "correlations are";

/// The value of a metric of correlations.
pub fn value(eval: FromCorrelation, c: &ChannelCorrelation) -> Result<f64> {
    (eval.value)(c)
}

/// Near its floor most |r| are noise folded at zero, which no resampling of rows sees as such.
fn far_from_floor(c: &ChannelCorrelation) -> Result<()> {
    match redundancy_offdiagonal(c) {
        Ok(value) if value < FLOORS * floor(c) => Err(Error::undefined(format!(
            "mean |r| = {value:.2e} is within {FLOORS} times its floor for independent channels, {:.2e}",
            floor(c)
        ))),
        _ => Ok(()),
    }
}
