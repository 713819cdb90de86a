//! Vision transformers with pre-normalised blocks, as timm, DINO, DINOv2, MAE, MoCo v3, torchvision and transformers compute
//! them.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::attention_pool::AttentionPool;
use super::below;
use crate::checkpoint::arch::{Activation, FinalNorm, Pooling, Positions, Vit};

#[derive(Debug)]
pub(super) struct Net {
    arch: Vit,
    class_token: Option<Tensor>,
    registers: Option<Tensor>,
    positions: Tensor,
    patches: nn::Conv2D,
    pre_norm: Option<nn::LayerNorm>,
    blocks: Vec<Block>,
    norm: nn::LayerNorm,
    attention_pool: Option<AttentionPool>,
}

#[derive(Debug)]
struct Block {
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
}

pub(super) fn norm(path: &nn::Path, name: &str, arch: &Vit) -> nn::LayerNorm {
    let config = nn::LayerNormConfig {
        eps: arch.epsilon.value(),
        ..nn::LayerNormConfig::default()
    };
    nn::layer_norm(below(path, name), vec![arch.width as i64], config)
}

pub(super) fn linear(path: &nn::Path, name: &str, inputs: i64, outputs: i64, bias: bool) -> nn::Linear {
    let zero = nn::Init::Const(0.0);
    let config = nn::LinearConfig {
        ws_init: zero,
        bs_init: Some(zero),
        bias,
    };
    nn::linear(below(path, name), inputs, outputs, config)
}

/// What stands between the layers of an MLP.
pub(super) fn activate(x: &Tensor, activation: Activation) -> Tensor {
    match activation {
        Activation::Gelu => x.gelu("none"),
        Activation::TanhGelu => x.gelu("tanh"),
        Activation::QuickGelu => x * (x * 1.702).sigmoid(),
    }
}

impl Block {
    fn new(path: &nn::Path, arch: &Vit) -> Self {
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
        }
    }

    fn attention(&self, x: &Tensor) -> Tensor {
        let (batch, tokens, width) = x.size3().unwrap_or_default();
        let qkv = self
            .qkv
            .forward(x)
            .view([batch, tokens, 3, self.heads, width / self.heads])
            .permute([2, 0, 3, 1, 4]);
        let [query, key, value] = [0, 1, 2].map(|i| qkv.select(0, i));
        let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, None::<Tensor>, 0.0, false, None, false);
        self.proj
            .forward(&mixed.transpose(1, 2).reshape([batch, tokens, width]))
    }

    fn mlp(&self, x: &Tensor) -> Tensor {
        let inner = self.fc1.forward(x);
        let inner = if self.swiglu {
            let halves = inner.chunk(2, -1);
            halves[0].silu() * &halves[1]
        } else {
            activate(&inner, self.activation)
        };
        self.fc2.forward(&inner)
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let scaled = |y: Tensor, i: usize| match &self.scales {
            Some(scales) => y * &scales[i],
            None => y,
        };
        let x = x + scaled(self.attention(&self.norm1.forward(x)), 0);
        let y = scaled(self.mlp(&self.norm2.forward(&x)), 1);
        x + y
    }
}

impl Net {
    pub(super) fn new(path: &nn::Path, arch: &Vit) -> Self {
        let (width, patch) = (arch.width as i64, arch.patch as i64);
        let zero = nn::Init::Const(0.0);
        let token = |name: &str, count: usize| path.var(name, &[1, count as i64, width], zero);
        let config = nn::ConvConfig {
            stride: patch,
            ws_init: zero,
            bs_init: zero,
            bias: arch.patch_bias,
            ..nn::ConvConfig::default()
        };
        let last = match arch.norm {
            FinalNorm::Tokens => "norm",
            FinalNorm::Pooled => "fc_norm",
        };
        let blocks = path / "blocks";
        Self {
            class_token: arch.class_token.then(|| token("cls_token", 1)),
            registers: (arch.registers > 0).then(|| token("reg_token", arch.registers)),
            positions: token("pos_embed", arch.placed + arch.grid * arch.grid),
            patches: nn::conv2d(below(path, "patch_embed.proj"), 3, width, patch, config),
            blocks: (0..arch.depth).map(|i| Block::new(&(&blocks / i), arch)).collect(),
            pre_norm: arch.pre_norm.then(|| norm(path, "norm_pre", arch)),
            norm: norm(path, last, arch),
            attention_pool: arch
                .attention_pool
                .then(|| AttentionPool::new(&path.sub("attn_pool"), arch)),
            arch: arch.clone(),
        }
    }

    /// The row of features after each block (not normalised) and at the end, (B, width), and what the network's own
    /// heads read.
    pub(super) fn rows(&self, images: &Tensor) -> (Vec<Tensor>, Tensor) {
        let mut x = self.tokens(images);
        let mut rows = Vec::with_capacity(self.blocks.len() + 1);
        for block in &self.blocks {
            x = block.forward(&x);
            rows.push(self.pooled(&x, self.arch.pooling));
        }
        let end = |pooling| match (self.arch.norm, pooling) {
            (FinalNorm::Tokens, _) => self.last(&self.norm.forward(&x), pooling),
            (FinalNorm::Pooled, Pooling::Both) => {
                let parts = [Pooling::Class, Pooling::Mean].map(|p| self.norm.forward(&self.pooled(&x, p)));
                Tensor::cat(&parts, 1)
            }
            (FinalNorm::Pooled, _) => self.norm.forward(&self.pooled(&x, pooling)),
        };
        let last = end(self.arch.pooling);
        let own = if self.arch.own_pooling() == self.arch.pooling {
            last.shallow_clone()
        } else {
            end(self.arch.own_pooling())
        };
        rows.push(last);
        (rows, own)
    }

    /// Patches and the tokens before them, with their positions.
    fn tokens(&self, images: &Tensor) -> Tensor {
        let map = self.patches.forward(images);
        let (batch, width, high, wide) = map.size4().unwrap_or_default();
        let patches = map.flatten(2, 3).transpose(1, 2);
        let placed = self.arch.placed as i64;
        let positions = self.positions_for(high, wide);
        let repeated = |token: &Option<Tensor>| {
            token
                .iter()
                .map(|t| t.expand([batch, -1, width], false))
                .collect::<Vec<_>>()
        };
        let (class, registers) = (repeated(&self.class_token), repeated(&self.registers));
        let before = positions.narrow(1, 0, placed);
        let patches = patches + positions.narrow(1, placed, high * wide);
        // Those of the first tokens that have a position get it; the others (DINOv2's registers) come in after.
        let mut parts = class;
        parts.extend(registers);
        if placed > 0 {
            let first = Tensor::cat(&parts, 1);
            let rest = first.size()[1] - placed;
            parts = vec![first.narrow(1, 0, placed) + before, first.narrow(1, placed, rest)];
        }
        parts.push(patches);
        let tokens = Tensor::cat(&parts, 1);
        match &self.pre_norm {
            Some(norm) => norm.forward(&tokens),
            None => tokens,
        }
    }

    /// The position embeddings for a grid of patches.
    fn positions_for(&self, high: i64, wide: i64) -> Tensor {
        let side = self.arch.grid as i64;
        if (high, wide) == (side, side) {
            return self.positions.shallow_clone();
        }
        let (placed, width) = (self.arch.placed as i64, self.arch.width as i64);
        let grid = self.positions.narrow(1, placed, side * side).to_kind(Kind::Float);
        let grid = grid.view([1, side, side, width]).permute([0, 3, 1, 2]);
        let size = [high, wide];
        let grid = match self.arch.positions {
            Positions::Antialiased => grid.internal_upsample_bicubic2d_aa(size, false, None, None),
            Positions::Plain => grid.upsample_bicubic2d(size, false, None, None),
            Positions::Offset => {
                let scale = |n: i64| (n as f64 + 0.1) / side as f64;
                grid.upsample_bicubic2d(size, false, scale(high), scale(wide))
            }
            Positions::Corners => grid.upsample_bicubic2d(size, true, None, None),
        };
        let grid = grid.permute([0, 2, 3, 1]).reshape([1, high * wide, width]);
        let grid = grid.to_kind(self.positions.kind());
        Tensor::cat(&[self.positions.narrow(1, 0, placed), grid], 1)
    }

    /// The row of features at the network's end.
    fn last(&self, tokens: &Tensor, pooling: Pooling) -> Tensor {
        match (&self.attention_pool, pooling) {
            (Some(pool), Pooling::Attention) => pool.forward(tokens),
            _ => self.pooled(tokens, pooling),
        }
    }

    fn pooled(&self, tokens: &Tensor, pooling: Pooling) -> Tensor {
        let first = self.arch.prefix() as i64;
        let class = || tokens.select(1, 0);
        let mean = || {
            let count = tokens.size()[1] - first;
            tokens.narrow(1, first, count).mean_dim(1, false, None)
        };
        match pooling {
            Pooling::Class => class(),
            Pooling::Mean | Pooling::Attention => mean(),
            Pooling::Both => Tensor::cat(&[class(), mean()], 1),
        }
    }
}
