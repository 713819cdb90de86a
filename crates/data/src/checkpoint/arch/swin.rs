//! Swin transformers (Liu et al. 2021) and their second version (2022), by timm's names.

use serde::{Deserialize, Serialize};

use super::switches::{Activation, Epsilon};
use super::tensors::{Shapes, Tensors, apart, blocks, most, stages};

/// A Swin transformer of either version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swin {
    /// True if it is the second version: cosine attention, a continuous position bias, normalisations behind attention and MLP.
    pub second: bool,
    /// Width of the first stage; each has twice the width of the one before.
    pub width: usize,
    /// Blocks of each stage.
    pub depths: Vec<usize>,
    /// Attention heads of each stage.
    pub heads: Vec<usize>,
    /// Side of the windows of each stage; empty: nothing told it (the second version alone).
    pub windows: Vec<usize>,
    /// Side of the windows that the position bias of each stage was made for; 0: as the windows are.
    pub pretrained: Vec<usize>,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// How many times wider than a block its MLP is.
    pub ratio: usize,
    /// True if the second version keeps a bias for the keys too, which plays no part.
    pub whole_bias: bool,
    /// What the MLPs have between their layers.
    pub activation: Activation,
    /// What the normalisations of blocks and the last one add to the variance.
    pub epsilon: Epsilon,
    /// Whose way to treat what no window divides.
    pub library: Library,
}

/// Code bases whose Swins differ in what they do with maps that no window divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Library {
    /// The authors': every window fits.
    Authors,
    /// timm: shifts, then pads.
    Timm,
    /// torchvision: pads, then shifts.
    Torchvision,
    /// transformers: as torchvision, images are padded to whole patches too.
    Transformers,
}

/// Sizes with a name: name, width, blocks, heads of the first stage (each stage has twice as many).
const SIZES: &[(&str, usize, [usize; 4], usize)] = &[
    ("tiny", 96, [2, 2, 6, 2], 3),
    ("small", 96, [2, 2, 18, 2], 3),
    ("base", 128, [2, 2, 18, 2], 4),
    ("large", 192, [2, 2, 18, 2], 6),
];

/// No network here has more stages, or more blocks in one.
const MOST: [usize; 2] = [6, 64];

/// What normalisations add where nothing says so: everybody's.
pub(in crate::checkpoint) const EPSILON: Epsilon = Epsilon::known(1e-5);

pub(super) const ANCHORS: &str = "\
    patch_embed.proj.weight layers.0.blocks.0.norm1.weight layers.0.blocks.0.attn.proj.weight \
    layers.1.blocks.0.mlp.fc2.weight";

pub(super) const MODULES: &str = "patch_embed layers norm absolute_pos_embed";

pub(super) fn sizes() -> impl Iterator<Item = &'static str> {
    SIZES.iter().map(|s| s.0)
}

/// `swin_SIZE_patch4_window7_224`, `swinv2_SIZE_window8_256`, `swinv2_SIZE_window12to24_192to384`, where SIZE may be
/// `widthW_depthsA-B-C-D_headsA-B-C-D`.
pub(super) fn parse(name: &str) -> Option<Swin> {
    let (family, rest) = name.split_once('_')?;
    let second = ["swin", "swinv2"].iter().position(|f| *f == family)? == 1;
    let mut words = rest.split('_').peekable();
    let number = |word: &str, before: &str| {
        word.strip_prefix(before)?
            .parse::<usize>()
            .ok()
            .filter(|n| (1..=1 << 14).contains(n))
    };
    let size = words.next()?;
    let (width, depths, heads) = match SIZES.iter().find(|s| s.0 == size) {
        Some((_, width, depths, heads)) => (*width, depths.to_vec(), (0..4).map(|i| heads << i).collect()),
        None => {
            let mut list = |before: &str| -> Option<Vec<usize>> {
                let numbers = words
                    .next()?
                    .strip_prefix(before)?
                    .split('-')
                    .map(|n| n.parse().ok().filter(|n| *n > 0));
                numbers.collect::<Option<Vec<_>>>().filter(|n| n.len() <= MOST[0])
            };
            (number(size, "width")?, list("depths")?, list("heads")?)
        }
    };
    let patch = match words.peek().and_then(|w| number(w, "patch")) {
        Some(patch) => words.next().map(|_| patch)?,
        None => 4,
    };
    let last = |text: &str| {
        text.split("to")
            .map(|n| n.parse::<usize>().ok().filter(|n| *n > 0))
            .collect::<Option<Vec<_>>>()
    };
    let (windows, images) = (last(words.next()?.strip_prefix("window")?)?, last(words.next()?)?);
    let whole =
        words.next().is_none() && depths.len() == heads.len() && windows.len() == images.len() && windows.len() <= 2;
    let sound = depths.iter().all(|d| *d <= MOST[1]) && images.iter().all(|i| *i <= 1 << 13);
    let stages = depths.len();
    let clipped = move |window: usize, image: usize| -> Vec<usize> {
        (0..stages).map(|i| window.min((image / patch) >> i).max(1)).collect()
    };
    (whole && sound && (second || windows.len() == 1)).then(|| Swin {
        windows: clipped(*windows.last().unwrap_or(&7), *images.last().unwrap_or(&224)),
        pretrained: match windows.len() {
            2 => clipped(windows[0], images[0]),
            _ => vec![0; stages],
        },
        second,
        width,
        depths,
        heads,
        patch,
        ratio: 4,
        whole_bias: false,
        activation: Activation::default(),
        epsilon: EPSILON,
        library: Library::Timm,
    })
}

impl Swin {
    /// What its name says, with everything that the name does not say taken from `found`.
    pub(super) fn completed(&self, found: &Self) -> Self {
        Self {
            ratio: found.ratio,
            whole_bias: found.whole_bias,
            activation: found.activation,
            epsilon: found.epsilon,
            library: found.library,
            ..self.clone()
        }
    }

    /// The name without windows and images.
    fn size(&self) -> String {
        let named = SIZES.iter().find(|(_, width, depths, heads)| {
            *width == self.width
                && depths[..] == self.depths[..]
                && self.heads.iter().enumerate().all(|(i, h)| *h == heads << i)
        });
        let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        match named {
            Some((name, ..)) => (*name).to_owned(),
            None => format!(
                "width{}_depths{}_heads{}",
                self.width,
                list(&self.depths),
                list(&self.heads)
            ),
        }
    }

    pub(in crate::checkpoint) fn name(&self) -> String {
        let family = if self.second { "swinv2" } else { "swin" };
        let patch = match (self.second, self.patch) {
            (true, 4) => String::new(),
            (_, patch) => format!("_patch{patch}"),
        };
        let before = match self.pretrained.first() {
            Some(window) if *window > 0 => {
                let image = self
                    .pretrained
                    .last()
                    .map_or(0, |w| (w * self.patch) << (self.depths.len() - 1));
                (format!("{window}to"), format!("{image}to"))
            }
            _ => (String::new(), String::new()),
        };
        let window = self.windows.first().map_or("N".to_owned(), usize::to_string);
        let image = match self.image() {
            0 => "IMAGE".to_owned(),
            image => image.to_string(),
        };
        format!(
            "{family}_{}{patch}_window{}{window}_{}{image}",
            self.size(),
            before.0,
            before.1
        )
    }

    /// Side of the images its windows were made for, in pixels: the last stage is one window.
    pub fn image(&self) -> usize {
        self.windows
            .last()
            .map_or(0, |w| (w * self.patch) << (self.windows.len() - 1))
    }

    /// Width of each stage.
    pub fn widths(&self) -> Vec<usize> {
        (0..self.depths.len()).map(|i| self.width << i).collect()
    }

    pub(super) fn tensors(&self, list: &mut Tensors) {
        let first = self.width;
        list.conv("patch_embed.proj", first, 3, self.patch);
        list.push("patch_embed.proj.bias", vec![first], true);
        list.affine("patch_embed.norm", first);
        for (i, (&depth, &heads)) in self.depths.iter().zip(&self.heads).enumerate() {
            let w = first << i;
            if i > 0 {
                list.linear(&format!("layers.{i}.downsample.reduction"), w, 2 * w, false);
                list.affine(
                    &format!("layers.{i}.downsample.norm"),
                    if self.second { w } else { 2 * w },
                );
            }
            for block in 0..depth {
                let name = format!("layers.{i}.blocks.{block}");
                list.affine(&format!("{name}.norm1"), w);
                list.linear(&format!("{name}.attn.qkv"), 3 * w, w, !self.second || self.whole_bias);
                list.linear(&format!("{name}.attn.proj"), w, w, true);
                if self.second {
                    list.push(&format!("{name}.attn.logit_scale"), vec![heads, 1, 1], true);
                    list.linear(&format!("{name}.attn.cpb_mlp.0"), 512, 2, true);
                    list.linear(&format!("{name}.attn.cpb_mlp.2"), heads, 512, false);
                    if !self.whole_bias {
                        list.push(&format!("{name}.attn.q_bias"), vec![w], true);
                        list.push(&format!("{name}.attn.v_bias"), vec![w], true);
                    }
                } else {
                    let side = 2 * self.windows.get(i).copied().unwrap_or(7) - 1;
                    list.push(
                        &format!("{name}.attn.relative_position_bias_table"),
                        vec![side * side, heads],
                        true,
                    );
                }
                list.affine(&format!("{name}.norm2"), w);
                list.linear(&format!("{name}.mlp.fc1"), self.ratio * w, w, true);
                list.linear(&format!("{name}.mlp.fc2"), w, self.ratio * w, true);
            }
        }
        list.affine("norm", first << self.depths.len().saturating_sub(1));
    }
}

/// Blocks of each stage, as the tensors show.
pub(in crate::checkpoint) fn depths(shape: Shapes) -> Vec<usize> {
    const TELLING: [&str; 3] = ["norm1.weight", "attn.qkv.weight", "mlp.fc2.weight"];
    stages(MOST[0], |stage| {
        blocks(shape, MOST[1], &TELLING, |b, t| {
            format!("layers.{stage}.blocks.{b}.{t}")
        })
    })
}

/// Side of a window, by the table of its position bias.
fn side(table: usize) -> Option<usize> {
    let side = table.isqrt();
    (side * side == table && side % 2 == 1).then_some(side.div_ceil(2))
}

pub(super) fn guess(shape: Shapes) -> Option<Swin> {
    // A stage without blocks between others has lost them.
    let mut depths: Vec<usize> = depths(shape).into_iter().map(|depth| depth.max(1)).collect();
    let block = |stage: usize, t: &str| (0..3).find_map(|b| shape(&format!("layers.{stage}.blocks.{b}.attn.{t}")));
    let axis = |found: Option<Vec<usize>>, axis: usize| found?.get(axis).copied().filter(|n| (1..=1 << 14).contains(n));
    // What most tensors say: one of another shape does not make another network.
    let width = most((0..3).flat_map(|b| {
        ["norm1.weight", "norm2.weight", "attn.proj.weight", "mlp.fc2.weight"]
            .map(|t| axis(shape(&format!("layers.0.blocks.{b}.{t}")), 0))
    }))?;
    let count = |t: &str| {
        let of_stage = |(stage, depth): (usize, &usize)| {
            (0..*depth)
                .filter(|b| shape(&format!("layers.{stage}.blocks.{b}.attn.{t}")).is_some())
                .count()
        };
        depths.iter().enumerate().map(of_stage).sum::<usize>()
    };
    let first = count("relative_position_bias_table");
    let second = count("logit_scale").max(count("cpb_mlp.0.weight"));
    if first + second == 0 {
        return None;
    }
    let second = second > first;
    let whole_bias = second && count("qkv.bias") > count("q_bias");
    let named = SIZES.iter().filter(|s| s.1 == width);
    let named = named.min_by_key(|s| apart(&s.2, &depths));
    if let Some((_, _, known, _)) = named {
        // One that lost its last block is a damaged network of a known depth, not another one.
        depths = known.to_vec();
    }
    let ends = |stage: usize| match second {
        true => axis(block(stage, "logit_scale"), 0).or_else(|| axis(block(stage, "cpb_mlp.2.weight"), 0)),
        false => axis(block(stage, "relative_position_bias_table"), 1),
    };
    let mut heads: Vec<usize> = Vec::new();
    for stage in 0..depths.len() {
        let usual = heads.last().map(|h| 2 * h).or(named.map(|s| s.3)).unwrap_or(1);
        heads.push(ends(stage).unwrap_or(usual));
    }
    let window = |stage: usize| match second {
        true => {
            let coordinates = axis(block(stage, "relative_coords_table"), 1).map(|n| n.div_ceil(2));
            coordinates.or_else(|| {
                let index = block(stage, "relative_position_index")?;
                let side = index.iter().product::<usize>().isqrt().isqrt();
                (1..=256).contains(&side).then_some(side)
            })
        }
        false => most((0..3).map(|b| {
            side(axis(
                shape(&format!("layers.{stage}.blocks.{b}.attn.relative_position_bias_table")),
                0,
            )?)
        })),
    };
    let mut windows: Vec<usize> = (0..depths.len()).filter_map(window).collect();
    if windows.len() < depths.len() {
        windows = match (second, windows.first()) {
            (false, Some(w)) => vec![*w; depths.len()],
            (false, None) => vec![7; depths.len()],
            (true, _) => Vec::new(),
        };
    }
    let ratio = most((0..3).flat_map(|b| {
        let wide = |t: &str, a| Some(axis(shape(&format!("layers.0.blocks.{b}.mlp.{t}.weight")), a)? / width);
        [wide("fc2", 1), wide("fc1", 0)]
    }));
    let patch = axis(shape("patch_embed.proj.weight"), 3)
        .filter(|p| *p <= 64)
        .unwrap_or(4);
    Some(Swin {
        second,
        width,
        pretrained: vec![0; depths.len()],
        depths,
        heads,
        windows,
        patch,
        ratio: ratio.filter(|r| *r > 0).unwrap_or(4),
        whole_bias,
        activation: Activation::default(),
        epsilon: EPSILON,
        library: Library::Timm,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "swin_tiny_patch4_window7_224",
            "swin_large_patch4_window12_384",
            "swinv2_tiny_window8_256",
            "swinv2_base_window12_192",
            "swinv2_base_window12to24_192to384",
            "swin_width8_depths1-2-1_heads1-2-4_patch2_window4_32",
        ] {
            assert_eq!(parse(name).map(|s| s.name()).as_deref(), Some(name));
        }
        for name in [
            "swin_tiny",
            "swin_width8_depths1_heads1-2_window4_32",
            "swin_tiny_window0_224",
            "swin_tiny_window8to7_2to3",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn windows_follow_from_tables() {
        assert_eq!(
            [169, 529, 49, 50, 16].map(side),
            [Some(7), Some(12), Some(4), None, None]
        );
    }
}
