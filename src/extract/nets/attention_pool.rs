//! Pooling of tokens by attention to a learned one, as SigLIP has it.

use tch::nn::{self, Module};
use tch::{IndexOp, Tensor};

use super::layers::linear;
use super::vit_block::{activate, norm};
use crate::checkpoint::arch::{Activation, Vit};

#[derive(Debug)]
pub(super) struct AttentionPoolNet {
    latent: Tensor,
    qkv: nn::Linear,
    proj: nn::Linear,
    norm: nn::LayerNorm,
    fc1: nn::Linear,
    fc2: nn::Linear,
    heads: i64,
    activation: Activation,
}

impl AttentionPoolNet {
    pub(super) fn new(path: &nn::Path, arch: &Vit) -> Self {
        let (width, hidden) = (arch.width as i64, arch.hidden as i64);
        Self {
            latent: path.var("latent", &[1, 1, width], nn::Init::Const(0.0)),
            qkv: linear(path, "qkv", width, 3 * width, true),
            proj: linear(path, "proj", width, width, true),
            norm: norm(path, "norm", arch),
            fc1: linear(path, "mlp.fc1", width, hidden, true),
            fc2: linear(path, "mlp.fc2", hidden, width, true),
            heads: arch.heads as i64,
            activation: arch.activation,
        }
    }

    /// Tokens (B, T, width) to one row each, (B, width).
    pub(super) fn forward(&self, tokens: &Tensor) -> Tensor {
        let (batch, count, width) = tokens.size3().unwrap_or_default();
        let split = |x: Tensor, count: i64| x.view([batch, count, self.heads, width / self.heads]).transpose(1, 2);
        let weights = self.qkv.ws.chunk(3, 0);
        let biases = self.qkv.bs.as_ref().map(|b| b.chunk(3, 0));
        let of_part = |x: &Tensor, i: usize| x.linear(&weights[i], biases.as_ref().map(|b| &b[i]));
        let latent = self.latent.expand([batch, -1, -1], false);
        let query = split(of_part(&latent, 0), 1);
        let [key, value] = [1, 2].map(|i| split(of_part(tokens, i), count));
        let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, None::<Tensor>, 0.0, false, None, false);
        let mixed = self.proj.forward(&mixed.transpose(1, 2).reshape([batch, 1, width]));
        let inner = activate(&self.fc1.forward(&self.norm.forward(&mixed)), self.activation);
        (mixed + self.fc2.forward(&inner)).i((.., 0))
    }
}
