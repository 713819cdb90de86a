//! Vision transformers (Dosovitskiy et al. 2021) and their kin: DeiT, DINO, DINOv2 and v3, MAE, MoCo v3, CLIP, SigLIP, BEiT,
//! data2vec, EVA-02.

mod guess;
mod names;
mod network;

pub(in crate::checkpoint) use guess::blocks;
pub(super) use guess::guess;
pub(super) use names::{parse, sizes};
pub(super) use network::{ANCHORS, MODULES};
pub use network::{FinalNorm, Pooling, Positions, Relative, Rotary, Vit};
