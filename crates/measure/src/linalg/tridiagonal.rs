//! Symmetric matrices reduced to tridiagonal form, from which eigenvalues cost next to nothing.

use ndarray::{Array1, Array2, ArrayView1};

use super::lapack::{LOWER, int, single_threaded_blas};
use super::symmetric::Symmetric;
use crate::error::{Error, Result};

/// A symmetric tridiagonal matrix T = QᵀAQ, Q orthogonal.
#[derive(Clone, Debug, PartialEq)]
pub struct Tridiagonal {
    /// Its diagonal (d).
    pub diagonal: Vec<f64>,
    /// The entries beside it (d - 1).
    pub beside: Vec<f64>,
}

impl Tridiagonal {
    /// Eigenvalues of T + `more` e_1 e_1ᵀ in descending order (`dsterf`).
    ///
    /// # Errors
    /// When the iteration does not converge, as it cannot for numbers that are not finite.
    pub fn eigenvalues(&self, more: f64) -> Result<Vec<f64>> {
        let (mut values, mut beside) = (self.diagonal.clone(), self.beside.clone());
        let Some(first) = values.first_mut() else {
            return Ok(values);
        };
        *first += more;
        let mut info = 1;
        if values.iter().chain(&beside).all(|x| x.is_finite()) {
            // SAFETY: `values` holds d numbers and `beside` d - 1.
            unsafe { lapack_sys::dsterf_(&int(values.len()), values.as_mut_ptr(), beside.as_mut_ptr(), &mut info) };
        }
        if info != 0 {
            return Err(Error::undefined("the eigenvalue iteration did not converge"));
        }
        values.reverse();
        Ok(values)
    }

    /// For each row i of T, a bound of the norm of T without the rows and columns before i.
    pub fn trailing_norms(&self) -> Vec<f64> {
        let mut norms = self.diagonal.iter().map(|x| x.abs()).collect::<Vec<_>>();
        for (i, beside) in self.beside.iter().enumerate() {
            norms[i] += beside.abs();
            norms[i + 1] += beside.abs();
        }
        for i in (1..norms.len()).rev() {
            norms[i - 1] = norms[i - 1].max(norms[i]);
        }
        norms
    }
}

impl Symmetric {
    /// T = QᵀAQ with the first column of Q along `first` (d), or along e_1 where that is zero: A + a `first` `first`ᵀ has
    /// the eigenvalues of T + a ‖`first`‖² e_1 e_1ᵀ for every a, from the one costly reduction.
    pub fn tridiagonal(&self, first: ArrayView1<f64>) -> Tridiagonal {
        let d = first.len();
        let mut triangle = self.triangle();
        let norm = first.dot(&first).sqrt();
        if norm > 0.0 && norm.is_finite() {
            // H = I - w wᵀ / (1 + |u_1|) takes u = first / ‖first‖ to e_1 or to its opposite.
            let mut w = &first / norm;
            let scale = 1.0 / (1.0 + w[0].abs());
            w[0] += 1f64.copysign(w[0]);
            reflect(&mut triangle, &w, scale);
        }
        reduce(triangle.as_slice_mut().expect("a standard layout"), d, d)
    }
}

/// (I - scale w wᵀ) A (I - scale w wᵀ) in place of the upper triangle of A.
fn reflect(triangle: &mut Array2<f64>, w: &Array1<f64>, scale: f64) {
    let d = int(w.len());
    let mut product = Array1::<f64>::zeros(w.len());
    // SAFETY: the matrix is d x d, both vectors hold d numbers.
    unsafe {
        cblas_sys::cblas_dsymv(
            cblas_sys::CBLAS_LAYOUT::CblasRowMajor,
            cblas_sys::CBLAS_UPLO::CblasUpper,
            d,
            scale,
            triangle.as_ptr(),
            d,
            w.as_ptr(),
            1,
            0.0,
            product.as_mut_ptr(),
            1,
        );
        let half = -scale * product.dot(w) / 2.0;
        product.scaled_add(half, w);
        cblas_sys::cblas_dsyr2(
            cblas_sys::CBLAS_LAYOUT::CblasRowMajor,
            cblas_sys::CBLAS_UPLO::CblasUpper,
            d,
            -1.0,
            w.as_ptr(),
            1,
            product.as_ptr(),
            1,
            triangle.as_mut_ptr(),
            d,
        );
    }
}

/// The tridiagonal form of the leading d x d block of a symmetric matrix with rows of `stride` entries, of which the upper
/// triangle is read and the rest is scratch (`dsytrd`, whose Q leaves e_1 as it is).
pub(super) fn reduce(entries: &mut [f64], d: usize, stride: usize) -> Tridiagonal {
    let mut form = Tridiagonal {
        diagonal: vec![0.0; d],
        beside: vec![0.0; d.saturating_sub(1)],
    };
    if d == 0 {
        return form;
    }
    assert!(
        d <= stride && entries.len() >= (d - 1) * stride + d,
        "a block of the matrix"
    );
    single_threaded_blas();
    let (n, leading) = (int(d), int(stride));
    let mut factors = vec![0.0; d];
    let (mut work, mut info) = (vec![0.0], 0);
    // The first call asks for the workspace size, the second one works.
    for ask in [true, false] {
        let lwork = if ask { -1 } else { int(work.len()) };
        // SAFETY: row-major upper is column-major lower; the block lies within `entries`; the vectors hold d, d - 1 and at
        // least d - 1 numbers, the workspace as many as passed with it.
        unsafe {
            lapack_sys::dsytrd_(
                &LOWER,
                &n,
                entries.as_mut_ptr(),
                &leading,
                form.diagonal.as_mut_ptr(),
                form.beside.as_mut_ptr(),
                factors.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                &mut info,
            );
        }
        assert_eq!(info, 0, "dsytrd refuses no valid size");
        if ask {
            let lwork = work[0] as usize;
            work.resize(lwork.max(1), 0.0);
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::eigen::eigenvalues;
    use ndarray::{Axis, array};

    #[test]
    fn one_reduction_serves_every_multiple_of_a_rank_one_matrix() {
        for d in 1..7 {
            let x = Array2::from_shape_fn((5, d), |(i, j)| ((i * 7 + j * 3 + i * j) % 11) as f64 - 4.0);
            let packed = Symmetric::gram(x.view());
            for first in [
                Array1::from_shape_fn(d, |j| (j as f64 - 1.5) * 3.0),
                Array1::from_elem(d, -2.0),
                Array1::zeros(d),
            ] {
                let form = packed.tridiagonal(first.view());
                let column = first.view().insert_axis(Axis(1));
                for more in [0.0, 1.0, 50.0] {
                    let got = form.eigenvalues(more * first.dot(&first)).unwrap();
                    let expected = eigenvalues(packed.to_full() + column.dot(&column.t()) * more).unwrap();
                    for (a, b) in got.iter().zip(&expected) {
                        assert!((a - b).abs() < 1e-13 * expected[0], "{got:?} {expected:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_far_mean_leaves_the_spectrum_around_it_alone() {
        let packed = Symmetric::gram(array![[1.0, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, 0.0, 1e-6]].view());
        let form = packed.tridiagonal(array![1e6, 2e6, -1e6].view());
        for (got, expected) in form.eigenvalues(0.0).unwrap().iter().zip([1.0, 1e-6, 1e-12]) {
            assert!((got - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn numbers_that_are_not_finite_have_no_eigenvalues() {
        let form = Tridiagonal {
            diagonal: vec![1.0, f64::INFINITY],
            beside: vec![0.0],
        };
        assert!(form.eigenvalues(0.0).is_err());
        assert_eq!(
            Tridiagonal {
                diagonal: vec![3.0, -1.0, 0.5],
                beside: vec![1.0, -2.0],
            }
            .trailing_norms(),
            [4.0, 4.0, 2.5]
        );
    }
}
