//! Networks and feature extraction (libtorch).

pub mod device;
mod image_fates;
mod image_feed;
pub mod model;
pub mod nets;
pub mod network;
mod overlap;
pub mod pipeline;
pub mod precision;
pub mod preparation;
mod shard;
mod timm_preparation;
pub mod torchscript;
mod torchvision_preparation;
mod views;
