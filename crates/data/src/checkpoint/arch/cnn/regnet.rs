//! RegNet X and Y (Radosavovic et al. 2020), as torchvision builds them.

use super::plan::{Conv, Layer, Plan, Pointwise, Stage, conv_norm, excite};

/// Name, blocks and widths of the stages, channels of a group. Those of a Y squeeze and excite.
const NAMED: [(&str, [usize; 4], [usize; 4], usize); 15] = [
    ("regnet_x_400mf", [1, 2, 7, 12], [32, 64, 160, 400], 16),
    ("regnet_x_800mf", [1, 3, 7, 5], [64, 128, 288, 672], 16),
    ("regnet_x_1_6gf", [2, 4, 10, 2], [72, 168, 408, 912], 24),
    ("regnet_x_3_2gf", [2, 6, 15, 2], [96, 192, 432, 1008], 48),
    ("regnet_x_8gf", [2, 5, 15, 1], [80, 240, 720, 1920], 120),
    ("regnet_x_16gf", [2, 6, 13, 1], [256, 512, 896, 2048], 128),
    ("regnet_x_32gf", [2, 7, 13, 1], [336, 672, 1344, 2520], 168),
    ("regnet_y_400mf", [1, 3, 6, 6], [48, 104, 208, 440], 8),
    ("regnet_y_800mf", [1, 3, 8, 2], [64, 144, 320, 784], 16),
    ("regnet_y_1_6gf", [2, 6, 17, 2], [48, 120, 336, 888], 24),
    ("regnet_y_3_2gf", [2, 5, 13, 1], [72, 216, 576, 1512], 24),
    ("regnet_y_8gf", [2, 4, 10, 1], [224, 448, 896, 2016], 56),
    ("regnet_y_16gf", [2, 4, 11, 1], [224, 448, 1232, 3024], 112),
    ("regnet_y_32gf", [2, 5, 12, 1], [232, 696, 1392, 3712], 232),
    ("regnet_y_128gf", [2, 7, 17, 1], [528, 1056, 2904, 7392], 264),
];

pub(super) fn names() -> Vec<String> {
    NAMED.iter().map(|row| row.0.to_owned()).collect()
}

pub(super) fn plan(name: &str) -> Option<Plan> {
    const EPS: f64 = 1e-5;
    let &(_, depths, widths, group) = NAMED.iter().find(|row| row.0 == name)?;
    let squeezes = name.starts_with("regnet_y");
    let relu = Some(Pointwise::Relu);
    let conv = |inputs, outputs, kernel, stride| Conv::new(String::new(), inputs, outputs, kernel, stride);
    let mut layers = conv_norm("stem", conv(3, 32, 3, 2), EPS, relu);
    let mut inputs = 32;
    let mut stages = Vec::with_capacity(4);
    for (i, (&depth, &width)) in depths.iter().zip(&widths).enumerate() {
        for block in 0..depth {
            let stride = if block == 0 { 2 } else { 1 };
            let at = format!("trunk_output.block{0}.block{0}-{block}", i + 1);
            let mut body = conv_norm(&format!("{at}.f.a"), conv(inputs, width, 1, 1), EPS, relu);
            let grouped = Conv {
                groups: width / group.min(width),
                ..conv(width, width, 3, stride)
            };
            body.extend(conv_norm(&format!("{at}.f.b"), grouped, EPS, relu));
            if squeezes {
                // A quarter of the block's input, ties to even as Python rounds them.
                let squeezed = (inputs as f64 / 4.0).round_ties_even() as usize;
                body.push(excite(
                    &format!("{at}.f.se"),
                    width,
                    squeezed,
                    Pointwise::Relu,
                    Pointwise::Sigmoid,
                ));
            }
            body.extend(conv_norm(&format!("{at}.f.c"), conv(width, width, 1, 1), EPS, None));
            layers.push(match block {
                0 => Layer::Sum(
                    conv_norm(&format!("{at}.proj"), conv(inputs, width, 1, 2), EPS, None),
                    body,
                ),
                _ => Layer::Residual(body),
            });
            layers.push(Layer::Act(Pointwise::Relu));
            inputs = width;
        }
        stages.push(Stage {
            layers: std::mem::take(&mut layers),
            width,
        });
    }
    Some(Plan {
        stages,
        neck: Vec::new(),
        grid: 1,
        tail: Vec::new(),
        width: inputs,
    })
}
