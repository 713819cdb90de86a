//! Where every error bar has its address: resamples of groups of rows, intervals, tests, and what is left of them when two
//! models are compared on the same rows.
//!
//! Pure: numbers in, numbers out. A metric's row names its [`ErrorBar`]; a record names the [`Scheme`] its replicates come
//! from, so that two records can be paired.

mod bootstrap;
mod error_bar;
mod friedman;
mod half_samples;
mod holm;
mod jackknife;
mod mcnemar;
mod paired;
mod permutation;
mod runs;
mod strata;
mod wilson;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

pub use bootstrap::{bootstrap_draws, bootstrap_interval};
pub use error_bar::{ErrorBar, mostly_bias};
pub use friedman::{ENOUGH_DATASETS, Friedman, mean_ranks};
pub use half_samples::{
    Groups, RESAMPLES, SPLITS, all_and_halves, half_samples, replicates_from_halves, replicates_of_halves,
    with_spare_for_halves,
};
pub use holm::holm;
pub use jackknife::{
    GROUPS, ROWS_FOR_GROUPS, enough_rows, groups_after, groups_within_classes, jackknife, leave_one_out,
    leave_one_out_in_turn, whole_groups,
};
pub use mcnemar::{Discordant, mcnemar};
pub use paired::{Measured, Paired, difference};
pub use permutation::{PERMUTATIONS, next_combination, p_value};
pub use runs::{ENOUGH_RUNS, runs_interval};
pub use strata::{Stratum, mean_of_parts, strata_replicates};
pub use wilson::wilson_interval;

/// A value's uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Standard error.
    pub std_error: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// The value with the resampling estimate of its bias taken off.
    pub corrected: f64,
}

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
    /// Of a mean over data sets: values without each of ten groups of each data set; the errors add in quadrature.
    JackknifeStrata,
    /// Of a model that is a set of runs: the value of each run; t interval of their mean.
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

/// The 97.5 % quantile of the normal distribution.
pub const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantile of Student's t.
pub fn t_quantile(degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees)
        .expect("degrees of freedom are positive")
        .inverse_cdf(0.975)
}

/// The two-sided p-value of a t statistic.
pub fn t_p_value(statistic: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(1.0, |t| (2.0 * t.sf(statistic.abs())).min(1.0))
}

/// The 97.5 % quantile of Student's t, of the normal distribution where there are no degrees of freedom to name.
fn quantile(degrees: Option<f64>) -> f64 {
    degrees.map_or(NORMAL_QUANTILE, t_quantile)
}

/// The number below which a standard normal one lies with this chance.
pub fn normal_quantile(chance: f64) -> f64 {
    Normal::standard().inverse_cdf(chance)
}
