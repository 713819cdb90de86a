//! DenseNet (Huang et al. 2017), as torchvision builds it.

use super::plan::{CnnPlan, Conv, PlanLayer, PlanStage, Pointwise};

/// Name, channels each layer adds, layers of each block, channels of the stem.
const NAMED: [(&str, usize, [usize; 4], usize); 4] = [
    ("densenet121", 32, [6, 12, 24, 16], 64),
    ("densenet161", 48, [6, 12, 36, 24], 96),
    ("densenet169", 32, [6, 12, 32, 32], 64),
    ("densenet201", 32, [6, 12, 48, 32], 64),
];

pub(super) fn names() -> Vec<String> {
    NAMED.iter().map(|row| row.0.to_owned()).collect()
}

pub(super) fn plan(name: &str) -> Option<CnnPlan> {
    let &(_, growth, depths, stem) = NAMED.iter().find(|row| row.0 == name)?;
    let conv = |name: String, inputs, outputs, kernel, stride| {
        PlanLayer::Conv(Conv::new(name, inputs, outputs, kernel, stride))
    };
    let norm = |name: String, width| PlanLayer::BatchNorm { name, width, eps: 1e-5 };
    let relu = || PlanLayer::Act(Pointwise::Relu);
    let mut layers = vec![
        conv("features.conv0".to_owned(), 3, stem, 7, 2),
        norm("features.norm0".to_owned(), stem),
        relu(),
        PlanLayer::MaxPool {
            kernel: 3,
            stride: 2,
            padding: 1,
        },
    ];
    let mut width = stem;
    let mut stages = Vec::with_capacity(4);
    for (i, &depth) in depths.iter().enumerate() {
        for layer in 1..=depth {
            let name = format!("features.denseblock{}.denselayer{layer}", i + 1);
            layers.push(PlanLayer::Append(vec![
                norm(format!("{name}.norm1"), width),
                relu(),
                conv(format!("{name}.conv1"), width, 4 * growth, 1, 1),
                norm(format!("{name}.norm2"), 4 * growth),
                relu(),
                conv(format!("{name}.conv2"), 4 * growth, growth, 3, 1),
            ]));
            width += growth;
        }
        stages.push(PlanStage::take(&mut layers, width));
        if i < 3 {
            let name = format!("features.transition{}", i + 1);
            layers = vec![
                norm(format!("{name}.norm"), width),
                relu(),
                conv(format!("{name}.conv"), width, width / 2, 1, 1),
                PlanLayer::AvgPool,
            ];
            width /= 2;
        }
    }
    Some(CnnPlan {
        neck: vec![norm("features.norm5".to_owned(), width), relu()],
        ..CnnPlan::new(stages, width)
    })
}
