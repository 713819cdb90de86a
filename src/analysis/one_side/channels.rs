//! Metrics of the correlations between channels.

use serde_json::json;

use super::super::kinds::{Chosen, replicates, restate};
use super::super::outcome::{Outcome, few_rows};
use super::super::{Plan, Side, WIDEST};
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::metrics::redundancy::floor;
use crate::stats::{Correlation, Moments};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let part = |group: Option<usize>, live: &[bool], varies: &[bool]| {
        correlation(side.summary.moments_without(group, false).as_ref(), live, varies)
    };
    let live = side.summary.channels_without(None).live();
    let whole = part(None, &live, &live);
    of_correlations(side, metrics, plan, side.summary.rows, &live, whole, |metrics| {
        let without = |group| part(Some(group), &live, &side.summary.channels_without(Some(group)).live());
        replicates(metrics, side.summary.rows, without, value)
    })
}

/// The outcomes of metrics of these correlations, of `rows` rows and the channels that are `live`; `resample` gives the
/// replicates of some of the metrics.
pub fn of_correlations(
    side: &Side,
    metrics: &[Chosen],
    plan: &Plan,
    rows: u64,
    live: &[bool],
    whole: Result<Correlation>,
    resample: impl FnOnce(&[Chosen]) -> Vec<Result<Vec<f64>>>,
) -> Vec<Outcome> {
    let resampled: Vec<Result<Vec<f64>>> = match &whole {
        // Counts have no interval: no resamples are made for them alone.
        Ok(_) if metrics.iter().any(|(m, _)| m.error.resamples()) => resample(metrics),
        Ok(_) => metrics.iter().map(|_| Ok(Vec::new())).collect(),
        Err(error) => metrics.iter().map(|_| Err(restate(error))).collect(),
    };
    let dead = live.iter().filter(|l| !**l).count();
    metrics
        .iter()
        .zip(resampled)
        .map(|(&(metric, eval), replicates)| {
            let mut convention = plan.conventions.describe(metric);
            convention.insert("dead_channels".to_owned(), json!(dead));
            let found = whole.as_ref().map_err(restate).and_then(|c| value(eval, c));
            let replicates = if metric.error.resamples() {
                whole.as_ref().map_err(restate).and_then(far_from_floor).and(replicates)
            } else {
                replicates
            };
            let mut outcome = Outcome::new(found, convention).with_replicates(metric, replicates);
            outcome.n = rows;
            outcome.d = (live.len() - dead) as u64;
            outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
            if let (Ok(c), Eval::Channels { null, .. } | Eval::Ranks { null, .. }, true) =
                (&whole, eval, outcome.value.is_ok())
            {
                outcome.null_value = Some(null(c));
            }
            if dead > 0 {
                outcome.notes.push(format!("{dead} constant channels are left out"));
            }
            if outcome.value.is_ok() && metric.error.resamples() {
                let effect = "weak correlations look stronger than they are";
                outcome.notes.extend(few_rows(rows, outcome.d, effect));
            }
            outcome
        })
        .collect()
}

/// The correlations between the channels to `keep`, of which some no longer vary in this part of the rows.
pub fn correlation(moments: Option<&Moments>, keep: &[bool], varies: &[bool]) -> Result<Correlation> {
    match moments {
        Some(moments) => Correlation::new(moments, keep, varies),
        None => Err(too_wide(keep.len())),
    }
}

/// Why wider sets have no correlations.
pub fn too_wide(channels: usize) -> Error {
    Error::undefined(format!(
        "{channels} channels are more than the {WIDEST} whose correlations are computed"
    ))
}

/// The value of a metric of correlations.
pub fn value(eval: Eval, c: &Correlation) -> Result<f64> {
    match eval {
        Eval::Channels { value, .. } | Eval::Ranks { value, .. } => value(c),
        _ => unreachable!("only channel metrics come here"),
    }
}

/// Near its floor most |r| are noise folded at zero, which no resampling of rows sees as such.
fn far_from_floor(c: &Correlation) -> Result<()> {
    match crate::metrics::redundancy::redundancy_offdiagonal(c) {
        Ok(value) if value < FLOORS * floor(c) => Err(Error::undefined(format!(
            "mean |r| = {value:.2e} is within {FLOORS} times its floor for independent channels, {:.2e}",
            floor(c)
        ))),
        _ => Ok(()),
    }
}

/// How many times its floor mean |r| must reach before its interval covers as it should (simulated: see tests/coverage.rs).
const FLOORS: f64 = 2.0;
