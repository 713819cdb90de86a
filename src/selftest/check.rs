//! One comparison of a value with what it must be.

/// Every kind of check.
pub const KINDS: &[&str] = &["golden value", "law", "closed form", "threads"];

/// One comparison of a value with what it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What kind: `golden value`, `law`, `closed form`, `threads`.
    pub kind: &'static str,
    /// The metric.
    pub metric: String,
    /// What is compared.
    pub name: String,
    /// The error achieved, on the tolerance's scale; `None` where there is no value, or one where there must be none.
    pub error: Option<f64>,
    /// The error allowed.
    pub tolerance: f64,
    /// Value and expectation, in words.
    pub detail: String,
}

impl Check {
    /// Whether the error is within the tolerance.
    pub fn passed(&self) -> bool {
        self.error.is_some_and(|e| e <= self.tolerance)
    }

    /// The share of the error allowed that was used; infinite where the check failed for want of a value.
    pub fn used(&self) -> f64 {
        match self.error {
            // None of none.
            Some(0.0) => 0.0,
            Some(error) => error / self.tolerance,
            None => f64::INFINITY,
        }
    }

    /// The error achieved and the error allowed, to read.
    pub fn shown(&self) -> String {
        let exponent = |x: f64| if x == 0.0 { "0".to_owned() } else { format!("{x:.0e}") };
        let error = self.error.map_or("no value".to_owned(), exponent);
        let failed = if self.passed() { "" } else { " FAILED" };
        format!("{error} / {}{failed}", exponent(self.tolerance))
    }

    /// Compares a value with what is expected: relative to the expectation, or to `floor` where that is larger.
    pub(super) fn of(
        kind: &'static str,
        metric: &str,
        name: String,
        got: Option<f64>,
        expected: Option<f64>,
        floor: f64,
        tolerance: f64,
    ) -> Self {
        let error = match (got, expected) {
            (Some(got), Some(expected)) => Some((got - expected).abs() / expected.abs().max(floor)),
            (None, None) => Some(0.0),
            _ => None,
        };
        let word = |x: Option<f64>| x.map_or("undefined".to_owned(), |x| format!("{x:.12e}"));
        Self {
            kind,
            metric: metric.to_owned(),
            name,
            error: error.filter(|e| !e.is_nan()),
            tolerance,
            detail: format!("{} for {}", word(got), word(expected)),
        }
    }
}
