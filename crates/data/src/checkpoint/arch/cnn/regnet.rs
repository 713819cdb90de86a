//! RegNet X and Y (Radosavovic et al. 2020), as torchvision and timm build them.

use super::plan::{CnnPlan, Conv, PlanLayer, PlanStage, Pointwise, excite, normalised};

/// Name, blocks and widths of the stages, channels of a group. Those of a Y squeeze and excite.
type Row = (&'static str, [usize; 4], [usize; 4], usize);

const NAMED: [Row; 15] = [
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

/// timm's, several of which have other widths than torchvision's of the same cost.
const TIMMS: [Row; 29] = [
    ("regnetx_002", [1, 1, 4, 7], [24, 56, 152, 368], 8),
    ("regnetx_004", [1, 2, 7, 12], [32, 64, 160, 384], 16),
    ("regnetx_004_tv", [1, 2, 7, 12], [32, 64, 160, 400], 16),
    ("regnetx_006", [1, 3, 5, 7], [48, 96, 240, 528], 24),
    ("regnetx_008", [1, 3, 7, 5], [64, 128, 288, 672], 16),
    ("regnetx_016", [2, 4, 10, 2], [72, 168, 408, 912], 24),
    ("regnetx_032", [2, 6, 15, 2], [96, 192, 432, 1008], 48),
    ("regnetx_040", [2, 5, 14, 2], [80, 240, 560, 1360], 40),
    ("regnetx_064", [2, 4, 10, 1], [168, 392, 784, 1624], 56),
    ("regnetx_080", [2, 5, 15, 1], [80, 240, 720, 1920], 120),
    ("regnetx_120", [2, 5, 11, 1], [224, 448, 896, 2240], 112),
    ("regnetx_160", [2, 6, 13, 1], [256, 512, 896, 2048], 128),
    ("regnetx_320", [2, 7, 13, 1], [336, 672, 1344, 2520], 168),
    ("regnety_002", [1, 1, 4, 7], [24, 56, 152, 368], 8),
    ("regnety_004", [1, 3, 6, 6], [48, 104, 208, 440], 8),
    ("regnety_006", [1, 3, 7, 4], [48, 112, 256, 608], 16),
    ("regnety_008", [1, 3, 8, 2], [64, 128, 320, 768], 16),
    ("regnety_008_tv", [1, 3, 8, 2], [64, 144, 320, 784], 16),
    ("regnety_016", [2, 6, 17, 2], [48, 120, 336, 888], 24),
    ("regnety_032", [2, 5, 13, 1], [72, 216, 576, 1512], 24),
    ("regnety_040", [2, 6, 12, 2], [128, 192, 512, 1088], 64),
    ("regnety_064", [2, 7, 14, 2], [144, 288, 576, 1296], 72),
    ("regnety_080", [2, 4, 10, 1], [168, 448, 896, 2016], 56),
    ("regnety_080_tv", [2, 4, 10, 1], [224, 448, 896, 2016], 56),
    ("regnety_120", [2, 5, 11, 1], [224, 448, 896, 2240], 112),
    ("regnety_160", [2, 4, 11, 1], [224, 448, 1232, 3024], 112),
    ("regnety_320", [2, 5, 12, 1], [232, 696, 1392, 3712], 232),
    ("regnety_640", [2, 5, 12, 1], [328, 984, 1968, 4920], 328),
    ("regnety_1280", [2, 7, 17, 1], [528, 1056, 2904, 7392], 264),
];

pub(super) fn names() -> Vec<String> {
    NAMED.iter().map(|row| row.0.to_owned()).collect()
}

/// timm's names.
pub(super) fn timms() -> Vec<String> {
    TIMMS.iter().map(|row| row.0.to_owned()).collect()
}

/// How a code base names tensors.
struct Names {
    stem: [&'static str; 2],
    /// A block, of its stage and its number in it, both from 1.
    block: fn(usize, usize) -> String,
    /// The three convolutions, the excitation, the convolution beside them.
    parts: [&'static str; 5],
    /// A convolution and its normalisation.
    pair: [&'static str; 2],
}

const TORCHVISION: Names = Names {
    stem: ["stem.0", "stem.1"],
    block: |stage, block| format!("trunk_output.block{stage}.block{stage}-{}", block - 1),
    parts: ["f.a", "f.b", "f.c", "f.se", "proj"],
    pair: ["0", "1"],
};

const TIMM: Names = Names {
    stem: ["stem.conv", "stem.bn"],
    block: |stage, block| format!("s{stage}.b{block}"),
    parts: ["conv1", "conv2", "conv3", "se", "downsample"],
    pair: ["conv", "bn"],
};

/// By torchvision's names, or by timm's.
pub(super) fn plan(name: &str, timm: bool) -> Option<CnnPlan> {
    const EPS: f64 = 1e-5;
    let (rows, names) = match timm {
        false => (NAMED.as_slice(), TORCHVISION),
        true => (TIMMS.as_slice(), TIMM),
    };
    let &(_, depths, widths, group) = rows.iter().find(|row| row.0 == name)?;
    let squeezes = name.starts_with("regnet_y") || name.starts_with("regnety");
    let conv_norm = |at: &str, part: usize, conv, act| {
        let part = names.parts[part];
        normalised(names.pair.map(|one| format!("{at}.{part}.{one}")), conv, EPS, act)
    };
    let relu = Some(Pointwise::Relu);
    let conv = |inputs, outputs, kernel, stride| Conv::new(String::new(), inputs, outputs, kernel, stride);
    let mut layers = normalised(names.stem.map(str::to_owned), conv(3, 32, 3, 2), EPS, relu);
    let mut inputs = 32;
    let mut stages = Vec::with_capacity(4);
    for (i, (&depth, &width)) in depths.iter().zip(&widths).enumerate() {
        for block in 0..depth {
            let stride = if block == 0 { 2 } else { 1 };
            let at = (names.block)(i + 1, block + 1);
            let mut body = conv_norm(&at, 0, conv(inputs, width, 1, 1), relu);
            let grouped = Conv {
                groups: width / group.min(width),
                ..conv(width, width, 3, stride)
            };
            body.extend(conv_norm(&at, 1, grouped, relu));
            if squeezes {
                // A quarter of the block's input, ties to even as Python rounds them.
                let squeezed = (inputs as f64 / 4.0).round_ties_even() as usize;
                body.push(excite(
                    &format!("{at}.{}", names.parts[3]),
                    width,
                    squeezed,
                    Pointwise::Relu,
                    Pointwise::Sigmoid,
                ));
            }
            body.extend(conv_norm(&at, 2, conv(width, width, 1, 1), None));
            layers.push(match block {
                0 => PlanLayer::Sum(conv_norm(&at, 4, conv(inputs, width, 1, 2), None), body),
                _ => PlanLayer::Residual(body),
            });
            layers.push(PlanLayer::Act(Pointwise::Relu));
            inputs = width;
        }
        stages.push(PlanStage::take(&mut layers, width));
    }
    Some(CnnPlan::new(stages, inputs))
}
