//! Per-class count, mean and spread, mergeable.

use ndarray::{Array2, ArrayView1};

/// For each of C classes: rows n_c, mean mu_c (C x d) and Σ ‖x - mu_c‖² over its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMoments {
    counts: Vec<u64>,
    means: Array2<f64>,
    spreads: Vec<f64>,
}

impl ClassMoments {
    /// No rows of `classes` classes of width `d`.
    pub fn new(classes: usize, d: usize) -> Self {
        Self {
            counts: vec![0; classes],
            means: Array2::zeros((classes, d)),
            spreads: vec![0.0; classes],
        }
    }

    /// From the rows, means and spreads of as many classes.
    pub(super) fn from_numbers(counts: Vec<u64>, means: Array2<f64>, spreads: Vec<f64>) -> Self {
        Self { counts, means, spreads }
    }

    /// The number of classes, C.
    pub fn classes(&self) -> usize {
        self.counts.len()
    }

    /// The width, d.
    pub fn width(&self) -> usize {
        self.means.ncols()
    }

    /// Rows of each class.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Class means (C x d); zero where a class has no rows.
    pub fn means(&self) -> &Array2<f64> {
        &self.means
    }

    /// Σ ‖x - mu_c‖² of each class.
    pub fn spreads(&self) -> &[f64] {
        &self.spreads
    }

    /// Takes in one row of class `class` (Welford).
    pub fn update(&mut self, class: usize, row: ArrayView1<f64>) {
        self.counts[class] += 1;
        let weight = 1.0 / self.counts[class] as f64;
        let mut spread = 0.0;
        for (mean, &x) in self.means.row_mut(class).iter_mut().zip(row) {
            let before = x - *mean;
            *mean += before * weight;
            spread += before * (x - *mean);
        }
        self.spreads[class] += spread;
    }

    /// Takes in the rows of another set with the same classes.
    pub fn merge(&mut self, other: &Self) {
        (0..self.classes()).for_each(|c| self.merge_class(c, other));
    }

    /// Takes in the rows of one class of another set with the same classes.
    pub fn merge_class(&mut self, c: usize, other: &Self) {
        let (a, b) = (self.counts[c] as f64, other.counts[c] as f64);
        if other.counts[c] == 0 {
            return;
        }
        let joint = a + b;
        let mut squared = 0.0;
        for (mean, &theirs) in self.means.row_mut(c).iter_mut().zip(other.means.row(c)) {
            let delta = theirs - *mean;
            *mean += delta * (b / joint);
            squared += delta * delta;
        }
        self.spreads[c] += other.spreads[c] + squared * (a * b / joint);
        self.counts[c] += other.counts[c];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl ClassMoments {
        /// The moments of rows and their classes, for the unit tests of metrics.
        pub fn of(rows: &Array2<f64>, classes: &[usize]) -> Self {
            let mut m = Self::new(classes.iter().max().unwrap() + 1, rows.ncols());
            rows.outer_iter().zip(classes).for_each(|(row, &c)| m.update(c, row));
            m
        }
    }

    #[test]
    fn merging_any_split_equals_one_pass() {
        let rows = Array2::from_shape_fn((30, 3), |(i, j)| ((i * 13 + j * 5) % 17) as f64 * 0.3 + 100.0);
        let class = |i: usize| (i * i) % 4;
        let mut whole = ClassMoments::new(4, 3);
        (0..30).for_each(|i| whole.update(class(i), rows.row(i)));
        for cut in 0..=30 {
            let (mut a, mut b) = (ClassMoments::new(4, 3), ClassMoments::new(4, 3));
            (0..cut).for_each(|i| a.update(class(i), rows.row(i)));
            (cut..30).for_each(|i| b.update(class(i), rows.row(i)));
            a.merge(&b);
            assert_eq!(a.counts(), whole.counts());
            for c in 0..4 {
                assert!((a.spreads()[c] - whole.spreads()[c]).abs() <= 1e-12 * whole.spreads()[c].max(1.0));
            }
        }
    }

    #[test]
    fn identical_rows_have_exactly_no_spread() {
        let row = ndarray::array![0.1, 1e6, -3.3];
        let (mut a, mut b) = (ClassMoments::new(1, 3), ClassMoments::new(1, 3));
        (0..7).for_each(|_| a.update(0, row.view()));
        (0..5).for_each(|_| b.update(0, row.view()));
        a.merge(&b);
        assert_eq!(a.spreads(), [0.0]);
    }
}
