//! The steps that heads are made of.

use serde::{Deserialize, Serialize};

/// One step of a projector, predictor, prototype layer or classifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum HeadStep {
    /// `y = W x + b`.
    Linear {
        /// Input width.
        inputs: usize,
        /// Output width.
        outputs: usize,
        /// True if there is a bias.
        bias: bool,
    },
    /// `y = x W` with `W` as (inputs, outputs), a tensor without a module: CLIP's projection.
    Matrix {
        /// Input width.
        inputs: usize,
        /// Output width.
        outputs: usize,
    },
    /// `y = g (V / |V|) x`, row by row: a linear layer under weight normalisation (Salimans & Kingma 2016).
    WeightNormLinear {
        /// Input width.
        inputs: usize,
        /// Output width.
        outputs: usize,
        /// How the file calls `g` and `V`.
        names: WeightNormNames,
    },
    /// Batch normalisation over rows.
    BatchNorm1d {
        /// Width.
        width: usize,
        /// True if there are weight and bias.
        affine: bool,
    },
    /// Layer normalisation.
    LayerNorm {
        /// Width.
        width: usize,
    },
    /// max(x, 0).
    Relu,
    /// Gaussian error linear unit.
    Gelu,
    /// Each row divided by its Euclidean length.
    L2Normalize,
}

/// What PyTorch's two ways of weight normalisation call their tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightNormNames {
    /// `weight_g`, `weight_v`.
    Hook,
    /// `parametrizations.weight.original0`, `parametrizations.weight.original1`.
    Parametrization,
}

impl WeightNormNames {
    /// The names of `g` and of `V` below their module.
    pub fn pair(self) -> [&'static str; 2] {
        match self {
            Self::Hook => ["weight_g", "weight_v"],
            Self::Parametrization => ["parametrizations.weight.original0", "parametrizations.weight.original1"],
        }
    }
}

impl HeadStep {
    /// Width of the output, given the width of the input.
    pub fn width(&self, before: usize) -> usize {
        match *self {
            Self::Linear { outputs, .. } | Self::Matrix { outputs, .. } | Self::WeightNormLinear { outputs, .. } => {
                outputs
            }
            _ => before,
        }
    }

    /// Widths of input and output, where the step has its own.
    pub fn widths(&self) -> Option<(usize, usize)> {
        match *self {
            Self::Linear { inputs, outputs, .. }
            | Self::Matrix { inputs, outputs }
            | Self::WeightNormLinear { inputs, outputs, .. } => Some((inputs, outputs)),
            Self::BatchNorm1d { width, .. } | Self::LayerNorm { width } => Some((width, width)),
            Self::Relu | Self::Gelu | Self::L2Normalize => None,
        }
    }

    /// True if it is a linear layer of either kind.
    pub fn is_linear(&self) -> bool {
        matches!(
            self,
            Self::Linear { .. } | Self::Matrix { .. } | Self::WeightNormLinear { .. }
        )
    }

    /// The tensors of the step: name below its module, shape.
    pub(in crate::checkpoint) fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let all = |names: &[&'static str], width: usize| names.iter().map(|n| (*n, vec![width])).collect::<Vec<_>>();
        match *self {
            Self::Linear { inputs, outputs, bias } => {
                let mut list = vec![("weight", vec![outputs, inputs])];
                list.extend(bias.then(|| ("bias", vec![outputs])));
                list
            }
            Self::Matrix { inputs, outputs } => vec![("", vec![inputs, outputs])],
            Self::WeightNormLinear { inputs, outputs, names } => {
                let [g, v] = names.pair();
                vec![(g, vec![outputs, 1]), (v, vec![outputs, inputs])]
            }
            Self::BatchNorm1d { width, affine: true } => all(&["weight", "bias", "running_mean", "running_var"], width),
            Self::BatchNorm1d { width, affine: false } => all(&["running_mean", "running_var"], width),
            Self::LayerNorm { width } => all(&["weight", "bias"], width),
            Self::Relu | Self::Gelu | Self::L2Normalize => Vec::new(),
        }
    }

    /// In one word and its widths: `Linear 512→128`, `BatchNorm1d 128`, `ReLU`.
    pub fn describe(&self) -> String {
        match *self {
            Self::Linear { inputs, outputs, bias } => {
                format!("Linear {inputs}→{outputs}{}", if bias { "" } else { " (no bias)" })
            }
            Self::Matrix { inputs, outputs } => format!("Linear {inputs}→{outputs} (no bias)"),
            Self::WeightNormLinear { inputs, outputs, .. } => format!("Linear {inputs}→{outputs} (weight-normalised)"),
            Self::BatchNorm1d { width, affine } => {
                format!("BatchNorm1d {width}{}", if affine { "" } else { " (no weights)" })
            }
            Self::LayerNorm { width } => format!("LayerNorm {width}"),
            Self::Relu => "ReLU".to_owned(),
            Self::Gelu => "GELU".to_owned(),
            Self::L2Normalize => "L2-normalise".to_owned(),
        }
    }
}
