//! Factors of matrices (Cholesky, LQ) and the equations that they solve.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::lapack::{LOWER, int, single_threaded_blas};
use crate::error::{Error, Result};

/// Rows (n, d) with n <= d, rotated so that only their first n coordinates are not zero, which are given (n, n): the
/// same lengths and products to rounding (LQ decomposition, `dgeqrf`).
///
/// # Errors
/// When LAPACK refuses the matrix.
pub fn rotated_into_fewest(rows: Array2<f64>) -> Result<Array2<f64>> {
    let (n, d) = rows.dim();
    assert!(n <= d, "more rows than channels span all of them");
    let mut rows = rows.as_standard_layout().into_owned();
    if rows.is_empty() {
        return Ok(rows);
    }
    single_threaded_blas();
    let (columns, height) = (int(n), int(d));
    let (mut factors, mut work, mut info) = (vec![0.0; n], vec![0.0], 0);
    let entries = rows.as_slice_mut().expect("a standard layout");
    // The first call asks for the workspace size, the second one works.
    for ask in [true, false] {
        let lwork = if ask { -1 } else { int(work.len()) };
        // SAFETY: row-major (n, d) is column-major d x n with leading dimension d; `factors` holds n numbers.
        unsafe {
            lapack_sys::dgeqrf_(
                &height,
                &columns,
                entries.as_mut_ptr(),
                &height,
                factors.as_mut_ptr(),
                work.as_mut_ptr(),
                &lwork,
                &mut info,
            );
        }
        if info != 0 {
            return Err(Error::undefined("the rows have no LQ decomposition"));
        }
        if ask {
            let lwork = work[0] as usize;
            work.resize(lwork.max(1), 0.0);
        }
    }
    // Above the diagonal stand the reflections.
    Ok(Array2::from_shape_fn(
        (n, n),
        |(i, j)| if j <= i { rows[[i, j]] } else { 0.0 },
    ))
}

/// From what [`pivoted_cholesky`] gives, F (rank, d) in the order of the channels: FᵀF is the matrix, to the rounding of its
/// largest entry.
pub(super) fn factor_of(lower: &Array2<f64>, pivots: &[usize], rank: usize) -> Array2<f64> {
    // Column k of the lower factor is row k here; entry i of it belongs to channel pivots[i].
    let mut factor = Array2::zeros((rank, pivots.len()));
    for k in 0..rank {
        for i in k..pivots.len() {
            factor[[k, pivots[i]]] = lower[[k, i]];
        }
    }
    factor
}

/// The factor of `dpstrf`: its columns as rows (d, d) with the rank's many in use, the channel of each entry, and the rank.
pub(super) fn pivoted_cholesky(mut matrix: Array2<f64>) -> Result<(Array2<f64>, Vec<usize>, usize)> {
    let d = matrix.nrows();
    if d == 0 {
        return Ok((matrix, Vec::new(), 0));
    }
    single_threaded_blas();
    let n = int(d);
    let (mut pivots, mut rank, mut info) = (vec![0; d], 0, 0);
    let mut work = vec![0.0; 2 * d];
    // Its own default: d eps times the largest diagonal entry.
    let tolerance = -1.0;
    // SAFETY: `matrix` is d x d, `pivots` d and `work` 2 d long, as dpstrf asks.
    unsafe {
        lapack_sys::dpstrf_(
            &LOWER,
            &n,
            matrix.as_mut_ptr(),
            &n,
            pivots.as_mut_ptr(),
            &mut rank,
            &tolerance,
            work.as_mut_ptr(),
            &mut info,
        );
    }
    if info < 0 {
        return Err(Error::undefined("the covariance has no Cholesky factor"));
    }
    Ok((matrix, pivots.iter().map(|&p| p as usize - 1).collect(), rank as usize))
}

/// b A⁺ bᵀ for each row b (m, d) in the range of a positive semidefinite matrix A, A⁺ its pseudoinverse, whose rank is that of
/// the pivoted Cholesky factor.
///
/// # Errors
/// When LAPACK refuses the matrix.
pub fn inverse_forms(matrix: Array2<f64>, rows: ArrayView2<f64>) -> Result<Vec<f64>> {
    let (lower, pivots, rank) = pivoted_cholesky(matrix)?;
    // With A = L Lᵀ, L (d, rank), and b = L y: b A⁺ bᵀ = ‖y‖². The first rank equations have a triangular matrix.
    let mut solved = Array2::from_shape_fn((rows.nrows(), rank), |(i, k)| rows[[i, pivots[k]]]);
    if !solved.is_empty() {
        // SAFETY: `solved` is row-major (m, rank), which is the column-major rank x m right side; `lower` is column-major
        // with leading dimension d and holds the factor's first rank columns.
        unsafe {
            cblas_sys::cblas_dtrsm(
                cblas_sys::CBLAS_LAYOUT::CblasColMajor,
                cblas_sys::CBLAS_SIDE::CblasLeft,
                cblas_sys::CBLAS_UPLO::CblasLower,
                cblas_sys::CBLAS_TRANSPOSE::CblasNoTrans,
                cblas_sys::CBLAS_DIAG::CblasNonUnit,
                int(rank),
                int(rows.nrows()),
                1.0,
                lower.as_ptr(),
                int(lower.nrows()),
                solved.as_mut_ptr(),
                int(rank),
            );
        }
    }
    Ok(solved.outer_iter().map(|y| y.dot(&y)).collect())
}

/// x with A x = b, A symmetric and positive definite (Cholesky, `dposv`).
///
/// # Errors
/// When A is not positive definite to rounding.
pub fn solve_definite(matrix: Array2<f64>, right: Array1<f64>) -> Result<Array1<f64>> {
    let solved = solve_definite_rows(matrix, right.insert_axis(Axis(0)))?;
    Ok(solved.index_axis_move(Axis(0), 0))
}

/// The same for each row b (m, d).
///
/// # Errors
/// As [`solve_definite`].
pub fn solve_definite_rows(mut matrix: Array2<f64>, right: Array2<f64>) -> Result<Array2<f64>> {
    let d = matrix.nrows();
    assert_eq!(d, right.ncols(), "an equation of different sizes");
    let mut right = right.as_standard_layout().into_owned();
    if right.is_empty() {
        return Ok(right);
    }
    single_threaded_blas();
    let (n, many, mut info) = (int(d), int(right.nrows()), 0);
    // SAFETY: `matrix` is d x d; `right` is row-major (m, d), which is the column-major d x m right side.
    unsafe {
        lapack_sys::dposv_(
            &LOWER,
            &n,
            &many,
            matrix.as_mut_ptr(),
            &n,
            right.as_slice_mut().expect("a matrix of its own").as_mut_ptr(),
            &n,
            &mut info,
        );
    }
    if info != 0 {
        return Err(Error::undefined("the covariance is singular to rounding"));
    }
    Ok(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rotated_rows_keep_their_products() {
        let x = Array2::from_shape_fn((3, 5), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let few = rotated_into_fewest(x.clone()).unwrap();
        assert_eq!(few.dim(), (3, 3));
        let (got, expected) = (few.dot(&few.t()), x.dot(&x.t()));
        assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    fn factor(matrix: Array2<f64>) -> Array2<f64> {
        let (lower, pivots, rank) = pivoted_cholesky(matrix).unwrap();
        factor_of(&lower, &pivots, rank)
    }

    #[test]
    fn the_factor_of_a_singular_matrix_gives_it_back() {
        let x = Array2::from_shape_fn((3, 5), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let matrix = x.t().dot(&x);
        let found = factor(matrix.clone());
        assert_eq!(found.nrows(), 3);
        let back = found.t().dot(&found);
        assert!(back.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(factor(Array2::zeros((2, 2))).nrows(), 0);
    }

    #[test]
    fn a_definite_equation_is_solved_and_a_singular_one_refused() {
        let x = solve_definite(array![[2.0, 1.0], [1.0, 3.0]], array![4.0, 7.0]).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15);
        assert!(solve_definite(array![[1.0, 1.0], [1.0, 1.0]], array![1.0, 1.0]).is_err());
    }

    #[test]
    fn inverse_forms_are_those_of_the_pseudoinverse() {
        // numpy.linalg.pinv of the singular A = xᵀx: for b = c x, b A⁺ bᵀ = c P cᵀ, P the projection on the range of x.
        let x = array![[1.0, 0.0, 2.0, -1.0], [0.0, 3.0, 1.0, 1.0]];
        let forms = inverse_forms(x.t().dot(&x), x.view()).unwrap();
        // The rows are independent: P is the identity.
        assert!(forms.iter().all(|f| (f - 1.0).abs() < 1e-13), "{forms:?}");
        let regular = array![[4.0, 2.0], [2.0, 5.0]];
        // [1, 1] A⁻¹ [1, 1]ᵀ = (5 - 2 - 2 + 4) / 16.
        assert!((inverse_forms(regular, array![[1.0, 1.0]].view()).unwrap()[0] - 5.0 / 16.0).abs() < 1e-15);
    }
}
