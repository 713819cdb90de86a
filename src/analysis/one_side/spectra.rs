//! Metrics of spectra: each matrix is decomposed once for all metrics that ask for it.

use serde_json::json;

use super::super::kinds::{Chosen, replicates, restate};
use super::super::outcome::{Outcome, few_rows};
use super::super::{Plan, Side, WIDEST};
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::{Moments, Of, Spectrum};

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let mut found: Vec<Option<Outcome>> = metrics.iter().map(|_| None).collect();
    for matrix in [Of::Covariance, Of::Uncentred, Of::Unit] {
        let places: Vec<usize> = (0..metrics.len()).filter(|&i| of(metrics[i].1) == matrix).collect();
        let chosen: Vec<Chosen> = places.iter().map(|&i| metrics[i]).collect();
        if chosen.is_empty() {
            continue;
        }
        let without = |group: Option<usize>| {
            let moments = side.summary.moments_without(group, matrix == Of::Unit);
            spectrum(side, moments.as_ref(), matrix)
        };
        let whole = without(None);
        // Resamples are as dear as the whole: only for those that have an interval.
        let resampled: Vec<Chosen> = chosen.iter().copied().filter(|(m, _)| m.error.resamples()).collect();
        let mut resampled = match &whole {
            Ok(_) if !resampled.is_empty() => replicates(&resampled, side.summary.rows, |g| without(Some(g)), value),
            _ => Vec::new(),
        }
        .into_iter();
        for (place, (metric, eval)) in places.into_iter().zip(chosen) {
            let found_value = whole.as_ref().map_err(restate).and_then(|s| value(eval, s));
            let mut convention = plan.conventions.describe(metric);
            if let (
                Ok(s),
                Eval::Spectrum {
                    beside: Some((name, of)),
                    ..
                },
            ) = (&whole, eval)
                && let Ok(number) = of(s)
            {
                convention.insert(name.to_owned(), json!(number));
            }
            let mut outcome = Outcome::new(found_value, convention);
            let of_metric = if metric.error.resamples() {
                let replicates = resampled.next().unwrap_or_else(|| Err(Error::undefined("undefined")));
                told_apart(eval, &whole).and(replicates)
            } else {
                Ok(Vec::new())
            };
            outcome = outcome.with_replicates(metric, of_metric);
            outcome.n = side.summary.rows;
            outcome.d = side.summary.width as u64;
            outcome.classes = side.labels().map_or(0, |l| l.classes() as u64);
            if outcome.value.is_ok() {
                let effect = "the spectrum of so few rows falls faster than the population's";
                outcome.notes.extend(few_rows(outcome.n, outcome.d, effect));
            }
            found[place] = Some(outcome);
        }
    }
    found
        .into_iter()
        .map(|o| o.expect("every metric is of one of the matrices"))
        .collect()
}

/// Whether the eigenvalues that a metric looks at differ by more than chance.
fn told_apart(eval: Eval, whole: &Result<Spectrum>) -> Result<()> {
    match (eval, whole) {
        (Eval::Spectrum { flat, .. }, Ok(s)) if flat(s) => Err(Error::undefined(
            "the eigenvalues it looks at are equal within sampling error, and how such ones spread no resample shows",
        )),
        _ => Ok(()),
    }
}

fn of(eval: Eval) -> Of {
    match eval {
        Eval::Spectrum { of, .. } => of,
        _ => unreachable!("only spectrum metrics come here"),
    }
}

fn value(eval: Eval, s: &Spectrum) -> Result<f64> {
    match eval {
        Eval::Spectrum { value, .. } => value(s),
        _ => unreachable!("only spectrum metrics come here"),
    }
}

/// The spectrum of some moments of a side, where they were collected.
pub fn spectrum(side: &Side, moments: Option<&Moments>, of: Of) -> Result<Spectrum> {
    if !side.summary.measurable() {
        return Err(Error::undefined(
            "the features' squares are beyond the range of 64-bit numbers; rescale them",
        ));
    }
    match moments {
        Some(moments) => Spectrum::new(moments, of),
        None => Err(Error::undefined(format!(
            "{} channels are more than the {WIDEST} whose spectrum is computed",
            side.summary.width
        ))),
    }
}
