//! A value on its way to becoming a record.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::metrics::{ErrorBar, Metric};
use crate::results::{Record, Table};
use crate::stats::{Estimate, GROUPS, bootstrap_interval, jackknife, wilson_interval};

/// What is known of one value.
pub struct Outcome {
    pub value: Result<f64>,
    pub estimate: Option<Estimate>,
    pub replicates: Option<Vec<f64>>,
    pub null_value: Option<f64>,
    pub p_value: Option<f64>,
    pub notes: Vec<String>,
    pub convention: Map<String, Value>,
    pub n: u64,
    pub d: u64,
    pub classes: u64,
    /// Tables of a pair that come with the value.
    pub tables: Result<Vec<Table>>,
}

impl Outcome {
    /// A value without an error bar yet.
    pub fn new(value: Result<f64>, convention: Map<String, Value>) -> Self {
        Self {
            value,
            estimate: None,
            replicates: None,
            null_value: None,
            p_value: None,
            notes: Vec::new(),
            convention,
            n: 0,
            d: 0,
            classes: 0,
            tables: Ok(Vec::new()),
        }
    }

    /// Adds the error bar the metric's row names, from the value's replicates; `Err` says why there is none.
    pub fn with_replicates(mut self, metric: &Metric, replicates: Result<Vec<f64>>) -> Self {
        let Ok(value) = self.value else { return self };
        let found = replicates
            .map_err(|error| match error {
                Error::Undefined(reason) => reason,
                other => other.to_string(),
            })
            .and_then(|replicates| Ok((estimate(metric.error, value, &replicates)?, replicates)));
        let (estimate, replicates) = match found {
            Ok(found) => found,
            Err(reason) => {
                self.notes.push(format!("no interval: {reason}"));
                return self;
            }
        };
        let mut say = |name: &str, what: Value| self.convention.insert(name.to_owned(), what);
        if metric.error == ErrorBar::Bootstrap {
            say("error", json!("bootstrap"));
            say("resamples", json!(replicates.len()));
            say("groups", json!(GROUPS));
            say("interval", json!("normal"));
        } else {
            say("error", json!("jackknife"));
            say("groups", json!(replicates.len()));
            if metric.error == ErrorBar::HalfSamples {
                say("replicates_from", json!("half-samples"));
            }
            let corrected = metric.error.is_corrected();
            say("centred", json!(if corrected { "bias-corrected" } else { "plug-in" }));
            if corrected {
                say("bias_corrected", json!(estimate.corrected));
                if !(estimate.low..=estimate.high).contains(&value) {
                    self.notes
                        .push("biased at this N: the interval is around the bias-corrected value".to_owned());
                }
            }
        }
        self.estimate = Some(estimate);
        self.replicates = Some(replicates);
        self
    }

    /// Adds Wilson's interval of a share of so many held-out rows; its values without each group of them go with it, so that
    /// models can be paired.
    pub fn with_share(mut self, replicates: Result<Vec<f64>>, rows: u64) -> Self {
        match (&self.value, replicates) {
            (Ok(value), Ok(replicates)) => {
                self.convention.insert("error".to_owned(), json!("jackknife"));
                self.convention.insert("groups".to_owned(), json!(replicates.len()));
                self.convention.insert("centred".to_owned(), json!("plug-in"));
                self.convention.insert("interval".to_owned(), json!("wilson"));
                self.estimate = Some(wilson_interval(*value, rows));
                self.replicates = Some(replicates);
            }
            (Ok(_), Err(error)) => self.notes.push(format!("no interval: {error}")),
            _ => {}
        }
        self
    }

    /// The record, on the sides that `sides` already names.
    pub fn into_record(self, metric: &Metric, sides: Record, seconds: f64) -> Record {
        let mut notes = self.notes;
        let value = match self.value {
            // A number too large for f64 is no number.
            Ok(value) if !value.is_finite() => {
                notes.insert(0, "beyond the range of 64-bit numbers".to_owned());
                None
            }
            Ok(value) => Some(value),
            Err(Error::Undefined(reason)) => {
                notes.insert(0, reason);
                None
            }
            Err(other) => {
                notes.insert(0, other.to_string());
                None
            }
        };
        let finite = |x: f64| x.is_finite().then_some(x);
        // What cannot be is not in the interval: cutting it to the metric's range loses no truth.
        let (least, most) = metric.range;
        let estimate = self
            .estimate
            .filter(|e| value.is_some() && (e.std_error + e.low + e.high).is_finite());
        Record {
            metric: metric.id.to_owned(),
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
            convention: self.convention,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            seconds,
            ..sides
        }
    }
}

/// What a metric's error bar makes of a value and its replicates, or why it makes nothing.
fn estimate(error: ErrorBar, value: f64, replicates: &[f64]) -> std::result::Result<Estimate, String> {
    let above_zero = |e: Estimate| {
        if e.low > 0.0 {
            return Ok(e);
        }
        Err(
            "it would reach zero, and of what is no more than chance the jackknife counts twice what pairs of rows say \
             together"
                .to_owned(),
        )
    };
    match error {
        ErrorBar::Bootstrap => Ok(bootstrap_interval(value, replicates)),
        ErrorBar::Jackknife | ErrorBar::HalfSamples => Ok(jackknife(value, replicates, false)),
        ErrorBar::JackknifeCorrected => Ok(jackknife(value, replicates, true)),
        ErrorBar::JackknifeOfDistance => match mostly_bias(value, replicates) {
            Some(reason) => Err(reason),
            None => Ok(jackknife(value, replicates, false)),
        },
        ErrorBar::JackknifeOfExcess => above_zero(jackknife(value, replicates, true)),
        ErrorBar::InverseOfExcess => {
            let inverses: Vec<f64> = replicates.iter().map(|r| r.recip()).collect();
            let inverse =
                above_zero(jackknife(value.recip(), &inverses, true)).map_err(|why| format!("of its inverse {why}"))?;
            Ok(Estimate {
                std_error: inverse.std_error / inverse.corrected.powi(2),
                low: inverse.high.recip(),
                high: inverse.low.recip(),
                corrected: inverse.corrected.recip(),
            })
        }
        ErrorBar::HeldOut(reason) | ErrorBar::None(reason) => Err(reason.to_owned()),
    }
}

/// The share of a value that may be bias for its jackknife to be of use.
const MOST_BIAS: f64 = 1.0 / 3.0;

/// Why a value whose replicates show more bias than that has no interval.
pub fn mostly_bias(value: f64, replicates: &[f64]) -> Option<String> {
    let bias = value - jackknife(value, replicates, true).corrected;
    (bias.abs() > MOST_BIAS * value.abs()).then(|| {
        let share = match (bias / value).abs() {
            share if share < 1.0 => format!("{:.0} % of the value is its bias at this N", 100.0 * share),
            _ => "the value is no larger than its bias at this N".to_owned(),
        };
        format!("{share}, where the jackknife counts twice what pairs of rows say together")
    })
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
    fn a_quotient_has_the_interval_of_its_inverse() {
        let inverses: Vec<f64> = (0..GROUPS).map(|g| 4.0 + g as f64 / 100.0).collect();
        let of_inverse = jackknife(4.1, &inverses, true);
        let values: Vec<f64> = inverses.iter().map(|x| x.recip()).collect();
        let e = estimate(ErrorBar::InverseOfExcess, 4.1f64.recip(), &values).unwrap();
        assert!((e.low * of_inverse.high - 1.0).abs() < 1e-14 && (e.high * of_inverse.low - 1.0).abs() < 1e-14);
        assert!((e.std_error * of_inverse.corrected.powi(2) / of_inverse.std_error - 1.0).abs() < 1e-14);
        let scattered: Vec<f64> = (0..GROUPS).map(|g| if g < 5 { 0.1 } else { 9.0 }).collect();
        let why = estimate(ErrorBar::InverseOfExcess, 0.3, &scattered).unwrap_err();
        assert!(why.starts_with("of its inverse it would reach zero"), "{why}");
    }

    #[test]
    fn a_distance_that_is_mostly_bias_is_told() {
        // 3 + 70/N at N = 100 and 90: 0.7 of 3.7 are bias; 1 + 70/N: 0.7 of 1.7.
        assert_eq!(mostly_bias(3.7, &[3.0 + 70.0 / 90.0; GROUPS]), None);
        let told = mostly_bias(1.7, &[1.0 + 70.0 / 90.0; GROUPS]).unwrap();
        assert!(told.starts_with("41 % of the value"), "{told}");
        // What is nothing but bias is no share of the value.
        for value in [1e-40, 0.0] {
            let told = mostly_bias(value, &[1.0; GROUPS]).unwrap();
            assert!(told.starts_with("the value is no larger than its bias"), "{told}");
        }
        // Of two equal sets nothing is biased.
        assert_eq!(mostly_bias(0.0, &[0.0; GROUPS]), None);
    }

    #[test]
    fn few_rows_are_said_to_be_few() {
        assert!(few_rows(9, 10, "x").unwrap().contains("below d = 10"));
        assert!(few_rows(49, 10, "x").unwrap().contains("below 5 d = 50"));
        assert!(few_rows(50, 10, "x").is_none());
    }
}
