//! Metrics of the spectrum of each class, averaged over classes.

use crate::analysis::outcome::{Outcome, reason, some_of};
use crate::analysis::planned_metric::PlannedMetric;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::FromEachClass;
use crate::stats::Spectrum;

/// The outcomes of these metrics.
pub fn outcomes(side: &Side, asked: &[PlannedMetric<FromEachClass>]) -> Vec<Outcome> {
    let names = side.class_names();
    let counts = side.labels().map(|l| l.counts()).unwrap_or_default();
    asked
        .iter()
        .map(|asked| {
            let found = mean(&side.spectra, asked.eval.value);
            let mut outcome = Outcome::new(found).with_replicates(asked.metric, Ok(Vec::new()));
            let used = |c: &usize| side.spectra[*c].is_ok();
            outcome.n = (0..counts.len()).filter(used).map(|c| counts[c] as u64).sum();
            outcome.d = side.summary.width as u64;
            outcome.classes = (0..counts.len()).filter(used).count() as u64;
            if outcome.value.is_ok() {
                outcome.notes.extend(left_out(&side.spectra, names));
            }
            outcome
        })
        .collect()
}

/// The classes without a spectrum, by the reason.
fn left_out(spectra: &[Result<Spectrum>], names: &[String]) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, spectrum) in names.iter().zip(spectra) {
        let Err(error) = spectrum else { continue };
        let reason = reason(error.clone());
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, classes)) => classes.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let texts = reasons
        .iter()
        .map(|(reason, classes)| format!("left out: {} ({reason})", some_of(classes)));
    texts.collect()
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
        Some(reason) => Err(reason.clone()),
        None => Err(Error::undefined("no class has two rows")),
    }
}
