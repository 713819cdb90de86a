//! Geometry: how do rows spread over the sphere and the space?

mod catalogue;
mod neighbours;
mod spanning_tree;

pub(super) use catalogue::directed;
pub use catalogue::{FAMILY, norm_cv, self_clustering, vendi};
pub use neighbours::occurrences;
