//! Metrics of each row's distances to all rows of its set: one sweep serves them all.

use serde_json::json;

use super::super::kinds::{Chosen, ROWS_FOR_GROUPS};
use super::super::outcome::Outcome;
use super::super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::{Eval, RowView, Shares};
use crate::stats::{GROUPS, OUT_OF_RANGE, sweep};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let rows = &side.rows;
    let norms = rows.norms();
    let shares: Vec<Vec<Shares>> = sweep(rows, rows, |i, squared| {
        let view = RowView {
            i,
            squared,
            rows,
            norms: &norms,
        };
        metrics.iter().map(|(_, eval)| of_row(*eval, &view)).collect()
    });
    let of_metric = |m: usize| shares.iter().map(move |row| row[m]);
    metrics
        .iter()
        .enumerate()
        .map(|(m, &chosen)| outcome_of_shares(side, chosen, || of_metric(m), plan))
        .collect()
}

/// The outcome of a metric that is a weighted mean over rows, from what each row adds.
fn outcome_of_shares<I: Iterator<Item = Shares>>(
    side: &Side,
    (metric, eval): Chosen,
    shares: impl Fn() -> I,
    plan: &Plan,
) -> Outcome {
    let rows = &side.rows;
    let measurable = rows.measurable();
    let mean = |without: Option<usize>| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (row, &group) in shares().zip(rows.groups()) {
            let share = match without {
                None => row.all,
                Some(g) if g == usize::from(group) => continue,
                Some(g) => row.without[g],
            };
            sum += share.0;
            weight += share.1;
        }
        if !measurable {
            return Err(Error::undefined(OUT_OF_RANGE));
        }
        value(eval, sum, weight)
    };
    let replicates = if (rows.len() as u64) < ROWS_FOR_GROUPS {
        Err(Error::undefined(format!(
            "{} rows are too few for {GROUPS} groups",
            rows.len()
        )))
    } else {
        (0..GROUPS).map(|g| mean(Some(g))).collect()
    };
    let mut convention = plan.conventions.describe(metric);
    of_rows(&mut convention, side, plan);
    let mut outcome = Outcome::new(mean(None), convention).with_replicates(metric, replicates);
    outcome.n = rows.len() as u64;
    outcome.d = side.summary.width as u64;
    outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
    outcome
}

/// What a record says of the rows looked at, where they are a choice.
pub fn of_rows(convention: &mut serde_json::Map<String, serde_json::Value>, side: &Side, plan: &Plan) {
    if !side.rows.are_all() {
        convention.insert("rows_drawn".to_owned(), json!(side.rows.len()));
        convention.insert("rows_of".to_owned(), json!(side.summary.rows));
        convention.insert("seed".to_owned(), json!(plan.seed));
    }
}

fn of_row(eval: Eval, view: &RowView) -> Shares {
    match eval {
        Eval::Within { row, .. } => row(view),
        _ => unreachable!("only metrics of one set's distances come here"),
    }
}

fn value(eval: Eval, sum: f64, weight: f64) -> Result<f64> {
    match eval {
        Eval::Within { value, .. } if weight > 0.0 => value(sum / weight),
        _ => Err(Error::undefined("no two rows to compare")),
    }
}
