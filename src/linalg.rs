//! LAPACK and BLAS: the only file that names them. BLAS runs on one thread; the callers parallelise over a fixed number
//! of pieces, which makes every result the same for any number of threads.

#![allow(unsafe_code)]

use std::ffi::{c_char, c_int};
use std::sync::Once;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::{JobSvd, SVDDC as _};

use crate::error::{Error, Result};

unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
}

fn single_threaded_blas() {
    static ONCE: Once = Once::new();
    // SAFETY: OpenBLAS allows the call at any time; `Once` keeps it from racing with itself.
    ONCE.call_once(|| unsafe { openblas_set_num_threads(1) });
}

fn int(n: usize) -> c_int {
    c_int::try_from(n).expect("matrix dimensions are checked at the door to fit LAPACK's integers")
}

const LOWER: c_char = b'L' as c_char;
const NORMAL: c_char = b'N' as c_char;
const VECTORS: c_char = b'V' as c_char;

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

/// A Bᵀ for A (m, d) and B (n, d), both in standard layout.
pub fn product_transposed(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    assert_eq!(a.ncols(), b.ncols(), "the product of rows of different widths");
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let mut out = Array2::zeros((a.nrows(), b.nrows()));
    if out.is_empty() || a.ncols() == 0 {
        return out;
    }
    single_threaded_blas();
    let (m, n, d) = (int(a.nrows()), int(b.nrows()), int(a.ncols()));
    // SAFETY: all three are row-major with the leading dimensions given.
    unsafe {
        cblas_sys::cblas_dgemm(
            cblas_sys::CBLAS_LAYOUT::CblasRowMajor,
            cblas_sys::CBLAS_TRANSPOSE::CblasNoTrans,
            cblas_sys::CBLAS_TRANSPOSE::CblasTrans,
            m,
            n,
            d,
            1.0,
            a.as_ptr(),
            d,
            b.as_ptr(),
            d,
            0.0,
            out.as_mut_ptr(),
            n,
        );
    }
    out
}

/// Adds AᵀB, (d1, d2), to `sum`, for A (n, d1) and B (n, d2).
pub fn add_product(sum: &mut Array2<f64>, a: ArrayView2<f64>, b: ArrayView2<f64>) {
    assert_eq!(a.nrows(), b.nrows(), "the product of different numbers of rows");
    assert_eq!(sum.dim(), (a.ncols(), b.ncols()), "the product of other widths");
    if sum.is_empty() || a.nrows() == 0 {
        return;
    }
    single_threaded_blas();
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let (m, n, rows) = (int(a.ncols()), int(b.ncols()), int(a.nrows()));
    let to = sum.as_slice_mut().expect("the sum is in standard layout");
    // SAFETY: all three are row-major with the leading dimensions given.
    unsafe {
        cblas_sys::cblas_dgemm(
            cblas_sys::CBLAS_LAYOUT::CblasRowMajor,
            cblas_sys::CBLAS_TRANSPOSE::CblasTrans,
            cblas_sys::CBLAS_TRANSPOSE::CblasNoTrans,
            m,
            n,
            rows,
            1.0,
            a.as_ptr(),
            m,
            b.as_ptr(),
            n,
            1.0,
            to.as_mut_ptr(),
            n,
        );
    }
}

/// Writes `scale` A Bᵀ to `out` in 32 bits, for A (m, d) and B (n, d), `depth` channels at a time: no entry is a sum of
/// more than `depth` products and the sums of the d / `depth` pieces before, which bounds its rounding error.
pub fn write_single_product(a: ArrayView2<f32>, b: ArrayView2<f32>, scale: f32, depth: usize, out: &mut Array2<f32>) {
    assert_eq!(a.ncols(), b.ncols(), "the product of rows of different widths");
    assert_eq!(out.dim(), (a.nrows(), b.nrows()), "a product of another shape");
    assert!(
        a.is_standard_layout() && b.is_standard_layout() && out.is_standard_layout(),
        "the product of rows that are not in standard layout"
    );
    out.fill(0.0);
    if out.is_empty() {
        return;
    }
    single_threaded_blas();
    let width = a.ncols();
    let (m, n, stride) = (int(a.nrows()), int(b.nrows()), int(width));
    for start in (0..width).step_by(depth.max(1)) {
        let channels = depth.max(1).min(width - start);
        // SAFETY: all three are row-major with the leading dimensions given; the piece of channels lies within the rows.
        unsafe {
            cblas_sys::cblas_sgemm(
                cblas_sys::CBLAS_LAYOUT::CblasRowMajor,
                cblas_sys::CBLAS_TRANSPOSE::CblasNoTrans,
                cblas_sys::CBLAS_TRANSPOSE::CblasTrans,
                m,
                n,
                int(channels),
                scale,
                a.as_ptr().add(start),
                stride,
                b.as_ptr().add(start),
                stride,
                1.0,
                out.as_mut_ptr(),
                n,
            );
        }
    }
}

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

/// A factor F (rank, d) of a positive semidefinite matrix: FᵀF is the matrix, to the rounding of its largest entry
/// (pivoted Cholesky, `dpstrf`).
///
/// # Errors
/// When LAPACK refuses the matrix.
pub fn semidefinite_factor(matrix: Array2<f64>) -> Result<Array2<f64>> {
    let d = matrix.nrows();
    let (lower, pivots, rank) = pivoted_cholesky(matrix)?;
    // Column k of the lower factor is row k here; entry i of it belongs to channel pivots[i].
    let mut factor = Array2::zeros((rank, d));
    for k in 0..rank {
        for i in k..d {
            factor[[k, pivots[i]]] = lower[[k, i]];
        }
    }
    Ok(factor)
}

/// The factor of `dpstrf`: its columns as rows (d, d) with the rank's many in use, the channel of each entry, and the rank.
fn pivoted_cholesky(mut matrix: Array2<f64>) -> Result<(Array2<f64>, Vec<usize>, usize)> {
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
pub fn solve_definite(mut matrix: Array2<f64>, mut right: Array1<f64>) -> Result<Array1<f64>> {
    let d = matrix.nrows();
    assert_eq!(d, right.len(), "an equation of different sizes");
    if d == 0 {
        return Ok(right);
    }
    single_threaded_blas();
    let (n, one, mut info) = (int(d), 1, 0);
    // SAFETY: `matrix` is d x d, `right` d long and contiguous.
    unsafe {
        lapack_sys::dposv_(
            &LOWER,
            &n,
            &one,
            matrix.as_mut_ptr(),
            &n,
            right.as_slice_mut().expect("a vector of its own").as_mut_ptr(),
            &n,
            &mut info,
        );
    }
    if info != 0 {
        return Err(Error::undefined("the covariance is singular to rounding"));
    }
    Ok(right)
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

    #[test]
    fn products_match_the_textbook() {
        let (a, b) = (
            array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
            array![[1.0, -1.0], [0.5, 2.0]],
        );
        assert_eq!(product_transposed(a.view(), b.view()), a.dot(&b.t()));
    }

    #[test]
    fn products_in_32_bits_do_not_depend_on_their_pieces() {
        // Small integers: exact.
        let a = Array2::from_shape_fn((4, 7), |(i, j)| ((i * 7 + j * 3) % 11) as f32 - 4.0);
        let b = Array2::from_shape_fn((3, 7), |(i, j)| ((i * 5 + j * 2) % 7) as f32 - 3.0);
        for depth in [1, 3, 7, 100] {
            let mut out = Array2::from_elem((4, 3), f32::NAN);
            write_single_product(a.view(), b.view(), -2.0, depth, &mut out);
            assert_eq!(out, a.dot(&b.t()) * -2.0);
        }
    }

    #[test]
    fn the_factor_of_a_singular_matrix_gives_it_back() {
        let x = Array2::from_shape_fn((3, 5), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let matrix = x.t().dot(&x);
        let factor = semidefinite_factor(matrix.clone()).unwrap();
        assert_eq!(factor.nrows(), 3);
        let back = factor.t().dot(&factor);
        assert!(back.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(semidefinite_factor(Array2::zeros((2, 2))).unwrap().nrows(), 0);
    }

    #[test]
    fn a_definite_equation_is_solved_and_a_singular_one_refused() {
        let x = solve_definite(array![[2.0, 1.0], [1.0, 3.0]], array![4.0, 7.0]).unwrap();
        assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15);
        assert!(solve_definite(array![[1.0, 1.0], [1.0, 1.0]], array![1.0, 1.0]).is_err());
    }

    #[test]
    fn singular_values_sum_to_the_nuclear_norm() {
        assert!((nuclear_norm(array![[3.0, 0.0, 0.0], [0.0, -4.0, 0.0]]).unwrap() - 7.0).abs() < 1e-14);
        assert_eq!(nuclear_norm(Array2::zeros((0, 3))).unwrap(), 0.0);
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

    #[test]
    fn eigenvectors_give_the_matrix_back() {
        let x = Array2::from_shape_fn((6, 4), |(i, j)| ((i * 7 + j * 3 + i * j) % 11) as f64 - 4.0);
        let matrix = x.t().dot(&x);
        let (values, vectors) = eigenvectors(matrix.clone()).unwrap();
        assert_eq!(
            values,
            eigenvalues(matrix.clone())
                .unwrap()
                .iter()
                .zip(&values)
                .map(|(a, b)| {
                    assert!((a - b).abs() < 1e-12 * values[0]);
                    *b
                })
                .collect::<Vec<_>>()
        );
        let scaled = &vectors * &ndarray::Array1::from(values).insert_axis(ndarray::Axis(1));
        let back = vectors.t().dot(&scaled);
        assert!(back.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-11));
    }

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
        assert!(values.is_sorted_by(|a, b| a >= b));
        let diagonal = Array2::from_diag(&ndarray::Array1::from(values));
        let back = vectors.t().dot(&diagonal).dot(&vectors);
        assert!(back.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-13));
    }

    #[test]
    fn rotated_rows_keep_their_products_and_products_add_up() {
        let x = Array2::from_shape_fn((3, 5), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let few = rotated_into_fewest(x.clone()).unwrap();
        assert_eq!(few.dim(), (3, 3));
        let (got, expected) = (few.dot(&few.t()), x.dot(&x.t()));
        assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
        let mut sum = Array2::ones((5, 5));
        add_product(&mut sum, x.view(), x.view());
        assert_eq!(sum, x.t().dot(&x) + 1.0);
    }
}
