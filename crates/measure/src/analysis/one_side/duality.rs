//! Metrics of a linear classifier and the class means: the model's own where its logits tell it, else a linear probe.

use ndarray::{Array2, Axis};

use super::probes::{classifier, readable};
use super::rows_used::of_probed_rows;
use crate::analysis::outcome::Outcome;
use crate::analysis::plan::Plan;
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::probed::{Classifier, Probed};
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromDuality;
use crate::metrics::class_structure::Duality;
use crate::probes::class_means;
use crate::probes::logistic::PenaltyStrength;
use crate::stats::running_mean;

/// Class means whose squares are below this share of the squared size of the features are rounding.
const ROUNDING: f64 = 1e-28;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromDuality>], plan: &Plan) -> Vec<Outcome> {
    asked.iter().map(|asked| outcome(side, asked, plan)).collect()
}

fn outcome(side: &Side, asked: &PlannedMetric<FromDuality>, plan: &Plan) -> Outcome {
    let eval = asked.eval;
    let chosen = readable(side).and_then(|probed| chosen(side, probed, eval, plan));
    let value = chosen
        .as_ref()
        .map_err(Error::clone)
        .and_then(|chosen| (eval.value)(&chosen.duality));
    let outcome = Outcome::new(value).with_replicates(asked.metric, Ok(Vec::new()));
    let mut outcome = of_probed_rows(side, outcome, |probed| probed.fitting().classes.len());
    outcome.null_value = eval.null.filter(|_| outcome.value.is_ok());
    let Ok(chosen) = chosen else { return outcome };
    outcome.fitted = side.fitted_split();
    outcome.notes.splice(0..0, chosen.notes);
    match chosen.of_head {
        Some((residual, error)) => {
            outcome.defined_by("classifier", "head");
            outcome.found("head_residual", residual);
            outcome.found("head_error", error);
        }
        None => {
            outcome.defined_by("classifier", "probe");
            match eval.strength {
                PenaltyStrength::Chosen(_) => outcome.defined_by("seed", plan.seed),
                PenaltyStrength::Fixed(c) => outcome.defined_by("C", c),
                PenaltyStrength::Penalty(lambda) => outcome.defined_by("lambda", lambda),
            }
            for (name, value) in chosen.beside {
                outcome.found(name, value);
            }
        }
    }
    outcome
}

/// A classifier with the class means, and what is to be said of it.
struct Chosen {
    duality: Duality,
    /// The residual of the logits and the error of the weights, for the model's own classifier.
    of_head: Option<(f64, f64)>,
    beside: Vec<(&'static str, serde_json::Value)>,
    notes: Vec<String>,
}

fn chosen(side: &Side, probed: &Probed, eval: FromDuality, plan: &Plan) -> Result<Chosen> {
    let mut notes = Vec::new();
    match &side.head {
        Some(Ok(map)) if eval.own_head => {
            let all: Vec<usize> = (0..probed.names.len()).collect();
            return Ok(Chosen {
                duality: duality(probed, map.weights.clone(), &all)?,
                of_head: Some((map.residual, map.error)),
                beside: Vec::new(),
                notes,
            });
        }
        Some(Err(Error::Undefined(reason))) if eval.own_head => {
            notes.push(format!("the linear probe's, not the model's own classifier: {reason}"));
        }
        _ => {}
    }
    let Classifier {
        matrix,
        classes,
        beside,
        converged,
    } = classifier(probed, eval.strength, plan.seed)?;
    if !converged {
        notes.push("the fit did not come to rest: see found.bound".to_owned());
    }
    Ok(Chosen {
        duality: duality(probed, matrix, &classes)?,
        of_head: None,
        beside,
        notes,
    })
}

/// With the means of these classes over the fitting rows.
fn duality(probed: &Probed, weights: Array2<f64>, classes: &[usize]) -> Result<Duality> {
    let half = probed.fitting();
    let places: Vec<usize> = (0..half.classes.len()).collect();
    let all = class_means(&half.rows, &places, &half.classes, probed.names.len());
    if classes.iter().any(|&class| all[[class, 0]].is_nan()) {
        return Err(Error::undefined("a class has no fitting row"));
    }
    let mut means = all.select(Axis(0), classes);
    let size = means.outer_iter().map(|mean| mean.dot(&mean)).fold(0.0, f64::max);
    let centre = running_mean(means.view());
    means -= &centre;
    if means.outer_iter().all(|mean| mean.dot(&mean) <= ROUNDING * size) {
        means.fill(0.0);
    }
    Ok(Duality { weights, means })
}
