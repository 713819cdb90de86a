//! Numbers of the eigenvalues of a matrix of second moments.

use crate::error::{Error, Result};
use crate::stats::{ChannelCorrelation, Moments, Spectrum};

/// What RankMe adds to each share, so that its logarithm exists (Garrido et al. 2023).
const RANKME_EPSILON: f64 = 1e-7;

/// The constant of stable-pretraining's RankMe.
const STABLE_PRETRAINING_EPSILON: f64 = 1e-5;

/// eps² of the coding rate (Yu et al. 2020), and of EMP-SSL's (Tong et al. 2023).
const DISTORTION: f64 = 0.5;
const EMP_SSL_DISTORTION: f64 = 0.2;

/// The ranks the power law is fitted to: the first ten eigenvalues are few and large, the last ones noise.
const FIT: std::ops::RangeInclusive<usize> = 11..=100;
const LEAST_RANK: usize = 30;

pub(super) fn entropy(shares: impl Iterator<Item = f64>) -> f64 {
    -shares.filter(|p| *p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

/// Values over their sum.
fn shares(values: &[f64]) -> impl Iterator<Item = f64> {
    let total: f64 = values.iter().sum();
    values.iter().map(move |v| v / total)
}

fn singular_values(s: &Spectrum) -> Vec<f64> {
    s.values.iter().map(|v| v.sqrt()).collect()
}

/// exp H(sigma / ‖sigma‖_1 + 1e-7), sigma the min(N, d) singular values of the features as they are.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn rankme(s: &Spectrum) -> Result<f64> {
    Ok(rank_of(&singular_values(s), RANKME_EPSILON))
}

pub(super) fn rankme_stable_pretraining(s: &Spectrum) -> Result<f64> {
    Ok(rank_of(&singular_values(s), STABLE_PRETRAINING_EPSILON))
}

/// RankMe of eigenvalues in place of singular values.
pub(super) fn rankme_of_eigenvalues(s: &Spectrum) -> Result<f64> {
    Ok(rank_of(&s.values, RANKME_EPSILON))
}

/// exp of the entropy of shares that `epsilon` is added to.
fn rank_of(values: &[f64], epsilon: f64) -> f64 {
    entropy(shares(values).map(|p| p + epsilon)).exp()
}

/// exp -Σ p log(p + 1e-7): the constant only where it is needed.
pub(super) fn rankme_epsilon_in_log(s: &Spectrum) -> Result<f64> {
    let sum: f64 = shares(&singular_values(s)).map(|p| p * (p + RANKME_EPSILON).ln()).sum();
    Ok((-sum).exp())
}

/// exp H(sigma / ‖sigma‖_1), sigma the singular values of the centred features.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn effective_rank(s: &Spectrum) -> Result<f64> {
    Ok(entropy(shares(&singular_values(s))).exp())
}

/// exp H(lambda / Σ lambda).
///
/// # Errors
/// None beyond those of the spectrum.
pub fn matrix_entropy_rank(s: &Spectrum) -> Result<f64> {
    Ok(entropy(shares(&s.values)).exp())
}

/// (Σ lambda)² / Σ lambda².
///
/// # Errors
/// None beyond those of the spectrum.
pub fn participation_ratio(s: &Spectrum) -> Result<f64> {
    Ok(1.0 / shares(&s.values).map(|p| p * p).sum::<f64>())
}

/// The participation ratio of the correlation matrix, whose trace is d and whose squares sum over all entries.
pub(super) fn participation_ratio_of_correlations(c: &ChannelCorrelation) -> Result<f64> {
    let squares: f64 = c.matrix.outer_iter().map(|row| row.dot(&row)).sum();
    Ok((c.channels() as f64).powi(2) / squares)
}

/// What that gives for independent channels: E r² = 1/(N-1).
pub(super) fn participation_ratio_of_independence(c: &ChannelCorrelation) -> f64 {
    let d = c.channels() as f64;
    d / (1.0 + (d - 1.0) / (c.n as f64 - 1.0))
}

/// Σ lambda / lambda_1.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn stable_rank(s: &Spectrum) -> Result<f64> {
    Ok(s.total() / s.values[0])
}

/// How uneven eigenvalues must be for an interval, in units of what `n` rows of equal ones give: of equal eigenvalues a
/// resample sees only how they spread by chance, which the jackknife counts twice (it covered 99 %).
pub(super) const LEAST_UNEVEN: f64 = 3.0;

/// d Σ lambda² / (Σ lambda)² - 1 of `d` eigenvalues (those not listed are zero), over its expectation d/n for equal ones
/// (Ledoit & Wolf 2002, on John's test of sphericity).
pub(super) fn unevenness(values: &[f64], d: usize, n: u64) -> f64 {
    let squares: f64 = shares(values).map(|p| p * p).sum();
    (d as f64 * squares - 1.0) * n as f64 / d as f64
}

/// Why a metric of equal eigenvalues has no interval.
pub(crate) const EQUAL_EIGENVALUES: &str =
    "the eigenvalues it looks at are equal within sampling error, and how such ones spread no resample shows";

/// Whether all eigenvalues are equal within sampling error.
pub(crate) fn flat(s: &Spectrum) -> bool {
    unevenness(&s.values, s.d, s.n) < LEAST_UNEVEN
}

/// The same of the second moments of rows, whose squares sum to those of the eigenvalues.
pub(crate) fn flat_rows(rows: &Moments) -> bool {
    let (scatter, mean, n) = (rows.scatter(), rows.mean(), rows.n() as f64);
    let (d, level) = (mean.len() as f64, n * mean.dot(mean));
    let squares = scatter.iter().map(|s| s * s).sum::<f64>() + 2.0 * n * mean.dot(&scatter.dot(mean)) + level * level;
    let trace = scatter.diag().sum() + level;
    (d * squares / (trace * trace) - 1.0) * n / d < LEAST_UNEVEN
}

/// The same of those a power law is fitted to.
pub(crate) fn flat_where_fitted(s: &Spectrum) -> bool {
    let fitted = &s.values[(FIT.start() - 1).min(s.rank())..(*FIT.end()).min(s.rank())];
    fitted.is_empty() || unevenness(fitted, fitted.len(), s.n) < LEAST_UNEVEN
}

/// A power law fitted to a spectrum.
struct PowerLaw {
    slope: f64,
    r_squared: f64,
}

/// The least-squares line of log lambda_k on log k, k = 11 to min(100, rank), each k with its weight.
fn power_law(s: &Spectrum, weight: fn(f64) -> f64) -> Result<PowerLaw> {
    let rank = s.rank();
    if rank < LEAST_RANK {
        return Err(Error::undefined(format!(
            "a power law is fitted from rank {LEAST_RANK} on; the rank is {rank}"
        )));
    }
    let (mut weights, mut mean_x, mut mean_y) = (0.0, 0.0, 0.0);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for k in FIT.take_while(|k| *k <= rank) {
        let (w, x, y) = (weight(k as f64), (k as f64).ln(), s.values[k - 1].ln());
        // Weighted means and products, updated together (West 1979).
        weights += w;
        let (dx, dy) = (x - mean_x, y - mean_y);
        mean_x += dx * w / weights;
        mean_y += dy * w / weights;
        xx += w * dx * (x - mean_x);
        xy += w * dx * (y - mean_y);
        yy += w * dy * (y - mean_y);
    }
    // A flat spectrum is fitted exactly by a flat line.
    let r_squared = if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 };
    Ok(PowerLaw {
        slope: xy / xx,
        r_squared,
    })
}

fn by_rank(k: f64) -> f64 {
    1.0 / k
}

fn all_equal(_: f64) -> f64 {
    1.0
}

/// Minus the slope of log lambda_k on log k, by least squares weighted by 1/k, k = 11 to min(100, rank).
///
/// # Errors
/// Undefined under rank 30.
pub fn alpha_req(s: &Spectrum) -> Result<f64> {
    power_law(s, by_rank).map(|law| -law.slope)
}

/// The share of the variation of log lambda that the line of [`alpha_req`] explains, with the same weights.
///
/// # Errors
/// As [`alpha_req`].
pub fn alpha_req_r_squared(s: &Spectrum) -> Result<f64> {
    power_law(s, by_rank).map(|law| law.r_squared)
}

pub(super) fn alpha_req_unweighted(s: &Spectrum) -> Result<f64> {
    power_law(s, all_equal).map(|law| -law.slope)
}

pub(super) fn alpha_req_unweighted_r_squared(s: &Spectrum) -> Result<f64> {
    power_law(s, all_equal).map(|law| law.r_squared)
}

/// lambda_1 / lambda_r, r the numerical rank.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn condition_number(s: &Spectrum) -> Result<f64> {
    Ok(s.values[0] / s.values[s.rank() - 1])
}

/// The same of singular values, the roots of the eigenvalues.
pub(super) fn condition_of_singular_values(s: &Spectrum) -> Result<f64> {
    condition_number(s).map(f64::sqrt)
}

/// How many principal components hold 95 % of the variance.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn pca_dims_95(s: &Spectrum) -> Result<f64> {
    let mut left = 0.95 * s.total();
    let within = s.values.iter().take_while(|v| {
        left -= **v;
        left > 0.0
    });
    Ok(within.count() as f64 + 1.0)
}

/// ½ log2 det(I + d / (N eps²) ZᵀZ), Z the l2-normalised rows, whose moments are given, in bits.
///
/// # Errors
/// Undefined with fewer than two rows, and where all are zero.
pub fn coding_rate(unit: &Moments) -> Result<f64> {
    Ok(rate_of_rows(unit, DISTORTION)? / std::f64::consts::LN_2)
}

pub(super) fn coding_rate_in_nats(unit: &Moments) -> Result<f64> {
    rate_of_rows(unit, DISTORTION)
}

pub(super) fn coding_rate_of_emp_ssl(unit: &Moments) -> Result<f64> {
    rate_of_rows(unit, EMP_SSL_DISTORTION)
}

/// The coding rate in nats. A determinant needs no eigenvalues.
fn rate_of_rows(rows: &Moments, distortion: f64) -> Result<f64> {
    if rows.n() < 2 {
        return Err(Error::undefined("a coding rate needs at least two rows"));
    }
    let rate = rows.log_det_one_plus(rows.mean().len() as f64 / distortion)? / 2.0;
    if rate > 0.0 {
        Ok(rate)
    } else {
        Err(Error::undefined("every row is zero"))
    }
}

/// The rate of XᵀX as it is, N times the mean of squares: it may be large in some directions, so it is taken from eigenvalues.
pub(super) fn coding_rate_unnormalised(s: &Spectrum) -> Result<f64> {
    let scale = s.d as f64 / (DISTORTION * s.n as f64);
    let nats = s.values.iter().map(|v| (scale * v).ln_1p()).sum::<f64>() / 2.0;
    Ok(nats / std::f64::consts::LN_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum_of(values: &[f64]) -> Spectrum {
        Spectrum {
            values: values.to_vec(),
            n: 100,
            d: values.len(),
        }
    }

    #[test]
    fn equal_directions_count_in_full_and_a_single_one_as_one() {
        let flat = spectrum_of(&[2.0; 7]);
        let single = spectrum_of(&[3.0, 0.0, 0.0]);
        for rank in [effective_rank, matrix_entropy_rank, participation_ratio, stable_rank] {
            assert!((rank(&flat).unwrap() - 7.0).abs() < 1e-12);
            assert!((rank(&single).unwrap() - 1.0).abs() < 1e-12);
        }
        // The constant inside moves it by about d (d - 1) 1e-7 ln d.
        assert!((rankme(&flat).unwrap() - 7.0).abs() < 1e-5);
        assert_eq!(condition_number(&spectrum_of(&[8.0, 2.0, 0.0])).unwrap(), 4.0);
    }

    #[test]
    fn the_participation_ratio_of_correlations_counts_independent_channels() {
        let ranks = |matrix, n| participation_ratio_of_correlations(&ChannelCorrelation { matrix, n }).unwrap();
        assert_eq!(ranks(ndarray::Array2::eye(5), 9), 5.0);
        assert_eq!(ranks(ndarray::Array2::ones((5, 5)), 9), 1.0);
    }

    #[test]
    fn every_rankme_counts_equal_directions_up_to_its_constant() {
        let flat = spectrum_of(&[2.0; 7]);
        for rank in [rankme_of_eigenvalues, rankme_epsilon_in_log] {
            assert!((rank(&flat).unwrap() - 7.0).abs() < 1e-5);
        }
        assert!((rankme_stable_pretraining(&flat).unwrap() - 7.0).abs() < 1e-3);
        assert_ne!(rankme_stable_pretraining(&flat).unwrap(), rankme(&flat).unwrap());
    }

    #[test]
    fn a_power_law_gives_its_exponent() {
        for exponent in [0.5, 1.0, 1.7] {
            let values: Vec<f64> = (1..=200).map(|k| f64::from(k).powf(-exponent)).collect();
            for fit in [alpha_req, alpha_req_unweighted] {
                assert!((fit(&spectrum_of(&values)).unwrap() - exponent).abs() < 1e-12);
            }
            assert!((alpha_req_r_squared(&spectrum_of(&values)).unwrap() - 1.0).abs() < 1e-12);
        }
        assert!(alpha_req(&spectrum_of(&[1.0; 29])).is_err());
    }

    #[test]
    fn equal_eigenvalues_are_told_from_falling_ones() {
        assert!(flat(&spectrum_of(&[2.0; 7])));
        // 1 + x and 1 - x: d Σ lambda² / (Σ lambda)² - 1 = x², over 2/100.
        let apart = |x: f64| spectrum_of(&[1.0 + x, 1.0 - x]);
        assert!(flat(&apart(0.24)) && !flat(&apart(0.25)));
        let rows = |first: f64| {
            let mut moments = Moments::new(2);
            (0..50).for_each(|_| moments.update(ndarray::array![[first, 1.0], [first, -1.0]].view()));
            moments
        };
        // Second moments first² and 1.
        assert!(flat_rows(&rows(1.2)) && !flat_rows(&rows(1.4)));
        let falling: Vec<f64> = (1..=40).map(|k| 1.0 / f64::from(k)).collect();
        let step: Vec<f64> = (1..=40).map(|k| if k < 11 { 9.0 } else { 1.0 }).collect();
        assert!(!flat(&spectrum_of(&falling)) && !flat(&spectrum_of(&step)));
        assert!(flat_where_fitted(&spectrum_of(&step)) && flat_where_fitted(&spectrum_of(&[1.0; 5])));
        let steep: Vec<f64> = (1..=40).map(|k| f64::from(k).powi(-4)).collect();
        assert!(!flat_where_fitted(&spectrum_of(&steep)));
    }

    #[test]
    fn components_are_counted_up_to_95_percent() {
        assert_eq!(pca_dims_95(&spectrum_of(&[95.0, 5.0])).unwrap(), 1.0);
        assert_eq!(pca_dims_95(&spectrum_of(&[94.0, 5.0, 1.0])).unwrap(), 2.0);
        assert_eq!(pca_dims_95(&spectrum_of(&[1.0])).unwrap(), 1.0);
    }

    #[test]
    fn the_coding_rate_of_orthogonal_rows() {
        // Z'Z / N = I / d: d/2 log2(1 + 2).
        let mut unit = Moments::new(4);
        unit.update(ndarray::Array2::eye(4).view());
        assert!((coding_rate(&unit).unwrap() - 2.0 * 3f64.log2()).abs() < 1e-12);
        assert!((coding_rate_in_nats(&unit).unwrap() - 2.0 * 3f64.ln()).abs() < 1e-12);
        assert!((coding_rate_of_emp_ssl(&unit).unwrap() - 2.0 * 6f64.ln()).abs() < 1e-12);
        // N = 100 rows in `of`: X'X / N = I / d.
        assert!((coding_rate_unnormalised(&spectrum_of(&[25.0; 4])).unwrap() - 2.0 * 3f64.log2()).abs() < 1e-12);
        let mut zero = Moments::new(4);
        zero.update(ndarray::Array2::zeros((3, 4)).view());
        assert!(coding_rate(&zero).is_err() && coding_rate(&Moments::new(4)).is_err());
    }
}
