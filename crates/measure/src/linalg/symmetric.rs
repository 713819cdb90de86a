//! The packed symmetric matrix that Gram matrices and covariances are summed in.

use ndarray::{Array2, ArrayView2};

use super::lapack::{LOWER, NORMAL, int, single_threaded_blas};
use crate::error::{Error, Result};

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

    /// XᵀX, X being (rows, d).
    pub fn gram(rows: ArrayView2<f64>) -> Self {
        let mut gram = Self::zeros(rows.ncols());
        gram.add_gram(rows);
        gram
    }

    /// The d(d+1)/2 numbers, as they are packed.
    pub fn packed(&self) -> &[f64] {
        &self.packed
    }

    /// From such numbers; `None` where there are not as many.
    pub fn from_packed(d: usize, packed: Vec<f64>) -> Option<Self> {
        (packed.len() == d * (d + 1) / 2).then_some(Self { d, packed })
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

    /// Multiplies every entry.
    pub fn scale(&mut self, by: f64) {
        self.packed.iter_mut().for_each(|x| *x *= by);
    }

    /// The sum of several matrices of the same size, and XᵀX for some rows X (rows, d), in one walk over them.
    pub fn sum<'a>(matrices: impl Iterator<Item = &'a Self>, rows: ArrayView2<f64>) -> Self {
        let mut sum = Self::zeros(rows.ncols());
        let matrices: Vec<&Self> = matrices.collect();
        assert!(
            matrices.iter().all(|m| m.d == sum.d),
            "the sum of matrices of different sizes"
        );
        // Pieces that stay in the cache while all matrices are added to them.
        const PIECE: usize = 2048;
        for (i, piece) in sum.packed.chunks_mut(PIECE).enumerate() {
            for matrix in &matrices {
                let from = &matrix.packed[i * PIECE..][..piece.len()];
                piece.iter_mut().zip(from).for_each(|(a, b)| *a += b);
            }
        }
        sum.add_gram(rows);
        sum
    }

    /// log det(I + A) for a positive semidefinite A (Cholesky, `dpotrf`).
    ///
    /// # Errors
    /// When I + A is not definite, as it cannot be for numbers that are not finite.
    pub fn log_det_one_plus(&self) -> Result<f64> {
        let mut triangle = self.triangle();
        triangle.diag_mut().iter_mut().for_each(|x| *x += 1.0);
        single_threaded_blas();
        let (n, mut info) = (int(self.d), 0);
        if self.d > 0 {
            // SAFETY: `triangle` is n x n; row-major upper is column-major lower.
            unsafe { lapack_sys::dpotrf_(&LOWER, &n, triangle.as_mut_ptr(), &n, &mut info) };
        }
        let log = 2.0 * triangle.diag().iter().map(|x| x.ln()).sum::<f64>();
        if info != 0 || !log.is_finite() {
            return Err(Error::undefined("the second moments are not positive semidefinite"));
        }
        Ok(log)
    }

    /// All d x d entries.
    pub fn to_full(&self) -> Array2<f64> {
        let mut full = self.triangle();
        // Mirrored in tiles that stay in the cache.
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

    /// The entries on and above the diagonal (d x d), zeros below.
    pub(super) fn triangle(&self) -> Array2<f64> {
        let mut triangle = Array2::zeros((self.d, self.d));
        if self.d == 0 {
            return triangle;
        }
        let n = int(self.d);
        let mut info = 0;
        // SAFETY: `triangle` holds n x n numbers, `packed` n(n+1)/2; column-major lower is row-major upper.
        unsafe {
            lapack_sys::dtfttr_(
                &NORMAL,
                &LOWER,
                &n,
                self.packed.as_ptr(),
                triangle.as_mut_ptr(),
                &n,
                &mut info,
            );
        }
        assert_eq!(info, 0, "dtfttr refuses no valid size");
        triangle
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
            let mut s = Symmetric::gram(x.view());
            s.add_gram(x.view());
            // Small integers: exact.
            assert_eq!(s.to_full(), x.t().dot(&x) * 2.0);
        }
    }

    #[test]
    fn a_determinant_is_the_product_of_the_eigenvalues() {
        for d in 1..8 {
            let x = Array2::from_shape_fn((3, d), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
            let mut s = Symmetric::gram(x.view());
            s.scale(0.5);
            let values = crate::linalg::eigen::eigenvalues(s.to_full()).unwrap();
            let expected: f64 = values.iter().map(|v| v.max(0.0).ln_1p()).sum();
            assert!((s.log_det_one_plus().unwrap() - expected).abs() < 1e-13 * expected);
        }
        let mut infinite = Symmetric::zeros(1);
        infinite.scale(f64::NAN);
        assert!(infinite.log_det_one_plus().is_err());
    }

    #[test]
    fn a_sum_is_what_adding_one_by_one_gives() {
        let x = Array2::from_shape_fn((9, 70), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let columns = |from, to| Symmetric::gram(x.slice(ndarray::s![from..to, ..]));
        // Small integers: exact.
        let parts = [columns(0, 4), columns(4, 5)];
        assert_eq!(
            Symmetric::sum(parts.iter(), x.slice(ndarray::s![5.., ..])).to_full(),
            x.t().dot(&x)
        );
    }
}
