//! Heads: stacks of linear layers, normalisations and activations after the backbone.

use tch::Tensor;
use tch::nn::{self, Module, ModuleT};

use super::layers::{layer_norm, linear, norm_config, unit, variable};
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
    Matrix(Tensor),
    WeightNormLinear { length: Tensor, direction: Tensor },
    Relu,
    Gelu,
    L2Normalize,
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
            let (inputs, outputs) = match step.widths() {
                Some((inputs, outputs)) => (Some(inputs), Some(outputs)),
                None => (None, width),
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
                Self::Linear(linear(path, "", inputs as i64, outputs as i64, bias))
            }
            HeadStep::Matrix { inputs, outputs } => {
                Self::Matrix(path.var("", &[inputs as i64, outputs as i64], nn::Init::Const(0.0)))
            }
            HeadStep::BatchNorm1d { width, affine } => {
                Self::BatchNorm(nn::batch_norm1d(path, width as i64, norm_config(affine)))
            }
            HeadStep::LayerNorm { width } => Self::LayerNorm(layer_norm(path, "", width as i64, 1e-5)),
            HeadStep::WeightNormLinear { inputs, outputs, names } => {
                let [g, v] = names.pair();
                let size = |columns: usize| [outputs as i64, columns as i64];
                Self::WeightNormLinear {
                    length: variable(path, g, &size(1), 1.0),
                    direction: variable(path, v, &size(inputs), 1.0),
                }
            }
            HeadStep::Relu => Self::Relu,
            HeadStep::Gelu => Self::Gelu,
            HeadStep::L2Normalize => Self::L2Normalize,
        }
    }

    fn forward(&self, rows: &Tensor, train: bool) -> Tensor {
        match self {
            Self::Linear(linear) => linear.forward(rows),
            Self::Matrix(matrix) => rows.matmul(matrix),
            Self::BatchNorm(norm) => norm.forward_t(rows, train),
            Self::LayerNorm(norm) => norm.forward(rows),
            Self::WeightNormLinear { length, direction } => rows.linear(&(length * unit(direction)), None::<Tensor>),
            // Not in place: the tap before the activation is kept.
            Self::Relu => rows.relu(),
            Self::Gelu => rows.gelu("none"),
            Self::L2Normalize => unit(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::checkpoint::arch::WeightNormNames;

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
            HeadStep::L2Normalize,
            HeadStep::WeightNormLinear {
                inputs: 4,
                outputs: 3,
                names: WeightNormNames::Parametrization,
            },
        ];
        let head = Head::new(&vs.root(), &steps).unwrap();
        super::super::initialise(&vs, 7, None);
        let rows = Tensor::arange(15, (Kind::Float, Device::Cpu)).sin().view([5, 3]);
        let taps = tch::no_grad(|| head.forward_taps(&rows, true));
        assert_eq!(
            taps.iter().map(|t| t.size()[1]).collect::<Vec<_>>(),
            [2, 2, 2, 2, 2, 4, 4, 3]
        );
        assert!(
            taps[1].min().double_value(&[]) < 0.0,
            "the normalised rows keep their negative values"
        );
        assert!(taps[2].min().double_value(&[]) >= 0.0);
        let lengths = taps[6].norm_scalaropt_dim(2.0, [1i64].as_slice(), false);
        // Rows of zeros stay zeros.
        let off = &lengths * (&lengths - 1.0);
        assert!(off.abs().max().double_value(&[]) < 1e-6 && lengths.max().double_value(&[]) > 0.5);
        let mut names: Vec<_> = vs.variables().into_keys().collect();
        names.sort();
        let expected = "0.bias 0.weight 1.bias 1.running_mean 1.running_var 1.weight 3.bias 3.weight 5.weight \
                        7.parametrizations.weight.original0 7.parametrizations.weight.original1";
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
