//! Class structure: how tight classes are against how far apart they lie, and how regularly.

use ndarray::{Array1, Array2, Axis};

mod residuals;
mod rows;

use super::variation::{ROUNDING, inter_over, intra_by_rows, intra_class_distance, squared_size, with_rows};
use super::{RowView, Shares};
use crate::error::{Error, Result};
use crate::stats::{ClassMoments, GROUPS, squared_distances, unit_squared};

pub use residuals::{davies_bouldin, nc1, nc4_ncc_agreement, vci};
pub use rows::FAMILY;

/// Class means around their unweighted mean, over all classes that have rows.
fn centred_means(m: &ClassMoments) -> Array2<f64> {
    let present = with_rows(m, 1);
    let means = m.means().select(Axis(0), &present);
    let mut centre = Array1::<f64>::zeros(m.width());
    for (i, mean) in means.outer_iter().enumerate() {
        // A running mean keeps the digits of means far from zero.
        centre.zip_mut_with(&mean, |c, x| *c += (x - *c) / (i + 1) as f64);
    }
    means - centre
}

/// tr S_B: the mean squared distance of these class means to their mean.
fn between(m: &ClassMoments, least: u64) -> Result<f64> {
    // Refuses means that coincide.
    let inter = inter_over(m, &with_rows(m, least))?;
    let classes = with_rows(m, least).len() as f64;
    Ok(inter * (classes - 1.0) / (2.0 * classes))
}

/// Whether this squared distance between two class means is rounding.
fn coincide(m: &ClassMoments, squared: f64) -> bool {
    squared <= ROUNDING * squared_size(m)
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
    let means = m.means().select(Axis(0), &classes);
    let squared = squared_distances(means.view());
    let spread: Vec<f64> = classes.iter().map(|&c| m.spreads()[c] / m.counts()[c] as f64).collect();
    let mut sum = 0.0;
    for i in 0..classes.len() {
        for j in 0..i {
            if coincide(m, squared[[i, j]]) {
                return Err(Error::undefined("the means of two classes coincide"));
            }
            sum += (spread[i] + spread[j]) / (2.0 * squared[[i, j]]);
        }
    }
    Ok(sum / (classes.len() * (classes.len() - 1) / 2) as f64)
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
fn nc1_share(m: &ClassMoments) -> Result<f64> {
    let (within, between) = (intra_class_distance(m)?, between(m, 2)?);
    Ok(within / (within + between))
}

/// The sums of squares within over those between classes, each row counting the same, over the classes with at least two
/// rows.
fn nc1_by_rows(m: &ClassMoments) -> Result<f64> {
    let classes = with_rows(m, 2);
    let rows: f64 = classes.iter().map(|&c| m.counts()[c] as f64).sum();
    between(m, 2)?;
    Ok(intra_by_rows(m)? * rows / between_by_rows(m, &classes))
}

/// The inverse of that.
fn fisher_by_rows(m: &ClassMoments) -> Result<f64> {
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
fn equinorm_unbiased(m: &ClassMoments) -> Result<f64> {
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
    let (cosines, c) = cosines_of_means(m)?;
    let ideal = 1.0 / (c - 1.0);
    Ok(cosines.iter().map(|x| (x + ideal).abs()).sum::<f64>() / cosines.len() as f64)
}

/// The standard deviation of the cosines over pairs.
fn equiangle_deviation(m: &ClassMoments) -> Result<f64> {
    let (cosines, _) = cosines_of_means(m)?;
    let n = cosines.len() as f64;
    let mean = cosines.iter().sum::<f64>() / n;
    Ok((cosines.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}

/// The cosines of all pairs of centred means, and the number of classes.
fn cosines_of_means(m: &ClassMoments) -> Result<(Vec<f64>, f64)> {
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
    let c = means.nrows();
    let pairs = (0..c).flat_map(|i| (0..i).map(move |j| (i, j)));
    let cosines = pairs.map(|(i, j)| means.row(i).dot(&means.row(j))).collect();
    Ok((cosines, c as f64))
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

/// What one row adds to the silhouette: (b - a) / max(a, b), a its mean distance to the others of its class, b to the
/// nearest other class; 0 for the only row of a class.
fn silhouette_of(view: &RowView) -> Shares {
    silhouette_by(view, |squared, _| squared.sqrt())
}

/// The same by cosine distance.
fn cosine_silhouette_of(view: &RowView) -> Shares {
    let own = view.norms[view.i];
    silhouette_by(view, |squared, j| unit_squared(squared, own, view.norms[j]) / 2.0)
}

/// The same by a distance to row j, given the squared Euclidean one.
fn silhouette_by(view: &RowView, distance: impl Fn(f64, usize) -> f64) -> Shares {
    let nothing = Shares {
        all: (0.0, 0.0),
        without: [(0.0, 0.0); GROUPS],
    };
    let Some(own) = view.rows.classes()[view.i].map(|c| c as usize) else {
        return nothing;
    };
    // Sums of distances by class and group.
    let mut sums = Array2::<f64>::zeros(view.counts.raw_dim());
    for (j, (class, &group)) in view.rows.classes().iter().zip(view.rows.groups()).enumerate() {
        if let Some(class) = class {
            sums[[*class as usize, group as usize]] += distance(view.squared[j], j);
        }
    }
    let silhouette = |without: Option<usize>| {
        let left = |values: &[f64]| values.iter().sum::<f64>() - without.map_or(0.0, |g| values[g]);
        let (mut a, mut b) = (None, f64::INFINITY);
        for (class, (sums, counts)) in sums.outer_iter().zip(view.counts.outer_iter()).enumerate() {
            let sum = left(sums.as_slice().expect("rows of a standard layout"));
            let rows = counts.sum() - without.map_or(0, |g| counts[g]);
            if sum.is_nan() {
                // Some row has no direction; the smaller of two distances must not hide it.
                return (f64::NAN, 1.0);
            }
            if class == own {
                a = (rows > 1).then(|| sum / (rows - 1) as f64);
            } else if rows > 0 {
                b = b.min(sum / rows as f64);
            }
        }
        match a {
            _ if b == f64::INFINITY => (0.0, 0.0),
            Some(a) if a.max(b) > 0.0 => ((b - a) / a.max(b), 1.0),
            _ => (0.0, 1.0),
        }
    };
    let mut without = nothing.without;
    let own_group = usize::from(view.rows.groups()[view.i]);
    for (group, share) in without.iter_mut().enumerate().filter(|(g, _)| *g != own_group) {
        *share = silhouette(Some(group));
    }
    Shares {
        all: silhouette(None),
        without,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

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
