//! Records of one data set: class variation and redundancy.

use std::time::Instant;

use rayon::prelude::*;
use serde_json::json;

use super::outcome::{Outcome, some_of};
use super::{Plan, Side, WIDEST};
use crate::error::{Error, Result};
use crate::metrics::redundancy::floor;
use crate::metrics::{Eval, Metric};
use crate::results::Record;
use crate::stats::{ClassMoments, Correlation, GROUPS, Part};

/// Rows below which ten groups say nothing about the spread.
const ROWS_FOR_GROUPS: u64 = 2 * GROUPS as u64;

/// All one-sided records of a side.
pub fn records(side: &Side, plan: &Plan, role: Option<&'static str>) -> Vec<Record> {
    let all = side.summary.all();
    let live = all.live();
    let chosen: Vec<(&Metric, Eval)> = plan
        .metrics
        .iter()
        .map(|&m| (m, plan.conventions.eval(m)))
        .filter(|(m, eval)| match eval {
            Eval::Classes { .. } => side.labels().is_some() || plan.named.iter().any(|id| id == m.id),
            Eval::Channels { .. } => true,
            Eval::Means { .. } | Eval::Samples { .. } => false,
        })
        .collect();
    let pass = side.seconds / chosen.len().max(1) as f64;

    let start = Instant::now();
    let channels: Vec<(&Metric, Eval)> = chosen
        .iter()
        .copied()
        .filter(|(_, e)| matches!(e, Eval::Channels { .. }))
        .collect();
    let channel_outcomes = if channels.is_empty() {
        Vec::new()
    } else {
        channel_outcomes(side, &all, &live, &channels, plan)
    };
    let shared = start.elapsed().as_secs_f64() / channels.len().max(1) as f64;
    let mut channel_outcomes = channel_outcomes.into_iter();

    let start = Instant::now();
    let class_metrics: Vec<(&Metric, Eval)> = chosen
        .iter()
        .copied()
        .filter(|(_, e)| matches!(e, Eval::Classes { .. }))
        .collect();
    let mut class_replicates = class_replicates(side, &class_metrics).into_iter();
    let class_shared = start.elapsed().as_secs_f64() / class_metrics.len().max(1) as f64;

    let mut records = Vec::with_capacity(chosen.len());
    for (metric, eval) in chosen {
        let start = Instant::now();
        let (mut outcome, shared) = match eval {
            Eval::Channels { .. } => (
                channel_outcomes.next().expect("one outcome for each channel metric"),
                shared,
            ),
            _ => {
                let replicates = class_replicates.next().expect("replicates for each class metric");
                (class_outcome(side, metric, eval, &all, replicates, plan), class_shared)
            }
        };
        if let Some(role) = role {
            outcome.convention.insert("role".to_owned(), json!(role));
        }
        let seconds = pass + shared + start.elapsed().as_secs_f64();
        records.push(outcome.into_record(metric, sides(side), seconds));
    }
    records
}

/// The values of each class metric without each group; the class moments of one group and thread at a time.
fn class_replicates(side: &Side, metrics: &[(&Metric, Eval)]) -> Vec<Result<Vec<f64>>> {
    let by_group: Vec<Vec<Result<f64>>> = (0..GROUPS)
        .into_par_iter()
        .map(|group| {
            let of = |normalised| side.summary.classes_without(Some(group), normalised);
            let plain = (!metrics.is_empty()).then(|| of(false));
            let unit = metrics.iter().any(|(_, e)| is_normalised(*e)).then(|| of(true));
            metrics
                .iter()
                .map(|(_, eval)| match (eval, &plain, &unit) {
                    (
                        Eval::Classes {
                            value,
                            normalised: true,
                            ..
                        },
                        _,
                        Some(classes),
                    )
                    | (
                        Eval::Classes {
                            value,
                            normalised: false,
                            ..
                        },
                        Some(classes),
                        _,
                    ) => value(classes),
                    _ => unreachable!("only class metrics come here"),
                })
                .collect()
        })
        .collect();
    (0..metrics.len())
        .map(|i| {
            by_group
                .iter()
                .map(|values| values[i].as_ref().copied().map_err(restate))
                .collect()
        })
        .collect()
}

fn is_normalised(eval: Eval) -> bool {
    matches!(eval, Eval::Classes { normalised: true, .. })
}

fn sides(side: &Side) -> Record {
    let p = side.set.provenance();
    Record {
        model: p.model.clone(),
        layer: p.layer.clone(),
        dataset: p.dataset.clone(),
        split: p.split.clone(),
        ..Record::default()
    }
}

fn class_outcome(
    side: &Side,
    metric: &Metric,
    eval: Eval,
    all: &Part,
    replicates: Result<Vec<f64>>,
    plan: &Plan,
) -> Outcome {
    let Eval::Classes {
        value,
        null,
        rows: least,
        normalised,
    } = eval
    else {
        unreachable!("only class metrics come here");
    };
    let Some(labels) = side.labels() else {
        return Outcome::new(Err(Error::undefined("needs labels")), plan.conventions.describe(metric));
    };
    let classes = match &all.normalised {
        Some(of_unit_rows) if normalised => of_unit_rows,
        _ => &all.classes,
    };
    let replicates = survives(classes, side, labels.names(), least).and(replicates);
    let mut outcome =
        Outcome::new(value(classes), plan.conventions.describe(metric)).with_replicates(metric, replicates);
    let used = |c: &usize| classes.counts()[*c] >= least;
    outcome.n = (0..classes.classes()).filter(used).map(|c| classes.counts()[c]).sum();
    outcome.d = side.summary.width as u64;
    outcome.classes = (0..classes.classes()).filter(used).count() as u64;
    if outcome.value.is_ok() {
        outcome.null_value = null.map(|null| null(classes));
    }
    let left_out: Vec<&str> = (0..classes.classes())
        .filter(|c| !used(c))
        .map(|c| labels.names()[c].as_str())
        .collect();
    if !left_out.is_empty() {
        outcome
            .notes
            .push(format!("left out, with fewer than two rows: {}", some_of(&left_out)));
    }
    let unlabelled = side.summary.rows - classes.counts().iter().sum::<u64>();
    if unlabelled > 0 {
        outcome
            .notes
            .push(format!("{unlabelled} rows without a label are left out"));
    }
    outcome
}

/// Whether every class that takes part keeps enough rows when any one group is left out. Classes are fixed: a resample
/// with other classes would estimate something else.
fn survives(classes: &ClassMoments, side: &Side, names: &[String], least: u64) -> Result<()> {
    let rows: u64 = classes.counts().iter().sum();
    if rows < ROWS_FOR_GROUPS {
        return Err(Error::undefined(format!("{rows} rows are too few for {GROUPS} groups")));
    }
    for c in (0..classes.classes()).filter(|&c| classes.counts()[c] >= least) {
        let largest = side
            .summary
            .parts
            .iter()
            .map(|p| p.classes.counts()[c])
            .max()
            .unwrap_or(0);
        if classes.counts()[c] - largest < least {
            let n = classes.counts()[c];
            let plural = if n == 1 { "row" } else { "rows" };
            return Err(Error::undefined(format!("class {} has only {n} {plural}", names[c])));
        }
    }
    Ok(())
}

fn channel_outcomes(side: &Side, all: &Part, live: &[bool], metrics: &[(&Metric, Eval)], plan: &Plan) -> Vec<Outcome> {
    let rows = side.summary.rows;
    let whole = correlation(all, live, live);
    let replicates: Vec<Result<Vec<f64>>> = match &whole {
        Ok(_) if rows >= ROWS_FOR_GROUPS => {
            // By group, then by metric; the correlations of one group at a time and thread.
            let by_group: Vec<Result<Vec<f64>>> = (0..GROUPS)
                .into_par_iter()
                .map(|group| {
                    let part = side.summary.without(Some(group));
                    let c = correlation(&part, live, &part.live())?;
                    metrics.iter().map(|(_, eval)| channel_value(*eval, &c)).collect()
                })
                .collect();
            (0..metrics.len())
                .map(|i| {
                    by_group
                        .iter()
                        .map(|g| g.as_ref().map(|v| v[i]).map_err(restate))
                        .collect()
                })
                .collect()
        }
        Ok(_) => (0..metrics.len())
            .map(|_| Err(Error::undefined(format!("{rows} rows are too few for {GROUPS} groups"))))
            .collect(),
        Err(_) => (0..metrics.len()).map(|_| Err(Error::undefined("undefined"))).collect(),
    };
    let dead = live.iter().filter(|l| !**l).count();
    metrics
        .iter()
        .zip(replicates)
        .map(|((metric, eval), replicates)| {
            let mut convention = plan.conventions.describe(metric);
            convention.insert("dead_channels".to_owned(), json!(dead));
            let value = whole.as_ref().map_err(restate).and_then(|c| channel_value(*eval, c));
            let replicates = whole.as_ref().map_err(restate).and_then(far_from_floor).and(replicates);
            let mut outcome = Outcome::new(value, convention).with_replicates(metric, replicates);
            outcome.n = rows;
            outcome.d = (live.len() - dead) as u64;
            outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
            if let (Ok(c), Eval::Channels { null, .. }, true) = (&whole, eval, outcome.value.is_ok()) {
                outcome.null_value = Some(null(c));
            }
            if dead > 0 {
                outcome.notes.push(format!("{dead} constant channels are left out"));
            }
            if outcome.value.is_ok() && rows < 5 * outcome.d {
                outcome.notes.push(format!(
                    "N = {rows} is below 5 d = {}: weak correlations look stronger than they are",
                    5 * outcome.d
                ));
            }
            outcome
        })
        .collect()
}

fn correlation(part: &Part, keep: &[bool], varies: &[bool]) -> Result<Correlation> {
    match &part.moments {
        Some(moments) => Correlation::new(moments, keep, varies),
        None => Err(Error::undefined(format!(
            "{} channels are more than the {WIDEST} whose correlations are computed",
            keep.len()
        ))),
    }
}

fn channel_value(eval: Eval, c: &Correlation) -> Result<f64> {
    match eval {
        Eval::Channels { value, .. } => value(c),
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

fn restate(error: &Error) -> Error {
    match error {
        Error::Undefined(reason) => Error::undefined(reason.clone()),
        other => Error::input(other.to_string()),
    }
}
