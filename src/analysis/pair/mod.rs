//! Records of a pretraining and an evaluation data set together.

mod alike;
mod means;
mod moments;
mod reach;
mod samples;
mod support;

use ndarray::Array2;
use serde_json::json;

use super::kinds::{Kind, run};
use super::{Plan, Side};
use crate::error::Result;
use crate::metrics::Eval;
use crate::results::{Record, Table};
use crate::stats::squares_in_range;

pub use means::class_means;

/// A pretraining and an evaluation side.
pub type Pair<'p> = (&'p Side<'p>, &'p Side<'p>);

/// Every kind of metric of a pair.
fn kinds<'p>() -> [Kind<Pair<'p>>; 4] {
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
    ]
}

/// All records of a pair, and the tables that come with them.
///
/// # Errors
/// When a table needs ids that cannot be read.
pub fn records<'p>(pre: &'p Side<'p>, eval: &'p Side<'p>, plan: &Plan) -> Result<(Vec<Record>, Vec<Table>)> {
    let labelled = pre.labels().is_some() && eval.labels().is_some();
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
    let records = run(&kinds(), (pre, eval), labelled, plan)
        .into_iter()
        .map(|(metric, mut outcome, seconds)| {
            tables.extend(std::mem::replace(&mut outcome.tables, Ok(Vec::new()))?);
            outcome.d = pre.summary.width as u64;
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

/// Whether the squares of these rows neither overflow nor vanish.
fn is_measurable(rows: &Array2<f64>) -> bool {
    let (low, high) = rows
        .iter()
        .fold((0.0f64, 0.0f64), |(low, high), x| (low.min(*x), high.max(*x)));
    squares_in_range(low, high, rows.ncols())
}
