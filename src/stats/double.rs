//! Sums in twice the digits of 64 bits: for what 64 bits alone leave open, such as which of two rows is nearer.

use std::cmp::Ordering;

use ndarray::ArrayView1;

/// A number of about 100 bits: the sum of two of 64, the second below the last digit of the first (Dekker 1971).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Double {
    high: f64,
    low: f64,
}

/// Sums of so many products are exact to this share of the sum of their sizes: 2^-104 for each, and there are fewer than
/// 2^20. Numbers closer than this are equal.
const EQUAL: f64 = 1.0 / (1u128 << 84) as f64;

impl Double {
    /// A number of 64 bits.
    pub fn new(x: f64) -> Self {
        Self { high: x, low: 0.0 }
    }

    /// The nearest number of 64 bits.
    pub fn rounded(self) -> f64 {
        self.high
    }

    /// By size, digit for digit.
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.high.total_cmp(&other.high).then(self.low.total_cmp(&other.low))
    }

    /// Whether two numbers that were summed up to about this `size` are equal as far as their digits tell.
    pub fn equals(self, other: Self, size: f64) -> bool {
        let apart = (self.high - other.high) + (self.low - other.low);
        apart.abs() <= EQUAL * size
    }

    fn add(self, other: Self) -> Self {
        let (sum, rest) = two_sum(self.high, other.high);
        quick_two_sum(sum, rest + (self.low + other.low))
    }

    /// The same with the other sign.
    pub fn negative(self) -> Self {
        Self {
            high: -self.high,
            low: -self.low,
        }
    }

    /// The quotient of two numbers.
    pub fn over(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self.add(other.times(-first));
        quick_two_sum(first, rest.high / other.high)
    }

    fn times(self, by: f64) -> Self {
        let (product, rest) = two_product(self.high, by);
        quick_two_sum(product, rest + self.low * by)
    }

    /// The square root of a number that is not negative.
    pub fn root(self) -> Self {
        let first = self.high.sqrt();
        if first == 0.0 {
            return Self::default();
        }
        let (square, rest) = two_product(first, first);
        let left = self.add(Self {
            high: -square,
            low: -rest,
        });
        quick_two_sum(first, left.high / (2.0 * first))
    }
}

/// x·y.
pub(super) fn exact_product<A: Copy + Into<f64>, B: Copy + Into<f64>>(x: ArrayView1<A>, y: ArrayView1<B>) -> Double {
    x.iter().zip(y).fold(Double::default(), |sum, (&x, &y)| {
        let (high, low) = two_product(x.into(), y.into());
        sum.add(Double { high, low })
    })
}

/// ‖x - y‖².
pub(super) fn exact_squared_apart<A: Copy + Into<f64>, B: Copy + Into<f64>>(
    x: ArrayView1<A>,
    y: ArrayView1<B>,
) -> Double {
    x.iter().zip(y).fold(Double::default(), |sum, (&x, &y)| {
        let (apart, rest) = two_sum(x.into(), -y.into());
        let (high, low) = two_product(apart, apart);
        sum.add(Double {
            high,
            low: low + 2.0 * apart * rest,
        })
    })
}

/// a + b, and what rounding left of it (Knuth 1969).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// The same for |a| >= |b|.
fn quick_two_sum(a: f64, b: f64) -> Double {
    let high = a + b;
    Double {
        high,
        low: b - (high - a),
    }
}

/// a b, and what rounding left of it (Veltkamp, Dekker 1971).
fn two_product(a: f64, b: f64) -> (f64, f64) {
    const SPLITTER: f64 = ((1u64 << 27) + 1) as f64;
    let split = |x: f64| {
        let scaled = SPLITTER * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let product = a * b;
    let ((a, a_low), (b, b_low)) = (split(a), split(b));
    (product, ((a * b - product) + a * b_low + a_low * b) + a_low * b_low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    #[test]
    fn what_64_bits_round_away_is_kept() {
        // (1 + e)² = 1 + 2 e + e², e = 2^-40: the last term is beyond 64 bits.
        let e = 2f64.powi(-40);
        let x = array![1.0 + e];
        let square = exact_product(x.view(), x.view());
        assert_eq!((square.high, square.low), (1.0 + 2.0 * e, e * e));
        assert_eq!(square.root().over(Double::new(1.0 + e)), Double::new(1.0));
        // 0.1 is no number of 64 bits; what is stored for it squares to a number of 106 bits.
        let far = exact_squared_apart(array![1e8, 0.1].view(), array![-1e8, 0.0].view());
        assert_eq!(far.high, 4e16);
        assert!((far.low - 0.01).abs() < 1e-17);
    }

    #[test]
    fn the_order_of_channels_does_not_matter() {
        let x = Array1::from_shape_fn(301, |i| ((i * 7919 % 1_009) as f64 / 7.0).exp2().sin() * 1e3);
        let zero = Array1::<f64>::zeros(301);
        let turned = x.slice(ndarray::s![..;-1]).to_owned();
        let (a, b) = (
            exact_squared_apart(x.view(), zero.view()),
            exact_squared_apart(turned.view(), zero.view()),
        );
        assert!(a.equals(b, a.rounded()));
        let other = Double::new(f64::from_bits(a.rounded().to_bits() + 1));
        assert!(!a.equals(other, a.rounded()) && a.total_cmp(&other).is_lt());
    }

    #[test]
    fn quotients_and_roots_have_all_digits() {
        let third = Double::new(1.0).over(Double::new(3.0));
        // 54 binary digits of 1/3 are (2^54 - 1) / 3 / 2^54: 2^-54 / 3 is left.
        assert_eq!(third.high, 1.0 / 3.0);
        assert!((third.low * 2f64.powi(54) * 3.0 - 1.0).abs() < 1e-15);
        let root = Double::new(2.0).root();
        let square = root.times(root.high).add(root.times(root.low));
        assert!(square.equals(Double::new(2.0), 2.0));
        assert_eq!(Double::default().root(), Double::default());
    }
}
