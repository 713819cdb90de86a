//! Networks, built from what [`Arch`](crate::checkpoint::arch::Arch) and [`HeadStep`](crate::checkpoint::arch::HeadStep) describe;
//! the same code trains and infers.
//!
//! A new network is empty: weights zero, normalisations the identity. Training calls [`initialise`]; inference copies
//! a checkpoint in with [`assign`]. Tensor names are torchvision's, below the path the network is built at.

mod attention_pool;
mod backbone;
mod bounds;
mod cnn;
mod conv_norm;
mod feature_maps;
mod head;
mod init;
mod layers;
mod map_pool;
mod resnet;
mod small_cnn;
mod swin;
mod vit;
mod vit_block;
mod vit_positions;
mod weights;

pub use backbone::{Backbone, Pass};
pub use feature_maps::rows_of_channels;
pub use head::Head;
pub use init::{initialise, stream};
pub use weights::{assign, store};
