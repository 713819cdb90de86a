//! Quantiles of the normal distribution and of Student's t.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

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
pub(super) fn quantile(degrees: Option<f64>) -> f64 {
    degrees.map_or(NORMAL_QUANTILE, t_quantile)
}

/// The number below which a standard normal one lies with this chance.
pub fn normal_quantile(chance: f64) -> f64 {
    Normal::standard().inverse_cdf(chance)
}
