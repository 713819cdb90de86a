//! The image processors that are known, and what each does where its file is silent.

use crate::images::resize::Interpolation;
use crate::images::transform::preprocess::{CLIP_MEAN, CLIP_STD, Resize};

pub(super) const HALF: [f64; 3] = [0.5; 3];

/// What an image processor does where its file is silent.
pub(super) struct Processor {
    /// The name of its class, up to `ImageProcessor` or `FeatureExtractor`.
    pub(super) name: &'static str,
    /// True if one number for the size is a square's side, and not the shorter side's length.
    pub(super) square: bool,
    pub(super) resize: Resize,
    pub(super) interpolation: Interpolation,
    pub(super) crop: Option<u32>,
    pub(super) mean: [f64; 3],
    pub(super) std: [f64; 3],
    /// The share of an image of less than 384 px that is cut out; larger ones are resized whole.
    pub(super) crop_pct: Option<f64>,
}

const VIT: Processor = Processor {
    name: "ViT",
    square: true,
    resize: Resize::Exact(224, 224),
    interpolation: Interpolation::Bilinear,
    crop: None,
    mean: HALF,
    std: HALF,
    crop_pct: None,
};

const CLIP: Processor = Processor {
    name: "CLIP",
    square: false,
    resize: Resize::Shorter(224),
    interpolation: Interpolation::Bicubic,
    crop: Some(224),
    mean: CLIP_MEAN,
    std: CLIP_STD,
    crop_pct: None,
};

pub(super) const PROCESSORS: &[Processor] = &[
    VIT,
    CLIP,
    // DINOv2's.
    Processor { name: "Bit", ..CLIP },
    Processor {
        name: "DeiT",
        resize: Resize::Exact(256, 256),
        interpolation: Interpolation::Bicubic,
        crop: Some(224),
        ..VIT
    },
    Processor {
        name: "Siglip",
        square: false,
        interpolation: Interpolation::Bicubic,
        ..VIT
    },
    // transformers' ResNets have it too.
    Processor {
        name: "ConvNext",
        square: false,
        resize: Resize::Shorter(384),
        interpolation: Interpolation::Bicubic,
        crop_pct: Some(0.875),
        ..VIT
    },
];
