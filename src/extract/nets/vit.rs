//! Vision transformers with pre-normalised blocks, as timm, DINO, DINOv2, MAE, MoCo v3, torchvision and transformers compute
//! them.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::attention_pool::AttentionPoolNet;
use super::layers::{linear, patches};
use super::vit_block::{PositionTerms, VitBlock, norm, normalised};
use super::vit_positions::{BiasTable, Turns};
use crate::checkpoint::arch::{FinalNorm, Pooling, Positions, Relative, Rotary, Vit};

#[derive(Debug)]
pub(super) struct Net {
    arch: Vit,
    class_token: Option<Tensor>,
    registers: Option<Tensor>,
    positions: Option<Tensor>,
    /// Those of its turns that the file holds.
    periods: Option<Tensor>,
    /// Biases that all blocks have.
    shared: Option<BiasTable>,
    patches: nn::Conv2D,
    pre_norm: Option<nn::LayerNorm>,
    blocks: Vec<VitBlock>,
    norm: Option<nn::LayerNorm>,
    attention_pool: Option<AttentionPoolNet>,
    pooler: Option<nn::Linear>,
}

/// One pass: the row of features after each block (not normalised) and at the end, (B, width), what the network's own heads
/// read, and what it pools itself.
#[derive(Debug)]
pub(super) struct VitRows {
    pub(super) rows: Vec<Tensor>,
    pub(super) own: Tensor,
    pub(super) pooler: Option<Tensor>,
}

impl Net {
    pub(super) fn new(path: &nn::Path, arch: &Vit) -> Self {
        let (width, patch) = (arch.width as i64, arch.patch as i64);
        let zero = nn::Init::Const(0.0);
        let token = |name: &str, count: usize| path.var(name, &[1, count as i64, width], zero);
        let last = match arch.norm {
            FinalNorm::Tokens => Some("norm"),
            FinalNorm::Pooled => Some("fc_norm"),
            FinalNorm::Absent => None,
        };
        let blocks = path / "blocks";
        Self {
            class_token: arch.class_token.then(|| token("cls_token", 1)),
            registers: (arch.registers > 0).then(|| token("reg_token", arch.registers)),
            positions: arch
                .absolute
                .then(|| token("pos_embed", arch.placed + arch.grid * arch.grid)),
            periods: match arch.rotary {
                Some(Rotary::Centred { periods: true, .. }) => {
                    let count = arch.head_width() as i64 / 4;
                    Some(path.sub("rope").var("periods", &[count], nn::Init::Const(1.0)))
                }
                _ => None,
            },
            shared: BiasTable::new(&path.sub("rel_pos_bias"), arch, Relative::Shared),
            patches: patches(path, width, patch, arch.patch_bias),
            blocks: (0..arch.depth).map(|i| VitBlock::new(&(&blocks / i), arch)).collect(),
            pre_norm: arch.pre_norm.then(|| norm(path, "norm_pre", arch)),
            norm: last.map(|last| norm(path, last, arch)),
            attention_pool: arch
                .attention_pool
                .then(|| AttentionPoolNet::new(&path.sub("attn_pool"), arch)),
            pooler: arch
                .pooler
                .map(|outputs| linear(path, "pooler.dense", width, outputs as i64, true)),
            arch: arch.clone(),
        }
    }

    pub(super) fn rows(&self, images: &Tensor) -> VitRows {
        let map = self.patches.forward(images);
        let (_, _, high, wide) = map.size4().unwrap_or_default();
        let grid = [high, wide];
        let mut x = self.tokens(&map);
        let around = PositionTerms {
            grid,
            turns: self
                .arch
                .rotary
                .map(|rotary| Turns::new(&self.arch, rotary, self.periods.as_ref(), grid, x.device())),
            shared: self.shared.as_ref().map(|table| table.biases(grid)),
        };
        let mut rows = Vec::with_capacity(self.blocks.len() + 1);
        for block in &self.blocks {
            x = block.forward(&x, &around);
            rows.push(self.pooled(&x, self.arch.pooling));
        }
        let end = |pooling| match (self.arch.norm, pooling) {
            (FinalNorm::Tokens | FinalNorm::Absent, _) => self.last(&normalised(&self.norm, &x), pooling),
            (FinalNorm::Pooled, Pooling::Both) => {
                let parts = [Pooling::Class, Pooling::Mean].map(|p| normalised(&self.norm, &self.pooled(&x, p)));
                Tensor::cat(&parts, 1)
            }
            (FinalNorm::Pooled, _) => normalised(&self.norm, &self.pooled(&x, pooling)),
        };
        let last = end(self.arch.pooling);
        let own = if self.arch.own_pooling() == self.arch.pooling {
            last.shallow_clone()
        } else {
            end(self.arch.own_pooling())
        };
        rows.push(last);
        let pooler = match &self.pooler {
            Some(dense) => Some(dense.forward(&normalised(&self.norm, &x).select(1, 0)).tanh()),
            None => self.arch.pooled_width().map(|_| own.shallow_clone()),
        };
        VitRows { rows, own, pooler }
    }

    /// Patches and the tokens before them, with their positions.
    fn tokens(&self, map: &Tensor) -> Tensor {
        let (batch, width, high, wide) = map.size4().unwrap_or_default();
        let patches = map.flatten(2, 3).transpose(1, 2);
        let placed = self.arch.placed as i64;
        let positions = self
            .positions
            .as_ref()
            .map(|embeddings| self.positions_for(embeddings, high, wide));
        let repeated = |token: &Option<Tensor>| {
            token
                .iter()
                .map(|t| t.expand([batch, -1, width], false))
                .collect::<Vec<_>>()
        };
        let (class, registers) = (repeated(&self.class_token), repeated(&self.registers));
        let patches = match &positions {
            Some(positions) => patches + positions.narrow(1, placed, high * wide),
            None => patches,
        };
        // Those of the first tokens that have a position get it; the others (DINOv2's registers) come in after.
        let mut parts = class;
        parts.extend(registers);
        if let Some(positions) = positions.as_ref().filter(|_| placed > 0) {
            let before = positions.narrow(1, 0, placed);
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
    fn positions_for(&self, embeddings: &Tensor, high: i64, wide: i64) -> Tensor {
        let side = self.arch.grid as i64;
        if (high, wide) == (side, side) {
            return embeddings.shallow_clone();
        }
        let (placed, width) = (self.arch.placed as i64, self.arch.width as i64);
        let grid = embeddings.narrow(1, placed, side * side).to_kind(Kind::Float);
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
            Positions::Cropped => {
                let longer = high.max(wide);
                let square = grid.upsample_bilinear2d([longer, longer], false, None, None);
                square.narrow(2, 0, high).narrow(3, 0, wide)
            }
        };
        let grid = grid.permute([0, 2, 3, 1]).reshape([1, high * wide, width]);
        let grid = grid.to_kind(embeddings.kind());
        Tensor::cat(&[embeddings.narrow(1, 0, placed), grid], 1)
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
        let class = || match self.arch.summary.as_slice() {
            [] => tokens.select(1, 0),
            summary => {
                let each: Vec<Tensor> = summary.iter().map(|&i| tokens.select(1, i as i64)).collect();
                Tensor::cat(&each, 1)
            }
        };
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
