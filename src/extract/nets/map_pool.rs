//! Pooling of a map's positions by attention from their mean, as CLIP's ResNets have it.

use tch::nn::{self, Module};
use tch::{IndexOp, Tensor};

use super::layers::{below, linear};
use crate::checkpoint::arch::AttentionPool;

#[derive(Debug)]
pub(super) struct MapPool {
    positions: Tensor,
    query: nn::Linear,
    key: nn::Linear,
    value: nn::Linear,
    heads: i64,
    grid: i64,
}

impl MapPool {
    pub(super) fn new(path: &nn::Path, pool: &AttentionPool) -> Self {
        let (path, width, grid) = (below(path, &pool.name), pool.width as i64, pool.grid as i64);
        let part = |name: &str| linear(&path, name, width, width, true);
        Self {
            positions: path.var("positional_embedding", &[grid * grid + 1, width], nn::Init::Const(0.0)),
            query: part("q_proj"),
            key: part("k_proj"),
            value: part("v_proj"),
            heads: pool.heads as i64,
            grid,
        }
    }

    /// Maps (B, width, h, w) to one row each, (B, width), before they are projected.
    pub(super) fn forward(&self, maps: &Tensor) -> Tensor {
        let (batch, width, high, wide) = maps.size4().unwrap_or_default();
        let tokens = maps.flatten(2, 3).transpose(1, 2);
        let mean = tokens.mean_dim([1i64].as_slice(), true, None);
        let tokens = Tensor::cat(&[mean, tokens], 1) + self.positions_for(high, wide);
        let split = |x: Tensor| x.view([batch, -1, self.heads, width / self.heads]).transpose(1, 2);
        let query = split(self.query.forward(&tokens.narrow(1, 0, 1)));
        let [key, value] = [&self.key, &self.value].map(|part| split(part.forward(&tokens)));
        let mixed = Tensor::scaled_dot_product_attention(&query, &key, &value, None::<Tensor>, 0.0, false, None, false);
        mixed.transpose(1, 2).reshape([batch, 1, width]).i((.., 0))
    }

    /// The position of the mean, then those of the map, brought to its size where it has another.
    fn positions_for(&self, high: i64, wide: i64) -> Tensor {
        if (high, wide) == (self.grid, self.grid) {
            return self.positions.shallow_clone();
        }
        let kind = self.positions.kind();
        let (first, rest) = (
            self.positions.narrow(0, 0, 1),
            self.positions.narrow(0, 1, self.grid * self.grid),
        );
        let grid = rest.view([1, self.grid, self.grid, -1]).permute([0, 3, 1, 2]);
        let grid = grid
            .to_kind(tch::Kind::Float)
            .upsample_bicubic2d([high, wide], false, None, None);
        let rest = grid.permute([0, 2, 3, 1]).reshape([high * wide, -1]).to_kind(kind);
        Tensor::cat(&[first, rest], 0)
    }
}
