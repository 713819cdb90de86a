//! The catalogue's rows on spectra.

use super::eigenvalues::{
    alpha_req, alpha_req_r_squared, alpha_req_unweighted, alpha_req_unweighted_r_squared, coding_rate,
    coding_rate_in_nats, coding_rate_of_emp_ssl, coding_rate_unnormalised, condition_number,
    condition_of_singular_values, effective_rank, flat, flat_rows, flat_where_fitted, matrix_entropy_rank,
    participation_ratio, participation_ratio_of_correlations, participation_ratio_of_independence, pca_dims_95, rankme,
    rankme_epsilon_in_log, rankme_of_eigenvalues, rankme_stable_pretraining, stable_rank,
};
use crate::error::Result;
use crate::metrics::eval::{Eval, FromCorrelation, FromSpectrum, FromUnitMoments};
use crate::metrics::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::stats::{Moments, SecondMoment, Spectrum};
use crate::uncertainty::ErrorBar;

const fn spectrum(matrix: SecondMoment, value: fn(&Spectrum) -> Result<f64>) -> Eval {
    Eval::Spectrum(FromSpectrum {
        matrix,
        value,
        beside: None,
        flat,
    })
}

/// A fitted exponent, with the share of variation that the fit explains beside it.
const fn fit(value: fn(&Spectrum) -> Result<f64>, r_squared: fn(&Spectrum) -> Result<f64>) -> Eval {
    Eval::Spectrum(FromSpectrum {
        matrix: SecondMoment::Covariance,
        value,
        beside: Some(("r_squared", r_squared)),
        flat: flat_where_fitted,
    })
}

const fn unit_moments(value: fn(&Moments) -> Result<f64>) -> Eval {
    Eval::UnitMoments(FromUnitMoments { value, flat: flat_rows })
}

const CENTRED: &[Law] = &[Law::Rotation, Law::Translation, Law::Scale, Law::RowOrder];
const UNCENTRED: &[Law] = &[Law::Rotation, Law::Scale, Law::RowOrder];
const COVARIANCE: &str = "eigenvalues of the covariance (ddof 1); those below max(N, d) eps lambda_1 are zero";
const AT_THIS_N: &str = "the expectation at this N: the ranks of samples grow with their size";

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
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
        like: &[],
        variants: &[
            variant(
                "epsilon-1e-5",
                "1e-5 in place of 1e-7 (stable-pretraining)",
                spectrum(SecondMoment::Uncentred, rankme_stable_pretraining),
            )
            .like(&["stable-pretraining"]),
            variant(
                "no-epsilon",
                "nothing added: shares that sum to one, as Roy and Vetterli have it",
                spectrum(SecondMoment::Uncentred, effective_rank),
            ),
            variant(
                "epsilon-in-log",
                "exp -sum p log(p + 1e-7): the constant inside the logarithm only, as many re-implementations have it",
                spectrum(SecondMoment::Uncentred, rankme_epsilon_in_log),
            ),
            variant(
                "centred",
                "of the features less their mean",
                spectrum(SecondMoment::Covariance, rankme),
            ),
            variant(
                "eigenvalues",
                "of the eigenvalues of the covariance in place of singular values",
                spectrum(SecondMoment::Covariance, rankme_of_eigenvalues),
            ),
            variant(
                "l2",
                "of l2-normalised rows, not centred",
                spectrum(SecondMoment::Unit, rankme),
            ),
        ],
        reference: "Garrido et al., ICML 2023, arXiv 2210.02885",
        estimand: AT_THIS_N,
        laws: UNCENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(SecondMoment::Uncentred, rankme),
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
        like: &[],
        variants: &[
            variant(
                "uncentred",
                "of the features as they are",
                spectrum(SecondMoment::Uncentred, effective_rank),
            ),
            variant(
                "squared",
                "shares of squared singular values: the matrix entropy rank under this name",
                spectrum(SecondMoment::Covariance, matrix_entropy_rank),
            ),
        ],
        reference: "Roy and Vetterli, EUSIPCO 2007",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(SecondMoment::Covariance, effective_rank),
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
        like: &[],
        variants: &[variant(
            "uncentred",
            "of X'X as it is, which has the spectrum of the Gram matrix (Skean et al.)",
            spectrum(SecondMoment::Uncentred, matrix_entropy_rank),
        )],
        reference: "von Neumann entropy of the normalised covariance; Skean et al., arXiv 2502.02013",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(SecondMoment::Covariance, matrix_entropy_rank),
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
        like: &[],
        variants: &[
            variant(
                "correlation",
                "of the correlation matrix of the channels that vary: each channel counts the same",
                Eval::Channels(FromCorrelation {
                    value: participation_ratio_of_correlations,
                    null: participation_ratio_of_independence,
                }),
            ),
            variant(
                "uncentred",
                "of X'X as it is",
                spectrum(SecondMoment::Uncentred, participation_ratio),
            ),
        ],
        reference: "Gao et al., bioRxiv 214262, 2017",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(SecondMoment::Covariance, participation_ratio),
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
        like: &[],
        variants: &[variant(
            "uncentred",
            "|X|_F^2 / |X|_2^2 of the features as they are, as Rudelson and Vershynin write it",
            spectrum(SecondMoment::Uncentred, stable_rank),
        )],
        reference: "Rudelson and Vershynin, J. ACM 2007",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: spectrum(SecondMoment::Covariance, stable_rank),
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
                 is near 1. \
                 Its interval covered 96.4 to 98.3 % in simulations.",
        formula: "-slope of log lambda_k on log k, weighted by 1/k, k = 11..min(100, rank)",
        convention: COVARIANCE,
        like: &[],
        variants: &[variant(
            "unweighted",
            "plain least squares over the same ranks, as re-implementations with a linear regression have it",
            fit(alpha_req_unweighted, alpha_req_unweighted_r_squared),
        )],
        reference: "Agrawal et al., NeurIPS 2022; range of the fit: this project",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::Jackknife,
        eval: fit(alpha_req, alpha_req_r_squared),
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
        like: &[],
        variants: &[variant(
            "singular-values",
            "sigma_1 / sigma_r of the centred features: the square root (numpy.linalg.cond)",
            spectrum(SecondMoment::Covariance, condition_of_singular_values),
        )],
        reference: "linear algebra; cut-off as numpy.linalg.matrix_rank has it",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::None("the smallest eigenvalue of a resample follows no law that an interval could use"),
        eval: spectrum(SecondMoment::Covariance, condition_number),
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
        like: &["sklearn"],
        variants: &[],
        reference: "principal component analysis",
        estimand: AT_THIS_N,
        laws: CENTRED,
        error: ErrorBar::None("a count that jumps: resamples of it have no smooth spread"),
        eval: spectrum(SecondMoment::Covariance, pca_dims_95),
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
        like: &[],
        variants: &[
            variant(
                "nats",
                "natural logarithm (the MCR2 authors' code)",
                unit_moments(coding_rate_in_nats),
            ),
            variant(
                "emp-ssl",
                "natural logarithm and eps^2 = 0.2 (EMP-SSL, Tong et al., arXiv 2304.03977)",
                unit_moments(coding_rate_of_emp_ssl),
            ),
            variant(
                "unnormalised",
                "of the features as they are: it has their scale",
                spectrum(SecondMoment::Uncentred, coding_rate_unnormalised),
            ),
        ],
        reference: "Yu et al., NeurIPS 2020, arXiv 2006.08558",
        estimand: AT_THIS_N,
        laws: UNCENTRED,
        error: ErrorBar::Jackknife,
        eval: unit_moments(coding_rate),
    },
    super::views::LIDAR,
];
