//! Records of a pretraining and an evaluation data set together.

mod alike;
mod domain;
mod kernels;
mod means;
mod moments;
mod permutation;
mod reach;
mod samples;
mod slices;
mod subsets;
mod support;

use ndarray::Array2;

use super::fit::unlabelled;
use super::kinds::{Has, OfPairs, Run};
use super::outcome::{Outcome, in_words};
use super::subjects::{Group, Missing};
use super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::Sides;
use crate::results::{Record, Table};
use crate::stats::{OUT_OF_RANGE, Rows, squares_in_range};
use crate::uncertainty::GROUPS;

pub use means::class_means;
pub use slices::on_first_groups;

/// A pretraining and an evaluation side.
pub type Pair<'p> = (&'p Side<'p>, &'p Side<'p>);

/// All records of a pair, and the tables that come with them.
///
/// # Errors
/// When a table needs ids that cannot be read.
pub fn records<'p>(pre: &'p Side<'p>, eval: &'p Side<'p>, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let unlabelled = unlabelled(&[pre.set, eval.set]);
    let (mut run, kinds) = Run::start(plan, Sides::Pair, unlabelled.as_deref(), Has::default());
    let pair = (pre, eval);
    let OfPairs {
        means,
        moments,
        samples,
        overlap,
        kernels,
        slices,
        domain,
    } = kinds.of_pairs;
    run.kind(&means, |asked| means::outcomes(pair, asked, plan));
    run.kind(&moments, |asked| moments::outcomes(pair, asked));
    run.kind(&samples, |asked| samples::outcomes(pair, asked, plan));
    run.kind(&overlap, |asked| support::outcomes(pair, asked, plan));
    run.kind(&kernels, |asked| kernels::outcomes(pair, asked, plan));
    run.kind(&slices, |asked| slices::outcomes(pair, asked, plan));
    run.kind(&domain, |asked| domain::outcomes(pair, asked, plan));
    let other = eval.set.subject();
    let sides = Record {
        role: None,
        other_dataset: Some(other.dataset.clone()),
        other_split: Some(other.split.clone()).filter(|split| !split.is_empty()),
        ..pre.record()
    };
    let mut tables = Vec::new();
    let records = run
        .finish()
        .into_iter()
        .map(|(asked, mut outcome, seconds)| {
            tables.extend(std::mem::replace(&mut outcome.tables, Ok(Vec::new()))?);
            outcome.d = pre.summary.width as u64;
            if unlabelled.is_some() && asked.metric.eval.needs().labels {
                outcome.n = pre.summary.rows + eval.summary.rows;
            }
            outcome.classes = pre.classes() + eval.classes();
            Ok(outcome.into_record(&asked, sides.clone(), seconds))
        })
        .collect::<Result<_>>()?;
    Ok((records, tables))
}

/// A record of each metric of pairs that the user named, for a pair of the plan of which this group lacks a side.
pub fn records_of_missing(group: &Group, missing: &Missing, plan: &Plan) -> Vec<Record> {
    let reason = format!(
        "there are no features of {} {} at this layer of this model",
        missing.lacking.0, missing.lacking.1
    );
    let named = plan
        .asked()
        .filter(|asked| asked.eval.needs().sides == Sides::Pair && plan.names(asked.metric));
    named
        .map(|asked| {
            let mut outcome = Outcome::new(Err(Error::undefined(reason.clone())));
            if let Some(set) = missing.present {
                (outcome.n, outcome.d) = (set.rows() as u64, set.width() as u64);
            }
            let sides = Record {
                dataset: missing.pre.clone(),
                other_dataset: Some(missing.eval.clone()),
                ..group.record()
            };
            outcome.into_record(&asked.by(()), sides, 0.0)
        })
        .collect()
}

/// Whether the squares of distances between the rows of these sets neither overflow nor vanish.
fn check_measurable(pre: &Rows, eval: &Rows) -> Result<()> {
    in_range(pre.measurable() && eval.measurable())
}

/// The same of all rows of both sides.
fn check_both((pre, eval): Pair) -> Result<()> {
    in_range(pre.summary.measurable() && eval.summary.measurable())
}

fn in_range(measurable: bool) -> Result<()> {
    match measurable {
        true => Ok(()),
        false => Err(Error::undefined(OUT_OF_RANGE)),
    }
}

/// What a record says of the rows looked at, where they are a choice.
fn say_rows(outcome: &mut Outcome, (pre, eval): Pair, used: [&Rows; 2], plan: &Plan) {
    if used.iter().any(|rows| !rows.are_all()) {
        outcome.defined_by("rows_drawn", used.map(Rows::len).to_vec());
        outcome.defined_by("rows_of", vec![pre.summary.rows, eval.summary.rows]);
        outcome.defined_by("seed", plan.seed);
    }
}

/// The groups of the larger side that come near the rows of the smaller side, where the sides differ by a tenth or more:
/// [groups of pre, groups of eval], of ten.
fn groups_at_equal_n((pre, eval): Pair) -> Option<[usize; 2]> {
    let [a, b] = [pre, eval].map(|s| s.summary.rows as f64);
    let share = |less: f64, more: f64| ((GROUPS as f64 * less / more).round() as usize).clamp(1, GROUPS);
    let groups = [share(b.min(a), a), share(a.min(b), b)];
    (groups != [GROUPS; 2]).then_some(groups)
}

/// Says what a value that depends on N is at about equal N.
fn at_equal_n(outcome: &mut Outcome, (pre, eval): Pair, rows: [u64; 2], value: f64) {
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

/// Whether the squares of these rows neither overflow nor vanish.
fn is_measurable(rows: &Array2<f64>) -> bool {
    let (low, high) = rows
        .iter()
        .fold((0.0f64, 0.0f64), |(low, high), x| (low.min(*x), high.max(*x)));
    squares_in_range(low, high, rows.ncols())
}
