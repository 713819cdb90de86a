//! Similarity from kernels of the distances between rows.

use crate::error::{Error, Result};
use crate::stats::CentredKernels;

/// ⟨K̃, L̃⟩ / (‖K̃‖ ‖L̃‖) of centred kernel matrices: the biased HSIC in all three places.
///
/// # Errors
/// Undefined where the kernel of a side does not tell any two rows apart.
pub fn cka_of_kernels(k: &CentredKernels) -> Result<f64> {
    let norms = (k.squares[0] * k.squares[1]).sqrt();
    if norms > 0.0 {
        return Ok((k.product / norms).clamp(0.0, 1.0));
    }
    Err(Error::undefined("the kernel of a side tells no two rows apart"))
}

/// The mean of [`cka_of_kernels`] over all ways to match the rows: tr K̃ tr L̃ / ((N - 1) ‖K̃‖ ‖L̃‖).
pub fn unrelated_cka_of_kernels(k: &CentredKernels) -> f64 {
    k.traces[0] * k.traces[1] / (k.n as f64 - 1.0) / (k.squares[0] * k.squares[1]).sqrt()
}
