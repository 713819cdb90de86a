//! Which squares 64-bit numbers can hold.

use crate::error::{Error, Result};

/// Squares below this have lost digits, being near the smallest numbers of 64 bits.
pub const SMALLEST_SQUARE: f64 = 1e-290;

/// Why nothing is known of features whose squares overflow or vanish.
pub const OUT_OF_RANGE: &str =
    "the squares of the features are beyond the range of 64-bit numbers; rescale the features";

/// Nothing is known of features whose squares overflow or vanish.
pub fn out_of_range() -> Error {
    Error::undefined(OUT_OF_RANGE)
}

/// Refuses features that are not measurable.
///
/// # Errors
/// Undefined where their squares overflow or vanish.
pub fn in_range(measurable: bool) -> Result<()> {
    match measurable {
        true => Ok(()),
        false => Err(out_of_range()),
    }
}

/// Whether squared distances between rows of `d` numbers from `low` to `high` neither overflow nor vanish.
pub fn squares_in_range(low: f64, high: f64, d: usize) -> bool {
    let square = (high - low).powi(2) * d as f64;
    low == high || (square.is_finite() && square >= SMALLEST_SQUARE)
}
