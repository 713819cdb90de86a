//! The packed symmetric matrix that Gram matrices and covariances are summed in.

use ndarray::{Array2, ArrayView2};

use super::{LOWER, NORMAL, int, single_threaded_blas};

/// A symmetric d x d matrix in rectangular full packed format: d(d+1)/2 numbers at the speed of BLAS 3
/// (Gustavson et al. 2010, LAPACK's `?SFRK`).
#[derive(Clone, Debug, PartialEq)]
pub struct Symmetric {
    d: usize,
    packed: Vec<f64>,
}

impl Symmetric {
    /// The d x d zero matrix.
    pub fn zeros(d: usize) -> Self {
        Self {
            d,
            packed: vec![0.0; d * (d + 1) / 2],
        }
    }

    /// Adds XᵀX, X being (rows, d) in standard (row-major) layout.
    pub fn add_gram(&mut self, rows: ArrayView2<f64>) {
        self.add_scaled_gram(1.0, rows);
    }

    /// Adds `scale` XᵀX.
    pub fn add_scaled_gram(&mut self, scale: f64, rows: ArrayView2<f64>) {
        assert_eq!(rows.ncols(), self.d, "the Gram matrix of rows of another width");
        if rows.nrows() == 0 || self.d == 0 {
            return;
        }
        single_threaded_blas();
        let rows = rows.as_standard_layout();
        let (n, k, one) = (int(self.d), int(rows.nrows()), 1.0);
        // SAFETY: row-major (k, n) is column-major n x k with leading dimension n; `packed` holds n(n+1)/2 numbers.
        unsafe {
            lapack_sys::dsfrk_(
                &NORMAL,
                &LOWER,
                &NORMAL,
                &n,
                &k,
                &scale,
                rows.as_ptr(),
                &n,
                &one,
                self.packed.as_mut_ptr(),
            );
        }
    }

    /// Adds another matrix of the same size.
    pub fn add(&mut self, other: &Self) {
        assert_eq!(self.d, other.d, "the sum of matrices of different sizes");
        self.packed.iter_mut().zip(&other.packed).for_each(|(a, b)| *a += b);
    }

    /// Multiplies all entries.
    pub fn scale(&mut self, by: f64) {
        self.packed.iter_mut().for_each(|x| *x *= by);
    }

    /// All d x d entries.
    pub fn to_full(&self) -> Array2<f64> {
        let mut full = Array2::zeros((self.d, self.d));
        if self.d == 0 {
            return full;
        }
        let n = int(self.d);
        let mut info = 0;
        // SAFETY: `full` holds n x n numbers, `packed` n(n+1)/2.
        unsafe {
            lapack_sys::dtfttr_(
                &NORMAL,
                &LOWER,
                &n,
                self.packed.as_ptr(),
                full.as_mut_ptr(),
                &n,
                &mut info,
            );
        }
        assert_eq!(info, 0, "dtfttr refuses no valid size");
        // Column-major lower is row-major upper: mirror it, in tiles that stay in the cache.
        const TILE: usize = 64;
        for top in (0..self.d).step_by(TILE) {
            for left in (0..=top).step_by(TILE) {
                for i in top..(top + TILE).min(self.d) {
                    for j in left..(left + TILE).min(i) {
                        full[[i, j]] = full[[j, i]];
                    }
                }
            }
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packed_gram_matrix_is_the_plain_one() {
        // Odd and even d are packed differently.
        for d in 1..8 {
            let x = Array2::from_shape_fn((5, d), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
            let mut s = Symmetric::zeros(d);
            s.add_gram(x.view());
            s.add_gram(x.view());
            // Small integers: exact.
            assert_eq!(s.to_full(), x.t().dot(&x) * 2.0);
        }
    }
}
