//! timm's networks of inverted residuals, by timm's names: EfficientNet and its second version, its lite and edge forms, MobileNet,
//! v2 and v3. Stages are written as timm writes them: `ir_r2_k3_s2_e6_c24_se` is an inverted residual, twice, of kernel 3, stride 2,
//! six times as wide inside, 24 channels, with squeeze and excitation.

use super::inverted_sizes::{FinalLayers, InvertedKind, NAMED, PaddingForms, SizeRow};
use super::plan::{CnnPlan, Conv, PlanLayer, PlanStage, Pointwise, add, divisible, excite_by, normalised};

/// What stands before the name of a network that is padded as TensorFlow does.
const TENSORFLOW: &str = "tf_";

/// Every name; of two networks with the same tensors the one that is padded alike on all sides comes first.
pub(super) fn names() -> Vec<String> {
    let both = |row: &SizeRow| {
        let even = (row.4 != PaddingForms::Tensorflow).then(|| row.0.to_owned());
        let other = (row.4 != PaddingForms::Even).then(|| format!("{TENSORFLOW}{}", row.0));
        even.into_iter().chain(other)
    };
    NAMED.iter().flat_map(both).collect()
}

/// The names of the networks with this one's tensors where there are two: padded alike on all sides, padded as TensorFlow does.
pub(in crate::checkpoint) fn twins(name: &str) -> Option<[String; 2]> {
    let bare = name.strip_prefix(TENSORFLOW).unwrap_or(name);
    let row = NAMED.iter().find(|row| row.0 == bare && row.4 == PaddingForms::Both)?;
    Some([row.0.to_owned(), format!("{TENSORFLOW}{}", row.0)])
}

/// The padding of TensorFlow or not, and what normalisations add to the variance; `None` where the name is none of these.
pub(super) fn switches(name: &str) -> Option<(bool, f64)> {
    names()
        .iter()
        .any(|known| known == name)
        .then(|| match name.starts_with(TENSORFLOW) {
            true => (true, 1e-3),
            false => (false, 1e-5),
        })
}

pub(super) fn plan(name: &str) -> Option<CnnPlan> {
    let (same, eps) = switches(name)?;
    let bare = name.strip_prefix(TENSORFLOW).unwrap_or(name);
    let &(_, kind, width, depth, _) = NAMED.iter().find(|row| row.0 == bare)?;
    let build = Build { kind, width, same, eps };
    build.whole(depth)
}

/// One kind of block, as it is written.
#[derive(Clone, Copy)]
struct Block {
    form: Form,
    times: usize,
    kernel: usize,
    stride: usize,
    factor: f64,
    outputs: usize,
    squeezes: bool,
    relu: bool,
    /// In place of the input's channels, for the width inside.
    inputs: Option<usize>,
    skips: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Channel by channel, then across channels.
    Separable,
    /// As [`Form::Separable`], with an activation at the end.
    Active,
    /// Wider by a convolution of one position, channel by channel, narrower.
    Inverted,
    /// Wider by a convolution with the kernel, narrower.
    Edge,
    /// A convolution.
    Plain,
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split('_');
        let form = match words.next()? {
            "ds" => Form::Separable,
            "dsa" => Form::Active,
            "ir" => Form::Inverted,
            "er" => Form::Edge,
            "cn" => Form::Plain,
            _ => return None,
        };
        let mut block = Self {
            form,
            times: 1,
            kernel: 3,
            stride: 1,
            factor: 1.0,
            outputs: 0,
            squeezes: false,
            relu: false,
            inputs: None,
            // These two are alone where nothing is said, the others are residuals.
            skips: ![Form::Plain, Form::Active].contains(&form),
        };
        for word in words {
            let number = |before: &str| word.strip_prefix(before)?.parse().ok();
            match word {
                "se" => block.squeezes = true,
                "nre" => block.relu = true,
                "skip" => block.skips = true,
                "noskip" => block.skips = false,
                _ if word.starts_with("fc") => block.inputs = Some(number("fc")?),
                _ if word.starts_with('r') => block.times = number("r")?,
                _ if word.starts_with('k') => block.kernel = number("k")?,
                _ if word.starts_with('s') => block.stride = number("s")?,
                _ if word.starts_with('c') => block.outputs = number("c")?,
                _ => block.factor = word.strip_prefix('e')?.parse().ok()?,
            }
        }
        Some(block)
    }
}

/// The kinds of blocks of a stage, each as often as its depth says: what is added goes to the last kinds first.
fn deepened(text: &str, depth: f64) -> Option<Vec<Block>> {
    let kinds: Vec<Block> = text.split(' ').map(Block::parse).collect::<Option<_>>()?;
    let mut written: usize = kinds.iter().map(|kind| kind.times).sum();
    let mut left = (written as f64 * depth).ceil() as usize;
    let mut blocks = Vec::new();
    for kind in kinds.iter().rev() {
        let share = kind.times as f64 / written as f64 * left as f64;
        let times = (share.round_ties_even() as usize).max(1);
        written -= kind.times;
        left = left.saturating_sub(times);
        blocks.extend(std::iter::repeat_n(*kind, times));
    }
    blocks.reverse();
    Some(blocks)
}

struct Build {
    kind: &'static InvertedKind,
    width: f64,
    same: bool,
    eps: f64,
}

impl Build {
    fn whole(&self, depth: [f64; 2]) -> Option<CnnPlan> {
        let InvertedKind { head, ends, .. } = *self.kind;
        let written: Vec<&str> = self.kind.stages.split(", ").collect();
        let act = Some(self.kind.act);
        // MobileNets below three quarters of their width keep their stem.
        let keeps = ends || (head == FinalLayers::Mean && self.width < 0.75);
        let stem = if keeps {
            self.kind.stem
        } else {
            self.scaled(self.kind.stem)
        };
        let mut layers = self.normal("", "conv_stem", "bn1", self.conv(3, stem, 3, 2), act);
        let (mut inputs, last) = (stem, written.len() - 1);
        let mut stages = Vec::with_capacity(written.len());
        for (i, text) in written.into_iter().enumerate() {
            let depth = match ends && (i == 0 || i == last) {
                true => 1.0,
                false => depth[usize::from(i >= 4)],
            };
            for (j, block) in deepened(text, depth)?.into_iter().enumerate() {
                let stride = if j == 0 { block.stride } else { 1 };
                let outputs = self.scaled(block.outputs);
                let body = self.block(&format!("blocks.{i}.{j}."), &block, inputs, outputs, stride);
                add(&mut layers, body, block.skips && stride == 1 && inputs == outputs);
                inputs = outputs;
            }
            stages.push(PlanStage::take(&mut layers, inputs));
        }
        let width = match head {
            FinalLayers::Bare => inputs,
            _ if ends => self.kind.last,
            FinalLayers::Maps => self.scaled(self.kind.last),
            FinalLayers::Wide => self.scaled(self.kind.last).max(self.kind.last),
            FinalLayers::Mean => self.kind.last,
        };
        let conv = self.conv(inputs, width, 1, 1);
        let neck = match head {
            FinalLayers::Bare => Vec::new(),
            FinalLayers::Mean => vec![
                PlanLayer::Mean,
                PlanLayer::Conv(Conv {
                    name: "conv_head".to_owned(),
                    bias: true,
                    ..conv
                }),
                PlanLayer::Act(self.kind.act),
            ],
            _ => self.normal("", "conv_head", "bn2", conv, act),
        };
        Some(CnnPlan {
            neck,
            ..CnnPlan::new(stages, width)
        })
    }

    fn conv(&self, inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Conv {
        Conv {
            same: self.same,
            ..Conv::new(String::new(), inputs, outputs, kernel, stride)
        }
    }

    fn normal(&self, at: &str, conv: &str, norm: &str, layer: Conv, act: Option<Pointwise>) -> Vec<PlanLayer> {
        normalised([format!("{at}{conv}"), format!("{at}{norm}")], layer, self.eps, act)
    }

    /// A width times the factor, as a multiple of 8.
    fn scaled(&self, width: usize) -> usize {
        let wide = width as f64 * self.width;
        match self.kind.limit > 0.0 {
            true => divisible(wide),
            false => (((wide + 4.0) / 8.0) as usize * 8).max(8),
        }
    }

    fn block(&self, at: &str, block: &Block, inputs: usize, outputs: usize, stride: usize) -> Vec<PlanLayer> {
        let act = Some(if block.relu { Pointwise::Relu } else { self.kind.act });
        let from = block.inputs.map_or(inputs, |n| self.scaled(n));
        let inside = match block.form {
            Form::Separable | Form::Active | Form::Plain => inputs,
            Form::Inverted | Form::Edge => divisible(from as f64 * block.factor),
        };
        let each = Conv {
            groups: inside,
            ..self.conv(inside, inside, block.kernel, stride)
        };
        let excited = block.squeezes.then(|| self.excite(at, block, inside));
        let one = |inputs, outputs| self.conv(inputs, outputs, 1, 1);
        let mut layers = match block.form {
            Form::Plain => {
                return self.normal(at, "conv", "bn1", self.conv(inputs, outputs, block.kernel, stride), act);
            }
            Form::Separable | Form::Active => self.normal(at, "conv_dw", "bn1", each, act),
            Form::Inverted => {
                let mut layers = self.normal(at, "conv_pw", "bn1", one(inputs, inside), act);
                layers.extend(self.normal(at, "conv_dw", "bn2", each, act));
                layers
            }
            Form::Edge => self.normal(
                at,
                "conv_exp",
                "bn1",
                self.conv(inputs, inside, block.kernel, stride),
                act,
            ),
        };
        layers.extend(excited);
        let [conv, norm] = match block.form {
            Form::Separable | Form::Active => ["conv_pw", "bn2"],
            Form::Inverted => ["conv_pwl", "bn3"],
            _ => ["conv_pwl", "bn2"],
        };
        let last = act.filter(|_| block.form == Form::Active);
        layers.extend(self.normal(at, conv, norm, one(inside, outputs), last));
        layers
    }

    /// To a quarter of the block's input; of the width inside in MobileNet v3.
    fn excite(&self, at: &str, block: &Block, inside: usize) -> PlanLayer {
        let names = ["se.conv_reduce", "se.conv_expand"].map(|part| format!("{at}{part}"));
        match self.kind.head {
            FinalLayers::Mean => {
                let squeezed = divisible(inside as f64 * 0.25);
                excite_by(names, inside, squeezed, Pointwise::Relu, Pointwise::Hardsigmoid)
            }
            _ => {
                let squeezed = (inside as f64 * (0.25 / block.factor)).round_ties_even() as usize;
                excite_by(names, inside, squeezed, self.kind.act, Pointwise::Sigmoid)
            }
        }
    }
}
