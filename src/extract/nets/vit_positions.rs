//! Positions inside attention: queries and keys turned by them (Su et al. 2021), biases by the distance of tokens (BEiT).

use std::f64::consts::TAU;

use tch::nn;
use tch::{Device, Kind, Tensor};

use crate::checkpoint::arch::{Relative, Rotary, Vit};

/// The cosines and sines that every patch's channels are turned with, (patches, channels of a head).
#[derive(Debug)]
pub(super) struct Turns {
    cosine: Tensor,
    sine: Tensor,
    /// Whether channel i goes with channel i + half; else neighbours go in pairs.
    halves: bool,
    /// Tokens before the patches, which stay as they are.
    prefix: i64,
}

impl Turns {
    /// For a grid of patches; `periods`: the file's own.
    pub(super) fn new(arch: &Vit, rotary: Rotary, periods: Option<&Tensor>, grid: [i64; 2], device: Device) -> Self {
        let count = arch.head_width() as i64 / 4;
        let options = (Kind::Float, device);
        let steps = Tensor::arange(count, options) / count as f64;
        let (frequencies, places) = match rotary {
            Rotary::Centred { base, .. } => {
                let periods = periods.map(|p| p.to_kind(Kind::Float));
                let frequencies = match periods {
                    Some(periods) => periods.reciprocal(),
                    None => (steps * -f64::from(base).ln()).exp(),
                };
                // Centres of the patches, the image reaching from -1 to 1.
                let place = |n: i64| (Tensor::arange(n, options) + 0.5) * (2.0 / n as f64) - 1.0;
                (frequencies * TAU, grid.map(place))
            }
            Rotary::Index { base, reference } => {
                let place = |n: i64| Tensor::arange(n, options) * (reference as f64 / n as f64);
                ((steps * -f64::from(base).ln()).exp(), grid.map(place))
            }
        };
        let [high, wide] = grid;
        let angles = |place: &Tensor| place.unsqueeze(1) * &frequencies;
        let rows = angles(&places[0]).unsqueeze(1).expand([high, wide, count], false);
        let columns = angles(&places[1]).unsqueeze(0).expand([high, wide, count], false);
        let angles = Tensor::cat(&[rows, columns], 2).reshape([high * wide, 2 * count]);
        let halves = matches!(rotary, Rotary::Centred { .. });
        let angles = match halves {
            true => angles.repeat([1, 2]),
            false => angles.repeat_interleave_self_int(2, 1, None),
        };
        Self {
            cosine: angles.cos(),
            sine: angles.sin(),
            halves,
            prefix: arch.prefix() as i64,
        }
    }

    /// Queries or keys (B, heads, tokens, channels), those of patches turned.
    pub(super) fn apply(&self, x: &Tensor) -> Tensor {
        let count = x.size()[2] - self.prefix;
        let patches = x.narrow(2, self.prefix, count).to_kind(Kind::Float);
        let turned = match self.halves {
            true => {
                let halves = patches.chunk(2, -1);
                Tensor::cat(&[-&halves[1], halves[0].shallow_clone()], -1)
            }
            false => {
                let pairs = patches.unflatten(-1, [-1, 2]);
                let (even, odd) = (pairs.select(-1, 0), pairs.select(-1, 1));
                Tensor::stack(&[-odd, even], -1).flatten(-2, -1)
            }
        };
        let patches = patches * &self.cosine + turned * &self.sine;
        Tensor::cat(&[x.narrow(2, 0, self.prefix), patches.to_kind(x.kind())], 2)
    }
}

/// A table with a bias for every distance and head.
#[derive(Debug)]
pub(super) struct BiasTable {
    biases: Tensor,
    side: i64,
}

impl BiasTable {
    /// The table of one block, or of all of them, where the network has it there.
    pub(super) fn new(path: &nn::Path, arch: &Vit, whose: Relative) -> Option<Self> {
        let size = [arch.distances() as i64, arch.heads as i64];
        let zero = nn::Init::Const(0.0);
        (arch.relative == Some(whose)).then(|| Self {
            biases: path.var("relative_position_bias_table", &size, zero),
            side: 2 * arch.grid as i64 - 1,
        })
    }

    /// The biases between all tokens, (1, heads, tokens, tokens): the class token's, then those of a grid of patches.
    pub(super) fn biases(&self, [high, wide]: [i64; 2]) -> Tensor {
        let heads = self.biases.size()[1];
        let (tall, broad) = (2 * high - 1, 2 * wide - 1);
        let count = self.side * self.side;
        let mut grid = self.biases.narrow(0, 0, count);
        if (tall, broad) != (self.side, self.side) {
            let map = grid.view([1, self.side, self.side, heads]).permute([0, 3, 1, 2]);
            let map = map
                .to_kind(Kind::Float)
                .upsample_bilinear2d([tall, broad], false, None, None);
            let map = map.permute([0, 2, 3, 1]).reshape([tall * broad, heads]);
            grid = map.to_kind(self.biases.kind());
        }
        let rows = Tensor::cat(&[grid, self.biases.narrow(0, count, 3)], 0);
        let index = distances(high, wide, self.biases.device());
        let tokens = high * wide + 1;
        rows.index_select(0, &index.view([-1]))
            .view([1, tokens, tokens, heads])
            .permute([0, 3, 1, 2])
    }
}

/// Which row of the table stands between two tokens, (tokens, tokens): the three last are of the class token.
fn distances(high: i64, wide: i64, device: Device) -> Tensor {
    let options = (Kind::Int64, device);
    let patches = high * wide;
    let row = Tensor::arange(high, options)
        .view([high, 1])
        .expand([high, wide], false)
        .reshape([patches]);
    let column = Tensor::arange(wide, options)
        .view([1, wide])
        .expand([high, wide], false)
        .reshape([patches]);
    let apart = |x: &Tensor| x.view([patches, 1]) - x.view([1, patches]);
    let index = (apart(&row) + (high - 1)) * (2 * wide - 1) + apart(&column) + (wide - 1);
    let last = (2 * high - 1) * (2 * wide - 1);
    let to = Tensor::full([1, patches], last, options);
    let from = Tensor::full([patches, 1], last + 1, options);
    let within = Tensor::full([1, 1], last + 2, options);
    let first = Tensor::cat(&[within, to], 1);
    Tensor::cat(&[first, Tensor::cat(&[from, index], 1)], 0)
}
