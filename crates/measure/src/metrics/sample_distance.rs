//! Distance between the rows of the pretraining and of the evaluation data: beyond means and covariances.

use super::domain_classifier::{domain_auc, proxy_a_distance};
use super::eval::{Eval, FromDomain, FromKernel, FromSlices, Kernel};
use super::inputs::{FromCentre, KernelScale, Lie, PairSums};
use super::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::error::{Error, Result};
use crate::uncertainty::{ErrorBar, GROUPS};

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
pub fn cubic(scale: &KernelScale, x: FromCentre, y: FromCentre, lie: Lie) -> f64 {
    let product = lie.product / scale.d;
    let (level, a, b) = (scale.level, x.along, y.along);
    let p = level + a;
    3.0 * p * p * product
        + 3.0 * a * b * (2.0 * level + a + b)
        + 3.0 * p * product * (2.0 * b + product)
        + product * (3.0 * b * b + 3.0 * b * product + product * product)
}

/// exp(-‖x - y‖²/(2 s²)), s² the median squared distance.
pub fn gaussian(scale: &KernelScale, _: FromCentre, _: FromCentre, lie: Lie) -> f64 {
    (-lie.squared / (2.0 * scale.bandwidth)).exp()
}

/// ‖x - c‖ + ‖y - c‖ - ‖x - y‖: its discrepancy is the energy distance. What is added to -‖x - y‖ adds nothing to a
/// discrepancy, and what is left is no larger than twice the smaller of the two norms: one row far from all others leaves the
/// digits of the rest.
pub fn nearness(_: &KernelScale, x: FromCentre, y: FromCentre, lie: Lie) -> f64 {
    let (least, most) = (x.norm.min(y.norm), x.norm.max(y.norm));
    let apart = most + lie.squared.sqrt();
    if apart == 0.0 {
        return 0.0;
    }
    // most - ‖x - y‖, of which the squares differ by 2 (x - c)·(y - c) - least².
    least + (2.0 * lie.product - least * least) / apart
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

const fn kernel_mean(kernel: Kernel, subsets: bool, tested: bool) -> Eval {
    Eval::Kernel(FromKernel {
        kernel,
        subsets,
        tested,
    })
}

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "sample-distance",
    about: "How far apart are the rows of the pretraining and of the evaluation data, beyond means and covariances?",
    metrics: METRICS,
};

const UNBIASED: &str = "the populations' value: unbiased for any numbers of rows";
const HELD_OUT: &str =
    "the expectation, on rows not yet seen, for classifiers made from nine tenths of these numbers of rows";

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
        variants: &[variant(
            "complete",
            "over all pairs of rows instead of random subsets: torch-fidelity's kid_subset_size = N",
            kernel_mean(cubic, false, false),
        )],
        reference: "Binkowski et al., ICLR 2018, arXiv 1801.01401",
        estimand: UNBIASED,
        laws: &[Law::Rotation, Law::ClassNames, Law::Symmetry],
        error: ErrorBar::None(
            "the cubic kernel hangs on the farthest rows: one by resampling covered 89.8 to 98.2 % in simulations",
        ),
        eval: kernel_mean(cubic, true, false),
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
                 median distances play the same role. \
                 Where the sets hardly differ its interval is wide: it covered up to 97.5 % in simulations.",
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
        eval: kernel_mean(gaussian, false, true),
    },
    Metric {
        id: "energy_distance",
        label: "Energy distance",
        unit: "feature units",
        better: Better::Lower,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        about: "How much farther rows of different data sets lie apart than rows of the same: zero only for equal \
                distributions. Unbiased, so it can be below zero. It has the features' scale.",
        caveat: "It has the features' scale. Unbiased: it can be a little below 0 where the sets agree. \
                 Where they hardly differ its interval is wide: it covered up to 97.7 % in simulations.",
        formula: "2 E|X - Y| - E|X - X'| - E|Y - Y'|",
        convention: "no square root (scipy takes one); a row is not paired with itself; permutation test of the domain labels",
        like: &[],
        variants: &[],
        reference: "Székely and Rizzo, J. Statistical Planning and Inference 2013",
        estimand: UNBIASED,
        laws: &[Law::Rotation, Law::Translation, Law::ClassNames, Law::Symmetry],
        error: ErrorBar::Jackknife,
        eval: kernel_mean(nearness, false, true),
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
        eval: Eval::Slices(FromSlices {
            value: sliced_wasserstein,
        }),
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
                 told apart, not how far apart they are. \
                 Where they hardly can be, its interval is wide: it covered 97.3 to 98.7 % in simulations.",
        formula: "P(w.x_eval > w.x_pre) on held-out rows, w = S^-1 (mu_eval - mu_pre)",
        convention: "linear discriminant analysis, both sides weigh the same, S with shrinkage 0.1 (scikit-learn, solver \
                     lsqr); ten folds within classes; the mean of the folds' areas",
        like: &[],
        variants: &[],
        reference: "Lopez-Paz and Oquab, ICLR 2017, arXiv 1610.06545",
        estimand: HELD_OUT,
        laws: &[Law::Rotation, Law::Translation, Law::Scale, Law::Symmetry],
        error: ErrorBar::Jackknife,
        eval: Eval::Domain(FromDomain {
            value: domain_auc,
            null: 0.5,
        }),
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
        error: ErrorBar::None(
            "a jackknife of the error rate covered 97.5 to 99.6 % in simulations; domain_auc, of the same classifier, has one",
        ),
        eval: Eval::Domain(FromDomain {
            value: proxy_a_distance,
            null: 0.0,
        }),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    #[test]
    fn the_cubic_kernel_is_the_textbooks_less_what_cancels() {
        let c = array![0.5, -1.0, 2.0];
        let (x, y) = (array![1.0, 2.0, -0.5], array![0.25, -3.0, 1.0]);
        let plain = |a: &Array1<f64>, b: &Array1<f64>| (a.dot(b) / 3.0 + 1.0).powi(3);
        let place = |x: &Array1<f64>| {
            let apart = x - &c;
            FromCentre {
                norm: apart.dot(&apart).sqrt(),
                along: c.dot(&apart) / 3.0,
            }
        };
        let lie = Lie {
            squared: f64::NAN,
            product: (&x - &c).dot(&(&y - &c)),
        };
        let scale = KernelScale {
            bandwidth: 1.0,
            level: c.dot(&c) / 3.0 + 1.0,
            d: 3.0,
        };
        let expected = plain(&x, &y) - plain(&x, &c) - plain(&c, &y) + plain(&c, &c);
        let got = cubic(&scale, place(&x), place(&y), lie);
        assert!((got - expected).abs() < 1e-13, "{got} {expected}");
    }

    #[test]
    fn the_kernel_of_the_energy_distance_keeps_its_digits_beside_a_huge_row() {
        let scale = KernelScale {
            bandwidth: 1.0,
            level: 1.0,
            d: 2.0,
        };
        let kernel_of = |x: [f64; 2], y: [f64; 2]| {
            let place = |x: [f64; 2]| FromCentre {
                norm: x[0].hypot(x[1]),
                along: 0.0,
            };
            let lie = Lie {
                squared: (x[0] - y[0]).powi(2) + (x[1] - y[1]).powi(2),
                product: x[0] * y[0] + x[1] * y[1],
            };
            nearness(&scale, place(x), place(y), lie)
        };
        assert!((kernel_of([3.0, 4.0], [0.0, 1.0]) - (6.0 - 18f64.sqrt())).abs() < 1e-15);
        // Far away along an axis: ‖y‖ plus y's part along it.
        assert!((kernel_of([1e30, 0.0], [3.0, 4.0]) - 8.0).abs() < 1e-14);
        assert_eq!(
            (kernel_of([0.0; 2], [0.0; 2]), kernel_of([0.0; 2], [3.0, 4.0])),
            (0.0, 0.0)
        );
    }
}
