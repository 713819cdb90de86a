//! How agreements of scores and accuracies are shown.

use super::number::{interval, number};
use crate::compare::correlate::{Agreement, Statistic};

/// Without the sign of a zero.
pub(super) fn two_decimals(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// Correlations to two decimals: more are noise at any number of models people have.
pub(super) fn shown(statistic: Statistic, value: Option<f64>) -> String {
    match value {
        Some(value) if statistic.is_bounded() => two_decimals(value),
        value => number(value),
    }
}

pub(super) fn interval_shown(statistic: Statistic, record: &Agreement) -> String {
    match (record.ci_low, record.ci_high) {
        (Some(low), Some(high)) if statistic.is_bounded() => format!("[{}, {}]", two_decimals(low), two_decimals(high)),
        (low, high) => interval(record.value, None, low, high),
    }
}
