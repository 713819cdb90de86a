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
mod support;

use ndarray::Array2;
use serde_json::{Map, Value, json};

use super::fit::{missing, unlabelled};
use super::kinds::{Kind, run};
use super::outcome::{Outcome, in_words};
use super::{Plan, Side, is_named};
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::metrics::Eval;
use crate::results::{Record, Table};
use crate::stats::{GROUPS, OUT_OF_RANGE, Rows, squares_in_range};

pub use means::class_means;
pub use slices::on_first_groups;

/// A pretraining and an evaluation side.
pub type Pair<'p> = (&'p Side<'p>, &'p Side<'p>);

/// Every kind of metric of a pair.
fn kinds<'p>() -> [Kind<Pair<'p>>; 7] {
    [
        Kind {
            is: |eval| matches!(eval, Eval::Means { .. }),
            outcomes: means::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Moments { .. }),
            outcomes: moments::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Samples { .. }),
            outcomes: samples::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Support { .. } | Eval::Alike { .. }),
            outcomes: support::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Kernel { .. }),
            outcomes: kernels::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Slices { .. }),
            outcomes: slices::outcomes,
        },
        Kind {
            is: |eval| matches!(eval, Eval::Domain { .. }),
            outcomes: domain::outcomes,
        },
    ]
}

/// All records of a pair, and the tables that come with them.
///
/// # Errors
/// When a table needs ids that cannot be read.
pub fn records<'p>(pre: &'p Side<'p>, eval: &'p Side<'p>, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let unlabelled = unlabelled(&[pre.set, eval.set]);
    let (p, other) = (pre.set.provenance(), eval.set.provenance());
    let sides = Record {
        model: p.model.clone(),
        layer: p.layer.clone(),
        dataset: p.dataset.clone(),
        split: p.split.clone(),
        other_dataset: Some(other.dataset.clone()),
        ..Record::default()
    };
    let mut tables = Vec::new();
    let records = run(&kinds(), (pre, eval), unlabelled.as_deref(), plan)
        .into_iter()
        .map(|(metric, mut outcome, seconds)| {
            tables.extend(std::mem::replace(&mut outcome.tables, Ok(Vec::new()))?);
            outcome.d = pre.summary.width as u64;
            if unlabelled.is_some() && metric.eval.needs_labels() {
                outcome.n = pre.summary.rows + eval.summary.rows;
            }
            outcome.classes = [pre, eval]
                .iter()
                .map(|s| s.labels().map_or(0, |l| l.classes() as u64))
                .sum();
            if !other.split.is_empty() {
                outcome.convention.insert("other_split".to_owned(), json!(other.split));
            }
            Ok(outcome.into_record(metric, sides.clone(), seconds))
        })
        .collect::<Result<_>>()?;
    Ok((records, tables))
}

/// A record of each metric of pairs that the user named, for each pair of the plan of which this group lacks a side.
pub fn records_of_missing(group: &[&dyn FeatureSet], plan: &Plan) -> Vec<Record> {
    let missing = missing(group, plan);
    let p = group[0].provenance();
    let pairs = plan
        .pre
        .iter()
        .flat_map(|pre| plan.eval.iter().map(move |eval| (pre, eval)));
    let mut records = Vec::new();
    for (pre, eval) in pairs {
        let Some((flag, name)) = missing.iter().find(|(_, name)| name == pre || name == eval) else {
            continue;
        };
        let present = group.iter().find(|set| is_named(**set, pre) || is_named(**set, eval));
        let named = plan
            .chosen()
            .filter(|(metric, eval)| eval.is_of_pairs() && plan.names(metric));
        for (metric, _) in named {
            let reason = format!("there are no features of {flag} {name} at this layer of this model");
            let mut outcome = Outcome::new(Err(Error::undefined(reason)), plan.conventions.describe(metric));
            if let Some(set) = present {
                (outcome.n, outcome.d) = (set.rows() as u64, set.width() as u64);
            }
            let sides = Record {
                model: p.model.clone(),
                layer: p.layer.clone(),
                dataset: pre.clone(),
                other_dataset: Some(eval.clone()),
                ..Record::default()
            };
            records.push(outcome.into_record(metric, sides, 0.0));
        }
    }
    records
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
fn of_rows(convention: &mut Map<String, Value>, (pre, eval): Pair, used: [&Rows; 2], plan: &Plan) {
    if used.iter().any(|rows| !rows.are_all()) {
        convention.insert("rows_drawn".to_owned(), json!(used.map(Rows::len)));
        convention.insert("rows_of".to_owned(), json!([pre.summary.rows, eval.summary.rows]));
        convention.insert("seed".to_owned(), json!(plan.seed));
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
    outcome.convention.insert("at_equal_n".to_owned(), json!(value));
    outcome.convention.insert("equal_n".to_owned(), json!(rows));
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
