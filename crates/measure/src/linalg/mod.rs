//! LAPACK and BLAS: the only folder that names them. BLAS runs on one thread; the callers parallelise over a fixed number
//! of pieces, which makes every result the same for any number of threads.

#![allow(unsafe_code)]

mod eigen;
mod factor;
mod products;
mod root;
mod symmetric;
mod tridiagonal;

use std::ffi::{c_char, c_int};
use std::sync::Once;

pub use eigen::{eigenvalues, eigenvectors, nuclear_norm};
pub use factor::{inverse_forms, rotated_into_fewest, solve_definite, solve_definite_rows};
pub use products::{add_product, product_transposed, write_single_cross, write_single_plain, write_single_product};
pub use root::trace_of_root;
pub use symmetric::Symmetric;
pub use tridiagonal::Tridiagonal;

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
