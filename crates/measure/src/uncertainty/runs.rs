//! Several runs of one model: what the mean over them is uncertain by.

use super::estimate::Estimate;
use super::paired::{Paired, with_interval, without_spread};
use super::quantiles::{t_p_value, t_quantile};

/// Runs from which on the spread over them is the error of their mean: two have one degree of freedom, and a 95 % interval of
/// twelve times their standard error.
pub const ENOUGH_RUNS: usize = 3;

/// A spread below this share of the values is that of their rounding.
const ROUNDING: f64 = 1e-13;

/// The 95 % t interval of the mean of some runs, their unit being the run; `None` where all have the same value (a metric of few
/// steps can): that is no sign that further runs would.
pub fn runs_interval(values: &[f64]) -> Option<Estimate> {
    let (mean, variance) = moments(values);
    let std_error = (variance / values.len() as f64).sqrt();
    let scale = values.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    if std_error <= scale * ROUNDING {
        return None;
    }
    let half = t_quantile(values.len() as f64 - 1.0) * std_error;
    Some(Estimate {
        std_error,
        low: mean - half,
        high: mean + half,
        corrected: mean,
    })
}

/// Mean and sample variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, squares / (n - 1.0))
}

/// The difference of the means of two sets of runs, which share nothing: Welch's t test (B. L. Welch, Biometrika 34, 1947).
pub(super) fn welch(plain: Paired, a: &[f64], b: &[f64]) -> Paired {
    let part = |values: &[f64]| moments(values).1 / values.len() as f64;
    let (of_a, of_b) = (part(a), part(b));
    let std_error = (of_a + of_b).sqrt();
    let scale = a.iter().chain(b).fold(0.0f64, |m, x| m.max(x.abs()));
    if std_error <= scale * ROUNDING {
        return without_spread(plain, "run");
    }
    let squares = of_a.powi(2) / (a.len() as f64 - 1.0) + of_b.powi(2) / (b.len() as f64 - 1.0);
    let degrees = (of_a + of_b).powi(2) / squares;
    let (value, half) = (plain.value, t_quantile(degrees) * std_error);
    with_interval(plain, std_error, (value, half), || {
        Some(t_p_value(value / std_error, degrees))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::difference::{DifferenceSide, difference};
    use crate::uncertainty::scheme::Scheme;

    /// scipy.stats.t.interval(0.95, 3, 2.5, scipy.stats.sem([1, 2, 3, 4])).
    #[test]
    fn the_mean_of_runs_has_the_textbook_interval() {
        let e = runs_interval(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((e.std_error - 0.645_497_224_367_902_8).abs() < 1e-14);
        assert!((e.low - 0.445_739_743_239_121_1).abs() < 1e-6, "{}", e.low);
        assert!((e.low + e.high - 5.0).abs() < 1e-12);
    }

    /// A mixtureness of ten class means has few values; three runs met at 0.72, whose mean is 0.72 but for its rounding.
    #[test]
    fn runs_that_agree_to_the_last_digit_have_no_interval() {
        assert!(runs_interval(&[0.72, 0.72, 0.720_000_000_000_000_1]).is_none());
        assert!(runs_interval(&[0.0; 5]).is_none());
        assert!(runs_interval(&[0.72, 0.72, 0.720_000_001]).is_some());
    }

    /// scipy.stats.ttest_ind(a, b, equal_var=False) and its confidence_interval().
    #[test]
    fn sets_of_runs_are_compared_by_welchs_test() {
        let (a, b) = ([0.71, 0.73, 0.72, 0.76], [0.66, 0.65, 0.68]);
        let paired = difference(side(&a), side(&b)).unwrap();
        assert!((paired.value - 0.0666666666666667).abs() < 1e-14);
        assert!(
            (paired.p_value.unwrap() - 0.004966620866137737).abs() < 1e-7,
            "{:?}",
            paired.p_value
        );
        let (low, high) = paired.interval.unwrap();
        assert!((low - 0.030821615553141647).abs() < 1e-6, "{low}");
        assert!((high - 0.10251171778019144).abs() < 1e-6, "{high}");
    }

    fn side(values: &[f64]) -> DifferenceSide<'_> {
        DifferenceSide {
            value: Some(values.iter().sum::<f64>() / values.len() as f64),
            scheme: Some(Scheme::Runs),
            replicates: Some(values),
        }
    }

    #[test]
    fn a_set_of_runs_and_a_single_one_are_not_tested() {
        let runs = side(&[0.4, 0.5, 0.6]);
        let single = DifferenceSide {
            scheme: Some(Scheme::Wilson),
            ..runs
        };
        let paired = difference(runs, single).unwrap();
        assert_eq!((paired.value, paired.p_value), (0.0, None));
        assert!(paired.note.unwrap().contains("three runs"));
    }
}
