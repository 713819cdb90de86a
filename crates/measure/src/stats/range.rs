//! Which squares 64-bit numbers can hold.

/// Squares below this have lost digits, being near the smallest numbers of 64 bits.
pub const SMALLEST_SQUARE: f64 = 1e-290;

/// Why nothing is known of features whose squares overflow or vanish.
pub const OUT_OF_RANGE: &str =
    "the squares of the features are beyond the range of 64-bit numbers; rescale the features";

/// Whether squared distances between rows of `d` numbers from `low` to `high` neither overflow nor vanish.
pub fn squares_in_range(low: f64, high: f64, d: usize) -> bool {
    let square = (high - low).powi(2) * d as f64;
    low == high || (square.is_finite() && square >= SMALLEST_SQUARE)
}
