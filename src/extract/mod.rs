//! Networks and feature extraction (libtorch).

pub mod device;
pub mod nets;
