//! EfficientNet (Tan & Le 2019) and its second version (2021), as torchvision builds them.

use super::plan::{CnnPlan, Conv, PlanStage, Pointwise, add, conv_norm, divisible, excite};

/// The first version: name, factors of width and depth, what its normalisations add to the variance.
const SCALED: [(&str, f64, f64, f64); 8] = [
    ("efficientnet_b0", 1.0, 1.0, 1e-5),
    ("efficientnet_b1", 1.0, 1.1, 1e-5),
    ("efficientnet_b2", 1.1, 1.2, 1e-5),
    ("efficientnet_b3", 1.2, 1.4, 1e-5),
    ("efficientnet_b4", 1.4, 1.8, 1e-5),
    ("efficientnet_b5", 1.6, 2.2, 1e-3),
    ("efficientnet_b6", 1.8, 2.6, 1e-3),
    ("efficientnet_b7", 2.0, 3.1, 1e-3),
];

/// A stage: whether it widens by one convolution with the kernel, how often it widens, kernel, stride, input width, width, blocks.
type Row = (bool, usize, usize, usize, usize, usize, usize);

const V1: [Row; 7] = [
    (false, 1, 3, 1, 32, 16, 1),
    (false, 6, 3, 2, 16, 24, 2),
    (false, 6, 5, 2, 24, 40, 2),
    (false, 6, 3, 2, 40, 80, 3),
    (false, 6, 5, 1, 80, 112, 3),
    (false, 6, 5, 2, 112, 192, 4),
    (false, 6, 3, 1, 192, 320, 1),
];

const V2: [(&str, &[Row]); 3] = [
    (
        "efficientnet_v2_s",
        &[
            (true, 1, 3, 1, 24, 24, 2),
            (true, 4, 3, 2, 24, 48, 4),
            (true, 4, 3, 2, 48, 64, 4),
            (false, 4, 3, 2, 64, 128, 6),
            (false, 6, 3, 1, 128, 160, 9),
            (false, 6, 3, 2, 160, 256, 15),
        ],
    ),
    (
        "efficientnet_v2_m",
        &[
            (true, 1, 3, 1, 24, 24, 3),
            (true, 4, 3, 2, 24, 48, 5),
            (true, 4, 3, 2, 48, 80, 5),
            (false, 4, 3, 2, 80, 160, 7),
            (false, 6, 3, 1, 160, 176, 14),
            (false, 6, 3, 2, 176, 304, 18),
            (false, 6, 3, 1, 304, 512, 5),
        ],
    ),
    (
        "efficientnet_v2_l",
        &[
            (true, 1, 3, 1, 32, 32, 4),
            (true, 4, 3, 2, 32, 64, 7),
            (true, 4, 3, 2, 64, 96, 7),
            (false, 4, 3, 2, 96, 192, 10),
            (false, 6, 3, 1, 192, 224, 19),
            (false, 6, 3, 2, 224, 384, 25),
            (false, 6, 3, 1, 384, 640, 7),
        ],
    ),
];

pub(super) fn names() -> Vec<String> {
    let first = SCALED.iter().map(|row| row.0);
    first.chain(V2.iter().map(|row| row.0)).map(str::to_owned).collect()
}

pub(super) fn plan(name: &str) -> Option<CnnPlan> {
    if let Some((_, rows)) = V2.iter().find(|row| row.0 == name) {
        return Some(build(rows, 1e-3, Some(1280)));
    }
    let &(_, width, depth, eps) = SCALED.iter().find(|row| row.0 == name)?;
    let scaled = V1.map(|(fused, factor, kernel, stride, inputs, outputs, blocks)| {
        let wide = |n: usize| divisible(n as f64 * width);
        let blocks = (blocks as f64 * depth).ceil() as usize;
        (fused, factor, kernel, stride, wide(inputs), wide(outputs), blocks)
    });
    Some(build(&scaled, eps, None))
}

fn build(rows: &[Row], eps: f64, last: Option<usize>) -> CnnPlan {
    let silu = Some(Pointwise::Silu);
    let conv = |inputs, outputs, kernel, stride| Conv::new(String::new(), inputs, outputs, kernel, stride);
    let mut inputs = rows[0].4;
    let mut layers = conv_norm("features.0", conv(3, inputs, 3, 2), eps, silu);
    let mut stages = Vec::with_capacity(rows.len());
    for (i, &(fused, factor, kernel, stride, _, outputs, blocks)) in rows.iter().enumerate() {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            let name = |part: usize| format!("features.{}.{block}.block.{part}", i + 1);
            let inside = divisible((inputs * factor) as f64);
            let mut body = Vec::new();
            if fused && inside == inputs {
                body.extend(conv_norm(&name(0), conv(inputs, outputs, kernel, stride), eps, silu));
            } else if fused {
                body.extend(conv_norm(&name(0), conv(inputs, inside, kernel, stride), eps, silu));
                body.extend(conv_norm(&name(1), conv(inside, outputs, 1, 1), eps, None));
            } else {
                let mut part = 0;
                if inside != inputs {
                    body.extend(conv_norm(&name(0), conv(inputs, inside, 1, 1), eps, silu));
                    part = 1;
                }
                let each = Conv {
                    groups: inside,
                    ..conv(inside, inside, kernel, stride)
                };
                body.extend(conv_norm(&name(part), each, eps, silu));
                let squeezed = (inputs / 4).max(1);
                body.push(excite(
                    &name(part + 1),
                    inside,
                    squeezed,
                    Pointwise::Silu,
                    Pointwise::Sigmoid,
                ));
                body.extend(conv_norm(&name(part + 2), conv(inside, outputs, 1, 1), eps, None));
            }
            add(&mut layers, body, stride == 1 && inputs == outputs);
            inputs = outputs;
        }
        stages.push(PlanStage::take(&mut layers, outputs));
    }
    let width = last.unwrap_or(4 * inputs);
    let name = format!("features.{}", rows.len() + 1);
    CnnPlan {
        neck: conv_norm(&name, conv(inputs, width, 1, 1), eps, silu),
        ..CnnPlan::new(stages, width)
    }
}
