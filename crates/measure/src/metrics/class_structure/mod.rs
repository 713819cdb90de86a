//! Class structure: how tight classes are against how far apart they lie, and how regularly.

mod catalogue;
mod duality;
mod means;
mod residuals;

pub use super::inputs::Duality;
pub use catalogue::FAMILY;
pub use duality::{products_apart, self_duality, squared_self_duality};
pub use means::{calinski_harabasz, cdnv, fisher_ratio, nc1_quotient, nc2_equiangle, nc2_equinorm, resolution};
pub use residuals::{davies_bouldin, nc1, nc4_ncc_agreement, vci};
