//! Redundancy: how much channels repeat one another.

use std::f64::consts::PI;

use super::eval::{Eval, FromCorrelation, FromValues};
use super::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::error::{Error, Result};
use crate::stats::{ChannelCorrelation, ChannelValues};
use crate::uncertainty::ErrorBar;

const PAPER: &str = "Wang et al., CVPR 2022, arXiv 2112.00496 (this project's stated convention for it)";

fn absolute_sum(c: &ChannelCorrelation) -> f64 {
    // Row sums first: a sum of d² terms keeps more digits in two steps.
    c.matrix
        .outer_iter()
        .map(|row| row.iter().map(|r| r.abs()).sum::<f64>())
        .sum()
}

/// R = 1/d² Σ_{i,j} |rho_ij| over the d live channels, the diagonal included: 1/d for orthogonal channels, 1 for equal ones.
///
/// # Errors
/// None beyond those of the correlations.
pub fn redundancy(c: &ChannelCorrelation) -> Result<f64> {
    Ok(absolute_sum(c) / (c.channels() as f64).powi(2))
}

/// The mean of |rho_ij| over i ≠ j.
///
/// # Errors
/// Undefined with a single live channel.
pub fn redundancy_offdiagonal(c: &ChannelCorrelation) -> Result<f64> {
    off_diagonal(c, absolute_sum(c))
}

/// The mean over i ≠ j, from the sum over all i and j of what is 1 for i = j.
fn off_diagonal(c: &ChannelCorrelation, sum: f64) -> Result<f64> {
    let d = c.channels() as f64;
    match c.channels() < 2 {
        true => Err(Error::undefined("only one channel varies")),
        false => Ok((sum - d) / (d * (d - 1.0))),
    }
}

/// [`redundancy_offdiagonal`] less its [`floor`].
///
/// # Errors
/// As [`redundancy_offdiagonal`].
pub fn redundancy_excess(c: &ChannelCorrelation) -> Result<f64> {
    Ok(redundancy_offdiagonal(c)? - floor(c))
}

/// The mean of rho_ij² over i ≠ j.
///
/// # Errors
/// Undefined with a single live channel.
pub fn barlow_redundancy(c: &ChannelCorrelation) -> Result<f64> {
    let squares = c.matrix.outer_iter().map(|row| row.iter().map(|r| r * r).sum::<f64>());
    off_diagonal(c, squares.sum())
}

/// The sum of rho_ij² over i ≠ j, as the loss has it.
fn barlow_sum(c: &ChannelCorrelation) -> Result<f64> {
    let d = c.channels() as f64;
    Ok(barlow_redundancy(c)? * d * (d - 1.0))
}

/// |rho| above which two channels say the same.
const DUPLICATE: f64 = 0.999;

/// For each live channel, the first earlier one that it repeats, both counted among the live ones.
pub fn duplicates(c: &ChannelCorrelation) -> Vec<Option<usize>> {
    let earlier = |j: usize| (0..j).find(|&i| c.matrix[[j, i]].abs() > DUPLICATE);
    (0..c.channels()).map(earlier).collect()
}

/// How many channels have an earlier live channel at |rho| > 0.999.
///
/// # Errors
/// None beyond those of the correlations.
pub fn duplicate_channels(c: &ChannelCorrelation) -> Result<f64> {
    Ok(duplicates(c).iter().flatten().count() as f64)
}

/// How many channels are constant: their least value is their largest.
///
/// # Errors
/// None.
pub fn dead_channels(v: &ChannelValues) -> Result<f64> {
    Ok(v.live().iter().filter(|live| !**live).count() as f64)
}

/// The share of exact zeros among all values.
///
/// # Errors
/// None.
pub fn sparsity(v: &ChannelValues) -> Result<f64> {
    let zeros: u64 = v.zeros.iter().sum();
    Ok(zeros as f64 / (v.n as f64 * v.zeros.len() as f64))
}

/// The expectation of |r| for independent normal channels, sqrt(2 / (pi (N - 1))).
pub fn floor(c: &ChannelCorrelation) -> f64 {
    (2.0 / (PI * (c.n as f64 - 1.0))).sqrt()
}

fn floor_with_diagonal(c: &ChannelCorrelation) -> f64 {
    let d = c.channels() as f64;
    (1.0 + (d - 1.0) * floor(c)) / d
}

/// The floor of rank correlations is the same: under independence their variance is 1/(N - 1) too.
const SPEARMAN: &str = "Spearman's rank correlation, equal values sharing their mean rank (scipy): it sees no rising \
                        transform of a channel, such as a logarithm, and hardly an outlier; of sets too large for it, of rows \
                        drawn with the seed";

const ESTIMAND: &str = "the expectation at this N (|r| is biased upwards where correlations are weak)";
const COUNT: &str = "none: a property of the set as it is";
const COUNTED: &str = "a count over the set as it is stored, not an estimate of anything beyond it";
const LAWS: &[Law] = &[Law::Translation, Law::Scale, Law::ChannelScale, Law::RowOrder];

type OfCorrelation<T> = fn(&ChannelCorrelation) -> T;

const fn channels(value: OfCorrelation<Result<f64>>, null: OfCorrelation<f64>) -> Eval {
    Eval::Channels(FromCorrelation { value, null })
}

const fn ranks(value: OfCorrelation<Result<f64>>, null: OfCorrelation<f64>) -> Eval {
    Eval::Ranks(FromCorrelation { value, null })
}

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "channel-redundancy",
    about: "How much do channels repeat one another?",
    metrics: METRICS,
};

const METRICS: &[Metric] = &[
    Metric {
        id: "redundancy",
        label: "Redundancy",
        unit: "",
        better: Better::Lower,
        range: (0.0, 1.0),
        about: "The mean absolute correlation between channels, each with itself included: 1/d where channels are \
                uncorrelated, 1 where all say the same.",
        caveat: "Its floor rises with fewer rows, and its diagonal adds 1/d: compare at equal N and d, or use the \
                 off-diagonal form.",
        formula: "R = 1/d^2 sum_{i,j} |rho_ij|",
        convention: "Pearson correlation; diagonal included; constant channels left out, d counts the others",
        like: &[],
        variants: &[variant("spearman", SPEARMAN, ranks(redundancy, floor_with_diagonal))],
        reference: PAPER,
        estimand: ESTIMAND,
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: channels(redundancy, floor_with_diagonal),
    },
    Metric {
        id: "redundancy_offdiagonal",
        label: "Redundancy, off the diagonal",
        unit: "",
        better: Better::Lower,
        range: (0.0, 1.0),
        about: "The mean absolute correlation between two different channels: comparable between layers of different \
                width.",
        caveat: "Its floor, sqrt(2/(pi (N-1))), is not 0: at few rows independent channels look correlated.",
        formula: "1/(d(d-1)) sum_{i != j} |rho_ij|",
        convention: "Pearson correlation; constant channels left out",
        like: &[],
        variants: &[variant("spearman", SPEARMAN, ranks(redundancy_offdiagonal, floor))],
        reference: PAPER,
        estimand: ESTIMAND,
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: channels(redundancy_offdiagonal, floor),
    },
    Metric {
        id: "redundancy_excess",
        label: "Redundancy above its floor",
        unit: "",
        better: Better::Lower,
        range: (-1.0, 1.0),
        about: "Off-diagonal redundancy less what independent channels would show at this number of rows. A reading \
                aid: it over-corrects where channels are truly correlated.",
        caveat: "Subtracting the floor is right only where channels are nearly independent; it can be negative.",
        formula: "1/(d(d-1)) sum_{i != j} |rho_ij| - sqrt(2 / (pi (N-1)))",
        convention: "Pearson correlation; constant channels left out; floor of independent normal channels",
        like: &[],
        variants: &[],
        reference: "this project; floor: mean of a half-normal of variance 1/(N-1)",
        estimand: ESTIMAND,
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: channels(redundancy_excess, |_| 0.0),
    },
    Metric {
        id: "barlow_redundancy",
        label: "Squared correlation",
        unit: "",
        better: Better::Lower,
        range: (0.0, 1.0),
        about: "The mean squared correlation between two different channels, what Barlow Twins pushes down: few strong \
                correlations weigh more than in the mean absolute one.",
        caveat: "Its floor for independent channels is 1/(N-1), not 0.",
        formula: "1/(d(d-1)) sum_{i != j} rho_ij^2",
        convention: "Pearson correlation; constant channels left out; divided by the pairs, not summed as in the loss",
        like: &[],
        variants: &[variant(
            "sum",
            "summed over i != j, as the loss has it (lightly, solo-learn): it grows with the width",
            channels(barlow_sum, |c| {
                (c.channels() * (c.channels() - 1)) as f64 / (c.n as f64 - 1.0)
            }),
        )],
        reference: "the redundancy term of Zbontar et al., ICML 2021, arXiv 2103.03230",
        estimand: ESTIMAND,
        laws: LAWS,
        error: ErrorBar::Jackknife,
        eval: channels(barlow_redundancy, |c| 1.0 / (c.n as f64 - 1.0)),
    },
    Metric {
        id: "dead_channels",
        label: "Dead channels",
        unit: "channels",
        better: Better::Lower,
        range: (0.0, f64::INFINITY),
        about: "How many channels are constant over the whole set, and say nothing of its rows.",
        caveat: "Dead on these rows; a channel that fires once in a hundred thousand images is counted as dead on \
                 fewer.",
        formula: "number of channels with min = max",
        convention: "as stored: no tolerance",
        like: &[],
        variants: &[],
        reference: "this project",
        estimand: COUNT,
        laws: &[
            Law::Translation,
            Law::Scale,
            Law::ChannelScale,
            Law::RowOrder,
            Law::ClassNames,
        ],
        error: ErrorBar::None(COUNTED),
        eval: Eval::Values(FromValues { value: dead_channels }),
    },
    Metric {
        id: "duplicate_channels",
        label: "Duplicate channels",
        unit: "channels",
        better: Better::Lower,
        range: (0.0, f64::INFINITY),
        about: "How many channels repeat an earlier one, up to scale, sign and shift.",
        caveat: "Counted in the order of channels: of three copies two count.",
        formula: "number of j with |rho_ij| > 0.999 for an i < j",
        convention: "Pearson correlation; constant channels left out",
        like: &[],
        variants: &[],
        reference: "this project",
        estimand: COUNT,
        laws: LAWS,
        error: ErrorBar::None(COUNTED),
        eval: channels(duplicate_channels, |_| 0.0),
    },
    Metric {
        id: "sparsity",
        label: "Sparsity",
        unit: "",
        better: Better::Neither,
        range: (0.0, 1.0),
        about: "The share of values that are exactly zero, as a ReLU leaves them.",
        caveat: "Exact zeros, as a ReLU makes them: features after another activation have none.",
        formula: "number of x_ij = 0 / (N d)",
        convention: "exact zeros, as stored; constant channels included",
        like: &[],
        variants: &[],
        reference: "after Glorot et al., AISTATS 2011",
        estimand: "the populations' share, for these classes in these proportions",
        laws: &[Law::Scale, Law::ChannelScale, Law::RowOrder, Law::ClassNames],
        error: ErrorBar::Jackknife,
        eval: Eval::Values(FromValues { value: sparsity }),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn correlation(matrix: Array2<f64>) -> ChannelCorrelation {
        ChannelCorrelation { matrix, n: 101 }
    }

    #[test]
    fn identical_channels_give_one_and_orthogonal_ones_the_inverse_width() {
        assert_eq!(redundancy(&correlation(Array2::from_elem((5, 5), -1.0))).unwrap(), 1.0);
        assert_eq!(redundancy(&correlation(Array2::eye(8))).unwrap(), 0.125);
        assert_eq!(redundancy_offdiagonal(&correlation(Array2::eye(8))).unwrap(), 0.0);
    }

    #[test]
    fn the_sign_of_a_correlation_does_not_matter() {
        let c = correlation(array![[1.0, -0.5], [-0.5, 1.0]]);
        assert_eq!(redundancy(&c).unwrap(), 0.75);
        assert_eq!(redundancy_offdiagonal(&c).unwrap(), 0.5);
        assert_eq!(barlow_redundancy(&c).unwrap(), 0.25);
        // sqrt(2 / (100 pi)) = 0.0797884560802865
        assert!((redundancy_excess(&c).unwrap() - (0.5 - 0.079_788_456_080_286_5)).abs() < 1e-15);
    }

    #[test]
    fn redundancy_lies_between_its_bounds_by_the_participation_ratio() {
        // PR = d² / sum rho²: 1/PR <= R <= 1/sqrt(PR).
        let c = correlation(array![[1.0, 0.3, -0.8], [0.3, 1.0, 0.1], [-0.8, 0.1, 1.0]]);
        let ratio = 9.0 / c.matrix.iter().map(|r| r * r).sum::<f64>();
        let r = redundancy(&c).unwrap();
        assert!(1.0 / ratio <= r && r <= ratio.powf(-0.5));
    }

    #[test]
    fn a_channel_repeats_the_first_that_says_the_same() {
        let c = correlation(array![
            [1.0, 0.2, -0.9995, 0.9991],
            [0.2, 1.0, 0.2, 0.2],
            [-0.9995, 0.2, 1.0, 0.5],
            [0.9991, 0.2, 0.5, 1.0]
        ]);
        assert_eq!(duplicates(&c), [None, None, Some(0), Some(0)]);
        assert_eq!(duplicate_channels(&c).unwrap(), 2.0);
    }

    #[test]
    fn constant_channels_and_zeros_are_counted() {
        let mut v = ChannelValues::new(3);
        for row in [[0.0, 2.0, 0.5], [0.0, 0.0, 1.5]] {
            v.update(ndarray::arr1(&row).view());
        }
        assert_eq!((dead_channels(&v).unwrap(), sparsity(&v).unwrap()), (1.0, 0.5));
    }

    #[test]
    fn a_single_channel_has_no_off_diagonal() {
        assert!(redundancy_offdiagonal(&correlation(Array2::eye(1))).is_err());
        assert_eq!(redundancy(&correlation(Array2::eye(1))).unwrap(), 1.0);
    }
}
