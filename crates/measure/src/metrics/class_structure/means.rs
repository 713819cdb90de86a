//! How far class means lie apart, against the spread of their classes.

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::product_transposed;
use crate::metrics::variation::{ROUNDING, inter_over, intra_by_rows, intra_class_distance, squared_size, with_rows};
use crate::stats::{ClassMoments, Rows, blocks, running_mean, sweep};

/// Class means around their unweighted mean, over all classes that have rows.
fn centred_means(m: &ClassMoments) -> Array2<f64> {
    let present = with_rows(m, 1);
    let means = m.means().select(Axis(0), &present);
    let centre = running_mean(means.view());
    means - centre
}

/// tr S_B: the mean squared distance of these class means to their mean.
pub(super) fn between(m: &ClassMoments, least: u64) -> Result<f64> {
    // Refuses means that coincide.
    let inter = inter_over(m, &with_rows(m, least))?;
    let classes = with_rows(m, least).len() as f64;
    Ok(inter * (classes - 1.0) / (2.0 * classes))
}

/// The share of the squared distances between class means that is not sampling noise of the means, over the classes with at
/// least two rows; 0 where there is none.
pub fn resolution(m: &ClassMoments) -> f64 {
    let classes = with_rows(m, 2);
    let noise = classes.iter().map(|&c| {
        let n = m.counts()[c] as f64;
        2.0 * m.spreads()[c] / (n * (n - 1.0))
    });
    let noise = noise.sum::<f64>() / classes.len() as f64;
    inter_over(m, &classes).map_or(0.0, |apart| (1.0 - noise / apart).max(0.0))
}

/// For each of these classes the sum (or what else `fold` makes) over all others of what `pair` gives for the two and the
/// squared distance of their means.
///
/// # Errors
/// Undefined where two of the means coincide.
pub(super) fn over_others(
    m: &ClassMoments,
    classes: &[usize],
    pair: impl Fn(usize, usize, f64) -> f64 + Sync,
    fold: fn(f64, f64) -> f64,
) -> Result<Vec<f64>> {
    let means = Rows::of(m.means().select(Axis(0), classes));
    // What rounding alone can put between two means.
    let rounding = ROUNDING * squared_size(m);
    let of_class = |i: usize, squared: &[f64]| {
        let others = (0..squared.len()).filter(|&j| j != i);
        others.map(|j| (squared[j], j)).try_fold(0.0, |sum, (squared, j)| {
            (squared > rounding).then(|| fold(sum, pair(classes[i], classes[j], squared)))
        })
    };
    let found: Option<Vec<f64>> = sweep(&means, &means, of_class).into_iter().collect();
    found.ok_or_else(|| Error::undefined("the means of two classes coincide"))
}

/// The mean over pairs of classes of (v_i + v_j) / (2 ‖mu_i - mu_j‖²), v the mean squared distance of a class's rows to its
/// mean, over the classes with at least two rows.
///
/// # Errors
/// Undefined with fewer than two such classes, and where two of their means coincide.
pub fn cdnv(m: &ClassMoments) -> Result<f64> {
    let classes = with_rows(m, 2);
    if classes.len() < 2 {
        return Err(Error::undefined("fewer than two classes have two rows"));
    }
    intra_class_distance(m)?;
    let spread = |c: usize| m.spreads()[c] / m.counts()[c] as f64;
    let of_pair = |c: usize, other: usize, squared: f64| (spread(c) + spread(other)) / (2.0 * squared);
    let sums = over_others(m, &classes, of_pair, |sum, x| sum + x)?;
    // Each pair came up twice.
    Ok(sums.iter().sum::<f64>() / (classes.len() * (classes.len() - 1)) as f64)
}

/// tr S_W / tr S_B, both over the classes with at least two rows.
///
/// # Errors
/// Undefined where all class means coincide, or all classes are single points.
pub fn nc1_quotient(m: &ClassMoments) -> Result<f64> {
    Ok(intra_class_distance(m)? / between(m, 2)?)
}

/// tr S_B / tr S_W, both over the classes with at least two rows.
///
/// # Errors
/// As [`nc1_quotient`].
pub fn fisher_ratio(m: &ClassMoments) -> Result<f64> {
    Ok(between(m, 2)? / intra_class_distance(m)?)
}

/// tr S_W / (tr S_W + tr S_B).
pub(super) fn nc1_share(m: &ClassMoments) -> Result<f64> {
    let (within, between) = (intra_class_distance(m)?, between(m, 2)?);
    Ok(within / (within + between))
}

/// The sums of squares within over those between classes, each row counting the same, over the classes with at least two
/// rows.
pub(super) fn nc1_by_rows(m: &ClassMoments) -> Result<f64> {
    let classes = with_rows(m, 2);
    let rows: f64 = classes.iter().map(|&c| m.counts()[c] as f64).sum();
    between(m, 2)?;
    Ok(intra_by_rows(m)? * rows / between_by_rows(m, &classes))
}

/// The inverse of that.
pub(super) fn fisher_by_rows(m: &ClassMoments) -> Result<f64> {
    nc1_by_rows(m).map(f64::recip)
}

/// Σ n_c ‖mu_c - mu‖² over some classes, mu the mean of their rows.
fn between_by_rows(m: &ClassMoments, classes: &[usize]) -> f64 {
    let (mut weight, mut centre) = (0.0, Array1::<f64>::zeros(m.width()));
    for &c in classes {
        let w = m.counts()[c] as f64;
        weight += w;
        // A running mean keeps the digits of means far from zero.
        centre.zip_mut_with(&m.means().row(c), |to, x| *to += (x - *to) * (w / weight));
    }
    let squared = |c: usize| -> f64 {
        m.means()
            .row(c)
            .iter()
            .zip(&centre)
            .map(|(x, y)| (x - y) * (x - y))
            .sum()
    };
    classes.iter().map(|&c| m.counts()[c] as f64 * squared(c)).sum()
}

/// The coefficient of variation of ‖mu_c - mu_bar‖: 0 where the means lie on a sphere around their mean.
///
/// # Errors
/// Undefined with fewer than two classes, and where their means coincide.
pub fn nc2_equinorm(m: &ClassMoments) -> Result<f64> {
    equinorm(m, 0.0)
}

/// The same with the standard deviation over C - 1.
pub(super) fn equinorm_unbiased(m: &ClassMoments) -> Result<f64> {
    equinorm(m, 1.0)
}

fn equinorm(m: &ClassMoments, ddof: f64) -> Result<f64> {
    between(m, 1)?;
    let norms: Vec<f64> = centred_means(m).outer_iter().map(|r| r.dot(&r).sqrt()).collect();
    let mean = norms.iter().sum::<f64>() / norms.len() as f64;
    let squares: f64 = norms.iter().map(|n| (n - mean).powi(2)).sum();
    Ok((squares / (norms.len() as f64 - ddof)).sqrt() / mean)
}

/// The mean over pairs of |cos(mu_i - mu_bar, mu_j - mu_bar) + 1/(C-1)|: 0 for the simplex, where all pairs of centred means
/// are as far apart as they can be.
///
/// # Errors
/// Undefined with fewer than two classes, and where a class mean is the mean of all.
pub fn nc2_equiangle(m: &ClassMoments) -> Result<f64> {
    let means = directions_of_means(m)?;
    let ideal = 1.0 / (means.nrows() as f64 - 1.0);
    Ok(mean_over_pairs(&means, |cosine| (cosine + ideal).abs()))
}

/// The standard deviation of the cosines over pairs.
pub(super) fn equiangle_deviation(m: &ClassMoments) -> Result<f64> {
    let means = directions_of_means(m)?;
    let mean = mean_over_pairs(&means, |cosine| cosine);
    Ok(mean_over_pairs(&means, |cosine| (cosine - mean).powi(2)).sqrt())
}

/// The centred class means, of unit length.
fn directions_of_means(m: &ClassMoments) -> Result<Array2<f64>> {
    between(m, 1)?;
    let mut means = centred_means(m);
    for mut mean in means.outer_iter_mut() {
        let norm = mean.dot(&mean).sqrt();
        if norm == 0.0 {
            return Err(Error::undefined(
                "a class mean lies on the mean of all: it has no direction",
            ));
        }
        mean /= norm;
    }
    Ok(means)
}

/// The mean over pairs of these unit vectors of a number that their cosine gives.
fn mean_over_pairs(units: &Array2<f64>, value: impl Fn(f64) -> f64 + Sync) -> f64 {
    const BLOCK: usize = 128;
    let n = units.nrows();
    let sums: Vec<f64> = blocks(n, BLOCK)
        .into_par_iter()
        .map(|block| {
            let cosines = product_transposed(units.slice(s![block.clone(), ..]), units.slice(s![..block.end, ..]));
            let rows = cosines.outer_iter().zip(block);
            rows.map(|(row, i)| row.iter().take(i).map(|&x| value(x)).sum::<f64>())
                .sum()
        })
        .collect();
    sums.iter().sum::<f64>() / (n * (n - 1) / 2) as f64
}

/// (B / (C-1)) / (W / (N-C)), B and W the sums of squares between and within classes, each row counting the same
/// (scikit-learn's `calinski_harabasz_score`).
///
/// # Errors
/// Undefined with fewer than two classes, as many classes as rows, and where all classes are single points.
pub fn calinski_harabasz(m: &ClassMoments) -> Result<f64> {
    intra_class_distance(m)?;
    let present = with_rows(m, 1);
    let n: u64 = m.counts().iter().sum();
    let (classes, rows) = (present.len() as f64, n as f64);
    if present.len() < 2 {
        return Err(Error::undefined("distances between classes need at least two classes"));
    }
    let outside = between_by_rows(m, &present);
    let inside: f64 = m.spreads().iter().sum();
    Ok(outside / (classes - 1.0) / (inside / (rows - classes)))
}

/// The silhouette of one row: (b - a) / max(a, b), a its mean distance to the others of its class, b to the nearest other class;
/// 0 for the only row of a class, `None` where there is no other class.
pub(super) fn silhouette_of(own: Option<f64>, other: f64) -> Option<f64> {
    match (own, other) {
        (_, f64::INFINITY) => None,
        // Some row has no direction; the larger of two distances must not hide it.
        (own, b) if b.is_nan() || own.is_some_and(f64::is_nan) => Some(f64::NAN),
        (Some(a), b) if a.max(b) > 0.0 => Some((b - a) / a.max(b)),
        _ => Some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn noise_of_means_is_taken_off_their_distances() {
        // Means at 0 and 10, each of two rows with variance 2 (ddof 1): noise 2 * 2 / 2 = 2 of 100.
        let m = ClassMoments::of(&array![[-1.0], [1.0], [9.0], [11.0]], &[0, 0, 1, 1]);
        assert!((resolution(&m) - 0.98).abs() < 1e-15);
        let none = ClassMoments::of(&array![[-1.0], [1.0], [1.0], [-1.0]], &[0, 0, 1, 1]);
        assert_eq!(resolution(&none), 0.0);
    }

    #[test]
    fn two_classes_on_a_line() {
        // Class 0 at -1 and 1, class 1 at 9 and 11: v = 1 each, means 10 apart, S_B = 25.
        let m = ClassMoments::of(&array![[-1.0], [1.0], [9.0], [11.0]], &[0, 0, 1, 1]);
        assert_eq!(cdnv(&m).unwrap(), 0.01);
        assert_eq!(nc1_quotient(&m).unwrap(), 0.04);
        assert_eq!(fisher_ratio(&m).unwrap(), 25.0);
        // B = 4 * 25, W = 4: (100 / 1) / (4 / 2).
        assert_eq!(calinski_harabasz(&m).unwrap(), 50.0);
        assert_eq!(nc2_equinorm(&m).unwrap(), 0.0);
    }

    #[test]
    fn a_simplex_is_equinorm_and_equiangular() {
        // The corners of a simplex: the unit vectors of R^4.
        let rows = Array2::from_shape_fn(
            (8, 4),
            |(i, j)| if i % 4 == j { 1.0 } else { 0.0 } + (i / 4) as f64 * 1e-3,
        );
        let m = ClassMoments::of(&rows, &[0, 1, 2, 3, 0, 1, 2, 3]);
        assert!(nc2_equinorm(&m).unwrap() < 1e-12);
        assert!(nc2_equiangle(&m).unwrap() < 1e-12);
    }

    #[test]
    fn what_does_not_exist_is_undefined() {
        let one = ClassMoments::of(&array![[1.0], [2.0]], &[0, 0]);
        for metric in [cdnv, nc1_quotient, nc2_equinorm, nc2_equiangle, calinski_harabasz] {
            assert!(metric(&one).is_err());
        }
        let coincident = ClassMoments::of(&array![[0.1], [0.7], [0.7], [0.1]], &[0, 0, 1, 1]);
        assert!(cdnv(&coincident).is_err() && nc1_quotient(&coincident).is_err());
    }
}
