//! ConvNeXt (Liu et al. 2022), as torchvision builds it.

use super::plan::{Conv, Layer, Plan, Pointwise, Stage};

/// Name, width of the first stage (each has twice the width of the one before), blocks of each stage.
const NAMED: [(&str, usize, [usize; 4]); 4] = [
    ("convnext_tiny", 96, [3, 3, 9, 3]),
    ("convnext_small", 96, [3, 3, 27, 3]),
    ("convnext_base", 128, [3, 3, 27, 3]),
    ("convnext_large", 192, [3, 3, 27, 3]),
];

pub(super) fn names() -> Vec<String> {
    NAMED.iter().map(|row| row.0.to_owned()).collect()
}

/// Its features are the mean over positions, normalised by `classifier.0`.
pub(super) fn plan(name: &str) -> Option<Plan> {
    let &(_, first, depths) = NAMED.iter().find(|row| row.0 == name)?;
    // Patches that do not overlap.
    let patches = |name: String, inputs, outputs, side| {
        Layer::Conv(Conv {
            padding: 0,
            bias: true,
            ..Conv::new(name, inputs, outputs, side, side)
        })
    };
    let norm = |name: String, width| Layer::LayerNorm { name, width, eps: 1e-6 };
    let mut layers = vec![
        patches("features.0.0".to_owned(), 3, first, 4),
        norm("features.0.1".to_owned(), first),
    ];
    let mut stages = Vec::with_capacity(4);
    for (i, &depth) in depths.iter().enumerate() {
        let width = first << i;
        for block in 0..depth {
            let name = format!("features.{}.{block}", 2 * i + 1);
            layers.push(Layer::Residual(vec![
                Layer::Conv(Conv {
                    groups: width,
                    bias: true,
                    ..Conv::new(format!("{name}.block.0"), width, width, 7, 1)
                }),
                norm(format!("{name}.block.2"), width),
                Layer::Linear {
                    name: format!("{name}.block.3"),
                    inputs: width,
                    outputs: 4 * width,
                },
                Layer::Act(Pointwise::Gelu),
                Layer::Linear {
                    name: format!("{name}.block.5"),
                    inputs: 4 * width,
                    outputs: width,
                },
                Layer::Scale {
                    name: format!("{name}.layer_scale"),
                    width,
                },
            ]));
        }
        stages.push(Stage {
            layers: std::mem::take(&mut layers),
            width,
        });
        if i < 3 {
            let name = format!("features.{}", 2 * i + 2);
            layers = vec![
                norm(format!("{name}.0"), width),
                patches(format!("{name}.1"), width, 2 * width, 2),
            ];
        }
    }
    let width = first << 3;
    Some(Plan {
        stages,
        neck: Vec::new(),
        grid: 1,
        tail: vec![norm("classifier.0".to_owned(), width)],
        width,
    })
}
