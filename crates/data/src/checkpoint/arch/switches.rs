//! What no tensor of a transformer shows: the activation of its MLPs and the epsilon of its normalisations.

use serde::{Deserialize, Serialize};

/// What a transformer's MLPs have between their layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// x Φ(x).
    #[default]
    Gelu,
    /// x sigmoid(1.702 x), as OpenAI's CLIP has it.
    QuickGelu,
    /// GELU by its tanh formula, as SigLIP has it.
    TanhGelu,
    /// x sigmoid(x).
    Silu,
}

impl Activation {
    /// As audits name it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Gelu => "GELU",
            Self::QuickGelu => "quick GELU",
            Self::TanhGelu => "GELU's tanh form",
            Self::Silu => "SiLU",
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a normalisation adds to the variance: positive and finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Epsilon(f64);

impl Eq for Epsilon {}

impl Epsilon {
    /// `None` for what is not positive and finite, and for more than any network has.
    pub fn new(value: f64) -> Option<Self> {
        (value > 0.0 && value <= 0.1).then_some(Self(value))
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }

    /// A constant of a table.
    pub(in crate::checkpoint) const fn known(value: f64) -> Self {
        Self(value)
    }

    pub(in crate::checkpoint) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Epsilon {
    /// The epsilon of timm, DINO, DINOv2, MAE, MoCo v3 and torchvision.
    fn default() -> Self {
        Self(1e-6)
    }
}

impl TryFrom<f64> for Epsilon {
    type Error = String;

    fn try_from(value: f64) -> Result<Self, String> {
        Self::new(value).ok_or_else(|| format!("an epsilon of {value}; expected a positive number of at most 0.1"))
    }
}

impl From<Epsilon> for f64 {
    fn from(epsilon: Epsilon) -> Self {
        epsilon.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epsilons_are_positive() {
        for good in [1e-12, 1e-5, 0.1] {
            assert_eq!(Epsilon::new(good).map(Epsilon::value), Some(good));
        }
        for bad in [0.0, -1e-6, f64::NAN, f64::INFINITY, 1.0] {
            assert_eq!(Epsilon::new(bad), None);
            assert!(Epsilon::try_from(bad).is_err());
        }
    }
}
