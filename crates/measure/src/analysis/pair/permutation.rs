//! Permutation tests of which rows are of which data set.

use ndarray::{Array1, Array2, Axis, concatenate};
use rand::seq::SliceRandom as _;
use rayon::prelude::*;

use crate::linalg::product_transposed;
use crate::stats::{Rows, generator};
use crate::uncertainty::PERMUTATIONS;

/// Rows of each side that a test looks at.
const TESTED_ROWS: usize = 2_000;

/// Rows of one block of a kernel matrix.
const BLOCK: usize = 256;

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

    /// The discrepancy under each labelling, from one product of the kernel matrix (zero on its diagonal) with all of them.
    pub fn discrepancies(&self, kernel: impl Fn(usize, usize) -> f64 + Sync) -> Vec<f64> {
        let (count, n) = self.labels.dim();
        let blocks: Vec<(f64, Array1<f64>, Array1<f64>)> = (0..n)
            .into_par_iter()
            .step_by(BLOCK)
            .map(|from| {
                let to = (from + BLOCK).min(n);
                let block = Array2::from_shape_fn((to - from, n), |(i, j)| kernel(from + i, j));
                let products = product_transposed(block.view(), self.labels.view());
                let (mut total, mut of_eval, mut within_eval) = (0.0, Array1::zeros(count), Array1::zeros(count));
                for (i, (row, products)) in block.outer_iter().zip(products.outer_iter()).enumerate() {
                    let (label, sum) = (self.labels.column(from + i), row.sum());
                    total += sum;
                    of_eval.scaled_add(sum, &label);
                    within_eval += &(&label * &products);
                }
                (total, of_eval, within_eval)
            })
            .collect();
        let (mut total, mut of_eval, mut within_eval) = (0.0, Array1::<f64>::zeros(count), Array1::<f64>::zeros(count));
        for block in blocks {
            total += block.0;
            of_eval += &block.1;
            within_eval += &block.2;
        }
        let [a, b] = self.sizes.map(|n| n as f64);
        of_eval
            .iter()
            .zip(&within_eval)
            .map(|(of_eval, eval)| {
                let across = of_eval - eval;
                let pre = total - of_eval - across;
                pre / (a * (a - 1.0)) + eval / (b * (b - 1.0)) - 2.0 * across / (a * b)
            })
            .collect()
    }
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
}
