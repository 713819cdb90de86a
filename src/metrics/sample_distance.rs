//! Distance between the rows of the pretraining and of the evaluation data: beyond means and covariances.

use ndarray::Array1;

use super::distance::covariances;
use super::{Better, DomainScores, ErrorBar, Eval, Family, KernelScale, Law, Metric, PairSums, Place, Variant};
use crate::error::{Error, Result};
use crate::linalg::solve_definite;
use crate::stats::{GROUPS, Moments};

/// Weight of the mean variance on the diagonal of the domain classifier's covariance.
const SHRINKAGE: f64 = 0.1;

/// E k(X, X') + E k(Y, Y') - 2 E k(X, Y), a row never paired with itself: the unbiased squared maximum mean discrepancy.
/// `without` leaves out the rows of one jackknife group on both sides.
///
/// # Errors
/// Undefined with fewer than two rows on a side.
pub fn discrepancy(sums: &PairSums, without: Option<usize>) -> Result<f64> {
    let kept = || (0..GROUPS).filter(move |&g| Some(g) != without);
    let total = |cells: &[[f64; GROUPS]; GROUPS]| kept().flat_map(|g| kept().map(move |h| cells[g][h])).sum::<f64>();
    let [n, m] = sums.rows.map(|rows| kept().map(|g| rows[g]).sum::<u64>() as f64);
    if n < 2.0 || m < 2.0 {
        return Err(Error::undefined("pairs of rows need at least two rows on each side"));
    }
    Ok(total(&sums.pre) / (n * (n - 1.0)) + total(&sums.eval) / (m * (m - 1.0)) - 2.0 * total(&sums.across) / (n * m))
}

/// (x·y/d + 1)³ - (x·c/d + 1)³ - (c·y/d + 1)³ + (c·c/d + 1)³: what is taken off adds nothing to a discrepancy, and
/// multiplied out no large numbers are left that would cancel far from zero.
pub fn cubic(scale: &KernelScale, x: Place, y: Place, squared: f64) -> f64 {
    let product = (x.square + y.square - squared) / (2.0 * scale.d);
    let (level, a, b) = (scale.level, x.along, y.along);
    let p = level + a;
    3.0 * p * p * product
        + 3.0 * a * b * (2.0 * level + a + b)
        + 3.0 * p * product * (2.0 * b + product)
        + product * (3.0 * b * b + 3.0 * b * product + product * product)
}

/// exp(-‖x - y‖²/(2 s²)), s² the median squared distance.
pub fn gaussian(scale: &KernelScale, _: Place, _: Place, squared: f64) -> f64 {
    (-squared / (2.0 * scale.bandwidth)).exp()
}

/// -‖x - y‖: its discrepancy is the energy distance.
pub fn negative_distance(_: &KernelScale, _: Place, _: Place, squared: f64) -> f64 {
    -squared.sqrt()
}

/// The root of the mean over directions of the squared Wasserstein distances along them.
///
/// # Errors
/// Undefined without directions.
pub fn sliced_wasserstein(squares: &[f64]) -> Result<f64> {
    if squares.is_empty() {
        return Err(Error::undefined("no direction to look along"));
    }
    Ok((squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
}

/// A linear classifier of the two data sets: score w·(x - midpoint), positive on the side of the evaluation data.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainClassifier {
    /// w (d).
    pub weights: Array1<f64>,
    /// The point between the two means (d).
    pub midpoint: Array1<f64>,
}

/// Linear discriminant analysis with equal priors: w = S⁻¹ (mu_eval - mu_pre), S the mean of the two covariances (ddof 0)
/// with a tenth of it replaced by its mean variance.
///
/// # Errors
/// Undefined with fewer than two rows on a side, where both sides are constant, and for squares beyond 64 bits.
pub fn domain_classifier(pre: &Moments, eval: &Moments) -> Result<DomainClassifier> {
    let [a, b] = covariances(pre, eval)?;
    let biased = |m: &Moments| (m.n() - 1) as f64 / m.n() as f64 / 2.0;
    let mut shrunk = a * biased(pre);
    shrunk.scaled_add(biased(eval), &b);
    let level = shrunk.diag().sum() / shrunk.nrows() as f64;
    if level == 0.0 {
        return Err(Error::undefined("every channel is constant within both data sets"));
    }
    shrunk *= 1.0 - SHRINKAGE;
    shrunk.diag_mut().iter_mut().for_each(|x| *x += SHRINKAGE * level);
    let apart = eval.mean() - pre.mean();
    Ok(DomainClassifier {
        midpoint: pre.mean() + &(&apart * 0.5),
        weights: solve_definite(shrunk, apart)?,
    })
}

/// The scores of the rows of one group that `without` leaves, of the pretraining and of the evaluation data.
fn fold(s: &DomainScores, group: u8) -> [Vec<f64>; 2] {
    let of = |eval: bool| {
        (0..s.scores.len())
            .filter(|&i| s.groups[i] == group && s.is_eval[i] == eval)
            .map(|i| s.scores[i])
            .collect()
    };
    [of(false), of(true)]
}

/// P(score of an evaluation row > score of a pretraining row), ties half: by ranks.
fn area(pre: &[f64], eval: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = pre.iter().map(|&s| (s, false)).collect();
    all.extend(eval.iter().map(|&s| (s, true)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let of_eval = tied.iter().filter(|(_, eval)| *eval).count() as f64;
        let of_pre = tied.len() as f64 - of_eval;
        wins += of_eval * (below + of_pre / 2.0);
        below += of_pre;
    }
    wins / (pre.len() as f64 * eval.len() as f64)
}

/// The mean over groups of the area under the curve of the group's rows, scored by the classifier of the other groups:
/// scores of different classifiers are not compared.
///
/// # Errors
/// Undefined where no group has rows of both sides.
pub fn domain_auc(s: &DomainScores, without: Option<u8>) -> Result<f64> {
    let areas: Vec<f64> = (0..GROUPS as u8)
        .filter(|g| Some(*g) != without)
        .map(|g| fold(s, g))
        .filter(|[pre, eval]| !pre.is_empty() && !eval.is_empty())
        .map(|[pre, eval]| area(&pre, &eval))
        .collect();
    if areas.is_empty() {
        return Err(Error::undefined("no group of held-out rows has rows of both data sets"));
    }
    Ok(areas.iter().sum::<f64>() / areas.len() as f64)
}

/// 2 (1 - 2 err), err the mean of the two sides' shares of held-out rows on the wrong side.
///
/// # Errors
/// Undefined where a side has no rows.
pub fn proxy_a_distance(s: &DomainScores, without: Option<u8>) -> Result<f64> {
    let mut shares = [(0.0, 0.0); 2];
    for ((&score, &eval), &group) in s.scores.iter().zip(&s.is_eval).zip(&s.groups) {
        if Some(group) != without {
            let share = &mut shares[usize::from(eval)];
            share.0 += wrong(score, eval);
            share.1 += 1.0;
        }
    }
    if shares.iter().any(|(_, rows)| *rows == 0.0) {
        return Err(Error::undefined("no held-out rows of one data set"));
    }
    let error = shares.iter().map(|(wrong, rows)| wrong / rows).sum::<f64>() / 2.0;
    Ok(2.0 * (1.0 - 2.0 * error))
}

/// 1 for a row on the wrong side, ½ for one on the border.
pub fn wrong(score: f64, eval: bool) -> f64 {
    match (score == 0.0, (score > 0.0) == eval) {
        (true, _) => 0.5,
        (false, true) => 0.0,
        (false, false) => 1.0,
    }
}

/// The family.
pub const FAMILY: Family = Family {
    id: "sample-distance",
    about: "How far apart are the rows of the pretraining and of the evaluation data, beyond means and covariances?",
    metrics: METRICS,
};

const UNBIASED: &str = "the populations' value: unbiased for any numbers of rows";
const HELD_OUT: &str = "the value, on rows not yet seen, of classifiers made from nine tenths of these numbers of rows";

const METRICS: &[Metric] = &[
    Metric {
        id: "kid",
        label: "Kernel distance (KID)",
        unit: "",
        better: Better::Lower,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        about: "The squared maximum mean discrepancy under a cubic kernel (KID, on these features): it compares means, \
                covariances and skewness at once. Unbiased, so it can be below zero and can be compared across numbers \
                of rows; it has no unit but depends on the scale of the features.",
        caveat: "Two random draws of subsets give two values: the seed is part of the convention. Its kernel has no \
                 scale of its own: features of another scale give another metric.",
        formula: "mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean k(x_i, y_j), k(x, y) = (x.y/d + 1)^3",
        convention: "mean over 100 random subsets of min(1000, N/2) rows of each side, N the smaller side's (torch-fidelity's \
                     form; its own draws cannot be repeated)",
        like: &["torch-fidelity"],
        variants: &[Variant {
            id: "complete",
            about: "over all pairs of rows instead of random subsets: torch-fidelity's kid_subset_size = N",
            like: &[],
            eval: Eval::Kernel {
                kernel: cubic,
                subsets: false,
                tested: false,
            },
        }],
        reference: "Binkowski et al., ICLR 2018, arXiv 1801.01401",
        estimand: UNBIASED,
        laws: &[Law::Rotation, Law::ClassNames, Law::Symmetry],
        error: ErrorBar::Jackknife,
        eval: Eval::Kernel {
            kernel: cubic,
            subsets: true,
            tested: false,
        },
    },
    Metric {
        id: "mmd_rbf",
        label: "Gaussian kernel distance (MMD²)",
        unit: "",
        better: Better::Lower,
        range: (-1.0, 2.0),
        about: "The squared maximum mean discrepancy under a Gaussian kernel as wide as the rows lie apart: zero only for \
                equal distributions. Unbiased, so it can be below zero; it does not depend on the scale of the features.",
        caveat: "Its bandwidth comes from the data, so values of two models are only comparable as far as their \
                 median distances play the same role.",
        formula: "mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean k(x_i, y_j), k(x, y) = exp(-|x-y|^2/(2 s^2))",
        convention: "s^2 the median squared distance between pooled rows, at most 1,000 of each side drawn with the seed; \
                     permutation test of the domain labels",
        like: &[],
        variants: &[],
        reference: "Gretton et al., JMLR 2012",
        estimand: UNBIASED,
        laws: &[
            Law::Rotation,
            Law::Translation,
            Law::Scale,
            Law::ClassNames,
            Law::Symmetry,
        ],
        error: ErrorBar::Jackknife,
        eval: Eval::Kernel {
            kernel: gaussian,
            subsets: false,
            tested: true,
        },
    },
    Metric {
        id: "energy_distance",
        label: "Energy distance",
        unit: "feature units",
        better: Better::Lower,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        about: "How much farther rows of different data sets lie apart than rows of the same: zero only for equal \
                distributions. Unbiased, so it can be below zero. It has the features' scale.",
        caveat: "It has the features' scale. Unbiased: it can be a little below 0 where the sets agree.",
        formula: "2 E|X - Y| - E|X - X'| - E|Y - Y'|",
        convention: "no square root (scipy takes one); a row is not paired with itself; permutation test of the domain labels",
        like: &[],
        variants: &[],
        reference: "Székely and Rizzo, J. Statistical Planning and Inference 2013",
        estimand: UNBIASED,
        laws: &[Law::Rotation, Law::Translation, Law::ClassNames, Law::Symmetry],
        error: ErrorBar::Jackknife,
        eval: Eval::Kernel {
            kernel: negative_distance,
            subsets: false,
            tested: true,
        },
    },
    Metric {
        id: "sliced_wasserstein",
        label: "Sliced Wasserstein distance",
        unit: "feature units",
        better: Better::Lower,
        range: (0.0, f64::INFINITY),
        about: "How far rows must be moved, seen along random directions, to make one data set of the other. It has the \
                features' scale and shrinks with the number of rows: compare at equal N.",
        caveat: "Most random directions see little in high dimensions: it is smaller than the full Wasserstein \
                 distance, and depends on d.",
        formula: "(mean over directions w of W_2(w.x, w.y)^2)^(1/2)",
        convention: "512 directions drawn with the seed; exact quantile functions for unequal N (POT); permutation test of \
                     the domain labels along 32 of them",
        like: &[],
        variants: &[],
        reference: "Bonneel et al., J. Mathematical Imaging and Vision 2015",
        estimand: "the expectation at these numbers of rows, for these directions: samples lie farther apart than populations",
        laws: &[
            Law::Translation,
            Law::RowOrder,
            Law::ClassNames,
            Law::Symmetry,
            Law::ZeroOnItself,
        ],
        error: ErrorBar::Jackknife,
        eval: Eval::Slices {
            value: sliced_wasserstein,
        },
    },
    Metric {
        id: "domain_auc",
        label: "Domain classifier AUC",
        unit: "",
        better: Better::Lower,
        range: (0.0, 1.0),
        about: "How well a linear classifier tells rows of the pretraining from rows of the evaluation data: 1/2 where it \
                cannot, 1 where it always can.",
        caveat: "Linear: sets that a straight cut cannot part look the same to it. 1 says only that they can be \
                 told apart, not how far apart they are.",
        formula: "P(w.x_eval > w.x_pre) on held-out rows, w = S^-1 (mu_eval - mu_pre)",
        convention: "linear discriminant analysis, both sides weigh the same, S with shrinkage 0.1 (scikit-learn, solver \
                     lsqr); ten folds within classes; the mean of the folds' areas",
        like: &[],
        variants: &[],
        reference: "Lopez-Paz and Oquab, ICLR 2017, arXiv 1610.06545; interval: LeDell et al., Electronic J. Statistics 2015",
        estimand: HELD_OUT,
        laws: &[Law::Rotation, Law::Translation, Law::Scale, Law::Symmetry],
        error: ErrorBar::Jackknife,
        eval: Eval::Domain {
            value: domain_auc,
            null: 0.5,
        },
    },
    Metric {
        id: "proxy_a_distance",
        label: "Proxy A-distance",
        unit: "",
        better: Better::Lower,
        range: (-2.0, 2.0),
        about: "How often a linear classifier takes a row for one of the right data set: 0 where it guesses, 2 where it never \
                errs.",
        caveat: "Saturates at 2 as soon as the sets can be told apart, as features of two data sets nearly always \
                 can in high dimensions.",
        formula: "2 (1 - 2 err), err = mean of the two sides' shares of held-out rows on the wrong side",
        convention: "the classifier and folds of domain_auc; border halfway between the means",
        like: &[],
        variants: &[],
        reference: "Ben-David et al., NeurIPS 2006",
        estimand: HELD_OUT,
        laws: &[Law::Rotation, Law::Translation, Law::Scale, Law::Symmetry],
        error: ErrorBar::Jackknife,
        eval: Eval::Domain {
            value: proxy_a_distance,
            null: 0.0,
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn the_cubic_kernel_is_the_textbooks_less_what_cancels() {
        let c = array![0.5, -1.0, 2.0];
        let (x, y) = (array![1.0, 2.0, -0.5], array![0.25, -3.0, 1.0]);
        let plain = |a: &Array1<f64>, b: &Array1<f64>| (a.dot(b) / 3.0 + 1.0).powi(3);
        let place = |x: &Array1<f64>| {
            let apart = x - &c;
            Place {
                square: apart.dot(&apart),
                along: c.dot(&apart) / 3.0,
            }
        };
        let scale = KernelScale {
            bandwidth: 1.0,
            level: c.dot(&c) / 3.0 + 1.0,
            d: 3.0,
        };
        let apart = &x - &y;
        let expected = plain(&x, &y) - plain(&x, &c) - plain(&c, &y) + plain(&c, &c);
        let got = cubic(&scale, place(&x), place(&y), apart.dot(&apart));
        assert!((got - expected).abs() < 1e-13, "{got} {expected}");
    }

    #[test]
    fn an_area_counts_pairs_in_order_and_ties_half() {
        // Pairs (pre, eval): 1<2, 1<3, 3>2, 3=3, 0<2, 0<3: 4.5 of 6.
        assert!((area(&[1.0, 3.0, 0.0], &[2.0, 3.0]) - 0.75).abs() < 1e-15);
        assert_eq!(area(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(area(&[1.0, 1.0], &[1.0]), 0.5);
    }

    #[test]
    fn a_classifier_that_never_errs_is_two_away_and_one_that_guesses_none() {
        let scores = |scores: &[f64]| DomainScores {
            scores: scores.to_vec(),
            is_eval: (0..scores.len()).map(|i| i % 2 == 1).collect(),
            groups: vec![0; scores.len()],
        };
        let right = scores(&[-1.0, 1.0, -2.0, 0.5]);
        assert_eq!(proxy_a_distance(&right, None).unwrap(), 2.0);
        assert_eq!(domain_auc(&right, None).unwrap(), 1.0);
        let nothing = scores(&[0.0, 0.0, 0.0, 0.0]);
        assert_eq!(proxy_a_distance(&nothing, None).unwrap(), 0.0);
        assert_eq!(domain_auc(&nothing, None).unwrap(), 0.5);
        assert!(domain_auc(&right, Some(0)).is_err());
    }

    #[test]
    fn the_classifier_looks_along_the_means_where_channels_are_alike() {
        // Both sides: variance 1 (ddof 0) in each channel, no covariance; means 4 apart in the first.
        let square = array![[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        let moments = |x: &Array2<f64>| {
            let mut m = Moments::new(2);
            m.update(x.view());
            m
        };
        let (a, b) = (moments(&square), moments(&(&square + &array![4.0, 0.0])));
        let found = domain_classifier(&a, &b).unwrap();
        assert!((found.weights[0] - 4.0).abs() < 1e-14 && found.weights[1].abs() < 1e-14);
        assert_eq!(found.midpoint, array![2.0, 0.0]);
        let constant = moments(&Array2::from_elem((4, 2), 3.0));
        assert!(domain_classifier(&constant, &constant).is_err());
    }
}
