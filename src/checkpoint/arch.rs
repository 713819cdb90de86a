//! Architectures as data: which tensors a network has, by torchvision's names, and which layers can be tapped.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A backbone: everything before pooling and heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "family")]
pub enum Arch {
    /// This project's small network for 28 to 64 px images.
    SmallCnn(SmallCnn),
    /// He et al. 2016, wide and grouped variants, with the ImageNet or the CIFAR stem.
    ResNet(ResNet),
}

/// 3x3 stem (stride 1), then stages of two 3x3 convolutions each (the first with stride 2), batch-normalised, ReLU;
/// global average pooling. Tensors: `conv1`, `bn1`, `stage{i}.conv1`, `stage{i}.bn1`, `stage{i}.conv2`, `stage{i}.bn2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmallCnn {
    /// Channels of the stem.
    pub stem: usize,
    /// Channels of each stage; the last is the backbone's width.
    pub stages: Vec<usize>,
}

/// The ResNet family, by torchvision's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResNet {
    /// Residual block.
    pub block: Block,
    /// Blocks of each stage.
    pub layers: [usize; 4],
    /// Channels per group of a bottleneck's 3x3 convolution, in units of 64ths (64 = standard, 128 = wide).
    pub width_per_group: usize,
    /// Groups of a bottleneck's 3x3 convolution.
    pub groups: usize,
    /// 3x3 stride-1 stem without max pooling, for 28 to 64 px images.
    pub cifar_stem: bool,
}

/// Residual block of a ResNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3, 1x1, four times wider at its output.
    Bottleneck,
}

impl Block {
    /// Output channels per unit of planes.
    pub fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// One step of a projector, predictor or classifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum HeadStep {
    /// `y = W x + b`.
    Linear {
        /// Input width.
        inputs: usize,
        /// Output width.
        outputs: usize,
        /// Whether there is a bias.
        bias: bool,
    },
    /// Batch normalisation over rows.
    BatchNorm1d {
        /// Width.
        width: usize,
        /// Whether there are weight and bias.
        affine: bool,
    },
    /// Layer normalisation.
    LayerNorm {
        /// Width.
        width: usize,
    },
    /// max(x, 0).
    Relu,
    /// Gaussian error linear unit.
    Gelu,
}

/// A tensor an architecture expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Name without any prefix.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Whether training changes it by gradient (false: running statistics).
    pub parameter: bool,
}

impl Arch {
    /// The name users write: `small-cnn`, `resnet18`, `resnet18-cifar`, `resnet50`, `wide_resnet50_2`, …
    pub fn name(&self) -> String {
        match self {
            Self::SmallCnn(_) => "small-cnn".to_owned(),
            Self::ResNet(r) => {
                let depth = 2 + r.layers.iter().sum::<usize>() * if r.block == Block::Basic { 2 } else { 3 };
                let name = match (r.width_per_group, r.groups) {
                    (64, 1) => format!("resnet{depth}"),
                    (128, 1) => format!("wide_resnet{depth}_2"),
                    (w, g) => format!("resnext{depth}_{g}x{w}d"),
                };
                name + if r.cifar_stem { "-cifar" } else { "" }
            }
        }
    }

    /// The architecture a user named.
    ///
    /// # Errors
    /// For an unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        let (base, cifar_stem) = match name.strip_suffix("-cifar") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let resnet = |block, layers| {
            Self::ResNet(ResNet {
                block,
                layers,
                width_per_group: 64,
                groups: 1,
                cifar_stem,
            })
        };
        Ok(match base {
            "small-cnn" if !cifar_stem => Self::SmallCnn(SmallCnn {
                stem: 16,
                stages: vec![32, 64, 128],
            }),
            "resnet18" => resnet(Block::Basic, [2, 2, 2, 2]),
            "resnet34" => resnet(Block::Basic, [3, 4, 6, 3]),
            "resnet50" => resnet(Block::Bottleneck, [3, 4, 6, 3]),
            "resnet101" => resnet(Block::Bottleneck, [3, 4, 23, 3]),
            "resnet152" => resnet(Block::Bottleneck, [3, 8, 36, 3]),
            _ => {
                return Err(Error::input(format!(
                    "architecture {name:?} is not known; expected small-cnn, resnet18, resnet34, resnet50, resnet101 or \
                     resnet152, the ResNets also with -cifar (3x3 stem)"
                )));
            }
        })
    }

    /// Every layer that can be tapped with its width, in network order; the last is `backbone`.
    pub fn taps(&self) -> Vec<(String, usize)> {
        let widths: Vec<usize> = match self {
            Self::SmallCnn(s) => s.stages.clone(),
            Self::ResNet(r) => (0..4).map(|i| (64 << i) * r.block.expansion()).collect(),
        };
        let mut taps: Vec<_> = widths
            .iter()
            .enumerate()
            .map(|(i, &w)| (format!("stage{}", i + 1), w))
            .collect();
        taps.push(("backbone".to_owned(), widths.last().copied().unwrap_or(0)));
        taps
    }

    /// Width of the backbone's output.
    pub fn width(&self) -> usize {
        self.taps().last().map_or(0, |(_, w)| *w)
    }

    /// Every tensor of the backbone (no classifier, no projector; `num_batches_tracked` left out).
    pub fn tensors(&self) -> Vec<Expected> {
        let mut list = Tensors::default();
        match self {
            Self::SmallCnn(s) => {
                list.conv("conv1", s.stem, 3, 3);
                list.norm("bn1", s.stem);
                let mut inputs = s.stem;
                for (i, &width) in s.stages.iter().enumerate() {
                    let stage = format!("stage{}", i + 1);
                    for (j, from) in [(1, inputs), (2, width)] {
                        list.conv(&format!("{stage}.conv{j}"), width, from, 3);
                        list.norm(&format!("{stage}.bn{j}"), width);
                    }
                    inputs = width;
                }
            }
            Self::ResNet(r) => list.resnet(r),
        }
        list.0
    }
}

#[derive(Default)]
struct Tensors(Vec<Expected>);

impl Tensors {
    fn push(&mut self, name: String, shape: Vec<usize>, parameter: bool) {
        self.0.push(Expected { name, shape, parameter });
    }

    fn conv(&mut self, name: &str, outputs: usize, inputs: usize, kernel: usize) {
        self.push(format!("{name}.weight"), vec![outputs, inputs, kernel, kernel], true);
    }

    fn norm(&mut self, name: &str, width: usize) {
        for (suffix, parameter) in [
            ("weight", true),
            ("bias", true),
            ("running_mean", false),
            ("running_var", false),
        ] {
            self.push(format!("{name}.{suffix}"), vec![width], parameter);
        }
    }

    fn resnet(&mut self, r: &ResNet) {
        self.conv("conv1", 64, 3, if r.cifar_stem { 3 } else { 7 });
        self.norm("bn1", 64);
        let mut inputs = 64;
        for (stage, &blocks) in r.layers.iter().enumerate() {
            let planes = 64 << stage;
            let outputs = planes * r.block.expansion();
            for b in 0..blocks {
                let name = format!("layer{}.{b}", stage + 1);
                let stride = if b == 0 && stage > 0 { 2 } else { 1 };
                match r.block {
                    Block::Basic => {
                        self.conv(&format!("{name}.conv1"), planes, inputs, 3);
                        self.norm(&format!("{name}.bn1"), planes);
                        self.conv(&format!("{name}.conv2"), planes, planes, 3);
                        self.norm(&format!("{name}.bn2"), planes);
                    }
                    Block::Bottleneck => {
                        let width = planes * r.width_per_group / 64 * r.groups;
                        self.conv(&format!("{name}.conv1"), width, inputs, 1);
                        self.norm(&format!("{name}.bn1"), width);
                        self.conv(&format!("{name}.conv2"), width, width / r.groups, 3);
                        self.norm(&format!("{name}.bn2"), width);
                        self.conv(&format!("{name}.conv3"), outputs, width, 1);
                        self.norm(&format!("{name}.bn3"), outputs);
                    }
                }
                if stride != 1 || inputs != outputs {
                    self.conv(&format!("{name}.downsample.0"), outputs, inputs, 1);
                    self.norm(&format!("{name}.downsample.1"), outputs);
                }
                inputs = outputs;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(name: &str) -> usize {
        let arch = Arch::parse(name).unwrap();
        assert_eq!(arch.name(), name);
        arch.tensors()
            .iter()
            .filter(|t| t.parameter)
            .map(|t| t.shape.iter().product::<usize>())
            .sum()
    }

    #[test]
    fn resnets_have_torchvisions_parameter_counts_without_the_classifier() {
        // torchvision: 11,689,512 and 25,557,032 with fc of 512 x 1000 + 1000 and 2048 x 1000 + 1000.
        assert_eq!(parameters("resnet18"), 11_689_512 - 513_000);
        assert_eq!(parameters("resnet50"), 25_557_032 - 2_049_000);
    }
}
