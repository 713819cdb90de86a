//! Similarity of two layers or models: do they see the same images alike?

pub mod canonical;
mod catalogue;
pub mod kernels;
pub mod moments;
pub mod shared_neighbours;

pub use catalogue::FAMILY;
