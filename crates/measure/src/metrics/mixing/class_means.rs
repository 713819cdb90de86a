//! How the class means of both sides mix, and the rows of the family.

use statrs::distribution::{Discrete as _, Hypergeometric};

use crate::error::{Error, Result};
use crate::metrics::eval::{Eval, FromMeans};
use crate::metrics::inputs::{ClassMeans, Mixing};
use crate::metrics::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::uncertainty::ErrorBar;

const PAPER: &str = "Wang et al., CVPR 2022, arXiv 2112.00496 (this project's stated convention for it)";

/// The number of neighbours a convention means for these class counts.
///
/// # Errors
/// Undefined unless 2 <= k < min(C_pre, C_eval).
pub fn neighbours_used(sizes: (usize, usize), mixing: Mixing) -> Result<usize> {
    let least = sizes.0.min(sizes.1);
    let k = mixing.k.unwrap_or_else(|| 5.min(least.saturating_sub(1)));
    if k < 2 || k >= least {
        return Err(Error::undefined(format!(
            "mixtureness needs 2 <= k < min(C_pre, C_eval); here k = {k}, C_pre = {}, C_eval = {}",
            sizes.0, sizes.1
        )));
    }
    Ok(k)
}

/// Pi = 1 - 1/M Σ_i |t_i/k - C_eval/M|, t_i the evaluation means among the k nearest neighbours of mean i.
///
/// # Errors
/// Undefined unless 2 <= k < min(C_pre, C_eval).
pub fn feature_mixtureness(c: &ClassMeans, mixing: Mixing) -> Result<f64> {
    let k = neighbours_used(c.sizes(), mixing)?;
    Ok(mixtureness_of(c, &c.is_eval, k, mixing))
}

/// Mixtureness under some assignment of the means to the two data sets.
pub fn mixtureness_of(c: &ClassMeans, is_eval: &[bool], k: usize, mixing: Mixing) -> f64 {
    let neighbours = if mixing.cosine { &c.cosine } else { &c.euclidean };
    let (m, eval) = (is_eval.len() as f64, is_eval.iter().filter(|e| **e).count() as f64);
    let distance: f64 = (0..is_eval.len())
        .map(|i| {
            let found = neighbours.of(i)[..k].iter().filter(|&&j| is_eval[j as usize]).count() as f64;
            let expected = if mixing.others_only {
                (eval - f64::from(u8::from(is_eval[i]))) / (m - 1.0)
            } else {
                eval / m
            };
            (found / k as f64 - expected).abs()
        })
        .sum();
    1.0 - distance / m
}

/// Mixtureness of two sets of means that lie far apart: every neighbour is of the own set.
fn separated(sizes: (usize, usize), mixing: Mixing) -> f64 {
    let (pre, eval) = (sizes.0 as f64, sizes.1 as f64);
    let m = pre + eval;
    if mixing.others_only {
        return 1.0 - (eval * (1.0 - (eval - 1.0) / (m - 1.0)) + pre * (eval / (m - 1.0))) / m;
    }
    let p = eval / m;
    1.0 - 2.0 * p * (1.0 - p)
}

/// The exact expectation of mixtureness when domain labels are dealt at random: t_i is hypergeometric.
fn mixed(sizes: (usize, usize), k: usize, mixing: Mixing) -> Result<f64> {
    let (pre, eval) = (sizes.0, sizes.1);
    let m = pre + eval;
    let mut distance = 0.0;
    for (members, others) in [(eval, eval - 1), (pre, eval)] {
        let law = Hypergeometric::new(m as u64 - 1, others as u64, k as u64)
            .map_err(|e| Error::undefined(format!("no hypergeometric expectation: {e}")))?;
        let expected = if mixing.others_only {
            others as f64 / (m as f64 - 1.0)
        } else {
            eval as f64 / m as f64
        };
        let mean: f64 = (0..=k)
            .map(|t| law.pmf(t as u64) * (t as f64 / k as f64 - expected).abs())
            .sum();
        distance += members as f64 * mean;
    }
    Ok(1.0 - distance / m as f64)
}

/// What feature mixtureness is for sets as mixed as random domain labels.
///
/// # Errors
/// As [`feature_mixtureness`].
pub fn mixed_null(c: &ClassMeans, mixing: Mixing) -> Result<f64> {
    mixed(c.sizes(), neighbours_used(c.sizes(), mixing)?, mixing)
}

/// (Pi - Pi_sep) / (Pi_mix - Pi_sep): 0 for sets far apart, 1 for sets as mixed as random domain labels.
///
/// # Errors
/// As [`feature_mixtureness`].
pub fn feature_mixtureness_scaled(c: &ClassMeans, mixing: Mixing) -> Result<f64> {
    let k = neighbours_used(c.sizes(), mixing)?;
    let (apart, together) = (separated(c.sizes(), mixing), mixed(c.sizes(), k, mixing)?);
    if together - apart < 1e-9 {
        return Err(Error::undefined(
            "separated and mixed sets of so few classes look the same",
        ));
    }
    Ok((mixtureness_of(c, &c.is_eval, k, mixing) - apart) / (together - apart))
}

/// The default: k chosen by the class counts, Euclidean, expected share C_eval / M.
const DEFAULT: Mixing = Mixing {
    k: None,
    cosine: false,
    others_only: false,
};

const fn mixtureness(mixing: Mixing) -> Eval {
    Eval::Means(FromMeans {
        value: feature_mixtureness,
        null: mixed_null,
        mixing,
        tested: false,
    })
}

const fn scaled(mixing: Mixing) -> Eval {
    Eval::Means(FromMeans {
        value: feature_mixtureness_scaled,
        null: |_, _| Ok(1.0),
        mixing,
        tested: true,
    })
}

const COSINE: Mixing = Mixing {
    cosine: true,
    ..DEFAULT
};
const OTHERS: Mixing = Mixing {
    others_only: true,
    ..DEFAULT
};

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "domain-mixing",
    about: "Do the features of the pretraining and the evaluation data fill the same space?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "feature_mixtureness",
        label: "Feature mixtureness",
        unit: "",
        better: Better::Higher,
        range: (0.0, 1.0),
        about: "Whether the class means of the pretraining and the evaluation data lie among one another: how close \
                the share of evaluation means around each mean comes to their overall share.",
        caveat: "A step function of few class means: small changes of the features can move it by 1/(M k). Its \
                 range depends on the class counts; the scaled form's does not.",
        formula: "Pi = 1 - 1/M sum_i |t_i/k - C_eval/M|, t_i = evaluation means among the k nearest means of mean i",
        convention: "Euclidean; the mean itself is no neighbour; k = min(5, min(C_pre, C_eval) - 1) unless set",
        like: &[],
        variants: &[
            variant("cosine", "neighbours by cosine", mixtureness(COSINE)),
            variant(
                "others-only",
                "expected share among the other means, (C_eval - [i is eval]) / (M - 1)",
                mixtureness(OTHERS),
            ),
        ],
        reference: PAPER,
        estimand: "the expectation at these numbers of rows, for these classes (a step function of noisy class means)",
        laws: Law::OF_RATIOS,
        error: ErrorBar::Bootstrap,
        eval: mixtureness(DEFAULT),
    },
    Metric {
        id: "feature_mixtureness_scaled",
        label: "Feature mixtureness, scaled",
        unit: "",
        better: Better::Higher,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        about: "Feature mixtureness on a scale that does not depend on the class counts: 0 for sets far apart, 1 for \
                sets as mixed as if domain labels were dealt at random. Its p-value says how often random labels look \
                at least as separated.",
        caveat: "A step function of few class means. Above 1 is possible: means mixed more evenly than at random.",
        formula: "(Pi - Pi_sep) / (Pi_mix - Pi_sep), Pi_sep = 1 - 2p(1-p), p = C_eval/M, Pi_mix = E[Pi] under random labels",
        convention: "as feature_mixtureness; Pi_mix by the hypergeometric law; p-value left-tailed over permuted domain labels, \
                     all of them where there are at most 100,000",
        like: &[],
        variants: &[
            variant("cosine", "neighbours by cosine", scaled(COSINE)),
            variant(
                "others-only",
                "expected share among the other means, (C_eval - [i is eval]) / (M - 1)",
                scaled(OTHERS),
            ),
        ],
        reference: "this project, on Wang et al. 2022",
        estimand: "the expectation at these numbers of rows, for these classes (a step function of noisy class means)",
        laws: Law::OF_RATIOS,
        error: ErrorBar::Bootstrap,
        eval: scaled(DEFAULT),
    },
    super::samples::SAMPLE_MIXING,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Rows, nearest};
    use ndarray::Array2;

    fn means(points: Array2<f64>, pre: usize) -> ClassMeans {
        let is_eval = (0..points.nrows()).map(|i| i >= pre).collect();
        let k = points.nrows() - 1;
        let table = nearest(&Rows::of(points.clone()), k);
        ClassMeans {
            means: points,
            is_eval,
            euclidean: table.clone(),
            cosine: table,
        }
    }

    #[test]
    fn sets_far_apart_are_separated() {
        let apart = means(
            Array2::from_shape_fn((10, 1), |(i, _)| (i * i) as f64 + if i >= 6 { 1e6 } else { 0.0 }),
            6,
        );
        for mixing in [DEFAULT, OTHERS] {
            let pi = feature_mixtureness(&apart, mixing).unwrap();
            assert!((pi - separated((6, 4), mixing)).abs() < 1e-14);
            assert!(feature_mixtureness_scaled(&apart, mixing).unwrap().abs() < 1e-14);
        }
        // p = 0.4: 1 - 2 * 0.4 * 0.6 = 0.52.
        assert!((feature_mixtureness(&apart, DEFAULT).unwrap() - 0.52).abs() < 1e-14);
    }

    #[test]
    fn the_mixed_expectation_is_the_mean_over_all_labellings() {
        let c = means(
            Array2::from_shape_fn((8, 2), |(i, j)| {
                ((i * 7 + j * 3 + i * i * j) % 11) as f64 + 0.01 * i as f64
            }),
            5,
        );
        for mixing in [DEFAULT, OTHERS] {
            let values: Vec<f64> = (0u32..256)
                .filter(|bits| bits.count_ones() == 3)
                .map(|bits| {
                    let labels: Vec<bool> = (0..8).map(|i| bits >> i & 1 == 1).collect();
                    mixtureness_of(&c, &labels, 2, mixing)
                })
                .collect();
            assert_eq!(values.len(), 56);
            let mean = values.iter().sum::<f64>() / 56.0;
            assert!((mean - mixed((5, 3), 2, mixing).unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn too_few_classes_are_undefined() {
        assert!(neighbours_used((10, 2), DEFAULT).is_err());
        assert_eq!(neighbours_used((10, 3), DEFAULT).unwrap(), 2);
        assert_eq!(neighbours_used((10, 9), DEFAULT).unwrap(), 5);
        assert!(neighbours_used((10, 9), Mixing { k: Some(9), ..DEFAULT }).is_err());
    }
}
