//! Layers as torchvision names and sets them, their weights not yet drawn.

use tch::Tensor;
use tch::nn::{self, ConvConfig};

/// The path below `path` with the dotted `name`, for an empty one `path` itself: tch's own `sub` panics on a dot.
pub(super) fn below<'a>(path: &nn::Path<'a>, name: &str) -> nn::Path<'a> {
    let parts = name.split('.').filter(|part| !part.is_empty());
    parts.fold(path.clone(), |path, part| path.sub(part))
}

/// A variable with the dotted `name`, each of its numbers `value`.
pub(super) fn variable(path: &nn::Path, name: &str, size: &[i64], value: f64) -> Tensor {
    let (folder, last) = name.rsplit_once('.').unwrap_or(("", name));
    below(path, folder).var(last, size, nn::Init::Const(value))
}

/// A linear layer, its weights zero.
pub(super) fn linear(path: &nn::Path, name: &str, inputs: i64, outputs: i64, bias: bool) -> nn::Linear {
    let zero = nn::Init::Const(0.0);
    let config = nn::LinearConfig {
        ws_init: zero,
        bs_init: Some(zero),
        bias,
    };
    nn::linear(below(path, name), inputs, outputs, config)
}

pub(super) fn layer_norm(path: &nn::Path, name: &str, width: i64, eps: f64) -> nn::LayerNorm {
    let config = nn::LayerNormConfig {
        eps,
        ..nn::LayerNormConfig::default()
    };
    nn::layer_norm(below(path, name), vec![width], config)
}

/// The convolution that makes one row of each square patch of an image, its weights zero.
pub(super) fn patches(path: &nn::Path, width: i64, patch: i64, bias: bool) -> nn::Conv2D {
    let zero = nn::Init::Const(0.0);
    let config = ConvConfig {
        stride: patch,
        ws_init: zero,
        bs_init: zero,
        bias,
        ..ConvConfig::default()
    };
    nn::conv2d(below(path, "patch_embed.proj"), 3, width, patch, config)
}

/// Rows divided by their lengths, as `torch.nn.functional.normalize` does it; zeros stay zeros.
pub(super) fn unit(rows: &Tensor) -> Tensor {
    rows / rows.norm_scalaropt_dim(2.0, [-1i64].as_slice(), true).clamp_min(1e-12)
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
