//! Mean and scatter of all rows, mergeable.

use std::cell::RefCell;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, Zip, s};

use crate::error::Result;
use crate::linalg::{Symmetric, Tridiagonal};

/// Numbers up to which a thread keeps the block that rows are centred in: new memory costs more than centring does.
const LARGEST_BLOCK: usize = 2 << 20;

thread_local! {
    static BLOCK: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// Count, mean (d) and scatter Σ (x - mean)(x - mean)ᵀ (d x d, packed) of a set of rows.
///
/// Two sets merge exactly (Chan, Golub & LeVeque 1983), so chunks, threads and jackknife groups all use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    n: u64,
    mean: Array1<f64>,
    scatter: Symmetric,
}

impl Moments {
    /// No rows of width `d`.
    pub fn new(d: usize) -> Self {
        Self {
            n: 0,
            mean: Array1::zeros(d),
            scatter: Symmetric::zeros(d),
        }
    }

    /// All it is made of: rows, mean, and the scatter as it is packed.
    pub(super) fn numbers(&self) -> (u64, &Array1<f64>, &[f64]) {
        (self.n, &self.mean, self.scatter.packed())
    }

    /// From such numbers; `None` where they do not fit together.
    pub(super) fn from_numbers(n: u64, mean: Array1<f64>, packed: Vec<f64>) -> Option<Self> {
        let scatter = Symmetric::from_packed(mean.len(), packed)?;
        Some(Self { n, mean, scatter })
    }

    /// The number of rows.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The mean; zero where there are no rows.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The scatter matrix; divide by n - 1 for the covariance.
    pub fn scatter(&self) -> Array2<f64> {
        self.scatter.to_full()
    }

    /// Takes in more rows (b, d).
    pub fn update(&mut self, rows: ArrayView2<f64>) {
        let all: Vec<(usize, f64)> = (0..rows.nrows()).map(|i| (i, 1.0)).collect();
        self.update_some(rows, &all);
    }

    /// Takes in some of the rows (b, d), each named by its place and multiplied by a number. They are centred on their own
    /// mean first, so a mean far from zero costs nothing.
    pub fn update_some(&mut self, rows: ArrayView2<f64>, some: &[(usize, f64)]) {
        let (b, d) = (some.len(), rows.ncols());
        if b == 0 {
            return;
        }
        BLOCK.with_borrow_mut(|block| {
            // One more row carries the distance between the two means, so that one product does it all.
            block.resize((b + 1) * d, 0.0);
            let mut centred =
                ArrayViewMut2::from_shape((b + 1, d), block.as_mut_slice()).expect("as many numbers as it takes");
            for (mut to, &(i, by)) in centred.outer_iter_mut().zip(some) {
                Zip::from(&mut to).and(rows.row(i)).for_each(|to, x| *to = x * by);
            }
            let block_mean = precise_mean(centred.slice(s![..b, ..]));
            for mut row in centred.slice_mut(s![..b, ..]).outer_iter_mut() {
                row -= &block_mean;
            }
            let joint = self.n + b as u64;
            let delta = &block_mean - &self.mean;
            let weight = (self.n as f64 * b as f64 / joint as f64).sqrt();
            centred.row_mut(b).assign(&(&delta * weight));
            self.scatter.add_gram(centred.view());
            self.mean.scaled_add(b as f64 / joint as f64, &delta);
            self.n = joint;
            if block.len() > LARGEST_BLOCK {
                *block = Vec::new();
            }
        });
    }

    /// All rows of several sets of one width.
    pub fn merged(sets: &[&Self]) -> Self {
        let n: u64 = sets.iter().map(|set| set.n).sum();
        let Some(first) = sets.iter().find(|set| set.n > 0) else {
            return sets[0].clone();
        };
        let mut mean = first.mean.clone();
        for set in sets {
            let weight = set.n as f64 / n as f64;
            Zip::from(&mut mean)
                .and(&set.mean)
                .and(&first.mean)
                .for_each(|m, x, from| *m += (x - from) * weight);
        }
        // One row for each set carries the distance of its mean.
        let mut apart = Array2::zeros((sets.len(), mean.len()));
        for (mut row, set) in apart.outer_iter_mut().zip(sets) {
            row.assign(&((&set.mean - &mean) * (set.n as f64).sqrt()));
        }
        let scatter = Symmetric::sum(sets.iter().map(|set| &set.scatter), apart.view());
        Self { n, mean, scatter }
    }

    /// The scatter in tridiagonal form, from which N `mean` `meanᵀ` differs in its first entry alone.
    pub fn tridiagonal(&self) -> Tridiagonal {
        self.scatter.tridiagonal(self.mean.view())
    }

    /// log det(I + a/N XᵀX), X the rows as they are.
    ///
    /// # Errors
    /// Undefined where that is not a number.
    pub fn log_det_one_plus(&self, a: f64) -> Result<f64> {
        let n = self.n as f64;
        let mean = &self.mean * n.sqrt();
        let mut second = Symmetric::sum(std::iter::once(&self.scatter), mean.insert_axis(Axis(0)).view());
        second.scale(a / n);
        second.log_det_one_plus()
    }
}

/// The mean of some rows, in two passes: the second removes what rounding left in the first.
fn precise_mean(rows: ArrayView2<f64>) -> Array1<f64> {
    let n = rows.nrows() as f64;
    let mut mean = rows.sum_axis(Axis(0)) / n;
    let mut rest = Array1::<f64>::zeros(rows.ncols());
    for row in rows.axis_iter(Axis(0)) {
        Zip::from(&mut rest)
            .and(&row)
            .and(&mean)
            .for_each(|r, x, m| *r += x - m);
    }
    mean.scaled_add(1.0 / n, &rest);
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, d: usize, offset: f64) -> Array2<f64> {
        Array2::from_shape_fn((n, d), |(i, j)| offset + ((i * 31 + j * 17 + i * j) % 23) as f64 / 7.0)
    }

    fn close(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) {
        let scale = b.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        let worst = (a - b).iter().fold(0.0f64, |m, x| m.max(x.abs()));
        assert!(worst <= tolerance * scale, "{worst:e} of {scale:e}");
    }

    #[test]
    fn merging_any_split_equals_one_pass() {
        let x = rows(40, 6, 0.0);
        let mut whole = Moments::new(6);
        whole.update(x.view());
        for cut in 0..=40 {
            let (mut a, mut b) = (Moments::new(6), Moments::new(6));
            a.update(x.slice(s![..cut, ..]));
            b.update(x.slice(s![cut.., ..]));
            let both = Moments::merged(&[&a, &b]);
            assert_eq!(both.n(), 40);
            close(&both.scatter(), &whole.scatter(), 1e-13);
            assert!(
                both.mean()
                    .iter()
                    .zip(whole.mean())
                    .all(|(x, y)| (x - y).abs() < 1e-14 * y.abs())
            );
        }
    }

    #[test]
    fn some_rows_are_taken_in_as_if_they_were_alone() {
        let x = rows(25, 4, 5.0);
        let (mut some, mut alone) = (Moments::new(4), Moments::new(4));
        for chosen in [[3, 7, 8], [24, 0, 11]] {
            some.update_some(x.view(), &chosen.map(|i| (i, 0.5)));
            alone.update((x.select(Axis(0), &chosen) * 0.5).view());
        }
        assert_eq!(some, alone);
    }

    #[test]
    fn the_scatter_is_the_textbooks() {
        let x = rows(25, 4, 0.0);
        let mut m = Moments::new(4);
        for chunk in x.axis_chunks_iter(Axis(0), 7) {
            m.update(chunk);
        }
        let centred = &x - &x.mean_axis(Axis(0)).unwrap();
        close(&m.scatter(), &centred.t().dot(&centred), 1e-13);
    }

    #[test]
    fn a_mean_ten_thousand_deviations_away_costs_no_digits() {
        // The shift is a power of two and the values are multiples of 2^-3, so that shifting is exact.
        let near = Array2::from_shape_fn((60, 5), |(i, j)| ((i * 31 + j * 17 + i * j) % 23) as f64 / 8.0);
        let far = &near + 65536.0;
        let (mut a, mut b) = (Moments::new(5), Moments::new(5));
        for (na, fb) in near.axis_chunks_iter(Axis(0), 9).zip(far.axis_chunks_iter(Axis(0), 9)) {
            a.update(na);
            b.update(fb);
        }
        close(&b.scatter(), &a.scatter(), 1e-11);
        let part = |from| {
            let mut m = Moments::new(5);
            m.update(far.slice(s![from..from + 20, ..]));
            m
        };
        let parts = [part(0), part(20), part(40), Moments::new(5)];
        let merged = Moments::merged(&parts.each_ref());
        close(&merged.scatter(), &a.scatter(), 1e-11);
    }

    #[test]
    fn a_determinant_of_second_moments_counts_the_mean() {
        let x = rows(25, 4, 3.0);
        let mut m = Moments::new(4);
        m.update(x.view());
        let values = crate::linalg::eigenvalues(x.t().dot(&x) / 25.0).unwrap();
        let expected: f64 = values.iter().map(|v| (7.0 * v).ln_1p()).sum();
        assert!((m.log_det_one_plus(7.0).unwrap() - expected).abs() < 1e-12 * expected);
    }
}
