//! Sums without rounding: for what 64 bits leave open, such as which of two rows is nearer.

use std::cmp::Ordering;

use ndarray::ArrayView1;

/// A number as a sum of numbers of 64 bits that do not overlap, the smallest first (Shewchuk 1997). Exact as long as no product
/// vanishes.
#[derive(Clone, Debug, Default)]
pub struct Exact(Vec<f64>);

impl Exact {
    fn add(&mut self, x: f64) {
        let mut carried = x;
        let mut kept = 0;
        for i in 0..self.0.len() {
            let (sum, rest) = two_sum(carried, self.0[i]);
            carried = sum;
            if rest != 0.0 {
                self.0[kept] = rest;
                kept += 1;
            }
        }
        self.0.truncate(kept);
        if carried != 0.0 {
            self.0.push(carried);
        }
    }

    fn add_product(&mut self, a: f64, b: f64) {
        let (product, rest) = two_product(a, b);
        if rest != 0.0 {
            self.add(rest);
        }
        self.add(product);
    }

    /// The product with another number.
    pub fn times(&self, other: &Self) -> Self {
        let mut product = Self::default();
        for &a in &self.0 {
            other.0.iter().for_each(|&b| product.add_product(a, b));
        }
        product
    }

    /// The same times a power of two, which rounds nothing.
    pub fn scaled(mut self, power_of_two: f64) -> Self {
        self.0.iter_mut().for_each(|x| *x *= power_of_two);
        self
    }

    /// Less than, equal to or greater than zero.
    pub fn sign(&self) -> Ordering {
        // The last and largest outweighs all others.
        self.0.last().map_or(Ordering::Equal, |x| x.total_cmp(&0.0))
    }

    /// Compares by size.
    pub fn compare(&self, other: &Self) -> Ordering {
        let mut apart = self.clone();
        other.0.iter().for_each(|x| apart.add(-x));
        apart.sign()
    }

    /// About the number, in 64 bits.
    pub fn rounded(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// x·y.
pub(super) fn exact_product<A: Copy + Into<f64>, B: Copy + Into<f64>>(x: ArrayView1<A>, y: ArrayView1<B>) -> Exact {
    let mut sum = Exact::default();
    for (&x, &y) in x.iter().zip(y) {
        sum.add_product(x.into(), y.into());
    }
    sum
}

/// ‖x - y‖².
pub(super) fn exact_squared_apart<A: Copy + Into<f64>, B: Copy + Into<f64>>(
    x: ArrayView1<A>,
    y: ArrayView1<B>,
) -> Exact {
    let mut sum = Exact::default();
    for (&x, &y) in x.iter().zip(y) {
        let (apart, rest) = two_sum(x.into(), -y.into());
        sum.add_product(apart, apart);
        if rest != 0.0 {
            sum.add_product(2.0 * apart, rest);
            sum.add_product(rest, rest);
        }
    }
    sum
}

/// a + b, and what rounding left of it (Knuth 1969).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
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
        assert_eq!(square.0, [e * e, 1.0 + 2.0 * e]);
        assert_eq!(
            square.times(&square).compare(&exact_product(x.view(), x.view())),
            Ordering::Greater
        );
        // Squares of 1e30 and of 1e-30 side by side.
        let far = |small: f64| exact_squared_apart(array![1e30, small, 0.0].view(), array![-1e30, 0.0, 1.0].view());
        assert_eq!(far(1e-30).compare(&far(2e-30)), Ordering::Less);
        assert_eq!(far(1e-30).compare(&far(1e-30)), Ordering::Equal);
        assert!((far(0.0).rounded() / 4e60 - 1.0).abs() < 1e-15);
        // Differences that are no numbers of 64 bits themselves.
        let apart = |x: f64, y: f64| exact_squared_apart(array![x].view(), array![y].view());
        assert_eq!(apart(1e20, 1.0).compare(&apart(1e20, 2.0)), Ordering::Greater);
    }

    #[test]
    fn the_order_of_channels_does_not_matter() {
        let x = Array1::from_shape_fn(301, |i| ((i * 7919 % 1_009) as f64 / 7.0).exp2().sin() * 1e3);
        let zero = Array1::<f64>::zeros(301);
        let turned = x.slice(ndarray::s![..;-1]).to_owned();
        let squares = |x: &Array1<f64>| exact_squared_apart(x.view(), zero.view());
        assert_eq!(squares(&x).compare(&squares(&turned)), Ordering::Equal);
        let mut other = turned.clone();
        other[5] = f64::from_bits(other[5].to_bits() + 1);
        assert_ne!(squares(&x).compare(&squares(&other)), Ordering::Equal);
        assert!((squares(&x).rounded() / x.dot(&x) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn signs_and_scales() {
        let sum = |x: f64, y: f64| exact_product(array![x, y].view(), array![1.0, 1.0].view());
        assert_eq!(
            [sum(1e20, -1.0), sum(-1e20, 1.0), sum(3.0, -3.0)].map(|x| x.sign()),
            [Ordering::Greater, Ordering::Less, Ordering::Equal]
        );
        assert_eq!(sum(1e20, 1.0).scaled(0.5).compare(&sum(0.5e20, 0.5)), Ordering::Equal);
    }
}
