//! How errors were found, as records name it.

use serde::{Deserialize, Serialize};

use super::jackknife::GROUPS;

/// How the error of a value was found: what its replicates are, and what its interval is around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Values without each of ten groups; t interval around the value.
    Jackknife,
    /// The same; t interval around the bias-corrected value.
    JackknifeCorrected,
    /// Replicates for the jackknife's formula from half-samples of ten groups; t interval around the value.
    HalfSamples,
    /// Values on resamples of ten groups within each class; normal interval around the value.
    Bootstrap,
    /// Values without each of ten groups, for pairing; Wilson's interval.
    Wilson,
    /// A mean over data sets: values without each of ten groups of each data set; the errors add in quadrature.
    JackknifeStrata,
    /// A model that is a set of runs: the value of each run; t interval of their mean.
    Runs,
}

impl Scheme {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jackknife => "jackknife",
            Self::JackknifeCorrected => "jackknife-corrected",
            Self::HalfSamples => "half-samples",
            Self::Bootstrap => "bootstrap",
            Self::Wilson => "wilson",
            Self::JackknifeStrata => "jackknife-strata",
            Self::Runs => "runs",
        }
    }

    /// How many replicates go with it, where that is fixed.
    pub fn replicates(self) -> Option<usize> {
        match self {
            Self::Jackknife | Self::JackknifeCorrected | Self::HalfSamples | Self::Wilson => Some(GROUPS),
            Self::Bootstrap | Self::JackknifeStrata | Self::Runs => None,
        }
    }
}
