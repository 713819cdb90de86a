//! Metrics that need the same things are computed together: one kind for each variant of [`Eval`].

use std::time::Instant;

use rayon::prelude::*;

use super::Plan;
use super::outcome::Outcome;
use crate::error::{Error, Result};
use crate::metrics::{Eval, Metric, describe};
use crate::stats::{GROUPS, Groups, SPLITS, half_samples, replicates_of_halves};

/// Rows below which ten groups say nothing about the spread.
pub const ROWS_FOR_GROUPS: u64 = 2 * GROUPS as u64;

/// Neighbours up to which tables are kept: 50,000 rows of so many take 600 MB.
pub const MOST_NEIGHBOURS: usize = 1_000;

/// How many neighbours a table needs for `k` to be left of them among any half of the groups.
pub fn with_spare_for_halves(k: usize) -> usize {
    k.saturating_mul(2).saturating_add(k / 2).saturating_add(45)
}

/// A metric of the plan, computed as the user chose.
pub type Chosen = (&'static Metric, Eval);

/// Metrics of one kind on an input `S`, one data set or a pair of them.
pub struct Kind<S> {
    /// Which metrics.
    pub is: fn(&Eval) -> bool,
    /// One outcome for each, in their order.
    pub outcomes: fn(S, &[Chosen], &Plan) -> Vec<Outcome>,
}

/// The outcomes of all metrics of a plan that one of `kinds` computes, in the plan's order, each with its seconds (what is
/// shared is shared out). Where metrics of classes do not apply, being `unlabelled`, those that the user named say why, and the
/// others are left out.
pub fn run<S: Copy>(
    kinds: &[Kind<S>],
    input: S,
    unlabelled: Option<&str>,
    plan: &Plan,
) -> Vec<(&'static Metric, Outcome, f64)> {
    let of_kind = |kind: &Kind<S>| -> Vec<(usize, Chosen)> {
        plan.chosen()
            .enumerate()
            .filter(|(_, (_, eval))| (kind.is)(eval))
            .collect()
    };
    let mut found: Vec<(usize, &Metric, Outcome, f64)> = Vec::new();
    for kind in kinds {
        let (possible, impossible): (Vec<_>, Vec<_>) = of_kind(kind)
            .into_iter()
            .partition(|(_, (_, eval))| unlabelled.is_none() || !eval.needs_labels());
        for (i, (metric, _)) in impossible.into_iter().filter(|(_, (metric, _))| plan.names(metric)) {
            let reason = Error::undefined(unlabelled.unwrap_or_default());
            let outcome = Outcome::new(Err(reason), plan.conventions.describe(metric));
            found.push((i, metric, outcome, 0.0));
        }
        if possible.is_empty() {
            continue;
        }
        let start = Instant::now();
        let chosen: Vec<Chosen> = possible.iter().map(|(_, chosen)| *chosen).collect();
        let outcomes = (kind.outcomes)(input, &chosen, plan);
        assert_eq!(outcomes.len(), chosen.len(), "one outcome for each metric");
        let each = start.elapsed().as_secs_f64() / chosen.len() as f64;
        found.extend(
            possible
                .into_iter()
                .zip(outcomes)
                .map(|((i, (metric, _)), outcome)| (i, metric, outcome, each)),
        );
    }
    found.sort_by_key(|(i, ..)| *i);
    let ways: Vec<_> = plan.ways().collect();
    found
        .into_iter()
        .map(|(i, metric, mut outcome, seconds)| {
            // Of one metric there may be several conventions here, each of which says which it is.
            outcome.convention.extend(describe(metric, ways[i].1));
            (metric, outcome, seconds)
        })
        .collect()
}

/// The values of each of `metrics` without each jackknife group: `without` makes what they are computed from, for one
/// group and thread at a time. For too few `rows` the reason.
pub fn replicates<T>(
    metrics: &[Chosen],
    rows: u64,
    without: impl Fn(usize) -> Result<T> + Sync,
    value: impl Fn(Eval, &T) -> Result<f64> + Sync,
) -> Vec<Result<Vec<f64>>> {
    gathered(metrics, rows, without, value, |of_group| {
        (0..GROUPS).into_par_iter().map(of_group).collect()
    })
}

/// As [`replicates`], one group after the other: for what is too large to be held once for each thread, and is made by all of
/// them.
pub fn replicates_in_turn<T>(
    metrics: &[Chosen],
    rows: u64,
    without: impl Fn(usize) -> Result<T> + Sync,
    value: impl Fn(Eval, &T) -> Result<f64> + Sync,
) -> Vec<Result<Vec<f64>>> {
    gathered(metrics, rows, without, value, |of_group| {
        (0..GROUPS).map(of_group).collect()
    })
}

/// The values of every metric without one group, or why there are none.
type OfGroup = Result<Vec<Result<f64>>>;

fn gathered<T>(
    metrics: &[Chosen],
    rows: u64,
    without: impl Fn(usize) -> Result<T> + Sync,
    value: impl Fn(Eval, &T) -> Result<f64> + Sync,
    each: impl FnOnce(&(dyn Fn(usize) -> OfGroup + Sync)) -> Vec<OfGroup>,
) -> Vec<Result<Vec<f64>>> {
    if rows < ROWS_FOR_GROUPS {
        let few = || Err(Error::undefined(format!("{rows} rows are too few for {GROUPS} groups")));
        return metrics.iter().map(|_| few()).collect();
    }
    let by_group = each(&|group| {
        let made = without(group)?;
        Ok(metrics.iter().map(|(_, eval)| value(*eval, &made)).collect())
    });
    let of_metric = |i: usize| {
        by_group
            .iter()
            .map(|group| match group {
                Ok(values) => values[i].as_ref().copied().map_err(restate),
                Err(error) => Err(restate(error)),
            })
            .collect()
    };
    (0..metrics.len()).map(of_metric).collect()
}

/// As [`replicates`], of the metrics that have an interval alone; the others' are empty.
pub fn replicates_where_used<T>(
    metrics: &[Chosen],
    rows: u64,
    without: impl Fn(usize) -> Result<T> + Sync,
    value: impl Fn(Eval, &T) -> Result<f64> + Sync,
) -> Vec<Result<Vec<f64>>> {
    let used: Vec<Chosen> = metrics.iter().copied().filter(|(m, _)| m.error.resamples()).collect();
    let mut found = match used.is_empty() {
        true => Vec::new(),
        false => replicates(&used, rows, without, value),
    }
    .into_iter();
    metrics
        .iter()
        .map(|(metric, _)| match metric.error.resamples() {
            true => found.next().expect("one for each of them"),
            false => Ok(Vec::new()),
        })
        .collect()
}

/// Replicates of `value` from half-samples of the rows; for too few `rows` the reason.
pub fn replicates_from_halves(
    value: &Result<f64>,
    rows: u64,
    of: impl Fn(Groups) -> Result<f64> + Sync,
) -> Result<Vec<f64>> {
    if rows < ROWS_FOR_GROUPS {
        return Err(Error::undefined(format!("{rows} rows are too few for {GROUPS} groups")));
    }
    let value = *value.as_ref().map_err(restate)?;
    let halves: Vec<Result<[f64; 2]>> = half_samples()
        .into_par_iter()
        .map(|[a, b]| Ok([of(a)?, of(b)?]))
        .collect();
    let halves: Vec<[f64; 2]> = halves.into_iter().collect::<Result<_>>()?;
    let halves = <[[f64; 2]; SPLITS]>::try_from(halves).expect("one for each split");
    Ok(replicates_of_halves(value, &halves))
}

/// The same error once more: one cause can leave several metrics undefined.
pub fn restate(error: &Error) -> Error {
    match error {
        Error::Undefined(reason) => Error::undefined(reason.clone()),
        other => Error::input(other.to_string()),
    }
}
