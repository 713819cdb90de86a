//! Records of a pretraining and an evaluation data set together.

mod means;
mod moments;
mod samples;

use ndarray::Array2;
use serde_json::json;

use super::kinds::{Kind, run};
use super::{Plan, Side};
use crate::metrics::Eval;
use crate::results::Record;
use crate::stats::squares_in_range;

pub use means::class_means;

/// A pretraining and an evaluation side.
pub type Pair<'p> = (&'p Side<'p>, &'p Side<'p>);

/// Every kind of metric of a pair.
fn kinds<'p>() -> [Kind<Pair<'p>>; 3] {
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
    ]
}

/// All records of a pair.
pub fn records<'p>(pre: &'p Side<'p>, eval: &'p Side<'p>, plan: &Plan) -> Vec<Record> {
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
    run(&kinds(), (pre, eval), labelled, plan)
        .into_iter()
        .map(|(metric, mut outcome, seconds)| {
            outcome.d = pre.summary.width as u64;
            outcome.classes = [pre, eval]
                .iter()
                .map(|s| s.labels().map_or(0, |l| l.classes() as u64))
                .sum();
            if !other.split.is_empty() {
                outcome.convention.insert("other_split".to_owned(), json!(other.split));
            }
            outcome.into_record(metric, sides.clone(), seconds)
        })
        .collect()
}

/// Whether the squares of these rows neither overflow nor vanish.
fn is_measurable(rows: &Array2<f64>) -> bool {
    let (low, high) = rows
        .iter()
        .fold((0.0f64, 0.0f64), |(low, high), x| (low.min(*x), high.max(*x)));
    squares_in_range(low, high, rows.ncols())
}
