//! Networks and feature extraction (libtorch).

pub mod device;
mod feed;
pub mod model;
pub mod nets;
pub mod pipeline;
