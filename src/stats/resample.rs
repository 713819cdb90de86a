//! Standard errors and intervals from resamples of groups of rows.

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

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

/// Delete-a-group jackknife (Kott 2001; Efron & Stein 1981): `replicates[g]` is the value without group g.
///
/// se² = (G-1)/G Σ (θ_g - mean θ_g)²; the corrected value is G θ - (G-1) mean θ_g; the interval is t with G-1 degrees of
/// freedom around the corrected value, or around the value itself where `centre_corrected` is false.
pub fn jackknife(value: f64, replicates: &[f64], centre_corrected: bool) -> Estimate {
    let groups = replicates.len() as f64;
    let mean = replicates.iter().sum::<f64>() / groups;
    let squares: f64 = replicates.iter().map(|r| (r - mean).powi(2)).sum();
    let std_error = ((groups - 1.0) / groups * squares).sqrt();
    let corrected = value - (groups - 1.0) * (mean - value);
    let centre = if centre_corrected { corrected } else { value };
    let half = t_quantile(groups - 1.0) * std_error;
    Estimate {
        std_error,
        low: centre - half,
        high: centre + half,
        corrected,
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

/// Standard error of bootstrap values, and the normal interval around the value itself.
///
/// Step functions of noisy means are why: resamples add noise to noise, which moves their mean away from the value, so that
/// their percentiles cover up to 100 %; their spread is right, since a step's chance to be taken grows with the noise alike.
pub fn bootstrap_interval(value: f64, replicates: &[f64]) -> Estimate {
    let n = replicates.len() as f64;
    let mean = replicates.iter().sum::<f64>() / n;
    let std_error = (replicates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let half = NORMAL_QUANTILE * std_error;
    Estimate {
        std_error,
        low: value - half,
        high: value + half,
        corrected: 2.0 * value - mean,
    }
}

/// Wilson's 95 % interval (1927) of the share `value` of so many `rows`, each right or not by itself, with the share's standard
/// error.
pub fn wilson_interval(value: f64, rows: u64) -> Estimate {
    let (n, z) = (rows as f64, NORMAL_QUANTILE);
    let centre = (value + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (value * (1.0 - value) / n + z * z / (4.0 * n * n)).sqrt();
    Estimate {
        std_error: (value * (1.0 - value) / n).sqrt(),
        low: centre - half,
        high: centre + half,
        corrected: value,
    }
}

/// Weights of one bootstrap resample of `members` groups: how often each is drawn when one fewer than there are is drawn
/// with replacement (drawing all of them would understate the variance by (m-1)/m; McCarthy & Snowden 1985).
pub fn bootstrap_draws(rng: &mut ChaCha8Rng, members: usize) -> Vec<u32> {
    let mut drawn = vec![0; members];
    for _ in 1..members {
        drawn[rng.random_range(0..members)] += 1;
    }
    drawn
}

/// A generator for one named purpose under the user's seed, so that no draw depends on which others were made.
pub fn generator(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jackknife_of_a_mean_is_its_textbook_error() {
        let x = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        let mean = x.iter().sum::<f64>() / 6.0;
        let replicates: Vec<f64> = x.iter().map(|xi| (6.0 * mean - xi) / 5.0).collect();
        let s2 = x.iter().map(|xi| (xi - mean).powi(2)).sum::<f64>() / 5.0;
        let e = jackknife(mean, &replicates, true);
        assert!((e.std_error - (s2 / 6.0).sqrt()).abs() < 1e-14);
        assert!((e.corrected - mean).abs() < 1e-13, "a mean has no bias");
        // t with 5 degrees of freedom at 97.5 %: 2.570582 (tables).
        assert!(((e.high - e.low) / 2.0 / e.std_error - 2.570_582).abs() < 1e-5);
    }

    #[test]
    fn the_jackknife_removes_the_bias_of_the_plug_in_variance() {
        let x = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        let plug_in = |v: &[f64]| {
            let m = v.iter().sum::<f64>() / v.len() as f64;
            v.iter().map(|a| (a - m).powi(2)).sum::<f64>() / v.len() as f64
        };
        let replicates: Vec<f64> = (0..6)
            .map(|i| {
                plug_in(
                    &x.iter()
                        .enumerate()
                        .filter(|(j, _)| *j != i)
                        .map(|(_, v)| *v)
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        let e = jackknife(plug_in(&x), &replicates, true);
        assert!((e.corrected - plug_in(&x) * 6.0 / 5.0).abs() < 1e-12);
    }

    #[test]
    fn bootstrap_values_give_their_standard_deviation() {
        // numpy.std([1, 2, 3, 4, 5], ddof=1) = sqrt(2.5).
        let e = bootstrap_interval(2.0, &[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert!((e.std_error - 2.5f64.sqrt()).abs() < 1e-15);
        assert!((e.low - (2.0 - 1.959_963_984_540_054 * 2.5f64.sqrt())).abs() < 1e-12);
        assert!((e.high + e.low - 4.0).abs() < 1e-14);
        assert_eq!(e.corrected, 1.0);
    }

    #[test]
    fn wilsons_interval_is_scipys() {
        // scipy.stats.binomtest(45, 50).proportion_ci(method="wilson"), and of 50 of 50.
        let e = wilson_interval(0.9, 50);
        assert!((e.low - 0.7863976856252034).abs() < 1e-12 && (e.high - 0.9565242350681095).abs() < 1e-12);
        let e = wilson_interval(1.0, 50);
        assert!((e.low - 0.9286524008666412).abs() < 1e-12 && (e.high - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_fewer_group_is_drawn_than_there_are() {
        let mut rng = generator(0, 1);
        for members in 1..20 {
            assert_eq!(
                bootstrap_draws(&mut rng, members).iter().sum::<u32>() as usize,
                members - 1
            );
        }
    }
}
