//! ResNets (He et al. 2016): wide (Zagoruyko & Komodakis 2016) and grouped (Xie et al. 2017) ones too.

use serde::{Deserialize, Serialize};

use super::tensors::{Shapes, Tensors, apart, blocks};

/// The ResNet family, by torchvision's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResNet {
    /// Residual block.
    pub block: ResidualBlock,
    /// Blocks of each stage.
    pub layers: [usize; 4],
    /// Channels per group of a bottleneck's 3x3 convolution, in units of 64ths (64 = standard, 128 = wide).
    pub width_per_group: usize,
    /// Groups of a bottleneck's 3x3 convolution.
    pub groups: usize,
    /// 3x3 stride-1 stem without max pooling, for 28 to 64 px images.
    pub cifar_stem: bool,
    /// Padding of the stem, where it is not the one that keeps the size (solo-learn pads its 3x3 stem by 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stem_padding: Option<usize>,
    /// True if no activation follows the stem (lightly's CIFAR networks: a Sequential of their children leaves it out).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bare_stem: bool,
}

/// Residual block of a ResNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidualBlock {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3, 1x1, four times wider at its output.
    Bottleneck,
}

impl ResidualBlock {
    /// Output channels per unit of planes.
    pub fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// The ResNets that have a name: name, block, blocks of each stage, width per group, groups.
const NAMED: &[(&str, ResidualBlock, [usize; 4], usize, usize)] = &[
    ("resnet18", ResidualBlock::Basic, [2, 2, 2, 2], 64, 1),
    ("resnet34", ResidualBlock::Basic, [3, 4, 6, 3], 64, 1),
    ("resnet50", ResidualBlock::Bottleneck, [3, 4, 6, 3], 64, 1),
    ("resnet101", ResidualBlock::Bottleneck, [3, 4, 23, 3], 64, 1),
    ("resnet152", ResidualBlock::Bottleneck, [3, 8, 36, 3], 64, 1),
    ("wide_resnet50_2", ResidualBlock::Bottleneck, [3, 4, 6, 3], 128, 1),
    ("wide_resnet101_2", ResidualBlock::Bottleneck, [3, 4, 23, 3], 128, 1),
    ("resnext50_32x4d", ResidualBlock::Bottleneck, [3, 4, 6, 3], 4, 32),
    ("resnext101_32x8d", ResidualBlock::Bottleneck, [3, 4, 23, 3], 8, 32),
    ("resnext101_64x4d", ResidualBlock::Bottleneck, [3, 4, 23, 3], 4, 64),
];

/// The smallest networks of either block, which have no common name.
const UNNAMED: &[(ResidualBlock, [usize; 4])] = &[
    (ResidualBlock::Basic, [1, 1, 1, 1]),
    (ResidualBlock::Bottleneck, [1, 1, 1, 1]),
    (ResidualBlock::Bottleneck, [2, 2, 2, 2]),
];

/// No network here has more blocks in a stage.
const MOST: usize = 64;

pub(super) const ANCHORS: &str = "\
    conv1.weight bn1.running_mean layer1.0.conv1.weight layer2.0.conv2.weight layer4.0.conv1.weight";

pub(super) const MODULES: &str = "conv1 bn1 layer1 layer2 layer3 layer4 layer5";

/// The names that `--arch` takes, without `-cifar`.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|n| n.0)
}

pub(super) fn parse(name: &str) -> Option<ResNet> {
    let (base, cifar_stem) = match name.strip_suffix("-cifar") {
        Some(base) => (base, true),
        None => (name, false),
    };
    let &(_, block, layers, width_per_group, groups) = NAMED.iter().find(|n| n.0 == base)?;
    Some(ResNet {
        block,
        layers,
        width_per_group,
        groups,
        cifar_stem,
        stem_padding: None,
        bare_stem: false,
    })
}

impl ResNet {
    pub(super) fn name(&self) -> String {
        let named = NAMED.iter().find(|&&(_, block, layers, width, groups)| {
            (block, layers, width, groups) == (self.block, self.layers, self.width_per_group, self.groups)
        });
        let name = match named {
            Some(&(name, ..)) => name.to_owned(),
            None => {
                let per_block = if self.block == ResidualBlock::Basic { 2 } else { 3 };
                let depth = 2 + self.layers.iter().sum::<usize>() * per_block;
                match (self.width_per_group, self.groups) {
                    (64, 1) => format!("resnet{depth}"),
                    (w, 1) => format!("resnet{depth}_width{w}"),
                    (w, g) => format!("resnext{depth}_{g}x{w}d"),
                }
            }
        };
        name + if self.cifar_stem { "-cifar" } else { "" }
    }

    /// Padding of the stem's convolution.
    pub fn padding(&self) -> usize {
        self.stem_padding.unwrap_or(if self.cifar_stem { 1 } else { 3 })
    }

    pub(super) fn widths(&self) -> Vec<usize> {
        (0..4).map(|i| (64 << i) * self.block.expansion()).collect()
    }

    pub(super) fn tensors(&self, list: &mut Tensors) {
        list.conv("conv1", 64, 3, if self.cifar_stem { 3 } else { 7 });
        list.norm("bn1", 64);
        let mut inputs = 64;
        for (stage, &blocks) in self.layers.iter().enumerate() {
            let planes = 64 << stage;
            let outputs = planes * self.block.expansion();
            for b in 0..blocks {
                let name = format!("layer{}.{b}", stage + 1);
                let stride = if b == 0 && stage > 0 { 2 } else { 1 };
                match self.block {
                    ResidualBlock::Basic => {
                        list.conv(&format!("{name}.conv1"), planes, inputs, 3);
                        list.norm(&format!("{name}.bn1"), planes);
                        list.conv(&format!("{name}.conv2"), planes, planes, 3);
                        list.norm(&format!("{name}.bn2"), planes);
                    }
                    ResidualBlock::Bottleneck => {
                        let width = planes * self.width_per_group / 64 * self.groups;
                        list.conv(&format!("{name}.conv1"), width, inputs, 1);
                        list.norm(&format!("{name}.bn1"), width);
                        list.conv(&format!("{name}.conv2"), width, width / self.groups, 3);
                        list.norm(&format!("{name}.bn2"), width);
                        list.conv(&format!("{name}.conv3"), outputs, width, 1);
                        list.norm(&format!("{name}.bn3"), outputs);
                    }
                }
                if stride != 1 || inputs != outputs {
                    list.conv(&format!("{name}.downsample.0"), outputs, inputs, 1);
                    list.norm(&format!("{name}.downsample.1"), outputs);
                }
                inputs = outputs;
            }
        }
    }
}

pub(super) fn guess(shape: Shapes) -> Option<ResNet> {
    const TELLING: [&str; 3] = ["conv1.weight", "conv2.weight", "bn1.weight"];
    let layers = [1, 2, 3, 4].map(|stage| blocks(shape, MOST, &TELLING, |b, t| format!("layer{stage}.{b}.{t}")));
    if layers.iter().sum::<usize>() == 0 {
        return None;
    }
    let bottleneck = (1..=4).any(|stage| shape(&format!("layer{stage}.0.conv3.weight")).is_some());
    let block = if bottleneck {
        ResidualBlock::Bottleneck
    } else {
        ResidualBlock::Basic
    };
    // Snapped to a known depth: one that lost a block is a damaged ResNet-18, not a whole "ResNet-16".
    let known = NAMED.iter().map(|n| (n.1, n.2)).chain(UNNAMED.iter().copied());
    let (_, layers) = known
        .filter(|(b, _)| *b == block)
        .min_by_key(|(_, depths)| apart(depths, &layers))?;
    let kernel = shape("conv1.weight").and_then(|s| s.last().copied()).unwrap_or(7);
    let (width_per_group, groups) = bottleneck.then(|| bottleneck_width(shape)).flatten().unwrap_or((64, 1));
    Some(ResNet {
        block,
        layers,
        width_per_group,
        groups,
        cifar_stem: kernel == 3,
        stem_padding: None,
        bare_stem: false,
    })
}

/// (width per group, groups) of the first bottleneck: torchvision's `width = planes * width_per_group / 64 * groups`
/// with 64 planes.
fn bottleneck_width(shape: Shapes) -> Option<(usize, usize)> {
    let middle = shape("layer1.0.conv2.weight")?;
    let [width, per_group, 3, 3] = middle[..] else {
        return None;
    };
    (per_group > 0 && width >= per_group && width % per_group == 0).then_some((per_group, width / per_group))
}
