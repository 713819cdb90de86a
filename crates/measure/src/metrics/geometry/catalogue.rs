//! Norms and potentials of rows, and the rows of the family.

use crate::error::{Error, Result};
use crate::metrics::eval::{Eval, FromDistances, FromNorms, FromSpectrum};
use crate::metrics::inputs::{RowShares, RowView};
use crate::metrics::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::metrics::spectrum::flat;
use crate::stats::{SecondMoment, Spectrum};
use crate::uncertainty::{ErrorBar, GROUPS};

/// t of the Gaussian potential (Wang & Isola 2020).
const TEMPERATURE: f64 = 2.0;

/// Sums of `of` over the other rows that `count`, by jackknife group; `of` is given the squared distance of the two
/// l2-normalised rows.
fn others(view: &RowView, count: impl Fn(usize) -> bool, value: impl Fn(f64) -> f64) -> RowShares {
    all(view, |j| j != view.i && count(j), value)
}

/// The same, over all rows that `count`.
fn all(view: &RowView, count: impl Fn(usize) -> bool, value: impl Fn(f64) -> f64) -> RowShares {
    let mut groups = [(0.0, 0.0); GROUPS];
    for (j, &group) in view.rows.groups().iter().enumerate() {
        if count(j) {
            let share = &mut groups[usize::from(group)];
            share.0 += value(view.unit_squared(j));
            share.1 += 1.0;
        }
    }
    RowShares::of_groups(&groups)
}

fn potential(view: &RowView) -> RowShares {
    others(view, |_| true, |squared| (-TEMPERATURE * squared).exp())
}

fn potential_with_itself(view: &RowView) -> RowShares {
    all(view, |_| true, |squared| (-TEMPERATURE * squared).exp())
}

fn same_class(view: &RowView) -> RowShares {
    of_class(view, |squared| squared)
}

fn same_class_unsquared(view: &RowView) -> RowShares {
    of_class(view, f64::sqrt)
}

fn of_class(view: &RowView, value: fn(f64) -> f64) -> RowShares {
    let class = view.rows.classes()[view.i];
    others(view, |j| class.is_some() && view.rows.classes()[j] == class, value)
}

fn cosine(view: &RowView) -> RowShares {
    others(view, |_| true, |squared| 1.0 - squared / 2.0)
}

/// A row of zeros has no direction: its shares are no numbers.
pub(crate) fn directed(mean: f64) -> Result<f64> {
    if mean.is_nan() {
        return Err(Error::undefined("a row of zeros has no direction"));
    }
    Ok(mean)
}

/// The coefficient of variation of the rows' norms: their standard deviation (ddof 0) over their mean.
///
/// # Errors
/// Undefined with fewer than two rows, and where all are zero.
pub fn norm_cv(norms: &[f64]) -> Result<f64> {
    let n = norms.len() as f64;
    let mean = norms.iter().sum::<f64>() / n;
    if norms.len() < 2 || mean == 0.0 {
        return Err(Error::undefined(
            "the spread of norms needs two rows that are not all zero",
        ));
    }
    let squares: f64 = norms.iter().map(|norm| (norm - mean).powi(2)).sum();
    Ok((squares / n).sqrt() / mean)
}

/// exp H(lambda), lambda the eigenvalues of the cosine kernel over N: how many rows are effectively different.
///
/// # Errors
/// None beyond those of the spectrum.
pub fn vendi(s: &Spectrum) -> Result<f64> {
    Ok((-s.values.iter().filter(|v| **v > 0.0).map(|v| v * v.ln()).sum::<f64>()).exp())
}

/// The Vendi score of order 2, 1 / Σ lambda².
fn vendi_of_order_2(s: &Spectrum) -> Result<f64> {
    Ok(1.0 / s.values.iter().map(|v| v * v).sum::<f64>())
}

/// The Vendi score of infinite order, 1 / lambda_1.
fn vendi_of_infinite_order(s: &Spectrum) -> Result<f64> {
    Ok(1.0 / s.values[0])
}

/// (Q - N - N(N-1)/d) / (N² - N - N(N-1)/d), Q = Σ_ij cos²: 0 for rows spread evenly over the sphere, 1 for rows along one
/// line.
///
/// # Errors
/// Undefined for a single channel.
pub fn self_clustering(s: &Spectrum) -> Result<f64> {
    if s.d < 2 {
        return Err(Error::undefined("in a single channel all rows lie along one line"));
    }
    let (n, d) = (s.n as f64, s.d as f64);
    let squares = n * n * s.values.iter().map(|v| v * v).sum::<f64>();
    let even = n + n * (n - 1.0) / d;
    Ok((squares - even) / (n * n - even))
}

const fn within(row: fn(&RowView) -> RowShares, value: fn(f64) -> Result<f64>, labelled: bool) -> Eval {
    Eval::Within(FromDistances { row, value, labelled })
}

/// A number of the eigenvalues of the cosine kernel.
const fn of_cosines(value: fn(&Spectrum) -> Result<f64>) -> Eval {
    Eval::Spectrum(FromSpectrum {
        matrix: SecondMoment::Unit,
        value,
        beside: None,
        flat,
    })
}

const LAWS: &[Law] = &[Law::Rotation, Law::Scale, Law::RowOrder];

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "geometry",
    about: "How do rows spread over the sphere?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "uniformity",
        label: "Uniformity",
        unit: "",
        better: Better::Lower,
        range: (-8.0, 0.0),
        about: "How evenly directions are spread over the sphere: the logarithm of the mean Gaussian potential of two \
                rows. 0 where all point the same way, lower where they spread.",
        caveat: "Class structure makes it worse (higher) though it may help transfer. Many libraries include a \
                 row's pair with itself or another t. \
                 Where directions mean nothing its interval is wide: it covered 97.4 to 98.4 % in simulations.",
        formula: "log mean_{i<j} exp(-2 |x_i/|x_i| - x_j/|x_j||^2)",
        convention: "l2-normalised rows, not centred; t = 2; a row is not paired with itself",
        like: &[],
        variants: &[variant(
            "with-itself",
            "the mean over all N^2 pairs, each row with itself too, as the integral over the empirical distribution \
                    and code with a full N x N matrix have it",
            within(potential_with_itself, |mean| directed(mean).map(f64::ln), false),
        )],
        reference: "Wang and Isola, ICML 2020, arXiv 2005.10242",
        estimand: "the population's value",
        laws: LAWS,
        error: ErrorBar::JackknifeCorrected,
        eval: within(potential, |mean| directed(mean).map(f64::ln), false),
    },
    Metric {
        id: "class_alignment",
        label: "Alignment of classes",
        unit: "",
        better: Better::Neither,
        range: (0.0, 4.0),
        about: "How close the directions of two rows of one class lie: 0 where they coincide.",
        caveat: "Low where classes collapse: on pretraining data that is not a virtue. \
                 Where directions mean nothing its interval is wide: it covered 98.2 to 98.6 % in simulations.",
        formula: "mean over i < j of one class of |x_i/|x_i| - x_j/|x_j||^2",
        convention: "l2-normalised rows, not centred; all pairs count the same",
        like: &[],
        variants: &[variant(
            "unsquared",
            "the distance itself (Wang and Isola's alpha = 1)",
            within(same_class_unsquared, directed, true),
        )],
        reference: "Wang and Isola, ICML 2020, arXiv 2005.10242, with classes in place of augmentations",
        estimand: "the populations' value, for these classes in these proportions",
        laws: &[Law::Rotation, Law::Scale, Law::RowOrder, Law::ClassNames],
        error: ErrorBar::JackknifeCorrected,
        eval: within(same_class, directed, true),
    },
    Metric {
        id: "mean_cosine",
        label: "Mean cosine",
        unit: "",
        better: Better::Neither,
        range: (-1.0, 1.0),
        about: "The mean cosine of two rows: near 1 where all features point into a narrow cone.",
        caveat: "Features after a ReLU are all positive: their cosines are positive whatever they mean. Centre them \
                 to see more. \
                 Where directions mean nothing its interval is wide: it covered up to 97.9 % in simulations.",
        formula: "mean_{i<j} cos(x_i, x_j)",
        convention: "not centred; a row is not paired with itself",
        like: &[],
        variants: &[],
        reference: "Ethayarajh, EMNLP 2019, arXiv 1909.00512",
        estimand: "the population's value",
        laws: LAWS,
        error: ErrorBar::JackknifeCorrected,
        eval: within(cosine, directed, false),
    },
    Metric {
        id: "norm_cv",
        label: "Variation of norms",
        unit: "",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "How unequally long the rows are: 0 where all lie on one sphere, as after l2-normalisation.",
        caveat: "Norms before a normalisation say little about the features after it.",
        formula: "std / mean of |x_i|",
        convention: "Euclidean norms, not centred; standard deviation with ddof 0",
        like: &[],
        variants: &[],
        reference: "a textbook statistic",
        estimand: "the population's value",
        laws: LAWS,
        error: ErrorBar::JackknifeCorrected,
        eval: Eval::Norms(FromNorms { value: norm_cv }),
    },
    super::neighbours::HUBNESS,
    super::neighbours::TWONN,
    super::neighbours::MLE,
    super::spanning_tree::MST,
    Metric {
        id: "vendi",
        label: "Vendi score",
        unit: "rows",
        better: Better::Neither,
        range: (1.0, f64::INFINITY),
        about: "How many rows are effectively different: N for orthogonal rows, 1 where all are the same.",
        caveat: "It grows with N and cannot exceed it; the cosine kernel ignores norms.",
        formula: "exp H(eigenvalues of K/N), K_ij = cos(x_i, x_j)",
        convention: "cosine kernel; order 1; through the d x d matrix with the same eigenvalues",
        like: &[],
        variants: &[
            variant(
                "order-2",
                "order 2: the inverse of the mean squared cosine (vendi-score's q = 2)",
                of_cosines(vendi_of_order_2),
            ),
            variant(
                "order-inf",
                "infinite order: the inverse of the largest eigenvalue (vendi-score's q = inf)",
                of_cosines(vendi_of_infinite_order),
            ),
        ],
        reference: "Friedman and Dieng, TMLR 2023, arXiv 2210.02410",
        estimand: "the expectation at this N: it grows with the number of rows",
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: of_cosines(vendi),
    },
    Metric {
        id: "self_clustering",
        label: "Self-clustering",
        unit: "",
        better: Better::Lower,
        range: (f64::NEG_INFINITY, 1.0),
        about: "How much more alike two rows are than two random directions: 0 for rows spread evenly over the sphere, 1 \
                for rows along one line.",
        caveat: "The even spread it is measured against has no ReLU: positive features are never near 0.",
        formula: "(Q - N - N(N-1)/d) / (N^2 - N - N(N-1)/d), Q = sum_ij cos(x_i, x_j)^2",
        convention: "l2-normalised rows, not centred",
        like: &[],
        variants: &[],
        reference: "this project's stated convention; even spread: E cos^2 = 1/d for independent directions",
        estimand: "the population's value",
        laws: LAWS,
        error: ErrorBar::JackknifeOfExcess,
        eval: of_cosines(self_clustering),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_vary_as_a_textbook_says() {
        // Mean 5, deviations 3, 0, 3: sqrt(6) / 5.
        assert!((norm_cv(&[2.0, 5.0, 8.0]).unwrap() - 6f64.sqrt() / 5.0).abs() < 1e-15);
        assert_eq!(norm_cv(&[3.0, 3.0]).unwrap(), 0.0);
        assert!(norm_cv(&[1.0]).is_err() && norm_cv(&[0.0, 0.0]).is_err());
    }

    #[test]
    fn orthogonal_rows_all_differ_and_equal_ones_are_one() {
        let spectrum = |values: &[f64], n| Spectrum {
            values: values.to_vec(),
            n,
            d: values.len(),
        };
        for score in [vendi, vendi_of_order_2, vendi_of_infinite_order] {
            assert!((score(&spectrum(&[0.25; 4], 4)).unwrap() - 4.0).abs() < 1e-12);
        }
        assert!((vendi(&spectrum(&[1.0, 0.0], 9)).unwrap() - 1.0).abs() < 1e-12);
        assert!((self_clustering(&spectrum(&[1.0, 0.0, 0.0], 50)).unwrap() - 1.0).abs() < 1e-12);
        // N = d orthogonal rows: Q = N, below what random directions have.
        assert!((self_clustering(&spectrum(&[0.25; 4], 4)).unwrap() + 1.0 / 3.0).abs() < 1e-12);
    }
}
