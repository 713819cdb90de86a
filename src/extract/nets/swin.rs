//! Swin transformers of both versions, as timm, torchvision, transformers and their authors compute them.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::feature_maps::pooled;
use super::layers::{layer_norm as norm, linear, patches, unit};
use super::vit_block::activate;
use crate::checkpoint::arch::{Activation, Library, Swin};

#[derive(Debug)]
pub(super) struct Net {
    patch: i64,
    pads_images: bool,
    patches: nn::Conv2D,
    patch_norm: nn::LayerNorm,
    stages: Vec<Stage>,
    norm: nn::LayerNorm,
}

#[derive(Debug)]
struct Stage {
    merge: Option<Merge>,
    blocks: Vec<Block>,
}

/// Four neighbours become one position of twice the width.
#[derive(Debug)]
struct Merge {
    norm: nn::LayerNorm,
    reduction: nn::Linear,
    second: bool,
}

#[derive(Debug)]
struct Block {
    norm1: nn::LayerNorm,
    norm2: nn::LayerNorm,
    fc1: nn::Linear,
    fc2: nn::Linear,
    qkv: nn::Linear,
    proj: nn::Linear,
    bias: Bias,
    heads: i64,
    window: i64,
    shifted: bool,
    activation: Activation,
    library: Library,
    /// The position in the table for each pair of positions in a window.
    index: Tensor,
}

#[derive(Debug)]
enum Bias {
    Table(Tensor),
    Continuous {
        scale: Tensor,
        first: nn::Linear,
        last: nn::Linear,
        /// Offsets of queries and values, where they are kept apart.
        apart: Option<[Tensor; 2]>,
        coordinates: Tensor,
    },
}

/// For each pair of positions in a window, the row of a table of all distances.
fn index(window: i64) -> Tensor {
    let side = 2 * window - 1;
    let row = |a: i64, b: i64| (a / window - b / window + window - 1) * side + a % window - b % window + window - 1;
    let area = window * window;
    let values: Vec<i64> = (0..area * area).map(|i| row(i / area, i % area)).collect();
    Tensor::from_slice(&values)
}

/// Distances in a window on a logarithmic scale, (rows of a table, 2).
fn coordinates(window: i64, pretrained: i64) -> Tensor {
    let most = if pretrained > 0 { pretrained - 1 } else { window - 1 }.max(1) as f64;
    let scaled = |d: i64| {
        let d = 8.0 * d as f64 / most;
        (d.signum() * (d.abs() + 1.0).log2() / 3.0) as f32 * if d == 0.0 { 0.0 } else { 1.0 }
    };
    let values: Vec<f32> = (1 - window..window)
        .flat_map(|y| (1 - window..window).flat_map(move |x| [scaled(y), scaled(x)]))
        .collect();
    Tensor::from_slice(&values).view([-1, 2])
}

impl Net {
    pub(super) fn new(path: &nn::Path, arch: &Swin) -> Self {
        let (width, patch) = (arch.width as i64, arch.patch as i64);
        let stages = (0..arch.depths.len()).map(|i| Stage::new(&(&path.sub("layers") / i), arch, i));
        let last = arch.widths().last().map_or(width, |w| *w as i64);
        Self {
            patch,
            pads_images: arch.library == Library::Transformers,
            patches: patches(path, width, patch, true),
            patch_norm: norm(path, "patch_embed.norm", width, 1e-5),
            stages: stages.collect(),
            norm: norm(path, "norm", last, arch.epsilon.value()),
        }
    }

    /// The mean of the map after each stage, then of the last one normalised; and that again.
    pub(super) fn rows(&self, images: &Tensor) -> (Vec<Tensor>, Tensor) {
        let (_, _, high, wide) = images.size4().unwrap_or_default();
        let lacking = |n: i64| (self.patch - n % self.patch) % self.patch;
        let images = match self.pads_images {
            true => images.constant_pad_nd([0, lacking(wide), 0, lacking(high)]),
            false => images.shallow_clone(),
        };
        let mut x = self
            .patch_norm
            .forward(&self.patches.forward(&images).permute([0, 2, 3, 1]));
        let mean = |x: &Tensor| pooled(&x.permute([0, 3, 1, 2]));
        let mut rows = Vec::with_capacity(self.stages.len() + 1);
        for stage in &self.stages {
            x = stage.forward(&x);
            rows.push(mean(&x));
        }
        let features = mean(&self.norm.forward(&x));
        rows.push(features.shallow_clone());
        (rows, features)
    }
}

impl Stage {
    fn new(path: &nn::Path, arch: &Swin, stage: usize) -> Self {
        let width = (arch.width << stage) as i64;
        let merge = (stage > 0).then(|| Merge {
            norm: norm(
                path,
                "downsample.norm",
                if arch.second { width } else { 2 * width },
                1e-5,
            ),
            reduction: linear(path, "downsample.reduction", 2 * width, width, false),
            second: arch.second,
        });
        let blocks = path.sub("blocks");
        Self {
            merge,
            blocks: (0..arch.depths[stage])
                .map(|i| Block::new(&(&blocks / i), arch, stage, i))
                .collect(),
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let x = self
            .merge
            .as_ref()
            .map_or_else(|| x.shallow_clone(), |merge| merge.forward(x));
        self.blocks.iter().fold(x, |x, block| block.forward(&x))
    }
}

impl Merge {
    fn forward(&self, x: &Tensor) -> Tensor {
        let (_, high, wide, _) = x.size4().unwrap_or_default();
        let x = x.constant_pad_nd([0, 0, 0, wide % 2, 0, high % 2]);
        let every = |row: i64, column: i64| x.slice(1, row, None, 2).slice(2, column, None, 2);
        let x = Tensor::cat(&[every(0, 0), every(1, 0), every(0, 1), every(1, 1)], -1);
        match self.second {
            true => self.norm.forward(&self.reduction.forward(&x)),
            false => self.reduction.forward(&self.norm.forward(&x)),
        }
    }
}

impl Block {
    fn new(path: &nn::Path, arch: &Swin, stage: usize, number: usize) -> Self {
        let (width, heads) = ((arch.width << stage) as i64, arch.heads[stage] as i64);
        let window = arch.windows.get(stage).map_or(1, |w| *w as i64);
        let attention = path.sub("attn");
        let zero = nn::Init::Const(0.0);
        let side = 2 * window - 1;
        let bias = match arch.second {
            false => Bias::Table(attention.var("relative_position_bias_table", &[side * side, heads], zero)),
            true => Bias::Continuous {
                scale: attention.var("logit_scale", &[heads, 1, 1], zero),
                first: linear(&attention, "cpb_mlp.0", 2, 512, true),
                last: linear(&attention, "cpb_mlp.2", 512, heads, false),
                apart: (!arch.whole_bias).then(|| ["q_bias", "v_bias"].map(|name| attention.var(name, &[width], zero))),
                coordinates: coordinates(window, arch.pretrained.get(stage).map_or(0, |w| *w as i64)),
            },
        };
        let hidden = width * arch.ratio as i64;
        let eps = arch.epsilon.value();
        Self {
            norm1: norm(path, "norm1", width, eps),
            norm2: norm(path, "norm2", width, eps),
            fc1: linear(path, "mlp.fc1", width, hidden, true),
            fc2: linear(path, "mlp.fc2", hidden, width, true),
            qkv: linear(path, "attn.qkv", width, 3 * width, !arch.second || arch.whole_bias),
            proj: linear(path, "attn.proj", width, width, true),
            bias,
            heads,
            window,
            shifted: number % 2 == 1,
            activation: arch.activation,
            library: arch.library,
            index: index(window),
        }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let mlp = |x: &Tensor| self.fc2.forward(&activate(&self.fc1.forward(x), self.activation));
        match self.bias {
            Bias::Table(_) => {
                let x = x + self.windows(&self.norm1.forward(x));
                let more = mlp(&self.norm2.forward(&x));
                x + more
            }
            Bias::Continuous { .. } => {
                let x = x + self.norm1.forward(&self.windows(x));
                let more = self.norm2.forward(&mlp(&x));
                x + more
            }
        }
    }

    /// How far windows are shifted on a map of this size.
    fn shift(&self, high: i64, wide: i64) -> [i64; 2] {
        let half = if self.shifted { self.window / 2 } else { 0 };
        let together = self.library == Library::Transformers && matches!(self.bias, Bias::Table(_));
        let fits = |n: i64| if together { high.min(wide) } else { n } <= self.window;
        [high, wide].map(|n| if fits(n) { 0 } else { half })
    }

    /// Attention inside windows of a map (B, H, W, C).
    fn windows(&self, x: &Tensor) -> Tensor {
        let (batch, high, wide, width) = x.size4().unwrap_or_default();
        let (w, shift) = (self.window, self.shift(high, wide));
        let roll = |x: &Tensor, sign: i64| match shift {
            [0, 0] => x.shallow_clone(),
            [y, z] => x.roll([sign * y, sign * z], [1, 2]),
        };
        let lacking = |n: i64| (w - n % w) % w;
        let pad = |x: &Tensor| x.constant_pad_nd([0, 0, 0, lacking(wide), 0, lacking(high)]);
        let crop = |x: &Tensor| x.narrow(1, 0, high).narrow(2, 0, wide);
        let first = self.library == Library::Timm;
        let x = if first { pad(&roll(x, -1)) } else { roll(&pad(x), -1) };
        let (rows, columns) = ((high + lacking(high)) / w, (wide + lacking(wide)) / w);
        let parts = x
            .view([batch, rows, w, columns, w, width])
            .permute([0, 1, 3, 2, 4, 5])
            .reshape([batch * rows * columns, w * w, width]);
        let mixed = self
            .attention(&parts, self.mask(&x, shift, [rows, columns]))
            .view([batch, rows, columns, w, w, width])
            .permute([0, 1, 3, 2, 4, 5])
            .reshape([batch, rows * w, columns * w, width]);
        if first {
            roll(&crop(&mixed), 1)
        } else {
            crop(&roll(&mixed, 1))
        }
    }

    /// What keeps positions apart that shifting brought into one window, (windows, area, area).
    fn mask(&self, x: &Tensor, shift: [i64; 2], [rows, columns]: [i64; 2]) -> Option<Tensor> {
        if shift == [0, 0] {
            return None;
        }
        let w = self.window;
        let region = |i: i64, n: i64, shift: i64| match shift {
            0 => 0,
            shift => i64::from(i >= n - w) + i64::from(i >= n - shift),
        };
        let (high, wide) = (rows * w, columns * w);
        let regions: Vec<i64> = (0..high * wide)
            .map(|i| 3 * region(i / wide, high, shift[0]) + region(i % wide, wide, shift[1]))
            .collect();
        let regions = Tensor::from_slice(&regions)
            .to_device(x.device())
            .view([rows, w, columns, w])
            .permute([0, 2, 1, 3])
            .reshape([rows * columns, w * w]);
        // transformers adds it twice in its second version.
        let twice = self.library == Library::Transformers && matches!(self.bias, Bias::Continuous { .. });
        let apart = regions.unsqueeze(1).not_equal_tensor(&regions.unsqueeze(2));
        Some(apart.to_kind(x.kind()) * if twice { -200.0 } else { -100.0 })
    }

    fn attention(&self, x: &Tensor, mask: Option<Tensor>) -> Tensor {
        let (count, area, width) = x.size3().unwrap_or_default();
        let mut qkv = self.qkv.forward(x).view([count, area, 3, width]);
        if let Bias::Continuous { apart, .. } = &self.bias {
            match (apart, &self.qkv.bs) {
                (Some([query, value]), _) => {
                    qkv += Tensor::stack(&[query, &query.zeros_like(), value], 0);
                }
                // The keys' part is left out by who keeps one.
                (None, Some(whole)) => {
                    let zero = whole.narrow(0, 0, width).zeros_like();
                    qkv -= Tensor::stack(&[&zero, &whole.narrow(0, width, width), &zero], 0);
                }
                (None, None) => {}
            }
        }
        let qkv = qkv
            .view([count, area, 3, self.heads, width / self.heads])
            .permute([2, 0, 3, 1, 4]);
        let [query, key, value] = [0, 1, 2].map(|i| qkv.select(0, i));
        let scores = match &self.bias {
            Bias::Table(_) => (query * ((width / self.heads) as f64).powf(-0.5)).matmul(&key.transpose(-2, -1)),
            Bias::Continuous { scale, .. } => {
                unit(&query).matmul(&unit(&key).transpose(-2, -1)) * scale.clamp_max(100f64.ln()).exp()
            }
        };
        let mut scores = scores + self.positions(area, x);
        if let Some(mask) = mask {
            let windows = mask.size()[0];
            scores = scores.view([count / windows, windows, self.heads, area, area]) + mask.unsqueeze(1);
            scores = scores.view([count, self.heads, area, area]);
        }
        let mixed = scores.softmax(-1, None::<Kind>).matmul(&value);
        self.proj.forward(&mixed.transpose(1, 2).reshape([count, area, width]))
    }

    /// The position bias, (heads, area, area).
    fn positions(&self, area: i64, x: &Tensor) -> Tensor {
        let table = match &self.bias {
            Bias::Table(table) => table.shallow_clone(),
            Bias::Continuous {
                first,
                last,
                coordinates,
                ..
            } => {
                let coordinates = coordinates.to_device(x.device()).to_kind(x.kind());
                last.forward(&first.forward(&coordinates).relu()).sigmoid() * 16.0
            }
        };
        let chosen = table.index_select(0, &self.index.to_device(x.device()));
        chosen.view([area, area, self.heads]).permute([2, 0, 1])
    }
}
