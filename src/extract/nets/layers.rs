//! Layers as torchvision names and sets them, their weights not yet drawn.

use tch::nn::{self, ConvConfig};

/// The path below `path` with the dotted `name`: tch's own `sub` panics on a dot.
pub(super) fn below<'a>(path: &nn::Path<'a>, name: &str) -> nn::Path<'a> {
    name.split('.').fold(path.clone(), |path, part| path.sub(part))
}

/// A square convolution without bias, padded to keep the size at stride 1; weights zero.
pub(super) fn conv(
    path: &nn::Path,
    name: &str,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
) -> nn::Conv2D {
    let config = conv_config(kernel, stride, groups);
    nn::conv2d(below(path, name), inputs as i64, outputs as i64, kernel as i64, config)
}

pub(super) fn conv_config(kernel: usize, stride: usize, groups: usize) -> ConvConfig {
    ConvConfig {
        stride: stride as i64,
        padding: (kernel / 2) as i64,
        groups: groups as i64,
        bias: false,
        ws_init: nn::Init::Const(0.0),
        ..ConvConfig::default()
    }
}

/// PyTorch's batch normalisation (eps 1e-5, momentum 0.1); tch's default would draw the weights at random.
pub(super) fn norm_config(affine: bool) -> nn::BatchNormConfig {
    nn::BatchNormConfig {
        affine,
        ws_init: nn::Init::Const(1.0),
        ..nn::BatchNormConfig::default()
    }
}

pub(super) fn norm(path: &nn::Path, name: &str, width: usize) -> nn::BatchNorm {
    nn::batch_norm2d(below(path, name), width as i64, norm_config(true))
}
