//! Permutation tests of which rows are of which data set.

use ndarray::{Array2, Axis, concatenate};
use rand::seq::SliceRandom as _;

use crate::stats::{Rows, generator};

/// Labellings drawn beside the observed one.
pub const PERMUTATIONS: usize = 999;

/// Rows of each side that a test looks at.
const TESTED_ROWS: usize = 2_000;

/// Random streams (see [`generator`]).
const ROWS_STREAM: u64 = 42;
const LABELS_STREAM: u64 = 43;

/// Rows of both sides, those of the pretraining data first, and labellings of them.
pub struct Pooled {
    pub rows: Rows,
    /// Rows of the pretraining and of the evaluation data.
    pub sizes: [usize; 2],
    /// (1 + permutations, rows): 1 where a row counts as of the evaluation data; the first is the observed labelling.
    pub labels: Array2<f64>,
}

impl Pooled {
    /// At most 2,000 rows of each side, drawn with the seed; `None` with fewer than two on a side.
    pub fn draw(pre: &Rows, eval: &Rows, seed: u64) -> Option<Self> {
        let sides = [pre, eval].map(|rows| rows.draw(TESTED_ROWS, seed, ROWS_STREAM));
        let sizes = [sides[0].len(), sides[1].len()];
        if sizes.iter().any(|&n| n < 2) {
            return None;
        }
        let matrix = concatenate(Axis(0), &[sides[0].matrix().view(), sides[1].matrix().view()])
            .expect("both sides are of one layer");
        let n = matrix.nrows();
        let mut rows = Rows::choose((0..n).collect(), &vec![0; n], None, matrix.ncols());
        rows.push(matrix.view());
        let mut rng = generator(seed, LABELS_STREAM);
        let mut labelling: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i >= sizes[0]))).collect();
        let mut labels = Array2::zeros((1 + PERMUTATIONS, n));
        for mut row in labels.outer_iter_mut() {
            row.iter_mut().zip(&labelling).for_each(|(to, from)| *to = *from);
            labelling.shuffle(&mut rng);
        }
        Some(Self { rows, sizes, labels })
    }
}

/// The share of labellings at least as far apart as the observed one, which comes first and counts.
pub fn p_value(statistics: &[f64]) -> f64 {
    // Differences below this are rounding of equal values.
    let slack = 1e-12 * statistics.iter().fold(0.0f64, |m, s| m.max(s.abs()));
    let apart = statistics.iter().filter(|s| **s >= statistics[0] - slack).count();
    apart as f64 / statistics.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labellings_keep_the_numbers_of_rows_and_the_observed_comes_first() {
        let rows = |n: usize| {
            let mut rows = Rows::choose((0..n).collect(), &vec![0; n], None, 1);
            rows.push(Array2::from_shape_fn((n, 1), |(i, _)| i as f64).view());
            rows
        };
        let pooled = Pooled::draw(&rows(5), &rows(3), 0).unwrap();
        assert_eq!(pooled.rows.len(), 8);
        assert_eq!(pooled.labels.row(0).to_vec(), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert!(pooled.labels.outer_iter().all(|l| l.sum() == 3.0));
        assert!(Pooled::draw(&rows(5), &rows(1), 0).is_none());
    }

    #[test]
    fn the_observed_labelling_counts_among_the_permutations() {
        assert_eq!(p_value(&[5.0, 1.0, 2.0, 3.0]), 0.25);
        assert_eq!(p_value(&[2.0, 1.0, 2.0, 3.0]), 0.75);
        assert_eq!(p_value(&[0.0; 4]), 1.0);
    }
}
