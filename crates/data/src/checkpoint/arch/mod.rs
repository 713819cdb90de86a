//! Architectures as data: which tensors a network has, by this project's names (torchvision's for convolutional networks, timm's
//! for vision transformers), and which layers can be tapped.

mod architecture;
pub(in crate::checkpoint) mod cnn;
mod resnet;
mod small_cnn;
mod step;
pub(in crate::checkpoint) mod swin;
mod switches;
mod tensors;
mod vit;

pub use architecture::Arch;
pub(super) use architecture::ArchFamily;
pub(super) use cnn::clip::{ClipSize, depths as clip_depths};
pub(super) use cnn::twins;
pub use cnn::{AttentionPool, Cnn, CnnPlan, Conv, Details, PlanLayer, PlanStage, Pointwise};
pub use resnet::{ResNet, ResidualBlock};
pub use small_cnn::SmallCnn;
pub use step::{HeadStep, WeightNormNames};
pub use swin::{Library, Swin};
pub use switches::{Activation, Epsilon};
pub use tensors::Expected;
pub(super) use tensors::Shapes;
pub(super) use vit::blocks;
pub use vit::{FinalNorm, Pooling, Positions, Relative, Rotary, Vit};
