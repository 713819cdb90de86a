//! Permutation tests of which rows are of which data set.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};
use rand::seq::SliceRandom as _;
use rayon::prelude::*;

use crate::linalg::add_product;
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

    /// The discrepancy of each kernel under each labelling, from one product of the kernel matrix, of which one triangle is looked
    /// at and its diagonal is not, with all of them.
    pub fn discrepancies<K: Fn(usize, usize) -> f64 + Sync>(&self, kernels: &[K]) -> Vec<Vec<f64>> {
        let n = self.labels.ncols();
        // A row of the pooled rows is in one piece.
        let labels = self.labels.t().as_standard_layout().to_owned();
        let blocks: Vec<Vec<Triangle>> = (0..n)
            .into_par_iter()
            .step_by(BLOCK)
            .map(|from| {
                kernels
                    .iter()
                    .map(|kernel| triangle(kernel, from, labels.view()))
                    .collect()
            })
            .collect();
        (0..kernels.len())
            .map(|k| self.discrepancy(labels.view(), blocks.iter().map(|block| &block[k])))
            .collect()
    }

    fn discrepancy<'t>(&self, labels: ArrayView2<f64>, blocks: impl Iterator<Item = &'t Triangle>) -> Vec<f64> {
        let mut sums = Array1::<f64>::zeros(labels.nrows());
        let mut within_eval = Array1::<f64>::zeros(labels.ncols());
        for block in blocks {
            let mut from_here = sums.slice_mut(s![block.from..]);
            from_here += &block.sums;
            within_eval += &block.within_eval;
        }
        let (total, of_eval) = (sums.sum(), sums.dot(&labels));
        let [a, b] = self.sizes.map(|n| n as f64);
        let value = |(of_eval, eval): (&f64, &f64)| {
            let across = of_eval - eval;
            let pre = total - of_eval - across;
            pre / (a * (a - 1.0)) + eval / (b * (b - 1.0)) - 2.0 * across / (a * b)
        };
        of_eval.iter().zip(&within_eval).map(value).collect()
    }
}

/// What some rows of a kernel matrix add to sums.
struct Triangle {
    from: usize,
    /// Added to the sum of each row, from the first of these.
    sums: Array1<f64>,
    /// Added to the sums within the evaluation data, by labelling.
    within_eval: Array1<f64>,
}

/// What the rows of a block from `from` on add, beside rows that come later; labels of (rows, labellings).
fn triangle(kernel: &impl Fn(usize, usize) -> f64, from: usize, labels: ArrayView2<f64>) -> Triangle {
    let (n, count) = labels.dim();
    let to = (from + BLOCK).min(n);
    // Later rows down, those of the block across.
    let block = Array2::from_shape_fn((n - from, to - from), |(j, i)| match j > i {
        true => kernel(from + i, from + j),
        false => 0.0,
    });
    let mut products = Array2::zeros((to - from, count));
    add_product(&mut products, block.view(), labels.slice(s![from.., ..]));
    let mut within_eval = Array1::zeros(count);
    for (products, label) in products.outer_iter().zip(labels.slice(s![from..to, ..]).outer_iter()) {
        let pairs = products.iter().zip(label);
        // Each pair comes twice in the whole matrix.
        within_eval
            .iter_mut()
            .zip(pairs)
            .for_each(|(sum, (product, label)): (&mut f64, _)| *sum += 2.0 * label * product);
    }
    let mut sums = block.sum_axis(Axis(1));
    for (sum, own) in sums.iter_mut().zip(block.sum_axis(Axis(0))) {
        *sum += own;
    }
    Triangle {
        from,
        sums,
        within_eval,
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
