//! The nearest class mean.

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::predictions::Prediction;
use crate::stats::Rows;

/// Share of the larger of two distances below which rounding decides between them: they are then equal.
const EQUAL: f64 = 1e-12;

/// The mean of each class, from the rows at these places (C, d); NaN for a class without rows.
pub fn class_means(rows: &Rows, places: &[usize], classes: &[u32], count: usize) -> Array2<f64> {
    let mut means = Array2::zeros((count, rows.width()));
    let mut counts = vec![0.0; count];
    for &i in places {
        let c = classes[i] as usize;
        means.row_mut(c).scaled_add(1.0, &rows.row(i));
        counts[c] += 1.0;
    }
    for (mut mean, n) in means.outer_iter_mut().zip(&counts) {
        mean /= *n;
    }
    means
}

/// Squared distances of a row to some points; by cosine, twice 1 - cos.
pub fn apart(row: &Array1<f64>, points: &Array2<f64>, cosine: bool) -> Vec<f64> {
    let unit = |x: Array1<f64>| {
        let norm = x.dot(&x).sqrt();
        if cosine && norm > 0.0 { x / norm } else { x }
    };
    let row = unit(row.clone());
    let squared = |point: ndarray::ArrayView1<f64>| {
        let apart = &row - &unit(point.to_owned());
        apart.dot(&apart)
    };
    points.outer_iter().map(squared).collect()
}

/// What the nearest mean says of the scored rows at these places. Distances that only rounding tells apart are equal, and go by
/// class.
pub fn nearest_mean(
    scored: &Rows,
    places: &[usize],
    means: &Array2<f64>,
    cosine: bool,
    truths: &[Option<usize>],
) -> Vec<Prediction> {
    places
        .par_iter()
        .map(|&i| {
            let squared = apart(&scored.row(i), means, cosine);
            let known = squared.iter().copied().filter(|s| s.is_finite());
            let least = known.fold(f64::INFINITY, f64::min);
            let score = |&s: &f64| match s.is_finite() {
                true if s - least <= EQUAL * (s + least) => -least,
                true => -s,
                false => f64::NEG_INFINITY,
            };
            Prediction::of_scores(&squared.iter().map(score).collect::<Vec<_>>(), truths[i])
        })
        .collect()
}
