//! Axes: their range, ticks and labels.

/// One axis of a plot, in the coordinates things are drawn in (logarithms on a logarithmic axis).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxisScale {
    /// Both ends.
    pub range: (f64, f64),
    /// Where a tick stands, and its label.
    pub ticks: Vec<(f64, String)>,
    /// What the axis shows; empty where the ticks say it.
    pub label: String,
    /// The ticks are names, which must all be shown if they can.
    pub names: bool,
}

impl AxisScale {
    /// A linear axis that holds all of `values` with some air and has `about` so many ticks; `None` without a finite value.
    pub fn linear(label: &str, about: f64, values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = ends(values)?;
        let air = if high > low {
            0.07 * (high - low)
        } else {
            (0.05 * low.abs()).max(f64::MIN_POSITIVE)
        };
        let range = (low - air, high + air);
        (range.1 - range.0).is_finite().then(|| Self {
            range,
            ticks: linear_ticks(range, about),
            label: label.to_owned(),
            names: false,
        })
    }

    /// A logarithmic axis over positive `values`, in decimal logarithms; `None` without one.
    pub fn logarithmic(label: &str, values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = ends(values.filter(|v| *v > 0.0).map(f64::log10))?;
        let air = 0.04 * (high - low).max(0.5);
        let range = (low - air, high + air);
        Some(Self {
            range,
            ticks: decades(range),
            label: label.to_owned(),
            names: false,
        })
    }

    /// Names at 0, 1, 2, …
    pub fn names(names: impl Iterator<Item = String>) -> Self {
        let ticks: Vec<(f64, String)> = names.enumerate().map(|(i, name)| (i as f64, name)).collect();
        Self {
            range: (-0.5, ticks.len().max(1) as f64 - 0.5),
            ticks,
            label: String::new(),
            names: true,
        }
    }
}

fn ends(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let ends = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    (ends.0 <= ends.1).then_some(ends)
}

/// About `about` ticks at multiples of 1, 2 or 5 times a power of ten.
pub(super) fn linear_ticks((low, high): (f64, f64), about: f64) -> Vec<(f64, String)> {
    let raw = (high - low) / about;
    let unit = 10f64.powf(raw.log10().floor());
    let off = |m: &f64| (m * unit / raw).ln().abs();
    let step = unit
        * [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .min_by(|a, b| off(a).total_cmp(&off(b)))
            .unwrap_or(1.0);
    if !(step.is_finite() && step > 0.0) || low + step == low {
        return Vec::new();
    }
    let decimals = (-step.log10().floor()).max(0.0);
    let size = low.abs().max(high.abs());
    let plain = size < 1e5 && decimals <= 4.0;
    let label = |v: f64| {
        let v = if v.abs() < step * 1e-6 { 0.0 } else { v };
        if plain {
            format!("{v:.*}", decimals as usize).replace('-', "−")
        } else {
            scientific(v, step)
        }
    };
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|i| i as f64 * step).map(|v| (v, label(v))).collect()
}

/// As many digits as tell two ticks apart.
fn scientific(v: f64, step: f64) -> String {
    if v == 0.0 {
        return "0".to_owned();
    }
    let digits = (v.abs().log10().floor() - step.log10().floor()).clamp(0.0, 8.0);
    let text = format!("{v:.*e}", digits as usize);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!(
        "{}·10{}",
        mantissa.replace('-', "−"),
        superscript(exponent.parse().unwrap_or(0))
    )
}

fn decades((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let (first, last) = (low.ceil() as i32, high.floor() as i32);
    if last <= first {
        // Less than two whole decades in sight: 1, 2 and 5 times each.
        let fine =
            (low.floor() as i32..=high.ceil() as i32).flat_map(|e| [1.0, 2.0, 5.0].map(|m: f64| m * 10f64.powi(e)));
        return fine
            .map(|v| (v.log10(), power_label(v)))
            .filter(|(at, _)| (low..=high).contains(at))
            .collect();
    }
    let every = ((last - first) / 7 + 1) as usize;
    (first..=last)
        .step_by(every)
        .map(|e| (f64::from(e), power_label(10f64.powi(e))))
        .collect()
}

fn power_label(v: f64) -> String {
    let exponent = v.log10();
    if (0.01..=10_000.0).contains(&(v * 1.0001)) {
        format!("{}", (v * 1e6).round() / 1e6)
    } else {
        format!("10{}", superscript(exponent.round() as i32))
    }
}

/// A whole number as an exponent: `⁻³`.
fn superscript(n: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => other
            .to_digit(10)
            .and_then(|d| char::from_u32(0x2070 + d))
            .unwrap_or(other),
    };
    n.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &AxisScale) -> Vec<&str> {
        scale.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_as_precise_as_they_need_to_be() {
        let scale = AxisScale::linear("", 5.0, [0.12, 0.31].into_iter()).unwrap();
        assert_eq!(labels(&scale), ["0.15", "0.20", "0.25", "0.30"]);
        let scale = AxisScale::linear("", 5.0, [-1.0, 3.0].into_iter()).unwrap();
        assert_eq!(labels(&scale), ["−1", "0", "1", "2", "3"]);
        let scale = AxisScale::linear("", 5.0, [1e-7, 4e-7].into_iter()).unwrap();
        assert_eq!(labels(&scale)[0], "1.0·10⁻⁷");
    }

    #[test]
    fn logarithmic_axes_show_decades() {
        let scale = AxisScale::logarithmic("", [1.0, 2048.0].into_iter()).unwrap();
        assert_eq!(labels(&scale), ["1", "10", "100", "1000"]);
        let scale = AxisScale::logarithmic("", [1e-8, 0.0, -1.0, 0.5].into_iter()).unwrap();
        assert_eq!(labels(&scale), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "0.01", "1"]);
    }

    #[test]
    fn one_value_huge_values_and_none_have_an_axis_or_are_left_out() {
        assert!(AxisScale::linear("", 5.0, [2.0].into_iter()).unwrap().range.1 > 2.0);
        assert!(AxisScale::linear("", 5.0, [0.0].into_iter()).is_some());
        assert!(AxisScale::linear("", 5.0, [f64::NAN, f64::INFINITY].into_iter()).is_none());
        assert!(AxisScale::linear("", 5.0, [f64::MAX, f64::MIN].into_iter()).is_none());
        assert!(
            AxisScale::linear("", 5.0, [1e300, 2e300].into_iter())
                .unwrap()
                .ticks
                .len()
                > 2
        );
        assert!(AxisScale::logarithmic("", [0.0].into_iter()).is_none());
    }
}
