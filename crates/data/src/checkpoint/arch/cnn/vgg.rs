//! VGG (Simonyan & Zisserman 2015), with and without batch normalisation, as torchvision and timm build it.

use super::plan::{CnnPlan, Conv, PlanLayer, PlanStage, Pointwise};

/// Convolutions of each stage.
const DEPTHS: [(&str, [usize; 5]); 4] = [
    ("vgg11", [1, 1, 2, 2, 2]),
    ("vgg13", [2, 2, 2, 2, 2]),
    ("vgg16", [2, 2, 3, 3, 3]),
    ("vgg19", [2, 2, 4, 4, 4]),
];

pub(super) fn names() -> Vec<String> {
    let both = |(name, _): &(&str, _)| [(*name).to_owned(), format!("{name}_bn")];
    DEPTHS.iter().flat_map(both).collect()
}

/// Its features are those of its second hidden layer, `classifier.3`, after the activation. timm has its hidden layers as convolutions,
/// whose results over positions are averaged: another function on images larger than 224 px.
pub(super) fn plan(name: &str, timm: bool) -> Option<CnnPlan> {
    let (base, normalised) = match name.strip_suffix("_bn") {
        Some(base) => (base, true),
        None => (name, false),
    };
    let (_, depths) = DEPTHS.iter().find(|(n, _)| *n == base)?;
    let (mut at, mut inputs) = (0, 3);
    let mut stages = Vec::with_capacity(5);
    for (i, &depth) in depths.iter().enumerate() {
        let width = (64 << i).min(512);
        let mut layers = Vec::new();
        for _ in 0..depth {
            layers.push(PlanLayer::Conv(Conv {
                bias: true,
                ..Conv::new(format!("features.{at}"), inputs, width, 3, 1)
            }));
            if normalised {
                layers.push(PlanLayer::BatchNorm {
                    name: format!("features.{}", at + 1),
                    width,
                    eps: 1e-5,
                });
            }
            layers.push(PlanLayer::Act(Pointwise::Relu));
            at += if normalised { 3 } else { 2 };
            inputs = width;
        }
        layers.push(PlanLayer::MaxPool {
            kernel: 2,
            stride: 2,
            padding: 0,
        });
        at += 1;
        stages.push(PlanStage { layers, width });
    }
    if timm {
        let hidden = |name: &str, inputs, kernel| {
            PlanLayer::Conv(Conv {
                padding: 0,
                bias: true,
                ..Conv::new(name.to_owned(), inputs, 4096, kernel, 1)
            })
        };
        let relu = || PlanLayer::Act(Pointwise::Relu);
        return Some(CnnPlan {
            neck: vec![
                PlanLayer::AtLeast(7),
                hidden("pre_logits.fc1", 512, 7),
                relu(),
                hidden("pre_logits.fc2", 4096, 1),
                relu(),
            ],
            ..CnnPlan::new(stages, 4096)
        });
    }
    let hidden = |name: &str, inputs| PlanLayer::Linear {
        name: name.to_owned(),
        inputs,
        outputs: 4096,
    };
    Some(CnnPlan {
        grid: 7,
        tail: vec![
            hidden("classifier.0", 512 * 49),
            PlanLayer::Act(Pointwise::Relu),
            hidden("classifier.3", 4096),
            PlanLayer::Act(Pointwise::Relu),
        ],
        ..CnnPlan::new(stages, 4096)
    })
}
