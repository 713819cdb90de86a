//! Where every error bar has its address: resamples of groups of rows, intervals, tests, and what is left of them when two
//! models are compared on the same rows.
//!
//! Pure: numbers in, numbers out. A metric's row names its [`ErrorBar`]; a record names the [`Scheme`] its replicates come
//! from, so that two records can be paired.

mod bootstrap;
mod difference;
mod error_bar;
mod estimate;
mod friedman;
mod half_samples;
mod holm;
mod jackknife;
mod mcnemar;
mod paired;
mod permutation;
mod quantiles;
mod runs;
mod scheme;
mod strata;
mod wilson;

pub use bootstrap::{bootstrap_draws, bootstrap_interval};
pub use difference::{DifferenceSide, difference};
pub use error_bar::{ErrorBar, mostly_bias};
pub use estimate::Estimate;
pub use friedman::{Friedman, mean_ranks};
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
pub use paired::Paired;
pub use permutation::{PERMUTATIONS, next_combination, p_value};
pub use quantiles::{NORMAL_QUANTILE, normal_quantile, t_p_value, t_quantile};
pub use runs::{ENOUGH_RUNS, runs_interval};
pub use scheme::Scheme;
pub use strata::{Stratum, mean_of_parts, strata_replicates};
pub use wilson::wilson_interval;
