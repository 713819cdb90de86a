//! What the name of a network does not say.

use serde::{Deserialize, Serialize};

use crate::checkpoint::arch::switches::{Activation, Epsilon};

/// How a network differs from what its name says, in what code bases do otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What its blocks have in place of GELU.
    #[serde(default)]
    pub activation: Activation,
    /// What every normalisation adds to the variance, where it is not the family's own.
    #[serde(default)]
    pub epsilon: Option<Epsilon>,
    /// What the last normalisation adds, where it is not what the others do.
    #[serde(default)]
    pub last_epsilon: Option<Epsilon>,
    /// True if the linear layers of blocks are kept as convolutions of one position.
    #[serde(default)]
    pub pointwise: bool,
    /// True if block outputs are not scaled channel by channel.
    #[serde(default)]
    pub unscaled: bool,
    /// True if timm builds it: by its names for tensors, and with what it does otherwise.
    #[serde(default)]
    pub timm: bool,
    /// Width of a hidden layer before the classifier, which networks made for CLIP have.
    #[serde(default)]
    pub hidden: Option<usize>,
}

impl Details {
    /// True if nothing differs.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
