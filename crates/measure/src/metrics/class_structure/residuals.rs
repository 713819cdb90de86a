//! Class structure that needs rows around the means of their classes: a second pass over the set.

use ndarray::{Array2, Axis};

use super::means::{between, over_others};
use crate::error::{Error, Result};
use crate::linalg::{Symmetric, eigenvectors, inverse_forms, product_transposed};
use crate::metrics::variation::{intra_class_distance, with_rows};
use crate::stats::{ClassMoments, Residuals};

/// The means of the classes with at least two rows around their mean, over √C: S_B = MᵀM.
fn scaled_means(m: &ClassMoments) -> Array2<f64> {
    let classes = with_rows(m, 2);
    let means = m.means().select(Axis(0), &classes);
    // Centred twice: the second step removes what rounding left of means far from zero.
    let means = &means - &means.mean_axis(Axis(0)).expect("there are classes");
    let means = &means - &means.mean_axis(Axis(0)).expect("there are classes");
    means / (classes.len() as f64).sqrt()
}

fn within(r: &Residuals) -> Result<&Symmetric> {
    let within = r.within.as_ref();
    within.ok_or_else(|| Error::undefined("the channels are too many for a covariance within classes"))
}

/// The eigenvalues of S_B = MᵀM that are not rounding, at most C - 1, and their eigenvectors (rank, d).
fn between_directions(means: &Array2<f64>) -> Result<(Vec<f64>, Array2<f64>)> {
    let (c, d) = means.dim();
    let (values, mut vectors) = if c <= d {
        // M Mᵀ has the same eigenvalues; Mᵀu is the eigenvector, of length √lambda.
        let (values, of_classes) = eigenvectors(product_transposed(means.view(), means.view()))?;
        (values, of_classes.dot(means))
    } else {
        eigenvectors(Symmetric::gram(means.view()).to_full())?
    };
    let rounding = (c.max(d) as f64) * f64::EPSILON * values[0];
    let rank = values.iter().take(c - 1).take_while(|v| **v > rounding).count();
    vectors = vectors.slice(ndarray::s![..rank, ..]).to_owned();
    for mut vector in vectors.outer_iter_mut() {
        let norm = vector.dot(&vector).sqrt();
        vector /= norm;
    }
    Ok((values[..rank].to_vec(), vectors))
}

/// tr(S_W S_B⁺) / C, over the classes with at least two rows; eigenvalues of S_B below max(C, d) eps times the largest are
/// zero, and at most C - 1 are not.
///
/// # Errors
/// Undefined where all class means coincide, or all classes are single points.
pub fn nc1(r: &Residuals) -> Result<f64> {
    intra_class_distance(&r.classes)?;
    between(&r.classes, 2)?;
    let means = scaled_means(&r.classes);
    let (values, vectors) = between_directions(&means)?;
    let projected = product_transposed(vectors.view(), within(r)?.to_full().view());
    let spreads = projected.outer_iter().zip(vectors.outer_iter()).map(|(p, v)| p.dot(&v));
    let sum: f64 = spreads.zip(&values).map(|(spread, value)| spread / value).sum();
    Ok(sum / means.nrows() as f64)
}

/// 1 - tr(S_T⁺ S_B) / min(d, C - 1), S_T = S_W + S_B, over the classes with at least two rows.
///
/// # Errors
/// As [`nc1`].
pub fn vci(r: &Residuals) -> Result<f64> {
    intra_class_distance(&r.classes)?;
    between(&r.classes, 2)?;
    let means = scaled_means(&r.classes);
    let mut total = within(r)?.clone();
    total.add_gram(means.view());
    let explained: f64 = inverse_forms(total.to_full(), means.view())?.iter().sum();
    let (c, d) = means.dim();
    Ok((1.0 - explained / d.min(c - 1) as f64).clamp(0.0, 1.0))
}

/// The mean over classes of the largest (s_i + s_j) / ‖mu_i - mu_j‖, s the mean distance of a class's rows to its mean
/// (scikit-learn's `davies_bouldin_score`).
///
/// # Errors
/// Undefined with fewer than two classes, where two class means coincide, and where all classes are single points.
pub fn davies_bouldin(r: &Residuals) -> Result<f64> {
    let m = &r.classes;
    intra_class_distance(m)?;
    between(m, 1)?;
    let classes = with_rows(m, 1);
    let spread = |c: usize| r.distances[c] / m.counts()[c] as f64;
    let of_pair = |c: usize, other: usize, squared: f64| (spread(c) + spread(other)) / squared.sqrt();
    let worst = over_others(m, &classes, of_pair, f64::max)?;
    Ok(worst.iter().sum::<f64>() / classes.len() as f64)
}

/// The share of rows that lie nearest to the centre of their class.
///
/// # Errors
/// Undefined with fewer than two classes, and without a row whose class has a centre.
pub fn nc4_ncc_agreement(r: &Residuals) -> Result<f64> {
    let (right, judged) = r.nearest;
    if with_rows(&r.classes, 1).len() < 2 {
        return Err(Error::undefined(
            "the nearest of class centres needs at least two classes",
        ));
    }
    if judged == 0 {
        return Err(Error::undefined(
            "no row's class has a centre that the row is no part of",
        ));
    }
    Ok(right as f64 / judged as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn residuals_of(rows: &Array2<f64>, classes: &[usize]) -> Residuals {
        let count = classes.iter().max().unwrap() + 1;
        let mut m = ClassMoments::new(count, rows.ncols());
        rows.outer_iter().zip(classes).for_each(|(row, &c)| m.update(c, row));
        let mut within = Symmetric::zeros(rows.ncols());
        let mut distances = vec![0.0; count];
        for (row, &c) in rows.outer_iter().zip(classes) {
            let residual = &row - &m.means().row(c);
            distances[c] += residual.dot(&residual).sqrt();
            within.add_gram(
                (residual / (m.counts()[c] as f64 * count as f64).sqrt())
                    .insert_axis(Axis(0))
                    .view(),
            );
        }
        Residuals {
            classes: m,
            within: Some(within),
            distances,
            nearest: (0, 0),
        }
    }

    #[test]
    fn two_classes_on_a_line() {
        // Class 0 at -1 and 1, class 1 at 9 and 11: S_W = 1, S_B = 25, mean distances 1.
        let r = residuals_of(&array![[-1.0], [1.0], [9.0], [11.0]], &[0, 0, 1, 1]);
        assert!((nc1(&r).unwrap() - 0.02).abs() < 1e-15);
        assert!((vci(&r).unwrap() - 1.0 / 26.0).abs() < 1e-15);
        assert!((davies_bouldin(&r).unwrap() - 0.2).abs() < 1e-15);
    }

    #[test]
    fn more_classes_than_channels_give_what_a_full_inverse_gives() {
        // Means at the corners of a square, S_B = I; rows ± (1, 2) / 2 around them: S_W has the diagonal 1/4, 1.
        let corners = array![[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]];
        let rows = Array2::from_shape_fn((8, 2), |(i, j)| {
            corners[[i / 2, j]] + if i % 2 == 0 { 0.5 } else { -0.5 } * (1.0 + j as f64)
        });
        let r = residuals_of(&rows, &[0, 0, 1, 1, 2, 2, 3, 3]);
        assert!((nc1(&r).unwrap() - 1.25 / 4.0).abs() < 1e-14);
        // S_T = [[5/4, 1/2], [1/2, 2]]: the trace of its inverse is 3.25 / 2.25.
        assert!((vci(&r).unwrap() - (1.0 - 3.25 / 2.25 / 2.0)).abs() < 1e-14);
    }

    #[test]
    fn what_does_not_exist_is_undefined() {
        let one = residuals_of(&array![[1.0], [2.0]], &[0, 0]);
        let coincident = residuals_of(&array![[0.1], [0.7], [0.7], [0.1]], &[0, 0, 1, 1]);
        let collapsed = residuals_of(&array![[0.1], [0.1], [0.7], [0.7]], &[0, 0, 1, 1]);
        for r in [one, coincident, collapsed] {
            for metric in [nc1, vci, davies_bouldin, nc4_ncc_agreement] {
                assert!(metric(&r).is_err());
            }
        }
    }
}
