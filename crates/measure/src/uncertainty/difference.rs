//! The difference of two models on the same images, from the replicates their records keep.

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::bootstrap::bootstrap_interval;
use super::jackknife::{GROUPS, mean_and_error};
use super::paired::{Paired, beyond_range, with_interval, without_spread};
use super::quantiles::{NORMAL_QUANTILE, t_p_value, t_quantile};
use super::runs::welch;
use super::scheme::Scheme;
use super::strata::strata;

/// What is known of one side of a difference.
#[derive(Clone, Copy, Debug)]
pub struct DifferenceSide<'a> {
    /// The value.
    pub value: Option<f64>,
    /// How its error was found; `None` where there is none.
    pub scheme: Option<Scheme>,
    /// The value on each resample.
    pub replicates: Option<&'a [f64]>,
}

/// The paired difference `a - b` of two records of one metric on the same rows (the caller has checked that).
///
/// Delete-a-group jackknife, G groups, d_(-g) the difference without group g and d̄ their mean: `se² = (G-1)/G sum
/// (d_(-g) - d̄)²`, interval `centre ± t_{G-1} se`, the centre being `G d - (G-1) d̄` where both records are
/// bias-corrected and `d` otherwise; p from t with G - 1 degrees of freedom.
///
/// Bootstrap, B resamples drawn alike in both: se the standard deviation of d_b, interval `d ± 1.96 se`; p normal.
///
/// Means over data sets: the jackknife's variance of each data set, added, with Satterthwaite's degrees of freedom. Sets of
/// runs: Welch's t test, the run being the unit.
///
/// `None` when either value is missing, or their difference is beyond the range of 64-bit numbers. A side without an error says
/// itself why.
pub fn difference(a: DifferenceSide, b: DifferenceSide) -> Option<Paired> {
    let plain = Paired {
        value: Some(a.value? - b.value?).filter(|d| d.is_finite())?,
        ..Paired::default()
    };
    let untested = |note: &str| {
        Some(Paired {
            note: Some(note.to_owned()),
            ..plain.clone()
        })
    };
    let (Some(of_a), Some(of_b)) = (a.scheme, b.scheme) else {
        return Some(plain);
    };
    let (Some(with_a), Some(with_b)) = (a.replicates, b.replicates) else {
        return untested("no interval: the metric keeps no replicates");
    };
    match [of_a, of_b].map(|scheme| scheme == Scheme::Runs) {
        [true, true] if with_a.len().min(with_b.len()) > 1 => return Some(welch(plain, with_a, with_b)),
        [false, false] => {}
        _ => return untested("no interval: both models must have at least three runs, or both fewer"),
    }
    let resampled = |scheme| match scheme {
        Scheme::Bootstrap => 0,
        Scheme::JackknifeStrata => 1,
        _ => 2,
    };
    if with_a.len() != with_b.len() || resampled(of_a) != resampled(of_b) {
        return untested("no interval: the two models were resampled differently");
    }
    if with_a.len() < 2 {
        return untested("no interval: fewer than two replicates");
    }
    let replicates: Vec<f64> = with_a.iter().zip(with_b).map(|(x, y)| x - y).collect();
    Some(match of_a {
        Scheme::Bootstrap => by_bootstrap(plain, &replicates),
        Scheme::JackknifeStrata if replicates.len().is_multiple_of(GROUPS) => strata(plain, &replicates),
        Scheme::JackknifeStrata => return untested("no interval: the two models were resampled differently"),
        _ => {
            let corrected = [of_a, of_b] == [Scheme::JackknifeCorrected; 2];
            by_jackknife(plain, &replicates, corrected)
        }
    })
}

fn by_jackknife(plain: Paired, replicates: &[f64], corrected: bool) -> Paired {
    let groups = replicates.len() as f64;
    let (mean, std_error) = mean_and_error(replicates);
    let centre = if corrected {
        groups * plain.value - (groups - 1.0) * mean
    } else {
        plain.value
    };
    if !(std_error.is_finite() && centre.is_finite()) {
        return beyond_range(plain);
    }
    // Rounding alone leaves about 1e-16 of the values' size; a spread of that size is no spread.
    let scale = replicates.iter().fold(plain.value.abs(), |m, d| m.max(d.abs()));
    if std_error <= scale * 1e-13 {
        return without_spread(plain, "resample");
    }
    let half = t_quantile(groups - 1.0) * std_error;
    with_interval(plain, std_error, (centre, half), || {
        Some(t_p_value(centre / std_error, groups - 1.0))
    })
}

fn by_bootstrap(plain: Paired, replicates: &[f64]) -> Paired {
    let std_error = bootstrap_interval(plain.value, replicates).std_error;
    if std_error == 0.0 {
        return without_spread(plain, "resample");
    }
    let (value, half) = (plain.value, NORMAL_QUANTILE * std_error);
    with_interval(plain, std_error, (value, half), || {
        Some(2.0 * Normal::standard().sf((value / std_error).abs()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(value: f64, replicates: &[f64], scheme: Scheme) -> DifferenceSide<'_> {
        DifferenceSide {
            value: Some(value),
            scheme: Some(scheme),
            replicates: Some(replicates),
        }
    }

    /// Leave-one-out means of x = (1, 2, 3, 6), mean 3: (11/3, 10/3, 3, 2). The jackknife error of a mean is
    /// s/sqrt(n) = sqrt(14/3)/2, exactly; it has no bias, so the corrected centre is 3 again. t_3(0.975) = 3.18244630528371.
    #[test]
    fn the_jackknife_of_a_mean_is_the_textbook_error() {
        let zero = side(0.0, &[0.0; 4], Scheme::JackknifeCorrected);
        let mean = side(3.0, &[11.0 / 3.0, 10.0 / 3.0, 3.0, 2.0], Scheme::JackknifeCorrected);
        let paired = difference(mean, zero).unwrap();
        let error = (14.0f64 / 3.0).sqrt() / 2.0;
        assert!((paired.std_error.unwrap() - error).abs() < 1e-14);
        let (low, high) = paired.interval.unwrap();
        // 1e-7: statrs inverts the t distribution numerically.
        assert!((low - (3.0 - 3.182_446_305_283_71 * error)).abs() < 1e-7, "{low}");
        assert!((high - (3.0 + 3.182_446_305_283_71 * error)).abs() < 1e-7, "{high}");
        // scipy.stats.t.sf(3/sqrt(14/12), 3)*2
        assert!((paired.p_value.unwrap() - two_sided_t3(3.0 / error)).abs() < 1e-9);
    }

    /// The t distribution with 3 degrees of freedom has a closed form.
    fn two_sided_t3(t: f64) -> f64 {
        let x = t / 3.0f64.sqrt();
        let cdf = 0.5 + (x / (1.0 + x * x) + x.atan()) / std::f64::consts::PI;
        2.0 * (1.0 - cdf)
    }

    /// The plug-in variance of (0, 2) is 1, of one point 0: G d - (G-1) d̄ = 2 is the unbiased variance.
    #[test]
    fn only_two_bias_corrected_records_are_centred_on_the_corrected_difference() {
        let corrected = Scheme::JackknifeCorrected;
        let plug_in = Scheme::Jackknife;
        let a = side(1.0, &[0.1, -0.1], corrected);
        let b = side(0.0, &[0.0, 0.0], corrected);
        let (low, high) = difference(a, b).unwrap().interval.unwrap();
        assert!(((low + high) / 2.0 - 2.0).abs() < 1e-12);
        let b = side(0.0, &[0.0, 0.0], plug_in);
        let (low, high) = difference(a, b).unwrap().interval.unwrap();
        assert!(((low + high) / 2.0 - 1.0).abs() < 1e-12);
    }

    /// What both models share cancels: two noisy models that differ by a constant plus little have a small error.
    #[test]
    fn shared_noise_cancels() {
        let scheme = Scheme::Jackknife;
        let noise = [5.0, -3.0, 1.0, 4.0, -7.0];
        let a: Vec<f64> = noise
            .iter()
            .enumerate()
            .map(|(i, x)| 10.0 + x + 0.01 * i as f64)
            .collect();
        let paired = difference(side(10.0, &a, scheme), side(0.0, &noise, scheme)).unwrap();
        // sum of squares of (0..5 - 2)*0.01 is 10e-4; times 4/5, root.
        assert!((paired.std_error.unwrap() - 8e-4f64.sqrt()).abs() < 1e-12);
        assert!(paired.p_value.unwrap() < 1e-6);
    }

    /// d_b = 1..=39: their standard deviation is sqrt(39 * 40 / 12) = sqrt(130). scipy.stats.norm.sf(20/sqrt(130))*2.
    #[test]
    fn bootstrap_differences_have_a_normal_interval() {
        let b = side(0.0, &[0.0; 39], Scheme::Bootstrap);
        let values: Vec<f64> = (1..=39).map(f64::from).collect();
        let paired = difference(side(20.0, &values, Scheme::Bootstrap), b).unwrap();
        let (low, high) = paired.interval.unwrap();
        assert!((high - 20.0 - 1.959_963_984_540_054 * 130f64.sqrt()).abs() < 1e-12);
        assert!((low + high - 40.0).abs() < 1e-12);
        assert!((paired.p_value.unwrap() - 0.079_410_625_998_942_16).abs() < 1e-9);
        let straddling: Vec<f64> = (-19..=19).map(f64::from).collect();
        let paired = difference(side(0.0, &straddling, Scheme::Bootstrap), b).unwrap();
        assert_eq!(paired.p_value, Some(1.0));
    }

    #[test]
    fn identical_models_do_not_separate_and_a_spreadless_difference_claims_nothing() {
        let scheme = Scheme::Jackknife;
        let a = side(2.0, &[1.9, 2.1], scheme);
        assert_eq!(difference(a, a).unwrap().p_value, Some(1.0));
        let b = side(1.0, &[0.9, 1.1], scheme);
        let paired = difference(a, b).unwrap();
        assert_eq!((paired.value, paired.p_value, paired.interval), (1.0, None, None));
        assert!(paired.note.unwrap().contains("every resample"));
    }

    #[test]
    fn an_interval_with_an_end_beyond_the_range_is_none() {
        for error in [Scheme::Jackknife, Scheme::Bootstrap] {
            let a = side(1e308, &[0.5e308, 1.5e308, 0.5e308, 1.5e308], error);
            let zero = side(0.0, &[0.0; 4], error);
            let paired = difference(a, zero).unwrap();
            assert_eq!((paired.interval, paired.std_error), (None, None), "{error:?}");
            assert!(paired.note.unwrap().contains("beyond the range"), "{error:?}");
        }
    }

    #[test]
    fn records_without_like_replicates_have_a_difference_and_no_interval() {
        let a = side(2.0, &[1.9, 2.1], Scheme::Jackknife);
        let mut b = side(1.5, &[1.4, 1.5, 1.6], Scheme::Jackknife);
        let paired = difference(a, b).unwrap();
        assert_eq!((paired.value, paired.interval), (0.5, None));
        b.replicates = None;
        assert!(difference(a, b).unwrap().note.unwrap().contains("no replicates"));
        b.value = None;
        assert!(difference(a, b).is_none());
    }
}
