//! What every call of LAPACK and BLAS needs: integers and letters as they take them, and one thread.

use std::ffi::{c_char, c_int};
use std::sync::Once;

unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
}

pub(super) fn single_threaded_blas() {
    static ONCE: Once = Once::new();
    // SAFETY: OpenBLAS allows the call at any time; `Once` keeps it from racing with itself.
    ONCE.call_once(|| unsafe { openblas_set_num_threads(1) });
}

pub(super) fn int(n: usize) -> c_int {
    c_int::try_from(n).expect("matrix dimensions are checked at the door to fit LAPACK's integers")
}

pub(super) const LOWER: c_char = b'L' as c_char;
pub(super) const NORMAL: c_char = b'N' as c_char;
pub(super) const VECTORS: c_char = b'V' as c_char;
