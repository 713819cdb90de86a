//! Metrics of rows around the means of their classes.

use serde_json::json;

use super::super::kinds::{Chosen, replicates_where_used, restate};
use super::super::outcome::Outcome;
use super::super::{Plan, Side};
use super::classes::{of_classes, survives};
use crate::error::{Error, Result};
use crate::metrics::class_structure::resolution;
use crate::metrics::{ErrorBar, Eval};
use crate::stats::{ClassMoments, OUT_OF_RANGE, Residuals};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let pass = side.again.as_ref().expect("the set was read again for these metrics");
    let whole = pass.without(None);
    let measurable = if side.summary.measurable() {
        Ok(())
    } else {
        Err(Error::undefined(OUT_OF_RANGE))
    };
    let rows = whole.classes.counts().iter().sum();
    let without = |group| Ok(pass.without(Some(group)));
    let mut resampled =
        replicates_where_used(metrics, rows, without, |eval, part: &Residuals| value(eval, part)).into_iter();
    metrics
        .iter()
        .map(|&(metric, eval)| {
            let Eval::Residuals {
                needs,
                rows: least,
                resolved,
                ..
            } = eval
            else {
                unreachable!("only metrics of rows around class means come here");
            };
            let of_metric = resampled.next().expect("one for each metric");
            let mut convention = plan.conventions.describe(metric);
            if needs.nearest {
                let centres = match &side.train {
                    Some(split) => format!("the class means of split {split}"),
                    None => "the set's own class means, each row left out of its own".to_owned(),
                };
                convention.insert("centres".to_owned(), json!(centres));
            }
            let found = match &side.train {
                Some(split) if needs.nearest && whole.nearest.1 == 0 => Err(Error::undefined(format!(
                    "split {split} has none of the classes of these rows"
                ))),
                _ => measurable.as_ref().map_err(restate).and_then(|()| value(eval, &whole)),
            };
            let outcome = Outcome::new(found, convention);
            let mut outcome = match (metric.error, &side.train) {
                (ErrorBar::HeldOut(_), Some(_)) => outcome.with_share(of_metric, whole.nearest.1),
                _ => outcome.with_replicates(
                    metric,
                    survives(&whole.classes, side, least)
                        .and_then(|()| is_resolved(&whole.classes, resolved))
                        .and(of_metric),
                ),
            };
            of_classes(&mut outcome, side, &whole.classes, least);
            let judged = whole.nearest.1;
            if needs.nearest && judged < outcome.n {
                outcome.notes.push(format!(
                    "{} rows of classes without a centre are left out",
                    outcome.n - judged
                ));
                outcome.n = judged;
            }
            if needs.scatter && outcome.value.is_ok() && outcome.n < 5 * outcome.d {
                outcome.notes.push(format!(
                    "N = {} is below 5 d = {}: the covariance within classes is poorly known",
                    outcome.n,
                    5 * outcome.d
                ));
            }
            outcome
        })
        .collect()
}

/// Whether so much of the distances between class means is more than sampling noise: of noise the jackknife counts twice what
/// pairs of rows say together, and where it hides which means are near it can miss as well.
fn is_resolved(classes: &ClassMoments, least: f64) -> Result<()> {
    let found = resolution(classes);
    if found >= least {
        return Ok(());
    }
    Err(Error::undefined(format!(
        "{:.0} % of the squared distances between class means are their sampling noise, more than the {:.0} % a jackknife can bear",
        100.0 * (1.0 - found),
        100.0 * (1.0 - least)
    )))
}

fn value(eval: Eval, residuals: &Residuals) -> Result<f64> {
    match eval {
        Eval::Residuals { value, .. } => value(residuals),
        _ => unreachable!("only metrics of rows around class means come here"),
    }
}
