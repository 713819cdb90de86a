//! Values that are whole multiples of one power of two: of those that are not too large 64 bits round nothing.

use ndarray::ArrayView1;

/// The largest power of two that all values are whole multiples of, by its exponent, and the largest squared norm of a row;
/// `None` where they do not [`fit`](fits) together.
pub(super) fn grid<'r, T: Copy + Into<f64> + 'r>(rows: impl Iterator<Item = ArrayView1<'r, T>>) -> Option<(i32, f64)> {
    let (mut unit, mut largest) = (f64::MAX_EXP, 0.0f64);
    for row in rows {
        let mut square = 0.0;
        for &x in row {
            let x: f64 = x.into();
            square += x * x;
            if x != 0.0 {
                unit = unit.min(last_digit(x));
            }
        }
        largest = largest.max(square);
        if !fits(unit, largest) {
            return None;
        }
    }
    Some((unit, largest))
}

/// Whether squared distances of rows up to such a squared norm are fewer than 2^53 squares of 2^`unit`.
pub(super) fn fits(unit: i32, square: f64) -> bool {
    let per_unit = 2f64.powi(-unit);
    4.0 * square * per_unit * per_unit < 2f64.powi(53)
}

/// The exponent of the last binary digit of a number that is not zero.
fn last_digit(x: f64) -> i32 {
    const DIGITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = x.to_bits();
    let (exponent, digits) = ((bits >> DIGITS & 0x7ff) as i32, bits & ((1 << DIGITS) - 1));
    match exponent {
        0 => -1074 + digits.trailing_zeros() as i32,
        _ => exponent - 1075 + (digits | 1 << DIGITS).trailing_zeros() as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rows::Rows;
    use ndarray::Array2;

    #[test]
    fn whole_numbers_and_multiples_of_a_power_of_two_are_exact() {
        let whole = Array2::from_shape_fn((30, 700), |(i, j)| ((i * 31 + j * 17) % 101) as f64 - 50.0);
        let rows_of = |values: Array2<f64>| Rows::of(values);
        for scale in [1.0, 2f64.powi(-30), 2f64.powi(400)] {
            let rows = rows_of(&whole * scale);
            assert!(rows.is_exact_with(&rows) && rows.is_exact_with(&rows_of(Array2::zeros((2, 700)))));
        }
        assert!(!rows_of(&whole * 0.1).is_exact_with(&rows_of(whole.clone())));
        assert!(!rows_of(whole.clone()).is_exact_with(&rows_of(&whole * 2f64.powi(-30))));
        // 700 squares of 2^26 are more than 2^53.
        assert!(!rows_of(whole.mapv(|x| x + 2f64.powi(26))).is_exact_with(&rows_of(whole)));
    }

    #[test]
    fn the_last_digit_of_a_number() {
        assert_eq!([1.0, -6.0, 0.1, 5e-324].map(last_digit), [0, 1, -55, -1074]);
    }
}
