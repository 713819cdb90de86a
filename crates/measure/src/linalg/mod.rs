//! LAPACK and BLAS: the only folder that names them. BLAS runs on one thread; the callers parallelise over a fixed number
//! of pieces, which makes every result the same for any number of threads.

#![allow(unsafe_code)]

mod eigen;
mod factor;
mod lapack;
mod products;
mod root;
mod symmetric;
mod tridiagonal;

pub use eigen::{eigenvalues, eigenvectors, nuclear_norm};
pub use factor::{inverse_forms, rotated_into_fewest, solve_definite, solve_definite_rows};
pub use products::{add_product, product_transposed, write_single_cross, write_single_plain, write_single_product};
pub use root::trace_of_root;
pub use symmetric::Symmetric;
pub use tridiagonal::Tridiagonal;
