//! Matrix products.

use ndarray::{Array2, ArrayView2};

use super::lapack::{int, single_threaded_blas};

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

/// Writes AᵀB, (d1, d2), to `out` in 32 bits, for A (n, d1) and B (n, d2).
pub fn write_single_cross(a: ArrayView2<f32>, b: ArrayView2<f32>, out: &mut Array2<f32>) {
    assert_eq!(a.nrows(), b.nrows(), "the product of different numbers of rows");
    assert_eq!(out.dim(), (a.ncols(), b.ncols()), "a product of another shape");
    assert!(
        a.is_standard_layout() && b.is_standard_layout() && out.is_standard_layout(),
        "the product of rows that are not in standard layout"
    );
    out.fill(0.0);
    if out.is_empty() || a.nrows() == 0 {
        return;
    }
    single_threaded_blas();
    let (m, n, rows) = (int(a.ncols()), int(b.ncols()), int(a.nrows()));
    // SAFETY: all three are row-major with the leading dimensions given.
    unsafe {
        cblas_sys::cblas_sgemm(
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
            0.0,
            out.as_mut_ptr(),
            n,
        );
    }
}

/// Writes AB, (m, d), to `out` in 32 bits, for A (m, n) and B (n, d).
pub fn write_single_plain(a: ArrayView2<f32>, b: ArrayView2<f32>, out: &mut Array2<f32>) {
    assert_eq!(a.ncols(), b.nrows(), "the product of matrices that do not fit");
    assert_eq!(out.dim(), (a.nrows(), b.ncols()), "a product of another shape");
    assert!(
        a.is_standard_layout() && b.is_standard_layout() && out.is_standard_layout(),
        "the product of matrices that are not in standard layout"
    );
    out.fill(0.0);
    if out.is_empty() || a.ncols() == 0 {
        return;
    }
    single_threaded_blas();
    let (m, n, inner) = (int(a.nrows()), int(b.ncols()), int(a.ncols()));
    // SAFETY: all three are row-major with the leading dimensions given.
    unsafe {
        cblas_sys::cblas_sgemm(
            cblas_sys::CBLAS_LAYOUT::CblasRowMajor,
            cblas_sys::CBLAS_TRANSPOSE::CblasNoTrans,
            cblas_sys::CBLAS_TRANSPOSE::CblasNoTrans,
            m,
            n,
            inner,
            1.0,
            a.as_ptr(),
            inner,
            b.as_ptr(),
            n,
            0.0,
            out.as_mut_ptr(),
            n,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

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
    fn crosses_and_plain_products_in_32_bits_match_the_textbook() {
        let a = Array2::from_shape_fn((4, 3), |(i, j)| ((i * 7 + j * 3) % 11) as f32 - 4.0);
        let b = Array2::from_shape_fn((4, 5), |(i, j)| ((i * 5 + j * 2) % 7) as f32 - 3.0);
        let mut out = Array2::from_elem((3, 5), f32::NAN);
        write_single_cross(a.view(), b.view(), &mut out);
        assert_eq!(out, a.t().dot(&b));
        let c = a.t().as_standard_layout().into_owned();
        write_single_plain(c.view(), b.view(), &mut out);
        assert_eq!(out, c.dot(&b));
    }

    #[test]
    fn products_add_up() {
        let x = Array2::from_shape_fn((3, 5), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let mut sum = Array2::ones((5, 5));
        add_product(&mut sum, x.view(), x.view());
        assert_eq!(sum, x.t().dot(&x) + 1.0);
    }
}
