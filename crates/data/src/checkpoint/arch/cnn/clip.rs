//! CLIP's ResNets (Radford et al. 2021), by OpenAI's names without `visual.`: a stem of three convolutions, means of positions before
//! strides, and attention in place of the mean at the end.

use super::plan::{AttentionPool, CnnPlan, Conv, PlanLayer, PlanStage, Pointwise, normalised};
use crate::checkpoint::arch::tensors::{Shapes, blocks};

/// Name, channels of the first stage before they are widened, blocks of each stage, side of the images.
pub(super) const NAMED: [(&str, usize, [usize; 4], usize); 5] = [
    ("clip_rn50", 64, [3, 4, 6, 3], 224),
    ("clip_rn101", 64, [3, 4, 23, 3], 224),
    ("clip_rn50x4", 80, [4, 6, 10, 6], 288),
    ("clip_rn50x16", 96, [6, 8, 18, 8], 384),
    ("clip_rn50x64", 128, [3, 15, 36, 10], 448),
];

pub(in crate::checkpoint::arch) const ANCHORS: &str = "\
    attnpool.positional_embedding attnpool.q_proj.weight attnpool.v_proj.weight layer1.0.conv1.weight \
    layer2.0.conv1.weight";

pub(in crate::checkpoint::arch) const MODULES: &str = "\
    conv1 bn1 conv2 bn2 conv3 bn3 layer1 layer2 layer3 layer4 attnpool";

/// No stage has more blocks.
const MOST: usize = 64;

/// How much narrower images come out of all stages.
pub(super) const STRIDE: usize = 32;

/// What tells one from a ResNet.
pub(super) const TELLING: &str = "\
    attnpool.positional_embedding attnpool.q_proj.weight attnpool.k_proj.weight attnpool.v_proj.weight \
    attnpool.q_proj.bias conv2.weight conv3.weight bn3.weight";

/// Width, blocks of each stage, attention heads, side of the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::checkpoint) struct ClipSize {
    pub(in crate::checkpoint) width: usize,
    pub(in crate::checkpoint) depths: [usize; 4],
    pub(in crate::checkpoint) heads: usize,
    pub(in crate::checkpoint) image: usize,
}

pub(super) fn names() -> Vec<String> {
    NAMED.iter().map(|row| row.0.to_owned()).collect()
}

impl ClipSize {
    /// With a head for 64 channels.
    pub(super) fn usual(width: usize, depths: [usize; 4], image: usize) -> Self {
        Self {
            width,
            depths,
            heads: (width / 2).max(1),
            image,
        }
    }

    /// Channels that come out.
    pub(in crate::checkpoint) fn features(&self) -> usize {
        self.width * 32
    }

    /// `clip_rn50`, or `clip_rn_widthW_depthsA-B-C-D_headsH_IMAGE`.
    pub(in crate::checkpoint) fn parse(name: &str) -> Option<Self> {
        if let Some(&(_, width, depths, image)) = NAMED.iter().find(|row| row.0 == name) {
            return Some(Self::usual(width, depths, image));
        }
        let mut words = name.strip_prefix("clip_rn_")?.split('_');
        let mut next = |before: &str| words.next()?.strip_prefix(before);
        let number = |text: &str| text.parse::<usize>().ok().filter(|n| (1..=1 << 14).contains(n));
        let width = number(next("width")?)?;
        let depths: Vec<usize> = next("depths")?.split('-').map(number).collect::<Option<_>>()?;
        let (heads, image) = (number(next("heads")?)?, number(next("")?)?);
        let size = Self {
            width,
            depths: depths.try_into().ok()?,
            heads,
            image,
        };
        let sound = words.next().is_none()
            && size.depths.iter().all(|d| *d <= MOST)
            && width.is_multiple_of(2)
            && width <= 512
            && size.features().is_multiple_of(heads)
            && image.is_multiple_of(STRIDE);
        sound.then_some(size)
    }

    /// The name that [`ClipSize::parse`] reads.
    pub(in crate::checkpoint) fn name(&self) -> String {
        let named = NAMED
            .iter()
            .map(|row| row.0)
            .find(|name| Self::parse(name).as_ref() == Some(self));
        let depths = self.depths.map(|d| d.to_string()).join("-");
        let other = || {
            format!(
                "clip_rn_width{}_depths{depths}_heads{}_{}",
                self.width, self.heads, self.image
            )
        };
        named.map_or_else(other, str::to_owned)
    }
}

/// Its features are the mean of the last map, as of every other ResNet; attention pools besides them.
pub(super) fn plan(name: &str) -> Option<CnnPlan> {
    let size = ClipSize::parse(name)?;
    let relu = || PlanLayer::Act(Pointwise::Relu);
    let norm = |at: &str, part: usize, conv: Conv, act: bool| {
        let names = ["conv", "bn"].map(|one| format!("{at}{one}{part}"));
        normalised(names, conv, 1e-5, act.then_some(Pointwise::Relu))
    };
    let conv = |inputs, outputs, kernel, stride| Conv::new(String::new(), inputs, outputs, kernel, stride);
    let (half, mut inputs) = (size.width / 2, size.width);
    let mut layers = norm("", 1, conv(3, half, 3, 2), true);
    layers.extend(norm("", 2, conv(half, half, 3, 1), true));
    layers.extend(norm("", 3, conv(half, inputs, 3, 1), true));
    layers.push(PlanLayer::AvgPool);
    let mut stages = Vec::with_capacity(4);
    for (i, &depth) in size.depths.iter().enumerate() {
        let (planes, outputs) = (size.width << i, (size.width << i) * 4);
        for block in 0..depth {
            let at = format!("layer{}.{block}.", i + 1);
            let strides = i > 0 && block == 0;
            let mut body = norm(&at, 1, conv(inputs, planes, 1, 1), true);
            body.extend(norm(&at, 2, conv(planes, planes, 3, 1), true));
            body.extend(strides.then_some(PlanLayer::AvgPool));
            body.extend(norm(&at, 3, conv(planes, outputs, 1, 1), false));
            layers.push(match block {
                0 => {
                    let mut beside: Vec<PlanLayer> = strides.then_some(PlanLayer::AvgPool).into_iter().collect();
                    let names = ["0", "1"].map(|one| format!("{at}downsample.{one}"));
                    beside.extend(normalised(names, conv(inputs, outputs, 1, 1), 1e-5, None));
                    PlanLayer::Sum(beside, body)
                }
                _ => PlanLayer::Residual(body),
            });
            layers.push(relu());
            inputs = outputs;
        }
        stages.push(PlanStage::take(&mut layers, inputs));
    }
    Some(CnnPlan {
        pool: Some(AttentionPool {
            name: "attnpool".to_owned(),
            width: inputs,
            heads: size.heads,
            grid: size.image / STRIDE,
        }),
        ..CnnPlan::new(stages, inputs)
    })
}

/// Blocks of each stage, as the tensors show.
pub(in crate::checkpoint) fn depths(shape: Shapes) -> [usize; 4] {
    const PARTS: [&str; 3] = ["conv1.weight", "conv2.weight", "conv3.weight"];
    [1, 2, 3, 4].map(|stage| blocks(shape, MOST, &PARTS, |b, t| format!("layer{stage}.{b}.{t}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in names().iter().map(String::as_str).chain([
            "clip_rn_width8_depths1-2-1-1_heads4_64",
            "clip_rn_width64_depths3-4-6-3_heads32_256",
        ]) {
            assert_eq!(ClipSize::parse(name).map(|size| size.name()).as_deref(), Some(name));
        }
        assert_eq!(
            ClipSize::parse("clip_rn_width64_depths3-4-6-3_heads32_224")
                .unwrap()
                .name(),
            "clip_rn50"
        );
        for name in [
            "clip_rn",
            "clip_rn51",
            "clip_rn_width8_depths1-2-1_heads4_64",
            "clip_rn_width8_depths1-2-1-1_heads3_64",
            "clip_rn_width8_depths1-2-1-1_heads4_65",
            "clip_rn_width7_depths1-2-1-1_heads4_64",
        ] {
            assert_eq!(ClipSize::parse(name), None, "{name}");
        }
    }
}
