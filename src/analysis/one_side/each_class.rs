//! Metrics of the spectrum of each class, averaged over classes.

use super::super::kinds::{Chosen, restate};
use super::super::outcome::{Outcome, some_of};
use super::super::{Plan, Side};
use crate::error::{Error, Result};
use crate::metrics::Eval;
use crate::stats::Spectrum;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, metrics: &[Chosen], plan: &Plan) -> Vec<Outcome> {
    let names = side.labels().map(|l| l.names()).unwrap_or_default();
    let counts = side.labels().map(|l| l.counts()).unwrap_or_default();
    metrics
        .iter()
        .map(|&(metric, eval)| {
            let Eval::EachClass { value } = eval else {
                unreachable!("only metrics of each class come here");
            };
            let mut outcome = Outcome::new(mean(&side.spectra, value), plan.conventions.describe(metric))
                .with_replicates(metric, Ok(Vec::new()));
            let used = |c: &usize| side.spectra[*c].is_ok();
            outcome.n = (0..counts.len()).filter(used).map(|c| counts[c] as u64).sum();
            outcome.d = side.summary.width as u64;
            outcome.classes = (0..counts.len()).filter(used).count() as u64;
            let left_out: Vec<&str> = (0..counts.len())
                .filter(|c| !used(c))
                .map(|c| names[c].as_str())
                .collect();
            if !left_out.is_empty() {
                let names = some_of(&left_out);
                outcome
                    .notes
                    .push(format!("left out, without two rows that differ: {names}"));
            }
            outcome
        })
        .collect()
}

/// The mean over the classes that have a spectrum.
fn mean(spectra: &[Result<Spectrum>], value: fn(&Spectrum) -> Result<f64>) -> Result<f64> {
    let (mut sum, mut classes) = (0.0, 0.0);
    for spectrum in spectra.iter().flatten() {
        sum += value(spectrum)?;
        classes += 1.0;
    }
    match spectra.iter().find_map(|s| s.as_ref().err()) {
        _ if classes > 0.0 => Ok(sum / classes),
        Some(reason) => Err(restate(reason)),
        None => Err(Error::undefined("no class has two rows")),
    }
}
