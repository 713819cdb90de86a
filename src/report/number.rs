//! How numbers are shown: decided here for every format, so that all of them show the same digits.

/// The rule, as the reader of a report is told it.
pub const ROUNDING: &str = "A value with an error is rounded to two significant digits of the error, a value without one to four significant digits; JSON, CSV and Parquet keep every digit.";

/// What is shown for a number that does not exist.
pub const MISSING: &str = "–";

/// No value is shown with more significant digits than this, however small its error.
const MOST_DIGITS: i32 = 7;

/// Decimal places and common exponent of a value, its error and its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale {
    decimals: i32,
    exponent: i32,
}

impl Scale {
    fn of(value: f64, error: Option<f64>) -> Self {
        let error = error.filter(|e| e.is_finite() && *e > 0.0);
        let size = exponent(value, 4).max(error.map_or(i32::MIN, |e| exponent(e, 2)));
        let exponent_shown = if size >= 6 || (size < -3 && size != i32::MIN) {
            size
        } else {
            0
        };
        let decimals = match error {
            Some(error) => (1 - exponent(error, 2)).min(MOST_DIGITS - 1 - size),
            None if value == 0.0 => 0,
            None => (3 - exponent(value, 4)).max(-exponent_shown.max(0)),
        };
        Self {
            decimals: decimals + exponent_shown,
            exponent: exponent_shown,
        }
    }

    fn write(self, x: f64) -> String {
        // In two steps: 10^-310 is no number of its own.
        let half = self.exponent / 2;
        let mantissa = x / 10f64.powi(half) / 10f64.powi(self.exponent - half);
        let rounded = if self.decimals < 0 {
            let unit = 10f64.powi(-self.decimals);
            (mantissa / unit).round() * unit
        } else {
            mantissa
        };
        let text = format!("{rounded:.*}", self.decimals.max(0) as usize);
        // Minus zero reads as a mistake.
        if text.starts_with('-') && text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) {
            text[1..].to_owned()
        } else {
            text
        }
    }

    fn suffix(self) -> String {
        if self.exponent == 0 {
            String::new()
        } else {
            format!("e{}", self.exponent)
        }
    }
}

/// The decimal exponent of `x` once rounded to `digits` significant digits; `i32::MIN` for zero.
fn exponent(x: f64, digits: usize) -> i32 {
    if x == 0.0 {
        return i32::MIN;
    }
    let text = format!("{x:.*e}", digits - 1);
    text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

/// A number alone, to four significant digits.
pub fn number(value: Option<f64>) -> String {
    measured(value, None)
}

/// A value and its error: `3.214 ± 0.051`, `(1.20 ± 0.31)e-7`, or the value alone where there is no error.
pub fn measured(value: Option<f64>, error: Option<f64>) -> String {
    let Some(value) = value.filter(|v| v.is_finite()) else {
        return MISSING.to_owned();
    };
    let scale = Scale::of(value, error);
    match error.filter(|e| e.is_finite() && *e > 0.0) {
        None => format!("{}{}", scale.write(value), scale.suffix()),
        Some(error) => {
            let mut shown = scale.write(error);
            if shown.bytes().all(|b| matches!(b, b'0' | b'.')) {
                // The error is below the last digit shown: give it its own exponent.
                shown = format!("{:.1e}", error / 10f64.powi(scale.exponent));
            }
            match scale.exponent {
                0 => format!("{} ± {shown}", scale.write(value)),
                _ => format!("({} ± {shown}){}", scale.write(value), scale.suffix()),
            }
        }
    }
}

/// A 95 % interval with the decimals of the value it belongs to: `[3.11, 3.32]`.
pub fn interval(value: Option<f64>, error: Option<f64>, low: Option<f64>, high: Option<f64>) -> String {
    let finite = |x: Option<f64>| x.filter(|x| x.is_finite());
    let (Some(low), Some(high)) = (finite(low), finite(high)) else {
        return MISSING.to_owned();
    };
    // A value far smaller than its interval must not set the decimals alone.
    let value = finite(value).unwrap_or(low);
    let error = finite(error).filter(|e| *e > 0.0).or(Some((high - low) / 4.0));
    let scale = Scale::of(value, error);
    format!("[{}, {}]{}", scale.write(low), scale.write(high), scale.suffix())
}

/// A p-value: three decimals, never a bare zero.
pub fn p_value(p: Option<f64>) -> String {
    match p.filter(|p| p.is_finite()) {
        None => MISSING.to_owned(),
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    }
}

/// A number as shown above, in LaTeX's mathematics: the same digits.
pub fn to_tex(shown: &str) -> String {
    if shown == MISSING || shown.is_empty() {
        return shown.replace(MISSING, "--");
    }
    let mut tex = String::from("$");
    let mut rest = shown;
    while let Some(at) = rest.find('e') {
        let end = rest[at + 1..]
            .find(|c: char| c != '-' && !c.is_ascii_digit())
            .map_or(rest.len(), |n| at + 1 + n);
        tex.push_str(&rest[..at]);
        tex.push_str(&format!("\\times 10^{{{}}}", &rest[at + 1..end]));
        rest = &rest[end..];
    }
    tex.push_str(rest);
    tex.push('$');
    tex.replace(" ± ", " \\pm ").replace(", ", ",\\ ")
}

/// So many of something.
pub fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// With a true minus sign, for pages and figures.
pub fn typeset(shown: &str) -> String {
    shown.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_sets_the_digits_of_the_value() {
        let show = |v, e| measured(Some(v), Some(e));
        assert_eq!(show(3.21449, 0.0512), "3.214 ± 0.051");
        assert_eq!(show(3.21449, 0.0996), "3.21 ± 0.10");
        assert_eq!(show(-0.001, 0.25), "0.00 ± 0.25");
        assert_eq!(show(4567.0, 123.0), "4570 ± 120");
        assert_eq!(show(123.456, 0.012), "123.456 ± 0.012");
        assert_eq!(show(0.0, 0.02), "0.000 ± 0.020");
        assert_eq!(measured(Some(0.25), None), "0.2500");
        assert_eq!(
            measured(Some(12.0), Some(0.0)),
            "12.00",
            "an error of nothing is not shown as one"
        );
    }

    #[test]
    fn huge_and_tiny_numbers_take_an_exponent() {
        assert_eq!(measured(Some(1.234_56e-7), Some(1.2e-9)), "(1.235 ± 0.012)e-7");
        assert_eq!(measured(Some(9.876e300), Some(1.0e298)), "(9.876 ± 0.010)e300");
        assert_eq!(number(Some(123_456_789.0)), "1.235e8");
        assert_eq!(number(Some(-4.2e-310)), "-4.200e-310");
        assert_eq!(number(Some(12_345.6)), "12346");
        assert_eq!(number(Some(0.0)), "0");
        assert_eq!(number(Some(0.00123)), "0.001230");
        assert_eq!(measured(Some(1.0), Some(3e-12)), "1.000000 ± 3.0e-12");
        assert_eq!(measured(Some(1e-20), Some(0.5)), "0.00 ± 0.50");
    }

    #[test]
    fn what_does_not_exist_is_a_dash_and_never_nan() {
        for x in [None, Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY)] {
            assert_eq!(number(x), MISSING);
            assert_eq!(p_value(x), MISSING);
            assert_eq!(interval(Some(1.0), None, x, Some(2.0)), MISSING);
            assert!(measured(Some(1.0), x).starts_with("1.000"));
        }
    }

    #[test]
    fn an_interval_has_the_decimals_of_its_value() {
        assert_eq!(
            interval(Some(3.21449), Some(0.0512), Some(3.1), Some(3.33)),
            "[3.100, 3.330]"
        );
        assert_eq!(
            interval(Some(1.2e-7), Some(1e-8), Some(1.0e-7), Some(1.4e-7)),
            "[1.00, 1.40]e-7"
        );
        assert_eq!(interval(Some(0.5), None, Some(0.4), Some(0.6)), "[0.400, 0.600]");
    }

    #[test]
    fn latex_shows_the_same_digits() {
        assert_eq!(to_tex("(1.235 ± 0.012)e-7"), "$(1.235 \\pm 0.012)\\times 10^{-7}$");
        assert_eq!(to_tex("[-1.00, 1.40]e8"), "$[-1.00,\\ 1.40]\\times 10^{8}$");
        assert_eq!(to_tex("1.000000 ± 3.0e-12"), "$1.000000 \\pm 3.0\\times 10^{-12}$");
        assert_eq!(to_tex(MISSING), "--");
    }

    #[test]
    fn a_small_p_value_is_not_zero() {
        assert_eq!(p_value(Some(0.0)), "< 0.001");
        assert_eq!(p_value(Some(0.0412)), "0.041");
    }
}
