//! Heads: stacks of linear layers, normalisations and activations after the backbone.

use tch::Tensor;
use tch::nn::{self, Module, ModuleT};

use super::norm_config;
use crate::checkpoint::arch::HeadStep;
use crate::error::{Error, Result};

/// A projector, predictor or classifier: rows in, rows out. Step `i`'s tensors are named `{i}.weight`, `{i}.bias`, …
#[derive(Debug)]
pub struct Head {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Linear(nn::Linear),
    BatchNorm(nn::BatchNorm),
    LayerNorm(nn::LayerNorm),
    Relu,
    Gelu,
}

impl Head {
    /// An empty head of these steps, its tensors named below `path` as `{i}.weight`, …
    ///
    /// # Errors
    /// When a step's input width is not the width before it, or a width is zero.
    pub fn new(path: &nn::Path, steps: &[HeadStep]) -> Result<Self> {
        let mut width = None;
        let mut built = Vec::with_capacity(steps.len());
        for (i, step) in steps.iter().enumerate() {
            let (inputs, outputs) = match *step {
                HeadStep::Linear { inputs, outputs, .. } => (Some(inputs), Some(outputs)),
                HeadStep::BatchNorm1d { width, .. } | HeadStep::LayerNorm { width } => (Some(width), Some(width)),
                HeadStep::Relu | HeadStep::Gelu => (None, width),
            };
            if let (Some(before), Some(inputs)) = (width, inputs)
                && before != inputs
            {
                return Err(Error::input(format!(
                    "step {i} of the head expects width {inputs}, but is given {before}"
                )));
            }
            if inputs == Some(0) || outputs == Some(0) {
                return Err(Error::input(format!("step {i} of the head has width 0")));
            }
            width = outputs;
            built.push(Step::new(&(path / i), step));
        }
        Ok(Self { steps: built })
    }

    /// The rows after each step, in order.
    pub fn forward_taps(&self, rows: &Tensor, train: bool) -> Vec<Tensor> {
        let mut taps: Vec<Tensor> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let next = step.forward(taps.last().unwrap_or(rows), train);
            taps.push(next);
        }
        taps
    }

    /// The rows after the last step.
    pub fn forward(&self, rows: &Tensor, train: bool) -> Tensor {
        self.forward_taps(rows, train)
            .pop()
            .unwrap_or_else(|| rows.shallow_clone())
    }
}

impl Step {
    fn new(path: &nn::Path, step: &HeadStep) -> Self {
        match *step {
            HeadStep::Linear { inputs, outputs, bias } => {
                let zero = nn::Init::Const(0.0);
                let config = nn::LinearConfig {
                    ws_init: zero,
                    bs_init: Some(zero),
                    bias,
                };
                Self::Linear(nn::linear(path, inputs as i64, outputs as i64, config))
            }
            HeadStep::BatchNorm1d { width, affine } => {
                Self::BatchNorm(nn::batch_norm1d(path, width as i64, norm_config(affine)))
            }
            HeadStep::LayerNorm { width } => {
                Self::LayerNorm(nn::layer_norm(path, vec![width as i64], nn::LayerNormConfig::default()))
            }
            HeadStep::Relu => Self::Relu,
            HeadStep::Gelu => Self::Gelu,
        }
    }

    fn forward(&self, rows: &Tensor, train: bool) -> Tensor {
        match self {
            Self::Linear(linear) => linear.forward(rows),
            Self::BatchNorm(norm) => norm.forward_t(rows, train),
            Self::LayerNorm(norm) => norm.forward(rows),
            // Not in place: the tap before the activation is kept.
            Self::Relu => rows.relu(),
            Self::Gelu => rows.gelu("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn taps_are_the_steps_and_activations_leave_their_input_alone() {
        let vs = super::super::store();
        let steps = [
            HeadStep::Linear {
                inputs: 3,
                outputs: 2,
                bias: true,
            },
            HeadStep::BatchNorm1d { width: 2, affine: true },
            HeadStep::Relu,
            HeadStep::LayerNorm { width: 2 },
            HeadStep::Gelu,
            HeadStep::Linear {
                inputs: 2,
                outputs: 4,
                bias: false,
            },
        ];
        let head = Head::new(&vs.root(), &steps).unwrap();
        super::super::initialise(&vs, 7);
        let rows = Tensor::randn([5, 3], (Kind::Float, Device::Cpu));
        let taps = tch::no_grad(|| head.forward_taps(&rows, true));
        assert_eq!(taps.iter().map(|t| t.size()[1]).collect::<Vec<_>>(), [2, 2, 2, 2, 2, 4]);
        assert!(
            taps[1].min().double_value(&[]) < 0.0,
            "the normalised rows keep their negative values"
        );
        assert!(taps[2].min().double_value(&[]) >= 0.0);
        let mut names: Vec<_> = vs.variables().into_keys().collect();
        names.sort();
        let expected = "0.bias 0.weight 1.bias 1.running_mean 1.running_var 1.weight 3.bias 3.weight 5.weight";
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn widths_that_do_not_meet_are_refused() {
        let vs = super::super::store();
        let steps = [
            HeadStep::Linear {
                inputs: 3,
                outputs: 2,
                bias: true,
            },
            HeadStep::Relu,
            HeadStep::BatchNorm1d { width: 3, affine: true },
        ];
        let message = Head::new(&vs.root(), &steps).unwrap_err().to_string();
        assert_eq!(message, "step 2 of the head expects width 3, but is given 2");
    }
}
