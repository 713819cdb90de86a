//! Class variation: how far rows spread within their class, and how far classes lie apart.

use ndarray::Axis;

use super::eval::{Eval, FromClasses};
use super::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::error::{Error, Result};
use crate::stats::{ClassMoments, Rows, SMALLEST_SQUARE, in_range, running_mean, sweep};
use crate::uncertainty::ErrorBar;

const PAPER: &str = "Wang et al., CVPR 2022, arXiv 2112.00496 (this project's stated convention for it)";

/// Squared distances below this share of the features' squared size are rounding: class means that coincide, classes
/// that are one point. A mean of n rows is exact to about 1e-16 sqrt(n); its square stays far below 1e-28.
pub(super) const ROUNDING: f64 = 1e-28;

/// The classes with at least so many rows.
pub(super) fn with_rows(m: &ClassMoments, least: u64) -> Vec<usize> {
    (0..m.classes()).filter(|&c| m.counts()[c] >= least).collect()
}

/// D_intra = 1/C Σ_c 1/n_c Σ_{i in c} ‖x_i - mu_c‖², over the classes with at least two rows.
///
/// # Errors
/// Undefined without such a class, and where every class is a single point.
pub fn intra_class_distance(m: &ClassMoments) -> Result<f64> {
    spread(m, |spread, n| spread / n, |_| 1.0)
}

/// D_intra with n_c - 1 instead of n_c.
fn intra_unbiased(m: &ClassMoments) -> Result<f64> {
    spread(m, |spread, n| spread / (n - 1.0), |_| 1.0)
}

/// D_intra with every row, instead of every class, counting the same.
pub(super) fn intra_by_rows(m: &ClassMoments) -> Result<f64> {
    spread(m, |spread, n| spread / n, |n| n)
}

fn spread(m: &ClassMoments, variance: fn(f64, f64) -> f64, weight: fn(f64) -> f64) -> Result<f64> {
    let classes = with_rows(m, 2);
    if classes.is_empty() {
        return Err(Error::undefined("no class has two rows"));
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for &c in &classes {
        let n = m.counts()[c] as f64;
        sum += weight(n) * variance(m.spreads()[c], n);
        weights += weight(n);
    }
    let value = sum / weights;
    check_range(m, value)?;
    if value <= ROUNDING * squared_size(m) {
        return Err(Error::undefined(
            "collapsed: within every class all rows are the same point",
        ));
    }
    Ok(value)
}

/// Squares of f64 features can leave the range of f64; what is left of them then is no measurement.
fn check_range(m: &ClassMoments, value: f64) -> Result<()> {
    let size = squared_size(m).max(value);
    let vanishes = |square: f64| square > 0.0 && square < SMALLEST_SQUARE;
    let vanished = size == 0.0 && m.means().iter().any(|x| *x != 0.0);
    in_range(size.is_finite() && !(value.is_nan() || vanishes(value) || vanishes(size) || vanished))
}

/// The largest squared norm of a class mean: the scale against which rounding is judged.
pub(super) fn squared_size(m: &ClassMoments) -> f64 {
    m.means().outer_iter().map(|mean| mean.dot(&mean)).fold(0.0, f64::max)
}

/// D_inter = 1/(C(C-1)) Σ_{j≠k} ‖mu_j - mu_k‖² = 2/(C-1) Σ_j ‖mu_j - mu_bar‖².
///
/// # Errors
/// Undefined with fewer than two classes, and where all class means coincide.
pub fn inter_class_distance(m: &ClassMoments) -> Result<f64> {
    inter_over(m, &with_rows(m, 1))
}

/// D_inter over some of the classes.
pub(super) fn inter_over(m: &ClassMoments, classes: &[usize]) -> Result<f64> {
    let means = m.means().select(Axis(0), classes);
    if classes.len() < 2 {
        return Err(Error::undefined("distances between classes need at least two classes"));
    }
    let centre = running_mean(means.view());
    let sum: f64 = means
        .outer_iter()
        .map(|mean| mean.iter().zip(&centre).map(|(a, b)| (a - b) * (a - b)).sum::<f64>())
        .sum();
    let value = 2.0 * sum / (classes.len() - 1) as f64;
    check_range(m, value)?;
    if value <= ROUNDING * squared_size(m) {
        return Err(Error::undefined("the class means coincide"));
    }
    Ok(value)
}

/// The mean distance, not squared, between two class means.
fn inter_unsquared(m: &ClassMoments) -> Result<f64> {
    inter_class_distance(m)?;
    let means = m.means().select(Axis(0), &with_rows(m, 1));
    let pairs = (means.nrows() * (means.nrows() - 1)) as f64;
    let means = Rows::of(means);
    let of_class = |_: usize, squared: &[f64]| squared.iter().map(|s| s.sqrt()).sum::<f64>();
    Ok(sweep(&means, &means, of_class).iter().sum::<f64>() / pairs)
}

/// phi = D_inter / D_intra, both over the classes with at least two rows.
///
/// # Errors
/// Undefined where either distance is.
pub fn discriminative_ratio(m: &ClassMoments) -> Result<f64> {
    Ok(inter_over(m, &with_rows(m, 2))? / intra_class_distance(m)?)
}

/// What phi gives where labels mean nothing: with h the mean of 1/n_c and s the spread of the whole set, D_inter has the
/// expectation 2 s h and D_intra s (1 - h).
fn ratio_of_meaningless_labels(m: &ClassMoments) -> f64 {
    let classes = with_rows(m, 2);
    let h = classes.iter().map(|&c| 1.0 / m.counts()[c] as f64).sum::<f64>() / classes.len() as f64;
    2.0 * h / (1.0 - h)
}

/// A metric of class moments without a null value.
pub(super) const fn classes(value: fn(&ClassMoments) -> Result<f64>, rows: u64) -> Eval {
    Eval::Classes(FromClasses {
        value,
        null: None,
        rows,
        normalised: false,
    })
}

const fn ratio(normalised: bool) -> Eval {
    Eval::Classes(FromClasses {
        value: discriminative_ratio,
        null: Some(ratio_of_meaningless_labels),
        rows: 2,
        normalised,
    })
}

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "class-variation",
    about: "How much do features vary within a class, and how far apart are classes?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "discriminative_ratio",
        label: "Discriminative ratio",
        unit: "",
        better: Better::LowerOnPreHigherOnEval,
        range: (0.0, f64::INFINITY),
        about: "How far classes lie apart, in units of how far rows spread within one. On the pretraining data a low \
                value means that variation within classes is kept rather than trained away.",
        caveat: "Low on pre can also mean that classes are not told apart at all: read it beside a probe. Squared \
                 distances: a few far classes weigh most.",
        formula: "phi = D_inter / D_intra",
        convention: "squared Euclidean distances; both over the classes with at least two rows; each class counts the same",
        like: &[],
        variants: &[variant("l2", "on l2-normalised features", ratio(true))],
        reference: PAPER,
        estimand: "the ratio of the populations' distances, for these classes",
        laws: Law::OF_RATIOS,
        error: ErrorBar::JackknifeOfExcess,
        eval: ratio(false),
    },
    Metric {
        id: "intra_class_distance",
        label: "Intra-class distance",
        unit: "squared feature units",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The mean squared distance of a row to its class mean. It grows with the features' scale, so compare it \
                between models only through the discriminative ratio.",
        caveat: "It has the features' scale squared, which differs between models and layers for no reason that \
                 matters.",
        formula: "D_intra = 1/C sum_c 1/n_c sum_{i in c} |x_i - mu_c|^2",
        convention: "squared Euclidean distance; divided by n_c; over the classes with at least two rows, each counting the same",
        like: &[],
        variants: &[
            variant("unbiased", "divided by n_c - 1", classes(intra_unbiased, 2)),
            variant(
                "by-rows",
                "each row, instead of each class, counts the same",
                classes(intra_by_rows, 2),
            ),
        ],
        reference: PAPER,
        estimand: "the populations' mean squared distance, for these classes",
        laws: &[Law::Rotation, Law::Translation, Law::RowOrder, Law::ClassNames],
        error: ErrorBar::JackknifeCorrected,
        eval: classes(intra_class_distance, 2),
    },
    Metric {
        id: "inter_class_distance",
        label: "Inter-class distance",
        unit: "squared feature units",
        better: Better::Neither,
        range: (0.0, f64::INFINITY),
        about: "The mean squared distance between two class means. It grows with the features' scale, so compare it \
                between models only through the discriminative ratio.",
        caveat: "It has the features' scale squared, which differs between models and layers for no reason that \
                 matters.",
        formula: "D_inter = 1/(C(C-1)) sum_{j != k} |mu_j - mu_k|^2",
        convention: "squared Euclidean distance; all pairs of classes count the same",
        like: &[],
        variants: &[variant(
            "unsquared",
            "distances, not their squares",
            classes(inter_unsquared, 1),
        )],
        reference: PAPER,
        estimand: "the populations' mean squared distance, for these classes",
        laws: &[Law::Rotation, Law::Translation, Law::RowOrder, Law::ClassNames],
        error: ErrorBar::JackknifeOfExcess,
        eval: classes(inter_class_distance, 1),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn two_classes_on_a_line() {
        // Class 0 at -1 and 1, class 1 at 9 and 11: D_intra = 1, D_inter = 100.
        let m = ClassMoments::of(&array![[-1.0], [1.0], [9.0], [11.0]], &[0, 0, 1, 1]);
        assert_eq!(intra_class_distance(&m).unwrap(), 1.0);
        assert_eq!(inter_class_distance(&m).unwrap(), 100.0);
        assert_eq!(discriminative_ratio(&m).unwrap(), 100.0);
        assert_eq!(intra_unbiased(&m).unwrap(), 2.0);
        assert_eq!(inter_unsquared(&m).unwrap(), 10.0);
    }

    #[test]
    fn the_total_scatter_splits_into_within_and_between() {
        // tr S_T = D_intra + (C-1)/(2C) D_inter for balanced classes, S_T around mu_bar.
        let rows = Array2::from_shape_fn((12, 3), |(i, j)| ((i * 5 + j * 7 + i * i) % 13) as f64);
        let classes: Vec<usize> = (0..12).map(|i| i % 4).collect();
        let m = ClassMoments::of(&rows, &classes);
        let centre = m.means().mean_axis(Axis(0)).unwrap();
        let total = rows
            .outer_iter()
            .map(|r| (&r - &centre).mapv(|x| x * x).sum())
            .sum::<f64>()
            / 12.0;
        let (intra, inter) = (intra_class_distance(&m).unwrap(), inter_class_distance(&m).unwrap());
        assert!((total - intra - 3.0 / 8.0 * inter).abs() < 1e-12);
    }

    #[test]
    fn a_singleton_counts_between_but_not_within() {
        let m = ClassMoments::of(&array![[-1.0], [1.0], [9.0], [11.0], [100.0]], &[0, 0, 1, 1, 2]);
        assert_eq!(intra_class_distance(&m).unwrap(), 1.0);
        assert_eq!(discriminative_ratio(&m).unwrap(), 100.0);
        // Means 0, 10, 100: squared distances 100, 8100, 10000.
        assert!((inter_class_distance(&m).unwrap() - 18_200.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn degenerate_classes_are_undefined_and_say_why() {
        let reason = |r: Result<f64>| r.unwrap_err().to_string();
        let one = ClassMoments::of(&array![[1.0], [2.0]], &[0, 0]);
        assert!(reason(inter_class_distance(&one)).contains("two classes"));
        let collapsed = ClassMoments::of(&array![[0.1], [0.1], [0.7], [0.7]], &[0, 0, 1, 1]);
        assert!(reason(discriminative_ratio(&collapsed)).contains("collapsed"));
        let coincident = ClassMoments::of(&array![[0.1], [0.7], [0.7], [0.1]], &[0, 0, 1, 1]);
        assert!(reason(inter_class_distance(&coincident)).contains("coincide"));
        // Squares of 1e-200 are no numbers of 64 bits: nothing has collapsed.
        for scale in [1e-200, 1e200] {
            let far = ClassMoments::of(&(array![[1.0], [2.0], [9.0], [11.0]] * scale), &[0, 0, 1, 1]);
            for metric in [intra_class_distance, inter_class_distance, discriminative_ratio] {
                assert!(reason(metric(&far)).contains("64-bit"), "{scale:e}");
            }
        }
        let singletons = ClassMoments::of(&array![[0.1], [0.7]], &[0, 1]);
        assert!(reason(intra_class_distance(&singletons)).contains("two rows"));
    }
}
