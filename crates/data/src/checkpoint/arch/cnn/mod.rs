//! Convolutional networks with a name, by torchvision's names for their tensors: VGG, MobileNet v2 and v3, EfficientNet and its second
//! version, RegNet, DenseNet, ConvNeXt.

mod convnext;
mod densenet;
mod efficientnet;
mod mobilenet;
mod plan;
mod regnet;
mod vgg;

use serde::{Deserialize, Serialize};

use super::{Arch, Shapes, Tensors};

pub use plan::{Conv, Layer, Plan, Pointwise, Stage};

/// One of the networks that have a [`Plan`], by torchvision's name for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cnn {
    /// `mobilenet_v2`, `vgg16_bn`, …
    pub name: String,
}

pub(super) const ANCHORS: &[&str] = &[
    "features.0.0.weight",
    "features.1.0.block.0.0.weight",
    "features.1.0.block.0.weight",
    "features.1.conv.0.0.weight",
    "features.1.block.0.0.weight",
    "features.0.weight",
    "features.3.weight",
    "features.conv0.weight",
    "features.denseblock1.denselayer1.conv1.weight",
    "stem.0.weight",
    "trunk_output.block1.block1-0.f.a.0.weight",
];

pub(super) const MODULES: &[&str] = &["features", "stem", "trunk_output"];

/// With less of its tensors a file is not taken for a network.
const LEAST: f64 = 0.5;

/// A network whose tensors are all there but this share is as good as whole: the larger of two such is meant.
const WHOLE: f64 = 0.9;

/// Every name, a family after the other.
pub(super) fn names() -> Vec<String> {
    let mut names = vgg::names();
    names.extend(mobilenet::NAMES.map(str::to_owned));
    names.extend(efficientnet::names());
    names.extend(regnet::names());
    names.extend(densenet::names());
    names.extend(convnext::names());
    names
}

fn plan(name: &str) -> Option<Plan> {
    vgg::plan(name)
        .or_else(|| mobilenet::plan(name))
        .or_else(|| efficientnet::plan(name))
        .or_else(|| regnet::plan(name))
        .or_else(|| densenet::plan(name))
        .or_else(|| convnext::plan(name))
}

pub(super) fn parse(name: &str) -> Option<Cnn> {
    plan(name).map(|_| Cnn { name: name.to_owned() })
}

impl Cnn {
    /// Its layers; of a name that is none (a damaged description), a network without any.
    pub fn plan(&self) -> Plan {
        plan(&self.name).unwrap_or(Plan {
            stages: Vec::new(),
            neck: Vec::new(),
            grid: 1,
            tail: Vec::new(),
            width: 0,
        })
    }

    pub(super) fn tensors(&self, list: &mut Tensors) {
        self.plan().tensors(list);
    }
}

/// The network most of whose tensors are there, in their shapes; of several that are as good as whole the largest, for a
/// deeper one has all tensors of a shallower one.
pub(super) fn guess(shape: Shapes) -> Option<Arch> {
    let mut best: Option<((bool, usize), Cnn)> = None;
    for name in names() {
        let cnn = Cnn { name };
        let tensors = Arch::Cnn(cnn.clone()).tensors();
        // One of the first few is there, or it is another network.
        if !tensors.iter().take(4).any(|t| shape(&t.name) == Some(t.shape.clone())) {
            continue;
        }
        let there = tensors
            .iter()
            .filter(|t| shape(&t.name).as_ref() == Some(&t.shape))
            .count();
        let share = there as f64 / tensors.len() as f64;
        let rank = (share >= WHOLE, there);
        if share >= LEAST && best.as_ref().is_none_or(|(most, _)| rank > *most) {
            best = Some((rank, cnn));
        }
    }
    best.map(|(_, cnn)| Arch::Cnn(cnn))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torchvision's `num_params` less the layers of its classifier that are left out here.
    #[test]
    fn parameters_are_torchvisions_without_the_classifier() {
        let count = |name: &str| -> usize {
            let tensors = Arch::parse(name).unwrap().tensors();
            tensors
                .iter()
                .filter(|t| t.parameter)
                .map(|t| t.shape.iter().product::<usize>())
                .sum()
        };
        for (name, all, last) in [
            ("vgg11", 132_863_336, 4096),
            ("vgg16_bn", 138_365_992, 4096),
            ("vgg19", 143_667_240, 4096),
            ("mobilenet_v2", 3_504_872, 1280),
            ("mobilenet_v3_large", 5_483_032, 1280),
            ("mobilenet_v3_small", 2_542_856, 1024),
            ("efficientnet_b0", 5_288_548, 1280),
            ("efficientnet_b4", 19_341_616, 1792),
            ("efficientnet_b7", 66_347_960, 2560),
            ("efficientnet_v2_s", 21_458_488, 1280),
            ("efficientnet_v2_l", 118_515_272, 1280),
            ("regnet_x_8gf", 39_572_648, 1920),
            ("regnet_x_400mf", 5_495_976, 400),
            ("regnet_y_400mf", 4_344_144, 440),
            ("regnet_y_32gf", 145_046_770, 3712),
            ("densenet121", 7_978_856, 1024),
            ("densenet161", 28_681_000, 2208),
            ("densenet201", 20_013_928, 1920),
            ("convnext_tiny", 28_589_128, 768),
            ("convnext_large", 197_767_336, 1536),
        ] {
            assert_eq!(count(name), all - 1000 * (last + 1), "{name}");
            assert_eq!(Arch::parse(name).unwrap().width(), last, "{name}");
        }
    }

    #[test]
    fn every_network_is_guessed_from_its_own_tensors_and_from_most_of_them() {
        for name in names() {
            let arch = Arch::Cnn(Cnn { name: name.clone() });
            let tensors = arch.tensors();
            for lost in [usize::MAX, 0, tensors.len() / 2, tensors.len() - 1] {
                let shape = |ours: &str| {
                    let mut kept = tensors.iter().enumerate().filter(|(i, _)| *i != lost);
                    kept.find(|(_, t)| t.name == ours).map(|(_, t)| t.shape.clone())
                };
                assert_eq!(guess(&shape), Some(arch.clone()), "{name} without {lost}");
            }
        }
    }
}
