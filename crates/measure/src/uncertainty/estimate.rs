//! What an error bar is.

/// A value's uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Standard error.
    pub std_error: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// The value with the resampling estimate of its bias taken off.
    pub corrected: f64,
}
