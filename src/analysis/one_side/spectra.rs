//! Metrics of second moments and their spectra: a matrix is decomposed once for all metrics that ask for it.

use rayon::prelude::*;
use serde_json::json;

use super::super::kinds::{Chosen, ROWS_FOR_GROUPS, replicates, restate};
use super::super::outcome::{Outcome, few_rows};
use super::super::{Plan, Side, WIDEST};
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::{GROUPS, Moments, OUT_OF_RANGE, Of, Reduced, Spectrum};

/// Whether a metric is of this kind.
pub fn is(eval: &Eval) -> bool {
    matches!(eval, Eval::Spectrum { .. } | Eval::UnitMoments { .. })
}

/// A value, and the number that goes by its side.
pub struct Valued {
    pub value: Result<f64>,
    beside: Option<f64>,
    /// Whether the eigenvalues it comes from are equal within sampling error.
    flat: bool,
}

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let mut found: Vec<Option<Outcome>> = metrics.iter().map(|_| None).collect();
    // Of the rows as they are, and of l2-normalised rows.
    let sources: Vec<(bool, Vec<usize>, Vec<Chosen>)> = [false, true]
        .into_iter()
        .map(|unit| {
            let places: Vec<usize> = (0..metrics.len())
                .filter(|&i| metrics[i].1.needs_unit_scatter() == unit)
                .collect();
            let chosen = places.iter().map(|&i| metrics[i]).collect();
            (unit, places, chosen)
        })
        .collect();
    // Resamples are as dear as the whole: only for those that have an interval. All of them at once keep every processor busy.
    let enough = side.summary.rows >= ROWS_FOR_GROUPS;
    let parts: Vec<(usize, Option<usize>)> = (0..sources.len())
        .filter(|&s| !sources[s].2.is_empty())
        .flat_map(|s| {
            let resampled = enough && sources[s].2.iter().any(|(m, _)| m.error.resamples());
            std::iter::once((s, None)).chain((0..GROUPS).filter(move |_| resampled).map(move |g| (s, Some(g))))
        })
        .collect();
    let valued: Vec<Vec<Valued>> = parts
        .par_iter()
        .with_max_len(1)
        .map(|&(s, group)| {
            let (unit, _, chosen) = &sources[s];
            let wanted: Vec<Chosen> = match group {
                None => chosen.clone(),
                Some(_) => chosen.iter().copied().filter(|(m, _)| m.error.resamples()).collect(),
            };
            values(side, side.summary.moments_without(group, *unit).as_ref(), &wanted)
        })
        .collect();
    for (s, (_, places, chosen)) in sources.into_iter().enumerate() {
        let of = |group: Option<usize>| parts.iter().position(|part| *part == (s, group)).map(|at| &valued[at]);
        let mut resampled = 0;
        for (i, (place, (metric, eval))) in places.into_iter().zip(chosen).enumerate() {
            let whole = &of(None).expect("made for every source that has metrics")[i];
            let mut convention = plan.conventions.describe(metric);
            if let (
                Eval::Spectrum {
                    beside: Some((name, _)),
                    ..
                },
                Some(number),
            ) = (eval, whole.beside)
            {
                convention.insert(name.to_owned(), json!(number));
            }
            let mut outcome = Outcome::new(whole.value.as_ref().copied().map_err(restate), convention);
            let of_metric = if metric.error.resamples() {
                let at = resampled;
                resampled += 1;
                let without = |group| Ok(of(Some(group)).expect("made for each group"));
                let value = |_, values: &&Vec<Valued>| values[at].value.as_ref().copied().map_err(restate);
                let replicates = replicates(&[(metric, eval)], side.summary.rows, without, value).remove(0);
                told_apart(whole).and(replicates)
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
        .map(|o| o.expect("every metric is of one of the sources"))
        .collect()
}

/// Whether the eigenvalues that a metric looks at differ by more than chance.
fn told_apart(whole: &Valued) -> Result<()> {
    if whole.flat {
        return Err(Error::undefined(
            "the eigenvalues it looks at are equal within sampling error, and how such ones spread no resample shows",
        ));
    }
    Ok(())
}

/// The values of these metrics, all of rows as they are or all of l2-normalised rows, from moments of a side, where those
/// were collected.
pub fn values(side: &Side, moments: Option<&Moments>, metrics: &[Chosen]) -> Vec<Valued> {
    let moments = known(side, moments);
    let wants = |of: Of| {
        metrics
            .iter()
            .any(|(_, eval)| matches!(eval, Eval::Spectrum { of: o, .. } if *o == of))
    };
    let wanted: Vec<Of> = [Of::Covariance, Of::Uncentred, Of::Unit]
        .into_iter()
        .filter(|of| wants(*of))
        .collect();
    let spectra: Vec<(Of, Result<Spectrum>)> = if wanted.is_empty() {
        Vec::new()
    } else {
        let reduced = moments.as_ref().map_err(restate).and_then(|m| Reduced::new(m));
        let of = |of| reduced.as_ref().map_err(restate).and_then(|r| r.spectrum(of));
        wanted.into_iter().map(|o| (o, of(o))).collect()
    };
    metrics
        .iter()
        .map(|(_, eval)| match *eval {
            Eval::Spectrum {
                of,
                value,
                beside,
                flat,
            } => {
                let (_, spectrum) = spectra
                    .iter()
                    .find(|(known, _)| *known == of)
                    .expect("made where it is wanted");
                let spectrum = spectrum.as_ref();
                Valued {
                    value: spectrum.map_err(restate).and_then(value),
                    beside: spectrum.ok().and_then(|s| beside.and_then(|(_, of)| of(s).ok())),
                    flat: spectrum.is_ok_and(flat),
                }
            }
            Eval::UnitMoments { value, flat } => Valued {
                value: moments.as_ref().map_err(restate).and_then(|m| value(m)),
                beside: None,
                flat: moments.as_ref().is_ok_and(|m| flat(m)),
            },
            _ => unreachable!("only metrics of second moments come here"),
        })
        .collect()
}

/// Moments of a side, where they were collected and are ordinary numbers.
fn known<'m>(side: &Side, moments: Option<&'m Moments>) -> Result<&'m Moments> {
    if !side.summary.measurable() {
        return Err(Error::undefined(OUT_OF_RANGE));
    }
    moments.ok_or_else(|| {
        Error::undefined(format!(
            "{} channels are more than the {WIDEST} whose spectrum is computed",
            side.summary.width
        ))
    })
}
