//! The spectrum: over how many directions do features spread?

mod catalogue;
mod eigenvalues;
mod views;

pub use catalogue::FAMILY;
pub(crate) use eigenvalues::EQUAL_EIGENVALUES;
pub(super) use eigenvalues::flat;
pub use eigenvalues::{
    alpha_req, alpha_req_r_squared, coding_rate, condition_number, effective_rank, matrix_entropy_rank,
    participation_ratio, pca_dims_95, rankme, stable_rank,
};
