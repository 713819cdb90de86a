//! Networks and feature extraction (libtorch).

mod ahead;
pub mod device;
mod feed;
pub mod model;
pub mod nets;
pub mod network;
pub mod pipeline;
pub mod precision;
pub mod preparation;
pub mod script;
mod seen;
mod shard;
mod timm;
mod torchvision;
mod views;
