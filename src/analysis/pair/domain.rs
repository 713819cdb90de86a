//! Metrics of a linear classifier of the data sets, scored on rows it has not seen.

use ndarray::{Array1, Array2};
use rayon::prelude::*;
use serde_json::json;

use super::super::kinds::{Chosen, restate};
use super::super::outcome::{Outcome, few_rows};
use super::super::{Plan, Side, WIDEST};
use super::{Pair, of_rows};
use crate::error::{Error, Result};
use crate::linalg::product_transposed;
use crate::metrics::sample_distance::{DomainClassifier, domain_classifier, wrong};
use crate::metrics::{DomainScores, Eval};
use crate::stats::{GROUPS, Rows, joint_centre};

/// Rows on the wrong side below which ten groups do not show the spread of an error rate.
const ERRORS_FOR_INTERVAL: f64 = 10.0;

/// Rows scored at a time.
const CHUNK: usize = 1024;

/// The outcomes of these metrics.
pub fn outcomes((pre, eval): Pair, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let scores = scores(pre, eval);
    let spread = scores.as_ref().map_err(restate).and_then(shows_spread);
    metrics
        .iter()
        .map(|&(metric, evaluation)| {
            let Eval::Domain { value, null } = evaluation else {
                unreachable!("only metrics of domain classifiers come here")
            };
            let of = |without: Option<u8>| scores.as_ref().map_err(restate).and_then(|s| value(s, without));
            let mut convention = plan.conventions.describe(metric);
            convention.insert("folds".to_owned(), json!(GROUPS));
            of_rows(&mut convention, (pre, eval), [&pre.rows, &eval.rows], plan);
            let replicates = spread
                .as_ref()
                .map_err(restate)
                .and_then(|()| (0..GROUPS as u8).map(|g| of(Some(g))).collect());
            let mut outcome = Outcome::new(of(None), convention).with_replicates(metric, replicates);
            outcome.n = (pre.rows.len() + eval.rows.len()) as u64;
            if outcome.value.is_ok() {
                outcome.null_value = Some(null);
                let effect = "a classifier made from more rows could tell the data sets apart better";
                let least = pre.summary.rows.min(eval.summary.rows);
                outcome.notes.extend(few_rows(least, pre.summary.width as u64, effect));
            }
            outcome
        })
        .collect()
}

/// Every held row of both sides, scored by the classifier made without its group.
fn scores(pre: &Side, eval: &Side) -> Result<DomainScores> {
    let classifiers: Vec<DomainClassifier> = (0..GROUPS)
        .into_par_iter()
        .map(|g| {
            let moments = |side: &Side| {
                side.summary.moments_without(Some(g), false).ok_or_else(|| {
                    Error::undefined(format!(
                        "{} channels are more than the {WIDEST} whose covariance is computed",
                        side.summary.width
                    ))
                })
            };
            domain_classifier(&moments(pre)?, &moments(eval)?)
        })
        .collect::<Result<_>>()?;
    let centre = joint_centre(&pre.rows, &eval.rows);
    let mut weights = Array2::zeros((GROUPS, centre.len()));
    let mut borders = [0.0; GROUPS];
    for (g, classifier) in classifiers.iter().enumerate() {
        weights.row_mut(g).assign(&classifier.weights);
        borders[g] = classifier.weights.dot(&(&classifier.midpoint - &centre));
    }
    let mut scores = scores_of(&pre.rows, &centre, &weights, &borders);
    scores.extend(scores_of(&eval.rows, &centre, &weights, &borders));
    Ok(DomainScores {
        is_eval: (0..scores.len()).map(|i| i >= pre.rows.len()).collect(),
        groups: [pre.rows.groups(), eval.rows.groups()].concat(),
        scores,
    })
}

fn scores_of(rows: &Rows, centre: &Array1<f64>, weights: &Array2<f64>, borders: &[f64; GROUPS]) -> Vec<f64> {
    let starts: Vec<usize> = (0..rows.len()).step_by(CHUNK).collect();
    let chunks: Vec<Vec<f64>> = starts
        .into_par_iter()
        .map(|from| {
            let to = (from + CHUNK).min(rows.len());
            let products = product_transposed((rows.block(from..to) - centre).view(), weights.view());
            let groups = rows.groups()[from..to].iter().map(|&g| usize::from(g));
            groups
                .zip(products.outer_iter())
                .map(|(g, row)| row[g] - borders[g])
                .collect()
        })
        .collect();
    chunks.concat()
}

/// Whether the groups show how the held-out figures vary: all have rows of both sides, and not all rows are told apart.
fn shows_spread(s: &DomainScores) -> Result<()> {
    let holds =
        |g: usize, eval: bool| (0..s.scores.len()).any(|i| usize::from(s.groups[i]) == g && s.is_eval[i] == eval);
    if (0..GROUPS).any(|g| !holds(g, false) || !holds(g, true)) {
        return Err(Error::undefined(format!(
            "the rows are too few for {GROUPS} groups of both data sets"
        )));
    }
    let errors: f64 = s
        .scores
        .iter()
        .zip(&s.is_eval)
        .map(|(&score, &eval)| wrong(score, eval))
        .sum();
    if errors < ERRORS_FOR_INTERVAL {
        return Err(Error::undefined(format!(
            "only {errors} held-out rows are on the wrong side: too few to show a spread"
        )));
    }
    Ok(())
}
