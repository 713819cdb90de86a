//! PARC: whether rows that are alike have the same class.

use ndarray::{Array1, Axis, s};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::product_transposed;
use crate::metrics::labelled::{Labelled, Score};

/// Principal directions looked at.
const DIRECTIONS: usize = 32;

/// Correlations that differ by no more are equal: rounding cannot tell them apart.
const TIED: f64 = 1e-12;

/// Spearman's correlation over pairs of rows between one less Pearson's correlation of their standardised principal coordinates
/// and whether they are of different classes.
///
/// # Errors
/// Undefined where only one direction varies, or all pairs are of one kind.
pub fn parc(rows: &Labelled) -> Result<Score> {
    let mut along = rows.along(DIRECTIONS)?;
    if along.ncols() < 2 {
        return Err(Error::undefined(
            "the rows vary along one direction only: rows have no correlation",
        ));
    }
    let deviation: Array1<f64> = along.map_axis(Axis(0), |x| (x.dot(&x) / x.len() as f64).sqrt());
    along /= &deviation;
    for mut row in along.outer_iter_mut() {
        let mean = row.mean().unwrap_or(0.0);
        row -= mean;
        let norm = row.dot(&row).sqrt();
        if norm > 0.0 {
            row /= norm;
        }
    }
    let (n, classes) = (rows.len(), rows.classes());
    // Blocks in order: the same pairs for any number of threads.
    let starts: Vec<usize> = (0..n).step_by(64).collect();
    let of_block = |&start: &usize| {
        let end = (start + 64).min(n);
        let products = product_transposed(along.slice(s![start..end, ..]), along.slice(s![start.., ..]));
        let mut pairs = Vec::new();
        for (i, row) in (start..end).zip(products.outer_iter()) {
            let others = (i + 1..n).map(|j| (1.0 - row[j - start], classes[i] != classes[j]));
            pairs.extend(others);
        }
        pairs
    };
    let mut pairs: Vec<(f64, bool)> = starts.par_iter().map(of_block).collect::<Vec<_>>().concat();
    pairs.par_sort_by(|a, b| a.0.total_cmp(&b.0));
    spearman(&pairs)
        .map(Score::from)
        .ok_or_else(|| Error::undefined("all pairs of rows are alike, or all of the same kind"))
}

/// Spearman's correlation of values in ascending order and a mark of each.
fn spearman(pairs: &[(f64, bool)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let middle = (n + 1.0) / 2.0;
    let (mut cross, mut square, mut before) = (0.0, 0.0, 0);
    for equal in pairs.chunk_by(|a, b| b.0 - a.0 <= TIED) {
        let rank = before as f64 + (equal.len() as f64 + 1.0) / 2.0 - middle;
        square += rank * rank * equal.len() as f64;
        cross += rank * equal.iter().filter(|pair| pair.1).count() as f64;
        before += equal.len();
    }
    let marked = pairs.iter().filter(|pair| pair.1).count() as f64;
    let spread = marked * (1.0 - marked / n);
    let both = (square * spread).sqrt();
    (both > 0.0).then(|| (cross / both).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spearman_with_ties_is_pearson_of_mean_ranks() {
        let pairs = [
            (0.1, false),
            (0.2, true),
            (0.2, false),
            (0.4, true),
            (0.4, true),
            (0.9, false),
        ];
        let (ranks, marks) = ([1.0, 2.5, 2.5, 4.5, 4.5, 6.0], [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]);
        let mean = |x: &[f64]| x.iter().sum::<f64>() / 6.0;
        let (a, b) = (mean(&ranks), mean(&marks));
        let sum = |f: &dyn Fn(usize) -> f64| (0..6).map(f).sum::<f64>();
        let expected = sum(&|i| (ranks[i] - a) * (marks[i] - b))
            / (sum(&|i| (ranks[i] - a) * (ranks[i] - a)) * sum(&|i| (marks[i] - b) * (marks[i] - b))).sqrt();
        assert!((spearman(&pairs).unwrap() - expected).abs() < 1e-15);
        assert_eq!(spearman(&[(1.0, true), (2.0, true)]), None);
        assert_eq!(spearman(&[(1.0, true), (1.0, false)]), None);
        assert_eq!(spearman(&[]), None);
    }
}
