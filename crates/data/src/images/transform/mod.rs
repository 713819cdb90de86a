//! From an image to a network's input: resize, crop, scale and normalise, as torchvision does it.
//!
//! Resizing is antialiased and matches Pillow to the bit.

mod preprocess;
mod timm;
mod transformers;

pub use super::resize::Interpolation;
pub use preprocess::{Halves, Orientation, Preprocess, Resize};
