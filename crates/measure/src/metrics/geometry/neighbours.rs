//! Geometry from nearest neighbours: hubs, and the dimension of the surface the rows lie on.

use crate::error::{Error, Result};
use crate::metrics::eval::{Eval, FromNeighbours};
use crate::metrics::inputs::NearRows;
use crate::metrics::metric::{Better, Law, Metric, variant};
use crate::uncertainty::{ErrorBar, Groups};

/// Share of the largest distance ratios that TwoNN leaves out (Facco et al. 2017).
const DISCARDED: f64 = 0.1;

fn check(rows: &NearRows, k: usize, least: usize, kept: Groups) -> Result<()> {
    let n = rows.of(kept).count();
    if k < least || k >= n {
        return Err(Error::undefined(format!(
            "needs {least} <= k < the number of rows; here k = {k} and {n} rows"
        )));
    }
    Ok(())
}

/// How often each row is among the `k` nearest of another (0 for rows of other groups).
///
/// # Errors
/// Undefined unless 1 <= k < the number of rows.
pub fn occurrences(rows: &NearRows, k: usize, kept: Groups) -> Result<Vec<u64>> {
    check(rows, k, 1, kept)?;
    let mut counts = vec![0; rows.groups.len()];
    for i in rows.of(kept) {
        for (j, _) in rows.nearest(i, k, kept)? {
            counts[j] += 1;
        }
    }
    Ok(counts)
}

/// The skewness m_3 / m_2^(3/2) of how often a row is among the k nearest of another.
///
/// # Errors
/// As [`occurrences`]; undefined where all rows occur equally often.
fn hubness(rows: &NearRows, k: usize, kept: Groups) -> Result<f64> {
    let counts = occurrences(rows, k, kept)?;
    let n = rows.of(kept).count() as f64;
    // Every row names k others: the mean is k exactly.
    let moment = |power| {
        rows.of(kept)
            .map(|i| (counts[i] as f64 - k as f64).powi(power))
            .sum::<f64>()
            / n
    };
    let variance = moment(2);
    if variance == 0.0 {
        return Err(Error::undefined("every row is as often a neighbour as any other"));
    }
    Ok(moment(3) / variance.powf(1.5))
}

/// log(r_2 / r_1) of every row that coincides with no other, ascending.
fn log_ratios(rows: &NearRows, kept: Groups) -> Result<Vec<f64>> {
    check(rows, 2, 2, kept)?;
    let mut ratios = Vec::with_capacity(rows.groups.len());
    for i in rows.of(kept) {
        let near = rows.nearest(i, 2, kept)?;
        if near[0].1 > 0.0 {
            ratios.push((near[1].1 / near[0].1).ln() / 2.0);
        }
    }
    ratios.sort_unstable_by(f64::total_cmp);
    Ok(ratios)
}

fn dimension(value: f64) -> Result<f64> {
    if !value.is_finite() {
        return Err(Error::undefined("the nearest neighbours are all equally far away"));
    }
    Ok(value)
}

const TOO_FEW: &str = "fewer than two rows that coincide with no other are left";

/// The slope of -log(1 - F) on log(r_2 / r_1) through the origin, F the empirical distribution, over the smallest 90 % of
/// the ratios.
fn twonn(rows: &NearRows, _: usize, kept: Groups) -> Result<f64> {
    let ratios = log_ratios(rows, kept)?;
    let n = ratios.len() as f64;
    let used = (n * (1.0 - DISCARDED)) as usize;
    if used < 2 {
        return Err(Error::undefined(TOO_FEW));
    }
    let (mut products, mut squares) = (0.0, 0.0);
    for (i, x) in ratios[..used].iter().enumerate() {
        products -= x * (1.0 - (i + 1) as f64 / n).ln();
        squares += x * x;
    }
    dimension(products / squares)
}

/// The unbiased maximum-likelihood rate of log(r_2 / r_1), the largest 10 % of the ratios known only to be larger.
fn twonn_censored(rows: &NearRows, _: usize, kept: Groups) -> Result<f64> {
    let ratios = log_ratios(rows, kept)?;
    let used = (ratios.len() as f64 * (1.0 - DISCARDED)) as usize;
    if used < 2 {
        return Err(Error::undefined(TOO_FEW));
    }
    let beyond = (ratios.len() - used) as f64 * ratios[used - 1];
    dimension((used - 1) as f64 / (ratios[..used].iter().sum::<f64>() + beyond))
}

/// The unbiased maximum-likelihood rate of log(r_2 / r_1), all ratios counted.
fn twonn_all(rows: &NearRows, _: usize, kept: Groups) -> Result<f64> {
    let ratios = log_ratios(rows, kept)?;
    if ratios.len() < 2 {
        return Err(Error::undefined(TOO_FEW));
    }
    dimension((ratios.len() - 1) as f64 / ratios.iter().sum::<f64>())
}

/// Sum over j <= k of log(r_k / r_j) of every row that coincides with no other.
fn log_sums(rows: &NearRows, k: usize, least: usize, kept: Groups) -> Result<Vec<f64>> {
    check(rows, k, least, kept)?;
    let mut sums = Vec::with_capacity(rows.groups.len());
    for i in rows.of(kept) {
        let near = rows.nearest(i, k, kept)?;
        if near[0].1 > 0.0 {
            sums.push(
                near.iter()
                    .map(|(_, squared)| (near[k - 1].1 / squared).ln() / 2.0)
                    .sum(),
            );
        }
    }
    if sums.is_empty() {
        return Err(Error::undefined("every row coincides with another one"));
    }
    Ok(sums)
}

/// The harmonic mean of the local estimates `degrees` / Σ log(r_k / r_j).
fn harmonic(sums: &[f64], degrees: usize) -> Result<f64> {
    dimension(degrees as f64 * sums.len() as f64 / sums.iter().sum::<f64>())
}

fn mle(rows: &NearRows, k: usize, kept: Groups) -> Result<f64> {
    harmonic(&log_sums(rows, k, 2, kept)?, k - 1)
}

fn mle_unbiased(rows: &NearRows, k: usize, kept: Groups) -> Result<f64> {
    harmonic(&log_sums(rows, k, 3, kept)?, k - 2)
}

fn mle_mean(rows: &NearRows, k: usize, kept: Groups) -> Result<f64> {
    let sums = log_sums(rows, k, 2, kept)?;
    dimension(sums.iter().map(|sum| (k - 1) as f64 / sum).sum::<f64>() / sums.len() as f64)
}

fn mle_median(rows: &NearRows, k: usize, kept: Groups) -> Result<f64> {
    let mut local: Vec<f64> = log_sums(rows, k, 2, kept)?
        .iter()
        .map(|sum| (k - 1) as f64 / sum)
        .collect();
    local.sort_unstable_by(f64::total_cmp);
    dimension((local[(local.len() - 1) / 2] + local[local.len() / 2]) / 2.0)
}

/// The same where each row counts as its own nearest neighbour.
fn hubness_with_itself(rows: &NearRows, k: usize, kept: Groups) -> Result<f64> {
    check(rows, k, 2, kept)?;
    // One more for every row does not change the skewness.
    hubness(rows, k - 1, kept)
}

type OfNeighbours = fn(&NearRows, usize, Groups) -> Result<f64>;

const fn hubs(value: OfNeighbours) -> Eval {
    Eval::Neighbours(FromNeighbours {
        value,
        k: 10,
        settable: true,
        distances: false,
    })
}

const fn from_distances(value: OfNeighbours, k: usize, settable: bool) -> Eval {
    Eval::Neighbours(FromNeighbours {
        value,
        k,
        settable,
        distances: true,
    })
}

const AT_THIS_N: &str = "the expectation at this number of rows: with more rows neighbours come closer";

pub(super) const HUBNESS: Metric = Metric {
    id: "hubness",
    label: "Hubness",
    unit: "",
    better: Better::Lower,
    range: (f64::NEG_INFINITY, f64::INFINITY),
    about: "Whether a few rows are among the nearest of very many others: the skewness of how often a row is a neighbour. \
            Near 0 without hubs; it grows with the dimension, and spoils nearest-neighbour classifiers.",
    caveat: "It grows with N and with the dimension: compare at equal N.",
    formula: "m_3 / m_2^(3/2) of N_i, N_i = how often row i is among the k nearest of another row",
    convention: "k = 10; Euclidean; the row itself is no neighbour, equal distances go by row; moments over N, not corrected \
                 (scipy.stats.skew, scikit-hubness)",
    like: &[],
    variants: &[variant(
        "self-included",
        "each row counts as its own nearest neighbour, as where scikit-learn (sklearn) is asked for the neighbours of \
                the rows it was fitted on",
        hubs(hubness_with_itself),
    )],
    reference: "Radovanovic et al., JMLR 2010",
    estimand: "the expectation at this number of rows",
    // Not the order of rows, where distances are equal.
    laws: &[Law::Rotation, Law::Translation, Law::Scale],
    error: ErrorBar::None("the skewness of hubs hangs on a few rows, which no resampling of groups sees as rare"),
    eval: hubs(hubness),
};

const LAWS: &[Law] = &[Law::Rotation, Law::Translation, Law::Scale, Law::RowOrder];

pub(super) const TWONN: Metric = Metric {
    id: "intrinsic_dim_twonn",
    label: "Intrinsic dimension (TwoNN)",
    unit: "dimensions",
    better: Better::Neither,
    range: (0.0, f64::INFINITY),
    about: "The dimension of the surface that the rows lie on, from how much farther the second neighbour is than the first. \
            It sees the finest scale the rows resolve, noise included.",
    caveat: "The finest scale is where noise lives: with more rows it can rise. Copies of rows spoil it.",
    formula: "slope through 0 of -log(1 - F(mu)) on log mu, mu_i = r_2/r_1 of row i, F its empirical distribution i/N",
    convention: "Euclidean; the largest 10 % of mu left out; least squares (scikit-dimension's default); rows that coincide with \
                 another left out",
    like: &["scikit-dimension"],
    variants: &[
        variant(
            "mle",
            "maximum likelihood, unbiased, with the largest 10 % of mu censored (scikit-dimension, method mle)",
            from_distances(twonn_censored, 2, false),
        ),
        variant(
            "mle-all",
            "maximum likelihood, unbiased, all mu counted: (N - 1) / sum log mu (scikit-dimension, method mle, \
                    discard_fraction 0; DADApy)",
            from_distances(twonn_all, 2, false),
        ),
    ],
    reference: "Facco et al., Scientific Reports 2017; Denti et al., Scientific Reports 2022",
    estimand: AT_THIS_N,
    laws: LAWS,
    error: ErrorBar::HalfSamples,
    eval: from_distances(twonn, 2, false),
};

pub(super) const MLE: Metric = Metric {
    id: "intrinsic_dim_mle",
    label: "Intrinsic dimension (MLE)",
    unit: "dimensions",
    better: Better::Neither,
    range: (0.0, f64::INFINITY),
    about: "The dimension of the surface that the rows lie on, from how distances to the k nearest neighbours grow. In high \
            dimensions and for few rows it comes out too small.",
    caveat: "Biased downwards in high dimensions, the more so the fewer rows there are.",
    formula: "1 / mean_i (1/m_i), m_i = (k - 1) / sum_{j<=k} log(r_k/r_j)",
    convention: "k = 20; Euclidean; k - 1 in the numerator; harmonic mean over rows (scikit-dimension's MLE, comb mle); rows that \
                 coincide with another left out",
    like: &["scikit-dimension"],
    variants: &[
        variant(
            "mean",
            "mean of the local estimates m_i (scikit-dimension, comb mean, which its fit_transform takes; Levina and Bickel)",
            from_distances(mle_mean, 20, true),
        ),
        variant(
            "median",
            "median of the local estimates m_i (scikit-dimension, comb median)",
            from_distances(mle_median, 20, true),
        ),
        variant(
            "unbiased",
            "k - 2 in the numerator: unbiased where the density is even (scikit-dimension, unbiased)",
            from_distances(mle_unbiased, 20, true),
        ),
    ],
    reference: "Levina and Bickel, NeurIPS 2004; MacKay and Ghahramani 2005 (the harmonic mean)",
    estimand: AT_THIS_N,
    laws: LAWS,
    error: ErrorBar::HalfSamples,
    eval: from_distances(mle, 20, true),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Neighbours, Rows, generator, nearest};
    use ndarray::{Array2, array};
    use rand::Rng as _;

    fn with<T>(points: Array2<f64>, value: impl Fn(&NearRows) -> T) -> T {
        let groups: Vec<u8> = (0..points.nrows()).map(|i| (i % 10) as u8).collect();
        let neighbours: Neighbours = nearest(&Rows::of(points), 60);
        value(&NearRows {
            groups: &groups,
            neighbours: &neighbours,
        })
    }

    #[test]
    fn a_star_has_one_hub() {
        // The centre is the nearest of all arms; its own nearest is the first arm: counts n - 1, 1, 0, 0, …
        let n = 9usize;
        let star = Array2::from_shape_fn(
            (n, n - 1),
            |(i, j)| if i == j + 1 { 1.0 + 0.01 * j as f64 } else { 0.0 },
        );
        let counts: Vec<f64> = (0..n).map(|i| [n as f64 - 1.0, 1.0, 0.0][i.min(2)]).collect();
        let moment = |p| counts.iter().map(|c| (c - 1.0).powi(p)).sum::<f64>() / n as f64;
        let found = with(star.clone(), |rows| hubness(rows, 1, Groups::ALL)).unwrap();
        assert!((found - moment(3) / moment(2).powf(1.5)).abs() < 1e-14);
        assert!(with(star, |rows| hubness(rows, n, Groups::ALL)).is_err());
        // Two points are each other's neighbours.
        assert!(with(array![[0.0], [1.0]], |rows| hubness(rows, 1, Groups::ALL)).is_err());
    }

    #[test]
    fn a_flat_sheet_has_two_dimensions() {
        // A plane in 5 channels; 2,000 rows: the estimates vary by 2 / sqrt(2,000) = 4 %, and edges bias them by as much.
        let mut rng = generator(1, 0);
        let sheet = Array2::from_shape_fn((2_000, 2), |_| rng.random::<f64>());
        let axes = array![[1.0, 0.0, 2.0, 0.0, 1.0], [0.0, 1.0, 0.0, 2.0, -1.0]];
        for value in [
            twonn,
            twonn_censored,
            twonn_all,
            mle,
            mle_unbiased,
            mle_mean,
            mle_median,
        ] {
            let found = with(sheet.dot(&axes), |rows| value(rows, 20, Groups::ALL)).unwrap();
            assert!((found - 2.0).abs() < 0.25, "{found}");
        }
    }

    #[test]
    fn local_estimates_are_those_of_their_formula() {
        // Row 0 of a line: neighbours at 1, 2, 4: sum log(4/r) = log 4 + log 2.
        let line = array![[0.0], [1.0], [-2.0], [4.0]];
        let sums = with(line, |rows| log_sums(rows, 3, 2, Groups::ALL)).unwrap();
        assert!((sums[0] - 8f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn rows_that_coincide_are_left_out_and_without_others_nothing_is_defined() {
        let twins = Array2::from_shape_fn((40, 1), |(i, _)| (i / 2) as f64);
        for value in [twonn, twonn_censored, twonn_all, mle, mle_mean, mle_median] {
            assert!(with(twins.clone(), |rows| value(rows, 5, Groups::ALL)).is_err());
        }
        let mut rng = generator(2, 0);
        let mut points = Array2::from_shape_fn((200, 3), |_| rng.random::<f64>());
        let twin = points.row(0).to_owned();
        points.row_mut(1).assign(&twin);
        assert_eq!(with(points, |rows| log_ratios(rows, Groups::ALL)).unwrap().len(), 198);
    }
}
