//! Distance between the distributions of the pretraining and the evaluation data.

use ndarray::Array2;

use super::eval::{Eval, FromMoments};
use super::metric::{Better, Law, Metric, MetricFamily, variant};
use crate::error::{Error, Result};
use crate::linalg::trace_of_root;
use crate::stats::{Moments, SMALLEST_SQUARE, in_range};
use crate::uncertainty::ErrorBar;

/// The share of the traces that the trace of the root may be wrong by: the bias of a jackknife and the line to infinite N
/// multiply an error of the replicates by ten at most.
const ROOT_ERROR: f64 = 1e-10;

/// The share of the traces that the difference of two covariances may be wrong by.
const COVARIANCE_ERROR: f64 = 1e-14;

/// Both covariances (ddof 1).
///
/// # Errors
/// For sides of different width. Undefined with fewer than two rows on a side, and for squares beyond the range of 64 bits.
pub fn covariances(a: &Moments, b: &Moments) -> Result<[Array2<f64>; 2]> {
    covariances_over(a, b, |n| n - 1.0)
}

/// Both scatters, each over a function of its number of rows.
fn covariances_over(a: &Moments, b: &Moments, divisor: fn(f64) -> f64) -> Result<[Array2<f64>; 2]> {
    let (d1, d2) = (a.mean().len(), b.mean().len());
    if d1 != d2 {
        return Err(Error::input(format!(
            "one side has {d1} channels and the other {d2}; expected moments of one feature space"
        )));
    }
    if a.n() < 2 || b.n() < 2 {
        return Err(Error::undefined("a covariance needs at least two rows on each side"));
    }
    let both = [a, b].map(|m| m.scatter() / divisor(m.n() as f64));
    let size = both[0].diag().sum() + both[1].diag().sum();
    // Squares of squares must stay within range, too.
    let vanished = size < SMALLEST_SQUARE && (size > 0.0 || a.mean().iter().chain(b.mean()).any(|x| is_tiny(*x)));
    in_range((size * size).is_finite() && !vanished)?;
    Ok(both)
}

/// Whether the square of a number vanishes.
fn is_tiny(x: f64) -> bool {
    x != 0.0 && x * x < SMALLEST_SQUARE
}

/// ‖mu_1 - mu_2‖² + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^{1/2}.
///
/// The last trace is precise to 1e-10 of the first two, also where S_1 S_2 is singular.
///
/// # Errors
/// As [`covariances`].
pub fn frechet_distance(a: &Moments, b: &Moments) -> Result<f64> {
    let spread = bures(a, b, |n| n - 1.0)?;
    Ok(squared_shift(a, b) + spread)
}

/// ‖mu_1 - mu_2‖².
fn squared_shift(a: &Moments, b: &Moments) -> f64 {
    let apart = a.mean() - b.mean();
    apart.dot(&apart)
}

/// tr S_1 + tr S_2 - 2 tr (S_1 S_2)^{1/2}, S the scatters over a function of their numbers of rows.
fn bures(a: &Moments, b: &Moments, divisor: fn(f64) -> f64) -> Result<f64> {
    // The set of fewer rows first: it may be the one of lower rank.
    let [few, many] = if a.n() <= b.n() { [a, b] } else { [b, a] };
    let [first, second] = covariances_over(few, many, divisor)?;
    let traces = first.diag().sum() + second.diag().sum();
    let shared = trace_of_root(&first, &second, ROOT_ERROR * traces)?;
    Ok((traces - 2.0 * shared).max(0.0))
}

/// The distance of the means and the variances of the channels alone.
fn frechet_diagonal(a: &Moments, b: &Moments) -> Result<f64> {
    let [first, second] = covariances(a, b)?;
    let roots = first
        .diag()
        .iter()
        .zip(second.diag())
        .map(|(x, y)| (x.sqrt() - y.sqrt()).powi(2))
        .sum::<f64>();
    Ok(squared_shift(a, b) + roots)
}

/// The square root, of covariances with ddof 0.
fn frechet_root(a: &Moments, b: &Moments) -> Result<f64> {
    let spread = bures(a, b, |n| n)?;
    Ok((squared_shift(a, b) + spread).sqrt())
}

/// ‖S_1 - S_2‖_F² / (4 d²).
///
/// # Errors
/// As [`covariances`].
pub fn coral(a: &Moments, b: &Moments) -> Result<f64> {
    Ok(coral_mean_square(a, b)? / 4.0)
}

fn coral_mean_square(a: &Moments, b: &Moments) -> Result<f64> {
    let d = a.mean().len() as f64;
    Ok(squared_difference(a, b)? / (d * d))
}

fn coral_norm(a: &Moments, b: &Moments) -> Result<f64> {
    squared_difference(a, b).map(f64::sqrt)
}

/// ‖S_1 - S_2‖_F².
fn squared_difference(a: &Moments, b: &Moments) -> Result<f64> {
    let [first, second] = covariances(a, b)?;
    Ok(first.iter().zip(&second).map(|(x, y)| (x - y).powi(2)).sum())
}

/// How many times as large as what rounding may add to it a value of four digits is.
const DIGITS: f64 = 1e4;

/// tr S_1 + tr S_2, or next to it.
fn variances(a: &Moments, b: &Moments) -> f64 {
    [a, b].iter().map(|m| m.scatter().diag().sum() / m.n() as f64).sum()
}

fn frechet_blurred(value: f64, a: &Moments, b: &Moments) -> bool {
    value.abs() < DIGITS * ROOT_ERROR * variances(a, b)
}

fn root_blurred(value: f64, a: &Moments, b: &Moments) -> bool {
    frechet_blurred(value * value, a, b)
}

fn norm_blurred(value: f64, a: &Moments, b: &Moments) -> bool {
    value < DIGITS * COVARIANCE_ERROR * variances(a, b)
}

fn mean_square_blurred(value: f64, a: &Moments, b: &Moments) -> bool {
    norm_blurred(value.sqrt() * a.mean().len() as f64, a, b)
}

fn coral_blurred(value: f64, a: &Moments, b: &Moments) -> bool {
    mean_square_blurred(4.0 * value, a, b)
}

const fn moments(value: fn(&Moments, &Moments) -> Result<f64>, blurred: fn(f64, &Moments, &Moments) -> bool) -> Eval {
    Eval::Moments(FromMoments {
        value,
        infinite: false,
        blurred,
    })
}

/// The family.
pub const FAMILY: MetricFamily = MetricFamily {
    id: "distribution-distance",
    about: "How far apart are the distributions of the pretraining and of the evaluation data?",
    metrics: METRICS,
};

const AT_THIS_N: &str =
    "the expectation at these numbers of rows: distances between samples are larger than between populations";

const LAWS: &[Law] = &[
    Law::Rotation,
    Law::Translation,
    Law::RowOrder,
    Law::ClassNames,
    Law::Symmetry,
    Law::ZeroOnItself,
];

const METRICS: &[Metric] = &[
    Metric {
        id: "frechet_distance",
        label: "Fréchet distance",
        unit: "squared feature units",
        better: Better::Lower,
        range: (0.0, f64::INFINITY),
        about: "The squared Wasserstein distance between two normal distributions with the means and covariances of the two \
                data sets (FID, on these features). It has the features' scale and shrinks with the number of rows: \
                compare at equal N.",
        caveat: "Only means and covariances count: sets of different shape can be at distance 0. It is biased \
                 upwards by about 1/N and is not comparable between layers of different scale.",
        formula: "|mu_1 - mu_2|^2 + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^(1/2)",
        convention: "covariances with ddof 1 (torch-fidelity); not scaled, not square-rooted",
        like: &["torch-fidelity"],
        variants: &[
            variant(
                "diagonal",
                "of the variances of the channels alone (TF-GAN's diagonal_only)",
                moments(frechet_diagonal, |_, _, _| false),
            ),
            variant(
                "root",
                "the square root, in feature units, of covariances with ddof 0 (POT's Bures-Wasserstein distance)",
                moments(frechet_root, root_blurred),
            ),
        ],
        reference: "Dowson and Landau, J. Multivariate Analysis 1982; Heusel et al., NeurIPS 2017",
        estimand: AT_THIS_N,
        laws: LAWS,
        error: ErrorBar::JackknifeOfDistance,
        eval: moments(frechet_distance, frechet_blurred),
    },
    Metric {
        id: "frechet_infinity",
        label: "Fréchet distance at infinite N",
        unit: "squared feature units",
        better: Better::Lower,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        about: "The Fréchet distance carried on to infinitely many rows, so that it can be compared across numbers of rows \
                (FID infinity). Where there is next to no distance it can be below zero.",
        caveat: "The line in 1/N is a law only while N is well above d; below, it carries on in the wrong \
                 direction. Its interval is wider than the distance's own.",
        formula: "intercept of the line over 1/N through frechet_distance at N and its mean at 9N/10: 10 F - 9 mean_g F_g",
        convention: "F_g without one of 10 groups of rows on both sides, each in turn; covariances with ddof 1",
        like: &[],
        variants: &[],
        reference: "Chong and Forsyth, CVPR 2020, arXiv 1911.07023, who fit the line over subsets as small as N/10, where it \
                    is no line while N is not far above d",
        estimand: "the populations' value, as long as the error at N falls as 1/N",
        laws: &[Law::Rotation, Law::Translation, Law::Symmetry, Law::ZeroOnItself],
        error: ErrorBar::JackknifeOfDistance,
        eval: Eval::Moments(FromMoments {
            value: frechet_distance,
            infinite: true,
            blurred: frechet_blurred,
        }),
    },
    Metric {
        id: "coral",
        label: "CORAL distance",
        unit: "feature units to the fourth",
        better: Better::Lower,
        range: (0.0, f64::INFINITY),
        about: "How much the covariances of the two data sets differ; means do not matter. It has the features' scale.",
        caveat: "Means do not count: two sets far apart can be at distance 0.",
        formula: "|S_1 - S_2|_F^2 / (4 d^2)",
        convention: "covariances with ddof 1",
        like: &[],
        variants: &[
            variant(
                "mean-square",
                "|S_1 - S_2|_F^2 / d^2: the mean squared difference (DomainBed, TLlib)",
                moments(coral_mean_square, mean_square_blurred),
            ),
            variant(
                "norm",
                "|S_1 - S_2|_F: the norm itself, in squared feature units",
                moments(coral_norm, norm_blurred),
            ),
        ],
        reference: "Sun and Saenko, ECCV Workshops 2016, arXiv 1607.01719",
        estimand: AT_THIS_N,
        laws: LAWS,
        error: ErrorBar::JackknifeOfDistance,
        eval: moments(coral, coral_blurred),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(rows: &Array2<f64>) -> Moments {
        let mut m = Moments::new(rows.ncols());
        m.update(rows.view());
        m
    }

    fn rows(n: usize, d: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, d), |(i, j)| ((i * 31 + j * 17 + i * j * j) % 29) as f64 / 3.0)
    }

    #[test]
    fn a_set_is_no_distance_from_itself_and_a_shift_is_its_square() {
        for (n, d) in [(60, 7), (9, 30)] {
            let x = rows(n, d);
            let (a, b) = (moments(&x), moments(&(&x + 2.0)));
            let trace = a.scatter().diag().sum() / (n - 1) as f64;
            assert!(frechet_distance(&a, &a).unwrap() <= 1e-9 * trace);
            assert!((frechet_distance(&a, &b).unwrap() - 4.0 * d as f64).abs() < 1e-9 * trace);
            assert_eq!(coral(&a, &a).unwrap(), 0.0);
        }
    }

    #[test]
    fn sides_of_different_width_are_refused_and_vanishing_squares_said() {
        let (a, b) = (moments(&rows(20, 8)), moments(&rows(20, 16)));
        let one = moments(&rows(20, 1));
        for metric in [
            frechet_distance,
            frechet_diagonal,
            frechet_root,
            coral,
            coral_mean_square,
            coral_norm,
        ] {
            for (x, y) in [(&a, &b), (&one, &a), (&a, &one)] {
                let error = metric(x, y).unwrap_err().to_string();
                assert!(error.contains("8 channels") || error.contains("other 8"), "{error}");
            }
            let tiny = moments(&(rows(20, 8) * 1e-200));
            assert!(metric(&tiny, &tiny).unwrap_err().to_string().contains("64-bit"));
        }
    }

    #[test]
    fn what_rounding_leaves_of_a_distance_is_known_for_it() {
        let x = rows(50, 6);
        let (a, moved, other) = (moments(&x), moments(&(&x + 10.0)), moments(&(&x * 1.01)));
        for (metric, blurred) in [
            (
                coral as fn(&Moments, &Moments) -> Result<f64>,
                coral_blurred as fn(f64, &Moments, &Moments) -> bool,
            ),
            (coral_mean_square, mean_square_blurred),
            (coral_norm, norm_blurred),
            (frechet_distance, frechet_blurred),
            (frechet_root, root_blurred),
        ] {
            let is_blurred = |b: &Moments| blurred(metric(&a, b).unwrap(), &a, b);
            assert!(is_blurred(&a) && !is_blurred(&other));
            assert_eq!(is_blurred(&moved), metric(&a, &moved).unwrap() < 1e-9);
        }
    }

    #[test]
    fn scaling_one_side_has_a_closed_form() {
        // S_2 = 9 S_1 and means 3 mu: |2 mu|² + (1 + 9 - 2 * 3) tr S.
        let x = rows(50, 6);
        let (a, b) = (moments(&x), moments(&(&x * 3.0)));
        let trace = a.scatter().diag().sum() / 49.0;
        let expected = 4.0 * a.mean().dot(a.mean()) + 4.0 * trace;
        assert!((frechet_distance(&a, &b).unwrap() - expected).abs() < 1e-10 * expected);
    }
}
