//! Convolutional networks with a name, by torchvision's names for their tensors: VGG, MobileNet v2 and v3, EfficientNet and its second
//! version, RegNet, DenseNet, ConvNeXt and its second version.

pub(in crate::checkpoint) mod convnext;
mod convnext_guess;
mod densenet;
mod details;
mod efficientnet;
mod mobilenet;
mod network;
mod plan;
mod regnet;
mod vgg;

pub(super) use convnext_guess::guess as guess_convnext;
pub use details::Details;
pub use network::Cnn;
pub(super) use network::{ANCHORS, MODULES, guess, names, parse};
pub use plan::{Conv, Layer, Plan, Pointwise, Stage};
