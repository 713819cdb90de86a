//! Eigenvalues and eigenvectors of symmetric matrices, and singular values.

use std::ffi::c_char;

use ndarray::{Array2, Axis};
use ndarray_linalg::{JobSvd, SVDDC as _};

use super::lapack::{LOWER, NORMAL, VECTORS, int, single_threaded_blas};
use crate::error::{Error, Result};

/// Eigenvalues of a symmetric matrix in descending order (LAPACK's divide and conquer, `dsyevd`).
///
/// # Errors
/// When the iteration does not converge.
pub fn eigenvalues(mut matrix: Array2<f64>) -> Result<Vec<f64>> {
    let mut values = decompose(&mut matrix, NORMAL)?;
    values.reverse();
    Ok(values)
}

/// As [`eigenvalues`], with the eigenvectors as the rows of a d x d matrix.
///
/// # Errors
/// When the iteration does not converge.
pub fn eigenvectors(mut matrix: Array2<f64>) -> Result<(Vec<f64>, Array2<f64>)> {
    let mut values = decompose(&mut matrix, VECTORS)?;
    values.reverse();
    // LAPACK's columns are rows here, in ascending order.
    matrix.invert_axis(Axis(0));
    Ok((values, matrix.as_standard_layout().into_owned()))
}

/// Eigenvalues in ascending order; with [`VECTORS`], the matrix becomes its eigenvectors.
fn decompose(matrix: &mut Array2<f64>, job: c_char) -> Result<Vec<f64>> {
    let d = matrix.nrows();
    if d == 0 {
        return Ok(Vec::new());
    }
    single_threaded_blas();
    let n = int(d);
    let mut values = vec![0.0; d];
    let (mut work, mut iwork, mut info) = (vec![0.0], vec![0], 0);
    let entries = matrix.as_slice_mut().expect("the matrix is in standard layout");
    // The first call asks for the workspace sizes, the second one works.
    for ask in [true, false] {
        let (lwork, liwork) = if ask {
            (-1, -1)
        } else {
            (int(work.len()), int(iwork.len()))
        };
        // SAFETY: `matrix` is d x d, `values` d; the workspaces have the lengths passed with them.
        unsafe {
            lapack_sys::dsyevd_(
                &job,
                &LOWER,
                &n,
                entries.as_mut_ptr(),
                &n,
                values.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                iwork.as_mut_ptr(),
                &liwork,
                &mut info,
            );
        }
        if info != 0 {
            return Err(Error::undefined("the eigenvalue iteration did not converge"));
        }
        if ask {
            let (lwork, liwork) = (work[0] as usize, iwork[0] as usize);
            work.resize(lwork.max(1), 0.0);
            iwork.resize(liwork.max(1), 0);
        }
    }
    Ok(values)
}

/// The sum of the singular values (`dgesdd` through ndarray-linalg).
///
/// # Errors
/// When the iteration does not converge.
pub fn nuclear_norm(matrix: Array2<f64>) -> Result<f64> {
    if matrix.is_empty() {
        return Ok(0.0);
    }
    single_threaded_blas();
    let (_, values, _) = matrix
        .svddc(JobSvd::None)
        .map_err(|e| Error::undefined(format!("no singular values: {e}")))?;
    Ok(values.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn eigenvalues_descend() {
        let values = eigenvalues(array![[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 7.0]]).unwrap();
        for (got, expected) in values.iter().zip([7.0, 3.0, 1.0]) {
            assert!((got - expected).abs() < 1e-14, "{values:?}");
        }
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        let matrix = array![[2.0, 1.0, 0.5], [1.0, 2.0, 0.0], [0.5, 0.0, 7.0]];
        let (values, vectors) = eigenvectors(matrix.clone()).unwrap();
        let alone = eigenvalues(matrix.clone()).unwrap();
        assert!(alone.len() == 3 && values.len() == 3 && values.iter().is_sorted_by(|a, b| a >= b));
        assert!(values.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-13));
        let diagonal = Array2::from_diag(&ndarray::Array1::from(values));
        let back = vectors.t().dot(&diagonal).dot(&vectors);
        assert!(back.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn singular_values_sum_to_the_nuclear_norm() {
        assert!((nuclear_norm(array![[3.0, 0.0, 0.0], [0.0, -4.0, 0.0]]).unwrap() - 7.0).abs() < 1e-14);
        assert_eq!(nuclear_norm(Array2::zeros((0, 3))).unwrap(), 0.0);
    }
}
