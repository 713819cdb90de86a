//! Metrics of second moments and their spectra: a matrix is decomposed once for all metrics that ask for it.

use rayon::prelude::*;

use super::rows_used::of_all_rows;
use crate::analysis::kinds::SecondMoments;
use crate::analysis::limits::too_wide;
use crate::analysis::outcome::{Outcome, few_rows};
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::spectrum::EQUAL_EIGENVALUES;
use crate::stats::{Moments, Reduced, SecondMoment, Spectrum, in_range};
use crate::uncertainty::{GROUPS, enough_rows};

/// A value, and the number that goes with it.
pub struct Valued {
    pub value: Result<f64>,
    beside: Option<(&'static str, f64)>,
    /// Whether the eigenvalues it comes from are equal within sampling error.
    flat: bool,
}

impl SecondMoments {
    /// Whether it looks at l2-normalised rows.
    pub fn is_unit(&self) -> bool {
        match self {
            Self::Spectrum(e) => e.matrix == SecondMoment::Unit,
            Self::Unit(_) => true,
        }
    }
}

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<SecondMoments>]) -> Vec<Outcome> {
    let of_source = |unit: bool, resampled: bool| -> Vec<SecondMoments> {
        let metrics = asked.iter().filter(|a| a.eval.is_unit() == unit);
        metrics
            .filter(|a| !resampled || a.resamples())
            .map(|a| a.eval)
            .collect()
    };
    // A resample costs as much as the whole: only metrics with an interval get them. All at once keep every processor busy.
    let enough = enough_rows(side.summary.rows);
    let parts: Vec<(bool, Option<usize>, Vec<SecondMoments>)> = [false, true]
        .into_iter()
        .flat_map(|unit| {
            let groups = (0..GROUPS).filter(|_| enough.is_ok());
            let without = groups.map(move |g| (unit, Some(g), of_source(unit, true)));
            std::iter::once((unit, None, of_source(unit, false))).chain(without)
        })
        .filter(|(.., metrics)| !metrics.is_empty())
        .collect();
    let valued: Vec<Vec<Valued>> = parts
        .par_iter()
        .with_max_len(1)
        .map(|(unit, group, metrics)| values(side, side.summary.moments_without(*group, *unit).as_ref(), metrics))
        .collect();
    let part = |unit: bool, group: Option<usize>| {
        let at = parts.iter().position(|part| (part.0, part.1) == (unit, group));
        &valued[at.expect("made for every source that has metrics")]
    };
    // How many of each source came before, of all and of those with replicates.
    let mut before = [[0; 2]; 2];
    let outcome = |asked: &PlannedMetric<SecondMoments>| {
        let unit = asked.eval.is_unit();
        let [all, resampled] = &mut before[usize::from(unit)];
        let whole = &part(unit, None)[*all];
        *all += 1;
        let replicates = match asked.resamples() {
            true => {
                let at = *resampled;
                *resampled += 1;
                let values = |_| (0..GROUPS).map(|g| part(unit, Some(g))[at].value.clone()).collect();
                told_apart(whole).and(enough.clone()).and_then(values)
            }
            false => Ok(Vec::new()),
        };
        let outcome = Outcome::new(whole.value.clone()).with_replicates(asked.metric, replicates);
        let mut outcome = of_all_rows(side, outcome);
        if let Some((name, number)) = whole.beside {
            outcome.found(name, number);
        }
        if outcome.value.is_ok() {
            let effect = "the spectrum of so few rows falls faster than the population's";
            outcome.notes.extend(few_rows(outcome.n, outcome.d, effect));
        }
        outcome
    };
    asked.iter().map(outcome).collect()
}

/// Checks that the eigenvalues that a metric looks at differ by more than chance.
fn told_apart(whole: &Valued) -> Result<()> {
    if whole.flat {
        return Err(Error::undefined(EQUAL_EIGENVALUES));
    }
    Ok(())
}

/// The values of these metrics, all of rows as they are or all of l2-normalised rows, from moments of a side, where those
/// were collected.
pub fn values(side: &Side, moments: Option<&Moments>, metrics: &[SecondMoments]) -> Vec<Valued> {
    let moments = known(side, moments);
    let mut reduced: Option<Result<Reduced>> = None;
    let mut spectra: Vec<(SecondMoment, Result<Spectrum>)> = Vec::new();
    metrics
        .iter()
        .map(|eval| match eval {
            SecondMoments::Spectrum(e) => {
                let at = spectra
                    .iter()
                    .position(|(known, _)| *known == e.matrix)
                    .unwrap_or_else(|| {
                        let reduced = reduced.get_or_insert_with(|| moments.clone().and_then(Reduced::new));
                        let spectrum = reduced
                            .as_ref()
                            .map_err(Error::clone)
                            .and_then(|r| r.spectrum(e.matrix));
                        spectra.push((e.matrix, spectrum));
                        spectra.len() - 1
                    });
                let spectrum = spectra[at].1.as_ref();
                let beside = |s| e.beside.and_then(|(name, value)| Some((name, value(s).ok()?)));
                Valued {
                    value: spectrum.map_err(Error::clone).and_then(e.value),
                    beside: spectrum.ok().and_then(beside),
                    flat: spectrum.is_ok_and(e.flat),
                }
            }
            SecondMoments::Unit(e) => Valued {
                value: moments.clone().and_then(e.value),
                beside: None,
                flat: moments.as_ref().is_ok_and(|m| (e.flat)(m)),
            },
        })
        .collect()
}

/// Moments of a side, where they were collected and are ordinary numbers.
fn known<'m>(side: &Side, moments: Option<&'m Moments>) -> Result<&'m Moments> {
    in_range(side.summary.measurable())?;
    moments.ok_or_else(|| too_wide(side.summary.width, "spectrum is"))
}
