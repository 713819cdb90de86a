//! Convolutional networks with a name, by torchvision's names for their tensors: VGG, MobileNet v2 and v3, EfficientNet and its second
//! version, RegNet, DenseNet, ConvNeXt and its second version; and by timm's names, VGG, MobileNet, EfficientNet and RegNet; and
//! CLIP's ResNets by OpenAI's.

pub(in crate::checkpoint) mod clip;
mod clip_guess;
pub(in crate::checkpoint) mod convnext;
mod convnext_guess;
mod densenet;
mod details;
mod efficientnet;
mod inverted;
mod inverted_sizes;
mod mobilenet;
mod network;
mod plan;
mod regnet;
mod vgg;

pub(super) use clip_guess::guess as guess_clip;
pub(super) use convnext_guess::guess as guess_convnext;
pub use details::Details;
pub(in crate::checkpoint) use inverted::twins;
pub use network::Cnn;
pub(super) use network::{ANCHORS, MODULES, TIMM_ANCHORS, TIMM_MODULES, guess, guess_timm, names, parse};
pub use plan::{AttentionPool, CnnPlan, Conv, PlanLayer, PlanStage, Pointwise};
