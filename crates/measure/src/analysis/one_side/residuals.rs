//! Metrics of rows around the means of their classes.

use super::classes::{of_classes, survives};
use crate::analysis::outcome::Outcome;
use crate::analysis::planned_metric::{PlannedMetric, replicates};
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromResiduals;
use crate::metrics::class_structure::resolution;
use crate::stats::{ClassMoments, in_range};
use crate::uncertainty::ErrorBar;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromResiduals>]) -> Vec<Outcome> {
    let pass = side
        .second_pass
        .as_ref()
        .expect("the set was read second_pass for these metrics");
    let whole = pass.without(None);
    let rows = whole.classes.counts().iter().sum();
    let without = |group| Ok(pass.without(Some(group)));
    let resampled = replicates(asked, rows, without, |eval, part| (eval.value)(part));
    let judged = whole.nearest.1;
    let outcome = |(asked, replicates): (&PlannedMetric<FromResiduals>, Result<Vec<f64>>)| {
        let FromResiduals {
            value,
            needs,
            resolved,
            rows: least,
        } = asked.eval;
        let split = side.fitted.map(|fitted| &fitted.subject().split);
        let found = match split {
            Some(split) if needs.nearest && judged == 0 => Err(Error::undefined(format!(
                "split {split} has none of the classes of these rows"
            ))),
            _ => in_range(side.summary.measurable()).and_then(|()| value(&whole)),
        };
        let outcome = Outcome::new(found);
        let mut outcome = match (asked.metric.error, split) {
            (ErrorBar::HeldOut(_), Some(_)) => outcome.with_share(replicates, judged),
            _ => outcome.with_replicates(
                asked.metric,
                survives(&whole.classes, side, least)
                    .and_then(|()| is_resolved(&whole.classes, resolved))
                    .and(replicates),
            ),
        };
        of_classes(&mut outcome, side, &whole.classes, least);
        if needs.nearest {
            let centres = match split {
                Some(split) => format!("split {split}"),
                None => "own, each row left out".to_owned(),
            };
            outcome.defined_by("centres", centres);
            if judged < outcome.n {
                let left_out = outcome.n - judged;
                outcome
                    .notes
                    .push(format!("{left_out} rows of classes without a centre are left out"));
                outcome.n = judged;
            }
        }
        if needs.scatter && outcome.value.is_ok() && outcome.n < 5 * outcome.d {
            outcome.notes.push(format!(
                "N = {} is below 5 d = {}: the covariance within classes is poorly known",
                outcome.n,
                5 * outcome.d
            ));
        }
        outcome
    };
    asked.iter().zip(resampled).map(outcome).collect()
}

/// Checks that at least this share of the distances between class means is more than sampling noise: the jackknife counts such
/// noise twice, and misses as well where it hides which means are near.
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
