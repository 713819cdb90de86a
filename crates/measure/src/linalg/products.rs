//! Matrix products.

use std::ffi::c_int;

use cblas_sys::{CBLAS_LAYOUT, CBLAS_TRANSPOSE};
use ndarray::{Array2, ArrayView2, s};

use super::lapack::{int, single_threaded_blas};

/// A matrix of a product, as it is or transposed.
struct Operand<'a, T> {
    matrix: ArrayView2<'a, T>,
    transpose: CBLAS_TRANSPOSE,
}

fn plain<T>(matrix: ArrayView2<T>) -> Operand<T> {
    Operand {
        matrix,
        transpose: CBLAS_TRANSPOSE::CblasNoTrans,
    }
}

fn transposed<T>(matrix: ArrayView2<T>) -> Operand<T> {
    Operand {
        matrix,
        transpose: CBLAS_TRANSPOSE::CblasTrans,
    }
}

impl<T> Operand<'_, T> {
    /// Its rows and columns in the product.
    fn dim(&self) -> (usize, usize) {
        match self.transpose {
            CBLAS_TRANSPOSE::CblasNoTrans => self.matrix.dim(),
            _ => self.matrix.t().dim(),
        }
    }

    /// The numbers from one row to the next, for rows that each lie in one piece.
    fn stride(&self) -> c_int {
        let (rows, columns) = self.matrix.dim();
        let stride = self.matrix.strides();
        let is_sound = (columns < 2 || stride[1] == 1) && (rows < 2 || stride[0] >= columns as isize);
        assert!(is_sound, "the product of rows that are not in one piece");
        int(if rows < 2 { columns } else { stride[0] as usize })
    }
}

macro_rules! product {
    ($name:ident, $number:ty, $gemm:ident) => {
        /// `scale` AB + `keep` C in place of C, which is in standard layout.
        fn $name(scale: $number, a: Operand<$number>, b: Operand<$number>, keep: $number, c: &mut Array2<$number>) {
            let ((m, inner), (own, n)) = (a.dim(), b.dim());
            assert_eq!(inner, own, "the product of matrices that do not fit");
            assert_eq!(c.dim(), (m, n), "a product of another shape");
            assert!(c.is_standard_layout(), "a product that is not in standard layout");
            if c.is_empty() || inner == 0 {
                return;
            }
            single_threaded_blas();
            // SAFETY: all three are row-major with the leading dimensions given, and of these sizes.
            unsafe {
                cblas_sys::$gemm(
                    CBLAS_LAYOUT::CblasRowMajor,
                    a.transpose,
                    b.transpose,
                    int(m),
                    int(n),
                    int(inner),
                    scale,
                    a.matrix.as_ptr(),
                    a.stride(),
                    b.matrix.as_ptr(),
                    b.stride(),
                    keep,
                    c.as_mut_ptr(),
                    int(n),
                );
            }
        }
    };
}

product!(product_in_double, f64, cblas_dgemm);
product!(product_in_single, f32, cblas_sgemm);

/// A Bᵀ for A (m, d) and B (n, d).
pub fn product_transposed(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let mut out = Array2::zeros((a.nrows(), b.nrows()));
    product_in_double(1.0, plain(a.view()), transposed(b.view()), 0.0, &mut out);
    out
}

/// Adds AᵀB, (d1, d2), to `sum`, for A (n, d1) and B (n, d2).
pub fn add_product(sum: &mut Array2<f64>, a: ArrayView2<f64>, b: ArrayView2<f64>) {
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    product_in_double(1.0, transposed(a.view()), plain(b.view()), 1.0, sum);
}

/// Writes `scale` A Bᵀ to `out` in 32 bits, for A (m, d) and B (n, d), `depth` channels at a time: no entry is a sum of
/// more than `depth` products and the sums of the d / `depth` pieces before, which bounds its rounding error.
pub fn write_single_product(a: ArrayView2<f32>, b: ArrayView2<f32>, scale: f32, depth: usize, out: &mut Array2<f32>) {
    assert_eq!(a.ncols(), b.ncols(), "the product of rows of different widths");
    out.fill(0.0);
    let (width, depth) = (a.ncols(), depth.max(1));
    for start in (0..width).step_by(depth) {
        let piece = s![.., start..(start + depth).min(width)];
        product_in_single(scale, plain(a.slice(piece)), transposed(b.slice(piece)), 1.0, out);
    }
}

/// Writes AᵀB, (d1, d2), to `out` in 32 bits, for A (n, d1) and B (n, d2).
pub fn write_single_cross(a: ArrayView2<f32>, b: ArrayView2<f32>, out: &mut Array2<f32>) {
    out.fill(0.0);
    product_in_single(1.0, transposed(a), plain(b), 0.0, out);
}

/// Writes AB, (m, d), to `out` in 32 bits, for A (m, n) and B (n, d).
pub fn write_single_plain(a: ArrayView2<f32>, b: ArrayView2<f32>, out: &mut Array2<f32>) {
    out.fill(0.0);
    product_in_single(1.0, plain(a), plain(b), 0.0, out);
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
