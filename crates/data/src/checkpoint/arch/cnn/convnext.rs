//! ConvNeXt (Liu et al. 2022) and its second version (Woo et al. 2023), by torchvision's names.

use super::details::Details;
use super::plan::{CnnPlan, Conv, PlanLayer, PlanStage, Pointwise};
use crate::checkpoint::arch::tensors::{Shapes, blocks, stages};

/// Name, width of the first stage (each has twice the width of the one before), blocks of each stage.
pub(super) const NAMED: &[(&str, usize, [usize; 4])] = &[
    ("convnext_tiny", 96, [3, 3, 9, 3]),
    ("convnext_small", 96, [3, 3, 27, 3]),
    ("convnext_base", 128, [3, 3, 27, 3]),
    ("convnext_large", 192, [3, 3, 27, 3]),
    ("convnext_xlarge", 256, [3, 3, 27, 3]),
    ("convnext_xxlarge", 384, [3, 4, 30, 3]),
    ("convnext_atto", 40, [2, 2, 6, 2]),
    ("convnext_femto", 48, [2, 2, 6, 2]),
    ("convnext_pico", 64, [2, 2, 6, 2]),
    ("convnext_nano", 80, [2, 2, 8, 2]),
    ("convnextv2_atto", 40, [2, 2, 6, 2]),
    ("convnextv2_femto", 48, [2, 2, 6, 2]),
    ("convnextv2_pico", 64, [2, 2, 6, 2]),
    ("convnextv2_nano", 80, [2, 2, 8, 2]),
    ("convnextv2_tiny", 96, [3, 3, 9, 3]),
    ("convnextv2_small", 96, [3, 3, 27, 3]),
    ("convnextv2_base", 128, [3, 3, 27, 3]),
    ("convnextv2_large", 192, [3, 3, 27, 3]),
    ("convnextv2_huge", 352, [3, 3, 27, 3]),
];

/// Those that torchvision has.
pub(super) const TORCHVISIONS: usize = 4;

pub(in crate::checkpoint::arch) const ANCHORS: &str = "\
    features.0.0.weight features.1.0.block.0.weight features.3.0.block.2.weight features.5.0.block.5.weight \
    features.7.0.block.0.weight";

pub(in crate::checkpoint::arch) const MODULES: &str = "features";

/// A hidden layer before the classifier, which torchvision's networks do not have.
pub(super) const HIDDEN: &str = "classifier.hidden";

/// No network here has more stages, or more blocks in one.
const MOST: [usize; 2] = [6, 64];

/// Widths, blocks of each stage, side of a patch, and whether it is the second version.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::checkpoint) struct ConvNextSize {
    pub(in crate::checkpoint) second: bool,
    pub(in crate::checkpoint) widths: Vec<usize>,
    pub(in crate::checkpoint) depths: Vec<usize>,
    pub(in crate::checkpoint) patch: usize,
}

pub(super) fn names() -> Vec<String> {
    NAMED.iter().map(|row| row.0.to_owned()).collect()
}

impl ConvNextSize {
    /// `convnext_tiny`, or `convnext_widthsA-B-C-D_depthsA-B-C-D[_patchP]`; both also with `convnextv2`.
    pub(in crate::checkpoint) fn parse(name: &str) -> Option<Self> {
        let (family, rest) = name.split_once('_')?;
        let second = match family {
            "convnext" => false,
            "convnextv2" => true,
            _ => return None,
        };
        if let Some((_, first, depths)) = NAMED.iter().find(|row| row.0 == name) {
            return Some(Self {
                second,
                widths: (0..4).map(|i| first << i).collect(),
                depths: depths.to_vec(),
                patch: 4,
            });
        }
        let mut words = rest.split('_');
        let mut next = |before: &str| Some(words.next()?.strip_prefix(before)?.to_owned());
        let list = |text: String| {
            let numbers: Option<Vec<usize>> = text.split('-').map(|n| n.parse().ok().filter(|n| *n > 0)).collect();
            numbers.filter(|n| n.len() <= MOST[0])
        };
        let (widths, depths) = (list(next("widths")?)?, list(next("depths")?)?);
        let patch = next("patch").map_or(Some(4), |p| p.parse().ok().filter(|p| *p > 0))?;
        let whole = words.next().is_none() && widths.len() == depths.len();
        (whole && depths.iter().all(|d| *d <= MOST[1]) && widths.iter().all(|w| *w <= 1 << 14)).then_some(Self {
            second,
            widths,
            depths,
            patch,
        })
    }

    /// The name that [`ConvNextSize::parse`] reads.
    pub(in crate::checkpoint) fn name(&self) -> String {
        let named = NAMED
            .iter()
            .map(|row| row.0)
            .find(|name| Self::parse(name).as_ref() == Some(self));
        named.map_or_else(
            || {
                let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
                let patch = match self.patch {
                    4 => String::new(),
                    patch => format!("_patch{patch}"),
                };
                format!(
                    "convnext{}_widths{}_depths{}{patch}",
                    if self.second { "v2" } else { "" },
                    list(&self.widths),
                    list(&self.depths)
                )
            },
            str::to_owned,
        )
    }
}

/// What all its normalisations add to the variance where nothing says so.
fn epsilon(size: &ConvNextSize) -> f64 {
    match size.widths.as_slice() {
        // LAION's, the one size with another.
        [384, ..] if size.depths == [3, 4, 30, 3] => 1e-5,
        _ => 1e-6,
    }
}

/// Its features are the mean over positions, normalised by `classifier.0`.
pub(super) fn plan(name: &str, details: &Details) -> Option<CnnPlan> {
    let size = ConvNextSize::parse(name)?;
    let eps = details.epsilon.map_or_else(|| epsilon(&size), |e| e.value());
    // Patches that do not overlap.
    let patches = |name: String, inputs, outputs, side| {
        PlanLayer::Conv(Conv {
            padding: 0,
            bias: true,
            ..Conv::new(name, inputs, outputs, side, side)
        })
    };
    let norm = |name: String, width| PlanLayer::LayerNorm { name, width, eps };
    let linear = |name: String, inputs, outputs| match details.pointwise {
        false => PlanLayer::Linear { name, inputs, outputs },
        true => PlanLayer::Conv(Conv {
            bias: true,
            ..Conv::new(name, inputs, outputs, 1, 1)
        }),
    };
    let first = *size.widths.first()?;
    let mut layers = vec![
        patches("features.0.0".to_owned(), 3, first, size.patch),
        norm("features.0.1".to_owned(), first),
    ];
    let mut stages = Vec::with_capacity(size.widths.len());
    for (i, (&width, &depth)) in size.widths.iter().zip(&size.depths).enumerate() {
        for block in 0..depth {
            let name = format!("features.{}.{block}", 2 * i + 1);
            let mut body = vec![
                PlanLayer::Conv(Conv {
                    groups: width,
                    bias: true,
                    ..Conv::new(format!("{name}.block.0"), width, width, 7, 1)
                }),
                norm(format!("{name}.block.2"), width),
                linear(format!("{name}.block.3"), width, 4 * width),
                PlanLayer::Act(Pointwise::from(details.activation)),
            ];
            if size.second {
                body.push(PlanLayer::Respond {
                    name: format!("{name}.grn"),
                    width: 4 * width,
                });
            }
            body.push(linear(format!("{name}.block.5"), 4 * width, width));
            if !size.second && !details.unscaled {
                body.push(PlanLayer::Scale {
                    name: format!("{name}.layer_scale"),
                    width,
                });
            }
            layers.push(PlanLayer::Residual(body));
        }
        stages.push(PlanStage::take(&mut layers, width));
        if let Some(&next) = size.widths.get(i + 1) {
            let name = format!("features.{}", 2 * i + 2);
            layers = vec![
                norm(format!("{name}.0"), width),
                patches(format!("{name}.1"), width, next, 2),
            ];
        }
    }
    let width = *size.widths.last()?;
    let mut tail = vec![PlanLayer::LayerNorm {
        name: "classifier.0".to_owned(),
        width,
        eps: details.last_epsilon.map_or(eps, |e| e.value()),
    }];
    if let Some(hidden) = details.hidden {
        tail.push(PlanLayer::Linear {
            name: HIDDEN.to_owned(),
            inputs: width,
            outputs: hidden,
        });
        tail.push(PlanLayer::Act(Pointwise::Gelu));
    }
    Some(CnnPlan {
        tail,
        ..CnnPlan::new(stages, details.hidden.unwrap_or(width))
    })
}

/// Blocks of each stage, as the tensors show.
pub(in crate::checkpoint) fn depths(shape: Shapes) -> Vec<usize> {
    const TELLING: [&str; 3] = ["block.0.weight", "block.2.weight", "block.5.weight"];
    stages(MOST[0], |stage| {
        let at = 2 * stage + 1;
        blocks(shape, MOST[1], &TELLING, |b, t| format!("features.{at}.{b}.{t}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in names().iter().map(String::as_str).chain([
            "convnext_widths8-16-32-64_depths1-1-2-1",
            "convnextv2_widths8-12_depths1-3_patch2",
        ]) {
            assert_eq!(ConvNextSize::parse(name).map(|size| size.name()).as_deref(), Some(name));
        }
        for name in [
            "convnext",
            "convnext_medium",
            "convnext_widths8-16_depths1",
            "convnext_widths8_depths0",
            "convnextv2_widths8_depths1_patch0",
            "convnext_widths99999_depths1",
        ] {
            assert_eq!(ConvNextSize::parse(name), None, "{name}");
        }
    }
}
