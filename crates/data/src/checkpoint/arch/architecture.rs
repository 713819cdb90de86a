//! The families of backbones as one type.

use serde::{Deserialize, Serialize};

use super::cnn::Cnn;
use super::resnet::ResNet;
use super::small_cnn::SmallCnn;
use super::swin::Swin;
use super::tensors::{Expected, Shapes, Tensors};
use super::vit::Vit;
use super::{cnn, resnet, small_cnn, swin, vit};
use crate::error::{Error, Result};

/// A backbone: everything before the heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "family")]
pub enum Arch {
    /// This project's small network for 28 to 64 px images.
    SmallCnn(SmallCnn),
    /// He et al. 2016, wide and grouped variants, with the ImageNet or the CIFAR stem.
    ResNet(ResNet),
    /// Another convolutional network that has a name.
    Cnn(Cnn),
    /// Dosovitskiy et al. 2021 and kin.
    Vit(Vit),
    /// Liu et al. 2021 and 2022.
    Swin(Swin),
}

/// A family of backbones that one guess from names and shapes can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checkpoint) enum ArchFamily {
    /// [`Arch::ResNet`].
    ResNet,
    /// [`Arch::SmallCnn`].
    SmallCnn,
    /// [`Arch::Cnn`] but for ConvNeXt, as torchvision builds it.
    Cnn,
    /// [`Arch::Cnn`] but for ConvNeXt, as timm builds it.
    Timm,
    /// The ConvNeXts among [`Arch::Cnn`].
    ConvNext,
    /// CLIP's ResNets among [`Arch::Cnn`].
    ClipResNet,
    /// [`Arch::Vit`].
    Vit,
    /// [`Arch::Swin`].
    Swin,
}

impl ArchFamily {
    /// Names that the search looks for at the end of the file's names. Several, so that one lost tensor does not hide a
    /// network.
    pub(in crate::checkpoint) fn anchors(self) -> impl Iterator<Item = &'static str> {
        let words = match self {
            Self::ResNet => resnet::ANCHORS,
            Self::SmallCnn => small_cnn::ANCHORS,
            Self::Cnn => cnn::ANCHORS,
            Self::Timm => cnn::TIMM_ANCHORS,
            Self::ConvNext => cnn::convnext::ANCHORS,
            Self::ClipResNet => cnn::clip::ANCHORS,
            Self::Vit => vit::ANCHORS,
            Self::Swin => swin::ANCHORS,
        };
        words.split(' ')
    }

    /// First parts of the names of everything that lies inside such a backbone.
    pub(in crate::checkpoint) fn modules(self) -> impl Iterator<Item = &'static str> {
        let words = match self {
            Self::ResNet => resnet::MODULES,
            Self::SmallCnn => small_cnn::MODULES,
            Self::Cnn => cnn::MODULES,
            Self::Timm => cnn::TIMM_MODULES,
            Self::ConvNext => cnn::convnext::MODULES,
            Self::ClipResNet => cnn::clip::MODULES,
            Self::Vit => vit::MODULES,
            Self::Swin => swin::MODULES,
        };
        words.split(' ')
    }

    /// The architecture that the tensors seen through `shape` come closest to; `None` where they are none of this
    /// family's.
    pub(in crate::checkpoint) fn guess(self, shape: Shapes) -> Option<Arch> {
        match self {
            Self::ResNet => resnet::guess(shape).map(Arch::ResNet),
            Self::SmallCnn => small_cnn::guess(shape).map(Arch::SmallCnn),
            Self::Cnn => cnn::guess(shape).map(Arch::Cnn),
            Self::Timm => cnn::guess_timm(shape).map(Arch::Cnn),
            Self::ConvNext => cnn::guess_convnext(shape).map(Arch::Cnn),
            Self::ClipResNet => cnn::guess_clip(shape).map(Arch::Cnn),
            Self::Vit => vit::guess(shape).map(Arch::Vit),
            Self::Swin => swin::guess(shape).map(Arch::Swin),
        }
    }
}

impl Arch {
    /// The name users write: `small-cnn`, `resnet18`, `resnet18-cifar`, `wide_resnet50_2`, `vit_base_patch16_224`, …
    pub fn name(&self) -> String {
        match self {
            Self::SmallCnn(_) => "small-cnn".to_owned(),
            Self::ResNet(r) => r.name(),
            Self::Cnn(c) => c.name.clone(),
            Self::Vit(v) => v.name(),
            Self::Swin(s) => s.name(),
        }
    }

    /// The architecture a user named.
    ///
    /// # Errors
    /// For an unknown name.
    pub fn parse(name: &str) -> Result<Self> {
        if name == "small-cnn" {
            return Ok(Self::SmallCnn(SmallCnn {
                stem: 16,
                stages: vec![32, 64, 128],
            }));
        }
        let known = resnet::parse(name)
            .map(Self::ResNet)
            .or_else(|| cnn::parse(name).map(Self::Cnn))
            .or_else(|| vit::parse(name).map(Self::Vit))
            .or_else(|| swin::parse(name).map(Self::Swin));
        known.ok_or_else(|| {
            Error::input(format!(
                "architecture {name:?} is not known; expected small-cnn, {} (each also with -cifar, for the 3x3 stem), \
                 {}, swin_SIZE_patch4_windowW_IMAGE or swinv2_SIZE_windowW_IMAGE with SIZE {}, or vit_SIZE_patchP_IMAGE with SIZE {} or \
                 widthW_depthD (and clip, clip_quickgelu or siglip before IMAGE)",
                resnet::names().collect::<Vec<_>>().join(", "),
                cnn::names().join(", "),
                swin::sizes().collect::<Vec<_>>().join(", "),
                vit::sizes().collect::<Vec<_>>().join(", ")
            ))
        })
    }

    pub(in crate::checkpoint) fn family(&self) -> ArchFamily {
        match self {
            Self::SmallCnn(_) => ArchFamily::SmallCnn,
            Self::ResNet(_) => ArchFamily::ResNet,
            Self::Cnn(c) if c.is_convnext() => ArchFamily::ConvNext,
            Self::Cnn(c) if c.details.timm => ArchFamily::Timm,
            Self::Cnn(c) if c.image().is_some() => ArchFamily::ClipResNet,
            Self::Cnn(_) => ArchFamily::Cnn,
            Self::Vit(_) => ArchFamily::Vit,
            Self::Swin(_) => ArchFamily::Swin,
        }
    }

    /// The architecture as it is among a family's: what torchvision and timm both build is among those of either.
    pub(in crate::checkpoint) fn among(&self, family: ArchFamily) -> Option<Self> {
        match self {
            Self::Cnn(c) if family == ArchFamily::Timm && self.family() == ArchFamily::Cnn && c.details.is_usual() => {
                c.by_timm().map(Self::Cnn)
            }
            _ => (self.family() == family).then(|| self.clone()),
        }
    }

    /// The architecture of this name with what the name does not say (widths of a small CNN, the tokens and the last
    /// normalisation of a transformer) as it was found.
    pub(in crate::checkpoint) fn completed(&self, found: Option<Self>) -> Self {
        match (self, found) {
            (Self::SmallCnn(_), Some(found @ Self::SmallCnn(_))) => found,
            (Self::Cnn(named), Some(Self::Cnn(found))) => Self::Cnn(named.completed(&found)),
            (Self::Swin(named), Some(Self::Swin(found))) => Self::Swin(named.completed(&found)),
            (Self::Vit(named), Some(Self::Vit(found))) => Self::Vit(named.completed(&found)),
            _ => self.clone(),
        }
    }

    /// Every layer that can be tapped with its width, in network order; the last is `backbone`.
    pub fn taps(&self) -> Vec<(String, usize)> {
        let (name, widths) = match self {
            Self::SmallCnn(s) => ("stage", s.stages.clone()),
            Self::ResNet(r) => ("stage", r.widths()),
            Self::Cnn(c) => ("stage", c.plan().stages.iter().map(|stage| stage.width).collect()),
            Self::Swin(s) => ("stage", s.widths()),
            Self::Vit(v) => ("block", vec![v.row(); v.depth]),
        };
        let mut taps: Vec<_> = widths
            .iter()
            .enumerate()
            .map(|(i, &w)| (format!("{name}{}", i + 1), w))
            .collect();
        let width = match self {
            Self::Cnn(c) => c.plan().width,
            _ => widths.last().copied().unwrap_or(0),
        };
        taps.push(("backbone".to_owned(), width));
        taps
    }

    /// Width of the backbone's output.
    pub fn width(&self) -> usize {
        self.taps().last().map_or(0, |(_, w)| *w)
    }

    /// Width of the layer `pooler`: what the network itself makes of its tokens, where it has a part of its own for that.
    pub fn pooled_width(&self) -> Option<usize> {
        match self {
            Self::Vit(v) => v.pooled_width(),
            Self::Cnn(c) => c.plan().pool.map(|pool| pool.width),
            _ => None,
        }
    }

    /// Width of what the network's own heads read: the backbone's output, whatever pooling was asked for.
    pub fn head_input(&self) -> usize {
        match self {
            Self::Vit(v) => v.own_row(),
            _ => self.width(),
        }
    }

    /// How positions or tokens become one row of features.
    pub fn pooling(&self) -> String {
        match self {
            Self::Vit(v) => v.describe_pooling(),
            _ => "average".to_owned(),
        }
    }

    /// Every tensor of the backbone (no classifier, no projector; `num_batches_tracked` left out).
    pub fn tensors(&self) -> Vec<Expected> {
        let mut list = Tensors::default();
        match self {
            Self::SmallCnn(s) => s.tensors(&mut list),
            Self::ResNet(r) => r.tensors(&mut list),
            Self::Cnn(c) => c.tensors(&mut list),
            Self::Vit(v) => v.tensors(&mut list),
            Self::Swin(s) => s.tensors(&mut list),
        }
        list.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// torchvision's `num_params` less the layers of its classifier that are left out here.
    #[test]
    fn parameters_are_torchvisions_without_the_classifier() {
        for (name, all, last) in [
            ("resnet18", 11_689_512, 512),
            ("resnet50", 25_557_032, 2048),
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
            let arch = Arch::parse(name).unwrap();
            let tensors = arch.tensors();
            let parameters = tensors.iter().filter(|t| t.parameter);
            let count: usize = parameters.map(|t| t.shape.iter().product::<usize>()).sum();
            assert_eq!(count, all - 1000 * (last + 1), "{name}");
            assert_eq!((arch.name().as_str(), arch.width()), (name, last));
        }
    }
}
