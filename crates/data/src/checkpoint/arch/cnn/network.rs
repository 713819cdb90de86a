//! A network by its name: its plan, and the name that its tensors fit.

use serde::{Deserialize, Serialize};

use super::details::Details;
use super::plan::{CnnPlan, PlanLayer};
use super::{clip, convnext, densenet, efficientnet, inverted, mobilenet, regnet, vgg};
use crate::checkpoint::arch::tensors::{Shapes, Tensors};

/// One of the networks that have a [`CnnPlan`], by torchvision's name for it, or by timm's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cnn {
    /// `mobilenet_v2`, `vgg16_bn`, …
    pub name: String,
    /// What its name does not say; written only where it is not the usual.
    #[serde(default, skip_serializing_if = "Details::is_usual")]
    pub details: Details,
}

pub(in crate::checkpoint::arch) const ANCHORS: &str = "\
    features.0.0.weight features.1.0.block.0.0.weight features.1.0.block.0.weight features.1.conv.0.0.weight \
    features.1.block.0.0.weight features.0.weight features.2.weight features.3.weight features.4.weight \
    features.conv0.weight features.denseblock1.denselayer1.conv1.weight stem.0.weight \
    trunk_output.block1.block1-0.f.a.0.weight";

pub(in crate::checkpoint::arch) const MODULES: &str = "features stem trunk_output";

/// As [`ANCHORS`], of those that timm builds.
pub(in crate::checkpoint::arch) const TIMM_ANCHORS: &str = "\
    conv_stem.weight conv_head.weight blocks.0.0.conv_dw.weight blocks.0.0.conv.weight blocks.0.0.conv_exp.weight \
    stem.conv.weight s1.b1.conv1.conv.weight s2.b1.conv1.conv.weight pre_logits.fc1.weight pre_logits.fc2.weight";

/// As [`MODULES`].
pub(in crate::checkpoint::arch) const TIMM_MODULES: &str = "\
    conv_stem bn1 blocks conv_head norm_head bn2 stem s1 s2 s3 s4 final_conv features pre_logits";

/// With less of its tensors a file is not taken for a network.
const LEAST: f64 = 0.5;

/// A network whose tensors are all there but this share is as good as whole: the larger of two such is meant.
const WHOLE: f64 = 0.9;

/// torchvision's names and the ConvNeXts', a family after the other.
fn torchvisions() -> Vec<String> {
    let mut names = vgg::names();
    names.extend(mobilenet::NAMES.map(str::to_owned));
    names.extend(efficientnet::names());
    names.extend(regnet::names());
    names.extend(densenet::names());
    names.extend(convnext::names());
    names
}

/// timm's names; some are torchvision's too.
fn timms() -> Vec<String> {
    let mut names = vgg::names();
    names.extend(inverted::names());
    names.extend(regnet::timms());
    names
}

/// Every name once, a family after the other.
pub(in crate::checkpoint::arch) fn names() -> Vec<String> {
    let mut names = torchvisions();
    let others: Vec<String> = timms().into_iter().filter(|name| !names.contains(name)).collect();
    names.extend(others);
    names.extend(clip::names());
    names
}

fn plan(name: &str, details: &Details) -> Option<CnnPlan> {
    if details.timm {
        return vgg::plan(name, true)
            .or_else(|| inverted::plan(name))
            .or_else(|| regnet::plan(name, true));
    }
    vgg::plan(name, false)
        .or_else(|| mobilenet::plan(name))
        .or_else(|| efficientnet::plan(name))
        .or_else(|| regnet::plan(name, false))
        .or_else(|| densenet::plan(name))
        .or_else(|| convnext::plan(name, details))
        .or_else(|| clip::plan(name))
}

/// The network of a name: torchvision's where both have it.
pub(in crate::checkpoint::arch) fn parse(name: &str) -> Option<Cnn> {
    let cnn = Cnn {
        name: name.to_owned(),
        details: Details::default(),
    };
    match plan(name, &cnn.details) {
        Some(_) => Some(cnn),
        None => cnn.by_timm(),
    }
}

impl Cnn {
    /// Its layers; none where the name is none, as in a damaged description.
    pub fn plan(&self) -> CnnPlan {
        plan(&self.name, &self.details).unwrap_or_else(|| CnnPlan::new(Vec::new(), 0))
    }

    /// The network as timm builds it, where it does.
    pub(in crate::checkpoint::arch) fn by_timm(&self) -> Option<Self> {
        let details = Details {
            timm: true,
            ..self.details
        };
        plan(&self.name, &details).map(|_| Self {
            name: self.name.clone(),
            details,
        })
    }

    /// The network, with all that its name does not say as it was found.
    pub(in crate::checkpoint::arch) fn completed(&self, found: &Self) -> Self {
        match self.is_convnext() && found.is_convnext() {
            true => Self {
                name: self.name.clone(),
                details: found.details,
            },
            false => self.clone(),
        }
    }

    /// How timm pads it and what its normalisations add to the variance, to read; `None` where it is none that it pads in two ways.
    pub(in crate::checkpoint) fn padded(&self) -> Option<String> {
        let (same, eps) = inverted::switches(&self.name).filter(|_| self.details.timm)?;
        let how = if same {
            "padded as TensorFlow does"
        } else {
            "padded alike on all sides"
        };
        Some(format!("{how}, epsilon {eps:e}"))
    }

    /// Side of the images of a CLIP's ResNet, which its positions are for; `None` of every other network.
    pub fn image(&self) -> Option<usize> {
        clip::ClipSize::parse(&self.name).map(|size| size.image)
    }

    /// True if it is a ConvNeXt of either version.
    pub fn is_convnext(&self) -> bool {
        convnext::ConvNextSize::parse(&self.name).is_some()
    }

    /// What of a ConvNeXt neither its tensors nor its name tell, to read.
    pub(in crate::checkpoint) fn assumed(&self) -> Vec<String> {
        let named = convnext::names().contains(&self.name);
        let size =
            (!named).then(|| "a size without a name: its blocks are counted, none is known to be missing".to_owned());
        let epsilon = self.plan().tail.iter().find_map(|layer| match layer {
            PlanLayer::LayerNorm { eps, .. } => Some(*eps),
            _ => None,
        });
        let usual = format!(
            "GELU, epsilon {:e}: no tensor tells, this network usually has them",
            epsilon.unwrap_or(1e-6)
        );
        size.into_iter().chain([usual]).collect()
    }

    /// True if torchvision builds it.
    pub(in crate::checkpoint) fn is_torchvisions(&self) -> bool {
        let named = convnext::names();
        self.details.is_usual()
            && self.image().is_none()
            && (!self.is_convnext() || named[..convnext::TORCHVISIONS].contains(&self.name))
    }

    pub(in crate::checkpoint::arch) fn tensors(&self, list: &mut Tensors) {
        self.plan().tensors(list);
    }
}

/// The network of torchvision's, by its tensors.
pub(in crate::checkpoint::arch) fn guess(shape: Shapes) -> Option<Cnn> {
    nearest(torchvisions(), Details::default(), shape)
}

/// The network of timm's, by its tensors: of two with the same ones that which is padded alike on all sides.
pub(in crate::checkpoint::arch) fn guess_timm(shape: Shapes) -> Option<Cnn> {
    let details = Details {
        timm: true,
        ..Details::default()
    };
    nearest(timms(), details, shape)
}

/// The network most of whose tensors are there, in their shapes; of several that are as good as whole the largest, for a
/// deeper one has all tensors of a shallower one.
fn nearest(names: Vec<String>, details: Details, shape: Shapes) -> Option<Cnn> {
    let mut best: Option<((bool, usize), Cnn)> = None;
    for cnn in names
        .into_iter()
        .map(|name| Cnn { name, details })
        .filter(|cnn| !cnn.is_convnext())
    {
        let mut tensors = Tensors::default();
        cnn.tensors(&mut tensors);
        let tensors = tensors.0;
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
    best.map(|(_, cnn)| cnn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::arch::architecture::Arch;
    use crate::checkpoint::arch::cnn::inverted::twins;
    use crate::checkpoint::arch::tensors::all_but;

    #[test]
    fn every_network_is_guessed_from_its_own_tensors_and_from_most_of_them() {
        let timm = Details {
            timm: true,
            ..Details::default()
        };
        let both = |(names, details): (Vec<String>, Details)| names.into_iter().map(move |name| Cnn { name, details });
        // The first of two with the same tensors is taken.
        let second = |name: &str| twins(name).is_some_and(|[_, second]| second == name);
        for cnn in [(torchvisions(), Details::default()), (timms(), timm)]
            .into_iter()
            .flat_map(both)
            .filter(|cnn| !(cnn.is_convnext() || cnn.details.timm && second(&cnn.name)))
        {
            let guess = if cnn.details.timm { guess_timm } else { guess };
            let name = cnn.name.clone();
            let tensors = Arch::Cnn(cnn.clone()).tensors();
            for lost in [usize::MAX, 0, tensors.len() / 2, tensors.len() - 1] {
                let found = guess(&all_but(&tensors, lost));
                assert_eq!(found, Some(cnn.clone()), "{name} without {lost}");
            }
        }
    }
}
