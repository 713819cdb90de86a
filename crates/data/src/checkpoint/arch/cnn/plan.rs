//! Convolutional networks as plans: layers in order, with the names of their tensors. What has tensors and what is computed
//! come from the same plan.

use crate::checkpoint::arch::switches::Activation;
use crate::checkpoint::arch::tensors::Tensors;

/// What is computed on every number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointwise {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// x sigmoid(x), also called Swish.
    Silu,
    /// x min(max(x + 3, 0), 6) / 6.
    Hardswish,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// min(max(x + 3, 0), 6) / 6.
    Hardsigmoid,
    /// Gaussian error linear unit.
    Gelu,
    /// x sigmoid(1.702 x).
    QuickGelu,
    /// GELU by its tanh formula.
    TanhGelu,
}

impl From<Activation> for Pointwise {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Gelu => Self::Gelu,
            Activation::QuickGelu => Self::QuickGelu,
            Activation::TanhGelu => Self::TanhGelu,
            Activation::Silu => Self::Silu,
        }
    }
}

/// One layer of a plan, on maps (B, C, H, W) or, in a [`CnnPlan::tail`], on rows (B, C).
#[derive(Clone, Debug, PartialEq)]
pub enum PlanLayer {
    /// A square convolution.
    Conv(Conv),
    /// Batch normalisation.
    BatchNorm {
        /// Name.
        name: String,
        /// Channels.
        width: usize,
        /// What is added to the variance.
        eps: f64,
    },
    /// Layer normalisation over channels, at every position.
    LayerNorm {
        /// Name.
        name: String,
        /// Channels.
        width: usize,
        /// What is added to the variance.
        eps: f64,
    },
    /// A linear layer with bias over channels, at every position.
    Linear {
        /// Name.
        name: String,
        /// Input channels.
        inputs: usize,
        /// Output channels.
        outputs: usize,
    },
    /// A factor for each channel, stored as (C, 1, 1).
    Scale {
        /// Name.
        name: String,
        /// Channels.
        width: usize,
    },
    /// Global response normalisation: each channel by its length over positions, as a share of the mean length of all channels.
    Respond {
        /// Name.
        name: String,
        /// Channels.
        width: usize,
    },
    /// An activation.
    Act(Pointwise),
    /// The largest of each window.
    MaxPool {
        /// Side of the window.
        kernel: usize,
        /// Step between windows.
        stride: usize,
        /// Padding.
        padding: usize,
    },
    /// The mean of each 2 x 2 window.
    AvgPool,
    /// The mean over all positions, as a map of one.
    Mean,
    /// Maps with fewer positions a side are brought to so many, by means.
    AtLeast(usize),
    /// What comes in, plus what these make of it.
    Residual(Vec<PlanLayer>),
    /// What the one list makes of what comes in, plus what the other makes of it.
    Sum(Vec<PlanLayer>, Vec<PlanLayer>),
    /// What comes in, times what these make of its mean over positions (squeeze and excitation).
    Excite(Vec<PlanLayer>),
    /// What comes in, followed by the channels that these make of it.
    Append(Vec<PlanLayer>),
}

/// A square convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Name.
    pub name: String,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Padding.
    pub padding: usize,
    /// True if it is padded as TensorFlow does in its place: by what the image's size asks for, more at the end than at the beginning.
    pub same: bool,
    /// Groups of channels.
    pub groups: usize,
    /// True if there is a bias.
    pub bias: bool,
}

impl Conv {
    /// Padded to keep the size at stride 1; one group, no bias.
    pub(super) fn new(name: String, inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Self {
        Self {
            name,
            inputs,
            outputs,
            kernel,
            stride,
            padding: (kernel - 1) / 2,
            same: false,
            groups: 1,
            bias: false,
        }
    }
}

/// A stretch of a network that ends in a map to be tapped.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanStage {
    /// Its layers.
    pub layers: Vec<PlanLayer>,
    /// Channels of its output.
    pub width: usize,
}

impl PlanStage {
    /// The layers so far as one; those of the next begin anew.
    pub(super) fn take(layers: &mut Vec<PlanLayer>, width: usize) -> Self {
        let layers = std::mem::take(layers);
        Self { layers, width }
    }
}

/// Adds what a block makes of what comes in, which is added to it where the block skips.
pub(super) fn add(layers: &mut Vec<PlanLayer>, body: Vec<PlanLayer>, skips: bool) {
    match skips {
        true => layers.push(PlanLayer::Residual(body)),
        false => layers.extend(body),
    }
}

/// Attention from the mean of a map to its positions.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionPool {
    /// Name.
    pub name: String,
    /// Channels.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Positions a side that it has embeddings for.
    pub grid: usize,
}

/// A convolutional network up to its classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct CnnPlan {
    /// Stages, the stem in the first.
    pub stages: Vec<PlanStage>,
    /// What follows the last stage on maps.
    pub neck: Vec<PlanLayer>,
    /// Maps are averaged over so many positions a side; more than one are laid out as one row, channel after channel.
    pub grid: usize,
    /// Attention that pools the maps besides, for the network's own heads.
    pub pool: Option<AttentionPool>,
    /// What follows on rows.
    pub tail: Vec<PlanLayer>,
    /// Width of the row that comes out.
    pub width: usize,
}

impl CnnPlan {
    /// Stages whose last map is averaged, and nothing behind them.
    pub(super) fn new(stages: Vec<PlanStage>, width: usize) -> Self {
        Self {
            stages,
            neck: Vec::new(),
            grid: 1,
            pool: None,
            tail: Vec::new(),
            width,
        }
    }

    pub(super) fn tensors(&self, list: &mut Tensors) {
        for stage in &self.stages {
            each(&stage.layers, list);
        }
        each(&self.neck, list);
        each(&self.tail, list);
        if let Some(AttentionPool { name, width, grid, .. }) = &self.pool {
            list.push(
                &format!("{name}.positional_embedding"),
                vec![grid * grid + 1, *width],
                true,
            );
            for part in ["k_proj", "q_proj", "v_proj"] {
                list.linear(&format!("{name}.{part}"), *width, *width, true);
            }
        }
    }
}

fn each(layers: &[PlanLayer], list: &mut Tensors) {
    for layer in layers {
        match layer {
            PlanLayer::Conv(conv) => {
                list.conv(&conv.name, conv.outputs, conv.inputs / conv.groups, conv.kernel);
                if conv.bias {
                    list.push(&format!("{}.bias", conv.name), vec![conv.outputs], true);
                }
            }
            PlanLayer::BatchNorm { name, width, .. } => list.norm(name, *width),
            PlanLayer::LayerNorm { name, width, .. } | PlanLayer::Respond { name, width } => list.affine(name, *width),
            PlanLayer::Linear { name, inputs, outputs } => list.linear(name, *outputs, *inputs, true),
            PlanLayer::Scale { name, width } => list.push(name, vec![*width, 1, 1], true),
            PlanLayer::Residual(inner) | PlanLayer::Excite(inner) | PlanLayer::Append(inner) => each(inner, list),
            PlanLayer::Sum(one, other) => {
                each(one, list);
                each(other, list);
            }
            PlanLayer::Act(_)
            | PlanLayer::MaxPool { .. }
            | PlanLayer::AvgPool
            | PlanLayer::Mean
            | PlanLayer::AtLeast(_) => {}
        }
    }
}

/// A convolution, its normalisation and an activation, as torchvision numbers them: 0 and 1 below `name`.
pub(super) fn conv_norm(name: &str, conv: Conv, eps: f64, act: Option<Pointwise>) -> Vec<PlanLayer> {
    normalised([format!("{name}.0"), format!("{name}.1")], conv, eps, act)
}

/// A convolution, its normalisation and an activation, by the names of the first two.
pub(super) fn normalised([name, norm]: [String; 2], conv: Conv, eps: f64, act: Option<Pointwise>) -> Vec<PlanLayer> {
    let width = conv.outputs;
    let mut layers = vec![
        PlanLayer::Conv(Conv { name, ..conv }),
        PlanLayer::BatchNorm { name: norm, width, eps },
    ];
    layers.extend(act.map(PlanLayer::Act));
    layers
}

/// Squeeze and excitation as torchvision names it: `fc1` and `fc2` below `name`, both convolutions of one position.
pub(super) fn excite(name: &str, width: usize, squeezed: usize, act: Pointwise, gate: Pointwise) -> PlanLayer {
    excite_by(
        [format!("{name}.fc1"), format!("{name}.fc2")],
        width,
        squeezed,
        act,
        gate,
    )
}

/// Squeeze and excitation by the names of its two convolutions.
pub(super) fn excite_by(
    [first, second]: [String; 2],
    width: usize,
    squeezed: usize,
    act: Pointwise,
    gate: Pointwise,
) -> PlanLayer {
    let one = |name, inputs, outputs| {
        PlanLayer::Conv(Conv {
            bias: true,
            ..Conv::new(name, inputs, outputs, 1, 1)
        })
    };
    PlanLayer::Excite(vec![
        one(first, width, squeezed),
        PlanLayer::Act(act),
        one(second, squeezed, width),
        PlanLayer::Act(gate),
    ])
}

/// torchvision's rounding of a width to a multiple of 8 that loses no more than a tenth.
pub(super) fn divisible(width: f64) -> usize {
    let near = (((width + 4.0) / 8.0) as usize * 8).max(8);
    if (near as f64) < 0.9 * width { near + 8 } else { near }
}
