//! A block of a vision transformer: attention and an MLP, each added to what it reads.

use tch::Tensor;
use tch::nn::{self, Module};

use super::layers::{below, layer_norm, linear};
use super::vit_positions::{BiasTable, Turns};
use crate::checkpoint::arch::{Activation, Relative, Vit};

#[derive(Debug)]
pub(super) struct VitBlock {
    norm1: nn::LayerNorm,
    qkv: nn::Linear,
    proj: nn::Linear,
    norm2: nn::LayerNorm,
    fc1: nn::Linear,
    fc2: nn::Linear,
    scales: Option<[Tensor; 2]>,
    heads: i64,
    swiglu: bool,
    activation: Activation,
    gate: Activation,
    /// What the biases of query, key and value are multiplied by.
    mask: Option<Tensor>,
    /// Biases of query and value alone.
    split: Option<[Tensor; 2]>,
    table: Option<BiasTable>,
    inner: Option<nn::LayerNorm>,
    middle: Option<nn::LayerNorm>,
}

/// What attention knows about positions.
#[derive(Debug, Default)]
pub(super) struct PositionTerms {
    pub(super) grid: [i64; 2],
    pub(super) turns: Option<Turns>,
    /// Biases that all blocks have.
    pub(super) shared: Option<Tensor>,
}

impl VitBlock {
    pub(super) fn new(path: &nn::Path, arch: &Vit) -> Self {
        let (width, hidden) = (arch.width as i64, arch.hidden as i64);
        let inner = if arch.swiglu { 2 * hidden } else { hidden };
        let scale = |name: &str| path.sub(name).var("gamma", &[width], nn::Init::Const(1.0));
        Self {
            norm1: norm(path, "norm1", arch),
            qkv: linear(path, "attn.qkv", width, 3 * width, arch.qkv_bias),
            proj: linear(path, "attn.proj", width, width, true),
            norm2: norm(path, "norm2", arch),
            fc1: linear(path, "mlp.fc1", width, inner, true),
            fc2: linear(path, "mlp.fc2", hidden, width, true),
            scales: arch.layer_scale.then(|| [scale("ls1"), scale("ls2")]),
            heads: arch.heads as i64,
            swiglu: arch.swiglu,
            activation: arch.activation,
            gate: arch.gate,
            mask: arch
                .masked_bias
                .then(|| below(path, "attn.qkv").var("bias_mask", &[3 * width], nn::Init::Const(1.0))),
            split: arch
                .split_bias
                .then(|| ["q_bias", "v_bias"].map(|name| path.sub("attn").var(name, &[width], nn::Init::Const(0.0)))),
            table: BiasTable::new(&path.sub("attn"), arch, Relative::Own),
            inner: arch.attn_norm.then(|| norm(path, "attn.norm", arch)),
            middle: arch
                .mlp_norm
                .then(|| layer_norm(path, "mlp.norm", hidden, arch.epsilon.value())),
        }
    }

    /// Query, key and value of all tokens, (B, tokens, 3 width).
    fn mixed(&self, x: &Tensor) -> Tensor {
        let bias = match (&self.split, &self.mask, &self.qkv.bs) {
            (Some([query, value]), _, _) => Some(Tensor::cat(&[query, &query.zeros_like(), value], 0)),
            (None, Some(mask), Some(bias)) => Some(bias * mask),
            _ => None,
        };
        match bias {
            Some(bias) => x.linear(&self.qkv.ws, Some(&bias)),
            None => self.qkv.forward(x),
        }
    }

    fn attention(&self, x: &Tensor, around: &PositionTerms) -> Tensor {
        let (batch, tokens, width) = x.size3().unwrap_or_default();
        let qkv = self
            .mixed(x)
            .view([batch, tokens, 3, self.heads, width / self.heads])
            .permute([2, 0, 3, 1, 4]);
        let [mut query, mut key, value] = [0, 1, 2].map(|i| qkv.select(0, i));
        if let Some(turns) = &around.turns {
            (query, key) = (turns.apply(&query), turns.apply(&key));
        }
        let own = self.table.as_ref().map(|table| table.biases(around.grid));
        let biases = match (own, &around.shared) {
            (Some(own), Some(shared)) => Some(own + shared),
            (Some(own), None) => Some(own),
            (None, shared) => shared.as_ref().map(Tensor::shallow_clone),
        };
        let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, biases, 0.0, false, None, false);
        let mixed = mixed.transpose(1, 2).reshape([batch, tokens, width]);
        self.proj.forward(&normalised(&self.inner, &mixed))
    }

    fn mlp(&self, x: &Tensor) -> Tensor {
        let inner = self.fc1.forward(x);
        let inner = if self.swiglu {
            let halves = inner.chunk(2, -1);
            activate(&halves[0], self.gate) * &halves[1]
        } else {
            activate(&inner, self.activation)
        };
        self.fc2.forward(&normalised(&self.middle, &inner))
    }

    pub(super) fn forward(&self, x: &Tensor, around: &PositionTerms) -> Tensor {
        let scaled = |y: Tensor, i: usize| match &self.scales {
            Some(scales) => y * &scales[i],
            None => y,
        };
        let x = x + scaled(self.attention(&self.norm1.forward(x), around), 0);
        let y = scaled(self.mlp(&self.norm2.forward(&x)), 1);
        x + y
    }
}

/// As it is where there is no such normalisation.
pub(super) fn normalised(norm: &Option<nn::LayerNorm>, x: &Tensor) -> Tensor {
    norm.as_ref().map_or_else(|| x.shallow_clone(), |norm| norm.forward(x))
}

pub(super) fn norm(path: &nn::Path, name: &str, arch: &Vit) -> nn::LayerNorm {
    layer_norm(path, name, arch.width as i64, arch.epsilon.value())
}

/// What stands between the layers of an MLP.
pub(super) fn activate(x: &Tensor, activation: Activation) -> Tensor {
    match activation {
        Activation::Gelu => x.gelu("none"),
        Activation::TanhGelu => x.gelu("tanh"),
        Activation::QuickGelu => x * (x * 1.702).sigmoid(),
        Activation::Silu => x.silu(),
    }
}
