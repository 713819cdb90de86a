//! A value on its way to becoming a record.

use serde_json::{Map, Value, json};

use super::planned_metric::PlannedMetric;
use crate::error::{Error, Result};
use crate::metrics::Metric;
use crate::metrics::transferability::Score;
use crate::results::{DEFAULT, Record, Table};
use crate::uncertainty::{ErrorBar, Estimate, Scheme, wilson_interval};

/// What is known of one value.
pub struct Outcome {
    pub value: Result<f64>,
    pub estimate: Option<Estimate>,
    pub replicates: Option<Vec<f64>>,
    pub null_value: Option<f64>,
    pub p_value: Option<f64>,
    pub notes: Vec<String>,
    /// How its error was found.
    error: Option<Scheme>,
    /// What defines the number beside its metric and variant.
    method: Map<String, Value>,
    /// What was found beside it.
    found: Map<String, Value>,
    pub n: u64,
    pub d: u64,
    pub classes: u64,
    /// The data set and split that were fitted on, where those are others.
    pub fitted: Option<(String, String)>,
    /// Tables that come with the value.
    pub tables: Result<Vec<Table>>,
}

impl Outcome {
    /// A value without an error bar yet.
    pub fn new(value: Result<f64>) -> Self {
        Self {
            value,
            estimate: None,
            replicates: None,
            null_value: None,
            p_value: None,
            notes: Vec::new(),
            error: None,
            method: Map::new(),
            found: Map::new(),
            n: 0,
            d: 0,
            classes: 0,
            fitted: None,
            tables: Ok(Vec::new()),
        }
    }

    /// The value of a score, what was found beside it, and the error bar that the metric's row names.
    pub fn of_score(score: Result<Score>, metric: &Metric, replicates: Result<Vec<f64>>) -> Self {
        let (value, found) = match score {
            Ok(score) => (Ok(score.value), score.found),
            Err(error) => (Err(error), Vec::new()),
        };
        let mut outcome = Self::new(value).with_replicates(metric, replicates);
        found.into_iter().for_each(|(name, number)| outcome.found(name, number));
        outcome
    }

    /// Says what defines the number: only records that say the same can be compared.
    pub fn defined_by(&mut self, name: &str, what: impl Into<Value>) {
        self.method.insert(name.to_owned(), what.into());
    }

    /// Says what was found beside the number.
    pub fn found(&mut self, name: &str, what: impl Into<Value>) {
        self.found.insert(name.to_owned(), what.into());
    }

    /// Adds the error bar the metric's row names, from the value's replicates; `Err` says why there is none.
    pub fn with_replicates(self, metric: &Metric, replicates: Result<Vec<f64>>) -> Self {
        self.with_bar(metric.error, replicates)
    }

    /// Adds an error bar, from the value's replicates; `Err` says why there is none.
    pub fn with_bar(mut self, bar: ErrorBar, replicates: Result<Vec<f64>>) -> Self {
        let Ok(value) = self.value else { return self };
        let found = replicates
            .map_err(reason)
            .and_then(|replicates| Ok((bar.estimate(value, &replicates)?, replicates)));
        let (estimate, replicates) = match found {
            Ok(found) => found,
            Err(reason) => {
                self.notes.push(format!("no interval: {reason}"));
                return self;
            }
        };
        if bar.is_corrected() {
            self.found("bias_corrected", json!(estimate.corrected));
            if !(estimate.low..=estimate.high).contains(&value) {
                self.notes
                    .push("biased at this N: the interval is around the bias-corrected value".to_owned());
            }
        }
        self.error = bar.scheme();
        self.estimate = Some(estimate);
        self.replicates = Some(replicates);
        self
    }

    /// Adds Wilson's interval of a share of so many held-out rows; its values without each group of them go with it, so that
    /// models can be paired.
    pub fn with_share(mut self, replicates: Result<Vec<f64>>, rows: u64) -> Self {
        match (&self.value, replicates) {
            (Ok(value), Ok(replicates)) => {
                self.error = Some(Scheme::Wilson);
                self.estimate = Some(wilson_interval(*value, rows));
                self.replicates = Some(replicates);
            }
            (Ok(_), Err(error)) => self.notes.push(format!("no interval: {error}")),
            _ => {}
        }
        self
    }

    /// The record, on the sides that `sides` already names.
    pub fn into_record(self, asked: &PlannedMetric<()>, sides: Record, seconds: f64) -> Record {
        let metric = asked.metric;
        let mut notes = self.notes;
        let value = match self.value {
            // A number too large for f64 is no number.
            Ok(value) if !value.is_finite() => {
                notes.insert(0, "beyond the range of 64-bit numbers".to_owned());
                None
            }
            Ok(value) => Some(value),
            Err(error) => {
                notes.insert(0, reason(error));
                None
            }
        };
        let finite = |x: f64| x.is_finite().then_some(x);
        // The interval is cut to the metric's range: no value lies outside.
        let (least, most) = metric.range;
        let estimate = self
            .estimate
            .filter(|e| value.is_some() && (e.std_error + e.low + e.high).is_finite());
        let (other_dataset, other_split) = match self.fitted {
            Some((dataset, split)) => (Some(dataset), Some(split)),
            None => (sides.other_dataset.clone(), sides.other_split.clone()),
        };
        Record {
            other_dataset,
            other_split,
            metric: metric.id.to_owned(),
            variant: asked.variant.map_or(DEFAULT, |v| v.id).to_owned(),
            value,
            std_error: estimate.as_ref().map(|e| e.std_error),
            ci_low: estimate.as_ref().map(|e| e.low.clamp(least, most)),
            ci_high: estimate.as_ref().map(|e| e.high.clamp(least, most)),
            p_value: self.p_value.and_then(finite),
            null_value: self.null_value.and_then(finite),
            replicates: self.replicates.filter(|_| estimate.is_some()),
            n: self.n,
            d: self.d,
            classes: self.classes,
            error: self.error,
            method: self.method,
            found: self.found,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            seconds,
            ..sides
        }
    }
}

/// Why there is no value, for a note.
pub fn reason(error: Error) -> String {
    match error {
        Error::Undefined(reason) => reason,
        other => other.to_string(),
    }
}

/// What is said of a value from few rows for its channels: `effect` is what that does to it.
pub fn few_rows(n: u64, d: u64, effect: &str) -> Option<String> {
    match n {
        _ if n < d => Some(format!("N = {n} is below d = {d}: {effect}")),
        _ if n < 5 * d => Some(format!("N = {n} is below 5 d = {}: {effect}", 5 * d)),
        _ => None,
    }
}

/// A number for a note, to four digits.
pub fn in_words(value: f64) -> String {
    let size = value.abs();
    if (1e-3..1e4).contains(&size) {
        format!("{value:.*}", (3.0 - size.log10().floor()) as usize)
    } else {
        format!("{value:.3e}")
    }
}

/// Names for a note: the first few, and how many more.
pub fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_notes_have_four_digits() {
        let shown = [0.0036251, 2.10384, 1234.56, -0.5, 98765.4, 0.0].map(in_words);
        assert_eq!(shown, ["0.003625", "2.104", "1235", "-0.5000", "9.877e4", "0.000e0"]);
    }

    #[test]
    fn few_rows_are_said_to_be_few() {
        assert!(few_rows(9, 10, "x").unwrap().contains("below d = 10"));
        assert!(few_rows(49, 10, "x").unwrap().contains("below 5 d = 50"));
        assert!(few_rows(50, 10, "x").is_none());
    }
}
