//! GBC: how much the Gaussians of classes overlap.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use crate::error::Result;
use crate::metrics::labelled::{Labelled, Score};

/// No channel of a class varies less.
const LEAST_VARIANCE: f64 = 1e-4;

/// Principal directions of the variant.
const DIRECTIONS: usize = 64;

/// Mean and variance (ddof 0) of each channel within each class (C, d).
struct Gaussians {
    means: Array2<f64>,
    variances: Array2<f64>,
}

/// Minus the sum over ordered pairs of classes of exp(-Bhattacharyya distance) of diagonal Gaussians.
///
/// # Errors
/// None of its own.
pub fn gbc(rows: &Labelled) -> Result<Score> {
    Ok(overlap(&of_rows(rows), rows.count()))
}

/// The same with one variance a class, the mean of those of its channels.
///
/// # Errors
/// None of its own.
pub fn gbc_spherical(rows: &Labelled) -> Result<Score> {
    let mut found = of_rows(rows);
    for mut variances in found.variances.outer_iter_mut() {
        let mean = variances.mean().unwrap_or(LEAST_VARIANCE);
        variances.fill(mean);
    }
    Ok(overlap(&found, rows.count()))
}

/// The same as [`gbc`] along the first 64 principal directions.
///
/// # Errors
/// Undefined where no channel varies.
pub fn gbc_pca64(rows: &Labelled) -> Result<Score> {
    let along = rows.along(DIRECTIONS)?;
    let of_class = |members: &Vec<usize>| along.select(Axis(0), members);
    let members = rows.by_class();
    Ok(overlap(&gaussians(&members, along.ncols(), of_class), rows.count()))
}

fn of_rows(rows: &Labelled) -> Gaussians {
    gaussians(&rows.by_class(), rows.width(), |members| rows.centred(members))
}

fn gaussians(members: &[Vec<usize>], d: usize, rows: impl Fn(&Vec<usize>) -> Array2<f64> + Sync) -> Gaussians {
    let of_class = |members: &Vec<usize>| {
        let own = rows(members);
        let n = own.nrows() as f64;
        let mean = own.sum_axis(Axis(0)) / n;
        let apart = own - &mean;
        let variance = apart.mapv(|x| x * x).sum_axis(Axis(0)) / n;
        (mean, variance.mapv(|v| v.max(LEAST_VARIANCE)))
    };
    let found: Vec<(Array1<f64>, Array1<f64>)> = members.par_iter().map(of_class).collect();
    let mut out = Gaussians {
        means: Array2::zeros((members.len(), d)),
        variances: Array2::zeros((members.len(), d)),
    };
    for (c, (mean, variance)) in found.into_iter().enumerate() {
        out.means.row_mut(c).assign(&mean);
        out.variances.row_mut(c).assign(&variance);
    }
    out
}

fn overlap(gaussians: &Gaussians, count: usize) -> Score {
    let logs: Vec<f64> = gaussians
        .variances
        .outer_iter()
        .map(|v| v.iter().map(|x| x.ln()).sum())
        .collect();
    let of_class = |i: usize| {
        let pair = |j: usize| (-distance(gaussians, &logs, i, j)).exp();
        (i + 1..count).map(pair).sum::<f64>()
    };
    let sums: Vec<f64> = (0..count).into_par_iter().map(of_class).collect();
    let pairs = (count * (count - 1)) as f64;
    Score {
        value: 0.0 - 2.0 * sums.iter().sum::<f64>(),
        found: vec![("at_least", -pairs)],
        no_interval: None,
    }
}

/// 1/8 sum (m - m')²/v̄ + 1/2 sum log v̄ - 1/4 sum (log v + log v'), v̄ the mean of both variances.
fn distance(gaussians: &Gaussians, logs: &[f64], i: usize, j: usize) -> f64 {
    let (m, v) = (gaussians.means.row(i), gaussians.variances.row(i));
    let (w, u) = (gaussians.means.row(j), gaussians.variances.row(j));
    let (mut apart, mut log) = (0.0, 0.0);
    for ((m, v), (w, u)) in m.iter().zip(v).zip(w.iter().zip(u)) {
        let middle = 0.5 * (v + u);
        apart += (m - w).powi(2) / middle;
        log += middle.ln();
    }
    apart / 8.0 + 0.5 * log - 0.25 * (logs[i] + logs[j])
}

#[cfg(test)]
mod tests {
    use super::super::test_rows::{of_base, some_rows};
    use super::*;

    #[test]
    fn the_overlap_is_that_of_plain_loops() {
        let (x, classes) = some_rows(33, 6, 3);
        let moments = |c: u32, j: usize| {
            let own: Vec<f64> = (0..33).filter(|&i| classes[i] == c).map(|i| x[[i, j]]).collect();
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            let variance = own.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / own.len() as f64;
            (mean, variance.max(1e-4))
        };
        let mut expected = 0.0;
        for a in 0..3 {
            for b in 0..3 {
                if a == b {
                    continue;
                }
                // The coefficient of a product of normals is the product of the coefficients.
                let mut coefficient = 1.0;
                for j in 0..6 {
                    let ((m, v), (w, u)) = (moments(a, j), moments(b, j));
                    coefficient *= (2.0 * (v * u).sqrt() / (v + u)).sqrt() * (-(m - w).powi(2) / (4.0 * (v + u))).exp();
                }
                expected -= coefficient;
            }
        }
        of_base(&x, &classes, |rows| {
            let found = gbc(rows).unwrap().value;
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        });
    }
}
