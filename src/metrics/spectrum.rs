//! The spectrum: over how many directions do features spread?

use super::{Better, ErrorBar, Eval, Family, Law, Metric};
use crate::error::{Error, Result};
use crate::stats::{Of, Spectrum};

/// What RankMe adds to each share, so that its logarithm exists (Garrido et al. 2023).
const RANKME_EPSILON: f64 = 1e-7;

/// eps² of the coding rate (Yu et al. 2020).
const DISTORTION: f64 = 0.5;

/// The ranks the power law is fitted to: the first ten eigenvalues are few and large, the last ones noise.
const FIT: std::ops::RangeInclusive<usize> = 11..=100;
const LEAST_RANK: usize = 30;

fn entropy(shares: impl Iterator<Item = f64>) -> f64 {
    -shares.filter(|p| *p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

fn singular_values(s: &Spectrum) -> (Vec<f64>, f64) {
    let values: Vec<f64> = s.values.iter().map(|v| v.sqrt()).collect();
    let total = values.iter().sum();
    (values, total)
}

/// exp H(sigma / ‖sigma‖_1 + 1e-7), sigma the min(N, d) singular values of the features as they are.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn rankme(s: &Spectrum) -> Result<f64> {
    let (values, total) = singular_values(s);
    Ok(entropy(values.iter().map(|v| v / total + RANKME_EPSILON)).exp())
}

/// exp H(sigma / ‖sigma‖_1), sigma the singular values of the centred features.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn effective_rank(s: &Spectrum) -> Result<f64> {
    let (values, total) = singular_values(s);
    Ok(entropy(values.iter().map(|v| v / total)).exp())
}

/// exp H(lambda / Σ lambda).
///
/// # Errors
/// None beyond those of the spectrum.
pub fn matrix_entropy_rank(s: &Spectrum) -> Result<f64> {
    let total = s.total();
    Ok(entropy(s.values.iter().map(|v| v / total)).exp())
}

/// (Σ lambda)² / Σ lambda².
///
/// # Errors
/// None beyond those of the spectrum.
pub fn participation_ratio(s: &Spectrum) -> Result<f64> {
    let total = s.total();
    Ok(1.0 / s.values.iter().map(|v| (v / total).powi(2)).sum::<f64>())
}

/// Σ lambda / lambda_1.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn stable_rank(s: &Spectrum) -> Result<f64> {
    Ok(s.total() / s.values[0])
}

/// Minus the slope of log lambda_k on log k, by least squares weighted by 1/k, k = 11 to min(100, rank).
///
/// # Errors
/// Undefined under rank 30.
pub fn alpha_req(s: &Spectrum) -> Result<f64> {
    let rank = s.rank();
    if rank < LEAST_RANK {
        return Err(Error::undefined(format!(
            "a power law is fitted from rank {LEAST_RANK} on; the rank is {rank}"
        )));
    }
    let points = FIT.take_while(|k| *k <= rank).map(|k| {
        let x = k as f64;
        (1.0 / x, x.ln(), s.values[k - 1].ln())
    });
    let (mut weights, mut mean_x, mut mean_y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (w, x, y) in points {
        // Weighted means and products, updated together (West 1979).
        weights += w;
        let (dx, dy) = (x - mean_x, y - mean_y);
        mean_x += dx * w / weights;
        mean_y += dy * w / weights;
        xx += w * dx * (x - mean_x);
        xy += w * dx * (y - mean_y);
    }
    Ok(-xy / xx)
}

/// lambda_1 / lambda_r, r the numerical rank.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn condition_number(s: &Spectrum) -> Result<f64> {
    Ok(s.values[0] / s.values[s.rank() - 1])
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

/// ½ log2 det(I + d / (N eps²) ZᵀZ), Z the l2-normalised rows, in bits.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn coding_rate(s: &Spectrum) -> Result<f64> {
    let scale = s.d as f64 / DISTORTION;
    Ok(s.values.iter().map(|v| (scale * v).ln_1p()).sum::<f64>() / (2.0 * std::f64::consts::LN_2))
}

const fn spectrum(of: Of, value: fn(&Spectrum) -> Result<f64>) -> Eval {
    Eval::Spectrum { of, value }
}

const CENTRED: &[Law] = &[Law::Rotation, Law::Translation, Law::Scale, Law::RowOrder];
const UNCENTRED: &[Law] = &[Law::Rotation, Law::Scale, Law::RowOrder];
const COVARIANCE: &str = "eigenvalues of the covariance (ddof 1); those below max(N, d) eps lambda_1 are zero";
const AT_THIS_N: &str = "the expectation at this N: the ranks of samples grow with their size";

/// The family.
pub const FAMILY: Family = Family {
    id: "spectrum",
    about: "Over how many directions do features spread?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "rankme",
        label: "RankMe",
        unit: "dimensions",
        better: Better::Higher,
        range: (1.0, f64::INFINITY),
        about: "The number of directions the features use, from the entropy of their singular values as they are, mean \
                included. Compare it between layers of equal width only.",
        caveat: "One name, many formulas: with or without centring, with epsilon inside or outside, of singular \
                 values or of their squares. The mean counts as a direction here. It cannot exceed min(N, d).",
        formula: "exp H(p), p_k = sigma_k / sum sigma + 1e-7",
        convention: "singular values of the uncentred features, min(N, d) of them; natural logarithm",
        variants: &[],
        reference: "Garrido et al., ICML 2023, arXiv 2210.02885",
        estimand: AT_THIS_N,
        laws: UNCENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Uncentred, rankme),
    },
    Metric {
        id: "effective_rank",
        label: "Effective rank",
        unit: "dimensions",
        better: Better::Higher,
        range: (1.0, f64::INFINITY),
        about: "The number of directions the features vary in, from the entropy of their centred singular values: \
                standard deviations, so that weak directions count more than in the ranks of variances.",
        caveat: "Noise adds many small singular values, and their square roots weigh: it grows with N until N is \
                 many times d.",
        formula: "exp H(sigma / sum sigma)",
        convention: "singular values of the centred features; natural logarithm; those of rounding are zero",
        variants: &[],
        reference: "Roy and Vetterli, EUSIPCO 2007",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Covariance, effective_rank),
    },
    Metric {
        id: "matrix_entropy_rank",
        label: "Matrix entropy rank",
        unit: "dimensions",
        better: Better::Higher,
        range: (1.0, f64::INFINITY),
        about: "As the effective rank, but from shares of variance.",
        caveat: "Much smaller than the effective rank on the same data: never compare one with the other.",
        formula: "exp H(lambda / sum lambda)",
        convention: COVARIANCE,
        variants: &[],
        reference: "von Neumann entropy of the normalised covariance; Skean et al., arXiv 2502.02013",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Covariance, matrix_entropy_rank),
    },
    Metric {
        id: "participation_ratio",
        label: "Participation ratio",
        unit: "dimensions",
        better: Better::Higher,
        range: (1.0, f64::INFINITY),
        about: "The number of directions that would share the variance as unevenly as it is shared: strong directions \
                count most.",
        caveat: "One strong channel brings it to 1, however many weak directions there are.",
        formula: "(sum lambda)^2 / sum lambda^2",
        convention: COVARIANCE,
        variants: &[],
        reference: "Gao et al., bioRxiv 214262, 2017",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Covariance, participation_ratio),
    },
    Metric {
        id: "stable_rank",
        label: "Stable rank",
        unit: "dimensions",
        better: Better::Higher,
        range: (1.0, f64::INFINITY),
        about: "The variance in units of its strongest direction.",
        caveat: "It looks at one eigenvalue: a single dominant channel decides it.",
        formula: "sum lambda / lambda_1",
        convention: COVARIANCE,
        variants: &[],
        reference: "Rudelson and Vershynin, J. ACM 2007",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Covariance, stable_rank),
    },
    Metric {
        id: "alpha_req",
        label: "Alpha-ReQ",
        unit: "",
        better: Better::Neither,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        about: "How fast the spectrum falls: the exponent of its power law. Near 1 was found to go with good transfer; \
                far above it few directions matter, far below it noise does.",
        caveat: "It is the slope of ranks 11 to 100 only, and means a power law only where R^2, stated beside it, \
                 is near 1.",
        formula: "-slope of log lambda_k on log k, weighted by 1/k, k = 11..min(100, rank)",
        convention: COVARIANCE,
        variants: &[],
        reference: "Agrawal et al., NeurIPS 2022; range of the fit: this project",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Covariance, alpha_req),
    },
    Metric {
        id: "condition_number",
        label: "Condition number",
        unit: "",
        better: Better::Neither,
        range: (1.0, f64::INFINITY),
        about: "The variance of the strongest direction over that of the weakest one that is not rounding.",
        caveat: "It looks at two eigenvalues, and the smaller one is where rounding and few rows show first.",
        formula: "lambda_1 / lambda_r, r the number of lambda above max(N, d) eps lambda_1",
        convention: COVARIANCE,
        variants: &[],
        reference: "linear algebra; cut-off as numpy.linalg.matrix_rank has it",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::None("the smallest eigenvalue of a resample follows no law that an interval could use"),
        eval: spectrum(Of::Covariance, condition_number),
    },
    Metric {
        id: "pca_dims_95",
        label: "Dimensions of 95 % of the variance",
        unit: "dimensions",
        better: Better::Higher,
        range: (1.0, f64::INFINITY),
        about: "How many principal components hold 95 % of the variance.",
        caveat: "A step function, and the share of 95 % is a custom, not a law.",
        formula: "min r: sum_{k <= r} lambda_k >= 0.95 sum lambda",
        convention: COVARIANCE,
        variants: &[],
        reference: "principal component analysis",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::None("a count that jumps: resamples of it have no smooth spread"),
        eval: spectrum(Of::Covariance, pca_dims_95),
    },
    Metric {
        id: "coding_rate",
        label: "Coding rate",
        unit: "bits",
        better: Better::Higher,
        range: (0.0, f64::INFINITY),
        about: "The bits needed to tell the l2-normalised features apart up to a given distortion: larger where they fill \
                more of the sphere.",
        caveat: "It depends on the distortion, eps^2 = 0.5 here, and grows with d: compare at equal width.",
        formula: "1/2 log2 det(I + d / (N eps^2) Z'Z)",
        convention: "l2-normalised rows, not centred; eps^2 = 0.5",
        variants: &[],
        reference: "Yu et al., NeurIPS 2020, arXiv 2006.08558",
        estimand: AT_THIS_N,
        laws: UNCENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(Of::Unit, coding_rate),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Spectrum {
        Spectrum {
            values: values.to_vec(),
            n: 100,
            d: values.len(),
        }
    }

    #[test]
    fn equal_directions_count_in_full_and_a_single_one_as_one() {
        let flat = of(&[2.0; 7]);
        let single = of(&[3.0, 0.0, 0.0]);
        for rank in [effective_rank, matrix_entropy_rank, participation_ratio, stable_rank] {
            assert!((rank(&flat).unwrap() - 7.0).abs() < 1e-12);
            assert!((rank(&single).unwrap() - 1.0).abs() < 1e-12);
        }
        // The constant inside moves it by about d (d - 1) 1e-7 ln d.
        assert!((rankme(&flat).unwrap() - 7.0).abs() < 1e-5);
        assert_eq!(condition_number(&of(&[8.0, 2.0, 0.0])).unwrap(), 4.0);
    }

    #[test]
    fn a_power_law_gives_its_exponent() {
        for exponent in [0.5, 1.0, 1.7] {
            let values: Vec<f64> = (1..=200).map(|k| f64::from(k).powf(-exponent)).collect();
            assert!((alpha_req(&of(&values)).unwrap() - exponent).abs() < 1e-12);
        }
        assert!(alpha_req(&of(&[1.0; 29])).is_err());
    }

    #[test]
    fn components_are_counted_up_to_95_percent() {
        assert_eq!(pca_dims_95(&of(&[95.0, 5.0])).unwrap(), 1.0);
        assert_eq!(pca_dims_95(&of(&[94.0, 5.0, 1.0])).unwrap(), 2.0);
        assert_eq!(pca_dims_95(&of(&[1.0])).unwrap(), 1.0);
    }

    #[test]
    fn the_coding_rate_of_orthogonal_rows() {
        // Z'Z / N = I / d: d/2 log2(1 + 2).
        let s = of(&[0.25; 4]);
        assert!((coding_rate(&s).unwrap() - 2.0 * 3f64.log2()).abs() < 1e-12);
    }
}
