//! Convolutional networks from their plans.

use tch::nn::{self, ConvConfig, Module, ModuleT};
use tch::{Kind, Tensor};

use super::conv_norm::fold;
use super::feature_maps::pooled;
use super::layers::{below, conv_config, layer_norm, linear, norm_config, variable};
use super::map_pool::MapPool;
use super::vit::VitRows;
use crate::checkpoint::arch::{CnnPlan, Conv, PlanLayer, Pointwise};

#[derive(Debug)]
pub(super) struct Net {
    stages: Vec<Vec<Op>>,
    neck: Vec<Op>,
    grid: i64,
    pool: Option<MapPool>,
    tail: Vec<Op>,
}

#[derive(Debug)]
enum Op {
    Conv(nn::Conv2D),
    /// With its eps.
    BatchNorm(nn::BatchNorm, f64),
    LayerNorm(nn::LayerNorm),
    Linear(nn::Linear),
    Scale(Tensor),
    Respond([Tensor; 2]),
    Act(Pointwise),
    MaxPool([i64; 3]),
    AvgPool,
    Mean,
    AtLeast(i64),
    /// Kernel and step of the convolution that comes after it.
    PadSame([i64; 2]),
    Residual(Vec<Op>),
    Sum(Vec<Op>, Vec<Op>),
    Excite(Vec<Op>),
    Append(Vec<Op>),
}

impl Net {
    pub(super) fn new(path: &nn::Path, plan: &CnnPlan) -> Self {
        Self {
            stages: plan.stages.iter().map(|stage| built(path, &stage.layers)).collect(),
            neck: built(path, &plan.neck),
            grid: plan.grid as i64,
            pool: plan.pool.as_ref().map(|pool| MapPool::new(path, pool)),
            tail: built(path, &plan.tail),
        }
    }

    /// Folds each normalisation into the convolution before it.
    pub(super) fn fold(&mut self) {
        self.stages.iter_mut().for_each(fold_all);
        fold_all(&mut self.neck);
        fold_all(&mut self.tail);
    }

    /// The mean of the map after each stage, then the network's features; what its heads read; what attention pools.
    pub(super) fn rows(&self, images: &Tensor, train: bool) -> VitRows {
        let mut rows = Vec::with_capacity(self.stages.len() + 1);
        let mut x = images.shallow_clone();
        for stage in &self.stages {
            x = run(stage, &x, train);
            rows.push(pooled(&x));
        }
        let maps = run(&self.neck, &x, train);
        let flat = match self.grid {
            1 => pooled(&maps),
            side => maps.adaptive_avg_pool2d([side, side]).flatten(1, -1),
        };
        // Means are taken in f32, whatever the weights are.
        let features = run(&self.tail, &flat.to_kind(maps.kind()), train);
        rows.push(features.shallow_clone());
        let pooler = self.pool.as_ref().map(|pool| pool.forward(&maps));
        let own = pooler.as_ref().map_or(features, Tensor::shallow_clone);
        VitRows { rows, own, pooler }
    }
}

fn built(path: &nn::Path, layers: &[PlanLayer]) -> Vec<Op> {
    let ops = |layer: &PlanLayer| {
        let pads = match layer {
            PlanLayer::Conv(conv) if pads(conv) => Some(Op::PadSame([conv.kernel as i64, conv.stride as i64])),
            _ => None,
        };
        pads.into_iter().chain([Op::new(path, layer)])
    };
    layers.iter().flat_map(ops).collect()
}

/// True if its padding depends on the image: at step 1 it does not.
fn pads(conv: &Conv) -> bool {
    conv.same && conv.stride > 1
}

fn fold_all(ops: &mut Vec<Op>) {
    let mut folded: Vec<Op> = Vec::with_capacity(ops.len());
    for mut op in ops.drain(..) {
        match (folded.last_mut(), &mut op) {
            (Some(Op::Conv(conv)), Op::BatchNorm(norm, eps)) => {
                fold(conv, norm, *eps);
                continue;
            }
            (_, Op::Sum(one, other)) => [one, other].into_iter().for_each(fold_all),
            (_, Op::Residual(inner) | Op::Excite(inner) | Op::Append(inner)) => fold_all(inner),
            _ => {}
        }
        folded.push(op);
    }
    *ops = folded;
}

fn run(ops: &[Op], x: &Tensor, train: bool) -> Tensor {
    ops.iter().fold(x.shallow_clone(), |x, op| op.forward(&x, train))
}

impl Op {
    fn new(path: &nn::Path, layer: &PlanLayer) -> Self {
        match layer {
            PlanLayer::Conv(conv) => Self::Conv(convolution(path, conv)),
            PlanLayer::BatchNorm { name, width, eps } => {
                let config = nn::BatchNormConfig {
                    eps: *eps,
                    ..norm_config(true)
                };
                Self::BatchNorm(nn::batch_norm2d(below(path, name), *width as i64, config), *eps)
            }
            PlanLayer::LayerNorm { name, width, eps } => Self::LayerNorm(layer_norm(path, name, *width as i64, *eps)),
            PlanLayer::Linear { name, inputs, outputs } => {
                Self::Linear(linear(path, name, *inputs as i64, *outputs as i64, true))
            }
            PlanLayer::Scale { name, width } => Self::Scale(variable(path, name, &[*width as i64, 1, 1], 1.0)),
            PlanLayer::Respond { name, width } => {
                let (path, size) = (below(path, name), [*width as i64]);
                let part = |part: &str| path.var(part, &size, nn::Init::Const(0.0));
                Self::Respond([part("weight"), part("bias")])
            }
            PlanLayer::Act(act) => Self::Act(*act),
            PlanLayer::MaxPool {
                kernel,
                stride,
                padding,
            } => Self::MaxPool([*kernel as i64, *stride as i64, *padding as i64]),
            PlanLayer::AvgPool => Self::AvgPool,
            PlanLayer::Mean => Self::Mean,
            PlanLayer::AtLeast(side) => Self::AtLeast(*side as i64),
            PlanLayer::Residual(inner) => Self::Residual(built(path, inner)),
            PlanLayer::Sum(one, other) => Self::Sum(built(path, one), built(path, other)),
            PlanLayer::Excite(inner) => Self::Excite(built(path, inner)),
            PlanLayer::Append(inner) => Self::Append(built(path, inner)),
        }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        match self {
            Self::Conv(conv) => conv.forward(x),
            Self::BatchNorm(norm, _) => norm.forward_t(x, train),
            Self::LayerNorm(norm) => over_channels(x, |x| norm.forward(x)),
            Self::Linear(linear) => over_channels(x, |x| linear.forward(x)),
            Self::Scale(factors) => x * factors,
            Self::Respond([weight, bias]) => responded(x, weight, bias),
            Self::Act(act) => activated(*act, x),
            Self::MaxPool([kernel, stride, padding]) => {
                x.max_pool2d([*kernel; 2], [*stride; 2], [*padding; 2], [1, 1], false)
            }
            Self::AvgPool => x.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None::<i64>),
            Self::Mean => mean(x),
            Self::AtLeast(side) => at_least(x, *side),
            Self::PadSame([kernel, stride]) => padded(x, *kernel, *stride),
            Self::Residual(inner) => run(inner, x, train) + x,
            Self::Sum(one, other) => run(one, x, train) + run(other, x, train),
            Self::Excite(inner) => x * run(inner, &mean(x), train),
            Self::Append(inner) => Tensor::cat(&[x.shallow_clone(), run(inner, x, train)], 1),
        }
    }
}

/// The mean over positions, as a map of one.
fn mean(x: &Tensor) -> Tensor {
    x.mean_dim([2i64, 3].as_slice(), true, Kind::Float).to_kind(x.kind())
}

/// Maps with fewer positions a side brought to so many.
fn at_least(x: &Tensor, side: i64) -> Tensor {
    let size = x.size();
    match size[2] < side || size[3] < side {
        true => x.adaptive_avg_pool2d([size[2].max(side), size[3].max(side)]),
        false => x.shallow_clone(),
    }
}

/// TensorFlow's padding: so much that the convolution gives the image's size over its step, rounded up; what is odd comes after.
fn padded(x: &Tensor, kernel: i64, stride: i64) -> Tensor {
    let all = |size: i64| (((size - 1) / stride) * stride + kernel - size).max(0);
    let size = x.size();
    let (high, wide) = (all(size[2]), all(size[3]));
    match high + wide {
        0 => x.shallow_clone(),
        _ => x.constant_pad_nd([wide / 2, wide - wide / 2, high / 2, high - high / 2]),
    }
}

/// Global response normalisation of maps.
fn responded(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    const EPSILON: f64 = 1e-6;
    let length = x.norm_scalaropt_dim(2.0, [2i64, 3].as_slice(), true);
    let share = &length / (length.mean_dim([1i64].as_slice(), true, None) + EPSILON);
    let [weight, bias] = [weight, bias].map(|t| t.view([1, -1, 1, 1]));
    x + weight * (x * share) + bias
}

/// What is defined on the last dimension, on the channels of maps or the columns of rows.
fn over_channels(x: &Tensor, layer: impl Fn(&Tensor) -> Tensor) -> Tensor {
    match x.dim() {
        4 => layer(&x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2]),
        _ => layer(x),
    }
}

fn activated(act: Pointwise, x: &Tensor) -> Tensor {
    match act {
        Pointwise::Relu => x.relu(),
        Pointwise::Relu6 => x.clamp(0.0, 6.0),
        Pointwise::Silu => x.silu(),
        Pointwise::Hardswish => x.hardswish(),
        Pointwise::Sigmoid => x.sigmoid(),
        Pointwise::Hardsigmoid => x.hardsigmoid(),
        Pointwise::Gelu => x.gelu("none"),
        Pointwise::QuickGelu => x * (x * 1.702).sigmoid(),
        Pointwise::TanhGelu => x.gelu("tanh"),
    }
}

fn convolution(path: &nn::Path, conv: &Conv) -> nn::Conv2D {
    let config = ConvConfig {
        padding: if pads(conv) { 0 } else { conv.padding as i64 },
        bias: conv.bias,
        ..conv_config(conv.kernel, conv.stride, conv.groups)
    };
    let (inputs, outputs, kernel) = (conv.inputs as i64, conv.outputs as i64, conv.kernel as i64);
    nn::conv2d(below(path, &conv.name), inputs, outputs, kernel, config)
}
