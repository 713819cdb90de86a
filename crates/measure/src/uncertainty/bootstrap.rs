//! The bootstrap of groups of rows.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::estimate::Estimate;
use super::quantiles::NORMAL_QUANTILE;

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

/// Weights of one bootstrap resample of `members` groups: how often each is drawn when one fewer than there are is drawn
/// with replacement (drawing all of them would understate the variance by (m-1)/m; McCarthy & Snowden 1985).
pub fn bootstrap_draws(rng: &mut ChaCha8Rng, members: usize) -> Vec<u32> {
    let mut drawn = vec![0; members];
    for _ in 1..members {
        drawn[rng.random_range(0..members)] += 1;
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

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
    fn one_fewer_group_is_drawn_than_there_are() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for members in 1..20 {
            assert_eq!(
                bootstrap_draws(&mut rng, members).iter().sum::<u32>() as usize,
                members - 1
            );
        }
    }
}
