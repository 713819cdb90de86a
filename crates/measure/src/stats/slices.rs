//! Distributions along random directions.

use ndarray::Array2;
use rand::Rng as _;
use std::f64::consts::TAU;

use super::random::generator;

/// `count` directions (count, d), evenly spread over the sphere: normal numbers of a `stream` under a seed, each row divided
/// by its norm.
pub fn directions(count: usize, d: usize, seed: u64, stream: u64) -> Array2<f64> {
    let mut rng = generator(seed, stream);
    let mut normal = || {
        // Box and Muller; 1 - u is never 0.
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
    };
    let mut rows = Array2::from_shape_simple_fn((count, d), &mut normal);
    for mut row in rows.outer_iter_mut() {
        let norm = row.dot(&row).sqrt();
        row /= norm;
    }
    rows
}

/// How the steps of two quantile functions meet, for samples of so many rows: the same whatever the rows are.
pub struct QuantileSteps {
    /// Which row of each sample, and for how many of the n m shares of probability.
    meetings: Vec<(u32, u32, f64)>,
    shares: f64,
}

impl QuantileSteps {
    /// For samples of `n` and `m` rows.
    pub fn new(n: usize, m: usize) -> Self {
        let (n, m) = (n as u64, m as u64);
        let (mut i, mut j, mut at) = (0, 0, 0);
        let mut meetings = Vec::with_capacity((n + m) as usize);
        // Steps end at multiples of 1/n and 1/m: whole numbers of 1/(n m).
        while at < n * m {
            let (end_a, end_b) = ((i + 1) * m, (j + 1) * n);
            let end = end_a.min(end_b);
            meetings.push((i as u32, j as u32, (end - at) as f64));
            i += u64::from(end == end_a);
            j += u64::from(end == end_b);
            at = end;
        }
        Self {
            meetings,
            shares: n as f64 * m as f64,
        }
    }

    /// The squared 2-Wasserstein distance of two samples on a line of as many rows, both in ascending order: the integral of the
    /// squared difference of their quantile functions, which are steps. Exact for any two numbers of rows; not for none.
    pub fn wasserstein_squared(&self, a: &[f64], b: &[f64]) -> f64 {
        let squared = |sum: f64, &(i, j, share): &(u32, u32, f64)| {
            let apart = a[i as usize] - b[j as usize];
            sum + share * (apart * apart)
        };
        self.meetings.iter().fold(0.0, squared) / self.shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wasserstein_squared(a: &[f64], b: &[f64]) -> f64 {
        QuantileSteps::new(a.len(), b.len()).wasserstein_squared(a, b)
    }

    #[test]
    fn equal_numbers_of_rows_are_matched_in_order() {
        // (1² + 0² + 3²)/3
        assert!((wasserstein_squared(&[0.0, 2.0, 5.0], &[1.0, 2.0, 8.0]) - 10.0 / 3.0).abs() < 1e-15);
        assert_eq!(wasserstein_squared(&[1.0, 4.0], &[1.0, 1.0, 4.0, 4.0]), 0.0);
    }

    #[test]
    fn unequal_numbers_of_rows_share_their_weight() {
        // Quantiles 0, 3 by halves against 0, 1, 2 by thirds: (1/3)0 + (1/6)1 + (1/6)4 + (1/3)1.
        let expected = 1.0 / 6.0 + 4.0 / 6.0 + 1.0 / 3.0;
        assert!((wasserstein_squared(&[0.0, 3.0], &[0.0, 1.0, 2.0]) - expected).abs() < 1e-15);
        assert!((wasserstein_squared(&[0.0, 1.0, 2.0], &[0.0, 3.0]) - expected).abs() < 1e-15);
        assert!((wasserstein_squared(&[2.0], &[0.0, 1.0, 5.0]) - 14.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn directions_are_of_unit_length_and_point_everywhere() {
        let found = directions(2_000, 3, 0, 1);
        assert!(found.outer_iter().all(|r| (r.dot(&r) - 1.0).abs() < 1e-14));
        // E w wᵀ = I/3, each entry to 1/sqrt(2,000) or so: four of those.
        let second = found.t().dot(&found) / 2_000.0;
        let off = &second - &(Array2::<f64>::eye(3) / 3.0);
        assert!(off.iter().all(|x| x.abs() < 0.09 * 0.6), "{second}");
        assert_eq!(directions(3, 1, 5, 1).mapv(f64::abs), Array2::from_elem((3, 1), 1.0));
    }
}
