//! MobileNet v2 (Sandler et al. 2018) and v3 (Howard et al. 2019), as torchvision builds them.

use super::plan::{CnnPlan, Conv, PlanLayer, PlanStage, Pointwise, add, conv_norm, divisible, excite};

pub(super) const NAMES: [&str; 3] = ["mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"];

/// v2: how often it widens, width, blocks, stride of each stage.
const V2: [[usize; 4]; 7] = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
];

/// A block of v3: kernel, width inside, width, squeeze and excitation, Hardswish (else ReLU), stride.
type Block = (usize, usize, usize, bool, bool, usize);

const LARGE: [Block; 15] = [
    (3, 16, 16, false, false, 1),
    (3, 64, 24, false, false, 2),
    (3, 72, 24, false, false, 1),
    (5, 72, 40, true, false, 2),
    (5, 120, 40, true, false, 1),
    (5, 120, 40, true, false, 1),
    (3, 240, 80, false, true, 2),
    (3, 200, 80, false, true, 1),
    (3, 184, 80, false, true, 1),
    (3, 184, 80, false, true, 1),
    (3, 480, 112, true, true, 1),
    (3, 672, 112, true, true, 1),
    (5, 672, 160, true, true, 2),
    (5, 960, 160, true, true, 1),
    (5, 960, 160, true, true, 1),
];

const SMALL: [Block; 11] = [
    (3, 16, 16, true, false, 2),
    (3, 72, 24, false, false, 2),
    (3, 88, 24, false, false, 1),
    (5, 96, 40, true, true, 2),
    (5, 240, 40, true, true, 1),
    (5, 240, 40, true, true, 1),
    (5, 120, 48, true, true, 1),
    (5, 144, 48, true, true, 1),
    (5, 288, 96, true, true, 2),
    (5, 576, 96, true, true, 1),
    (5, 576, 96, true, true, 1),
];

pub(super) fn plan(name: &str) -> Option<CnnPlan> {
    match name {
        "mobilenet_v2" => Some(v2()),
        "mobilenet_v3_large" => Some(v3(&LARGE, 1280)),
        "mobilenet_v3_small" => Some(v3(&SMALL, 1024)),
        _ => None,
    }
}

fn v2() -> CnnPlan {
    const ACT: Option<Pointwise> = Some(Pointwise::Relu6);
    let conv = |inputs, outputs, kernel, stride| Conv::new(String::new(), inputs, outputs, kernel, stride);
    let norm = |name: String, width| PlanLayer::BatchNorm { name, width, eps: 1e-5 };
    let mut stages = Vec::with_capacity(V2.len());
    let mut layers = conv_norm("features.0", conv(3, 32, 3, 2), 1e-5, ACT);
    let (mut at, mut inputs) = (1, 32);
    for [factor, width, blocks, stride] in V2 {
        for block in 0..blocks {
            let name = format!("features.{at}.conv");
            let (inside, stride) = (inputs * factor, if block == 0 { stride } else { 1 });
            let mut body = Vec::new();
            let mut part = 0;
            if factor > 1 {
                body.extend(conv_norm(&format!("{name}.0"), conv(inputs, inside, 1, 1), 1e-5, ACT));
                part = 1;
            }
            let each = Conv {
                groups: inside,
                ..conv(inside, inside, 3, stride)
            };
            body.extend(conv_norm(&format!("{name}.{part}"), each, 1e-5, ACT));
            body.push(PlanLayer::Conv(Conv::new(
                format!("{name}.{}", part + 1),
                inside,
                width,
                1,
                1,
            )));
            body.push(norm(format!("{name}.{}", part + 2), width));
            add(&mut layers, body, stride == 1 && inputs == width);
            inputs = width;
            at += 1;
        }
        stages.push(PlanStage::take(&mut layers, width));
    }
    CnnPlan {
        neck: conv_norm(&format!("features.{at}"), conv(inputs, 1280, 1, 1), 1e-5, ACT),
        ..CnnPlan::new(stages, 1280)
    }
}

/// Its features are those of its hidden layer, `classifier.0`, after the activation.
fn v3(blocks: &[Block], width: usize) -> CnnPlan {
    const EPS: f64 = 1e-3;
    let conv = |inputs, outputs, kernel, stride| Conv::new(String::new(), inputs, outputs, kernel, stride);
    let hardswish = Some(Pointwise::Hardswish);
    let mut stages: Vec<PlanStage> = Vec::new();
    let mut layers = conv_norm("features.0", conv(3, 16, 3, 2), EPS, hardswish);
    let mut inputs = 16;
    for (i, &(kernel, inside, outputs, squeezes, hard, stride)) in blocks.iter().enumerate() {
        // A stage is the blocks of one width.
        if i > 0 && outputs != inputs {
            stages.push(PlanStage::take(&mut layers, inputs));
        }
        let act = Some(if hard { Pointwise::Hardswish } else { Pointwise::Relu });
        let name = |part: usize| format!("features.{}.block.{part}", i + 1);
        let (mut body, mut part) = (Vec::new(), 0);
        if inside != inputs {
            body.extend(conv_norm(&name(0), conv(inputs, inside, 1, 1), EPS, act));
            part = 1;
        }
        let each = Conv {
            groups: inside,
            ..conv(inside, inside, kernel, stride)
        };
        body.extend(conv_norm(&name(part), each, EPS, act));
        if squeezes {
            part += 1;
            let squeezed = divisible((inside / 4) as f64);
            body.push(excite(
                &name(part),
                inside,
                squeezed,
                Pointwise::Relu,
                Pointwise::Hardsigmoid,
            ));
        }
        body.extend(conv_norm(&name(part + 1), conv(inside, outputs, 1, 1), EPS, None));
        add(&mut layers, body, stride == 1 && inputs == outputs);
        inputs = outputs;
    }
    stages.push(PlanStage { layers, width: inputs });
    let last = format!("features.{}", blocks.len() + 1);
    CnnPlan {
        neck: conv_norm(&last, conv(inputs, 6 * inputs, 1, 1), EPS, hardswish),
        tail: vec![
            PlanLayer::Linear {
                name: "classifier.0".to_owned(),
                inputs: 6 * inputs,
                outputs: width,
            },
            PlanLayer::Act(Pointwise::Hardswish),
        ],
        ..CnnPlan::new(stages, width)
    }
}
