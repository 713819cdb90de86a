//! N-LEEP: what the components of a Gaussian mixture say of the classes.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::{Symmetric, eigenvectors, product_transposed};
use crate::metrics::labelled::{Labelled, Score, softmax_rows};
use crate::stats::generator;

/// Share of the variance that the principal directions looked at hold.
const ENERGY: f64 = 0.8;
/// Components for each class.
const COMPONENTS: usize = 5;
/// Mixtures fitted, each from a start of its own.
const STARTS: u64 = 3;
/// Random stream of the first (see [`generator`]).
const STREAM: u64 = 31;
/// Steps of a fit at most, and the change of the mean log-likelihood at which it rests.
const STEPS: usize = 100;
const REST: f64 = 1e-3;
/// Added to variances.
const RIDGE: f64 = 1e-6;
/// Shares of a row in a component that are none.
const NOTHING: f64 = 1e-15;
/// Products of one step at most: more would take minutes.
const MOST_PRODUCTS: f64 = 1e10;

/// The mean over rows of log sum_z P(y|z) P(z|x), z the components of a Gaussian mixture of 5 C components in the principal directions
/// that hold 80 % of the variance; the mean over three seeded starts.
///
/// # Errors
/// Undefined where the components are more than the rows, or the fit would take minutes.
pub fn nleep(rows: &Labelled) -> Result<Score> {
    let values = &rows.principal()?.values;
    let all: f64 = values.iter().sum();
    let mut held = 0.0;
    let short = values.iter().take_while(|v| {
        held += **v / all;
        held <= ENERGY
    });
    let k = (short.count() + 1).min(values.len());
    let (n, components) = (rows.len(), COMPONENTS * rows.count());
    if components > n {
        return Err(Error::undefined(format!(
            "{components} components, five for each class, are more than {n} rows"
        )));
    }
    if n as f64 * components as f64 * (k * k) as f64 > MOST_PRODUCTS {
        return Err(Error::undefined(format!(
            "{components} Gaussians of {k} directions would take minutes on {n} rows"
        )));
    }
    let x = rows.along(k)?;
    let scores: Vec<f64> = (0..STARTS)
        .map(|start| {
            let mut rng = generator(rows.seed(), STREAM + start);
            let posteriors = fitted(&x, components, &mut rng)?;
            leep(&posteriors, rows.classes(), rows.count())
        })
        .collect::<Result<_>>()?;
    let mean = scores.iter().sum::<f64>() / STARTS as f64;
    let squares: f64 = scores.iter().map(|s| (s - mean).powi(2)).sum();
    Ok(Score {
        value: mean,
        found: vec![
            ("start_sd", (squares / (STARTS as f64 - 1.0)).sqrt()),
            ("directions", k as f64),
            ("components", components as f64),
        ],
        no_interval: None,
    })
}

/// The mean over rows of log sum_z P(y|z) θ_z(x), from probabilities θ (N, Z); P(y, z) is the mean of θ over the rows of class y.
///
/// # Errors
/// Undefined where a class has a probability below what 64 bits hold.
pub fn leep(posteriors: &Array2<f64>, classes: &[u32], count: usize) -> Result<f64> {
    let mut joint = Array2::<f64>::zeros((count, posteriors.ncols()));
    for (row, &c) in posteriors.outer_iter().zip(classes) {
        let mut sum = joint.row_mut(c as usize);
        sum += &row;
    }
    let all = joint.sum_axis(Axis(0));
    // A component that no row has says nothing.
    for mut row in joint.outer_iter_mut() {
        row.zip_mut_with(&all, |p, a| *p = if *a > 0.0 { *p / a } else { 0.0 });
    }
    let of_row = |(row, &c): (ArrayView1<f64>, &u32)| joint.row(c as usize).dot(&row).ln();
    let sum: f64 = posteriors.outer_iter().zip(classes).map(of_row).sum();
    match sum.is_finite() {
        // Rounding may add to what is no more than 0.
        true => Ok((sum / classes.len() as f64).min(0.0)),
        false => Err(Error::undefined("a class has a probability below what 64 bits hold")),
    }
}

/// The posteriors (N, K) of a mixture of full covariances, from a start by k-means.
fn fitted(x: &Array2<f64>, components: usize, rng: &mut ChaCha8Rng) -> Result<Array2<f64>> {
    let mut posteriors = Array2::zeros((x.nrows(), components));
    for (i, c) in clustered(x, components, rng).into_iter().enumerate() {
        posteriors[[i, c]] = 1.0;
    }
    let mut before = f64::NEG_INFINITY;
    for _ in 0..STEPS {
        let likelihood;
        (posteriors, likelihood) = step(x, &posteriors)?;
        if (likelihood - before).abs() < REST {
            break;
        }
        before = likelihood;
    }
    // The Gaussians of the last posteriors, as the fit ends on a maximisation.
    Ok(step(x, &posteriors)?.0)
}

/// The Gaussians of some posteriors, the posteriors of those, and their mean log-likelihood.
fn step(x: &Array2<f64>, posteriors: &Array2<f64>) -> Result<(Array2<f64>, f64)> {
    let (n, k) = x.dim();
    let of_component = |z: usize| -> Result<Vec<f64>> {
        let own: Vec<usize> = (0..n).filter(|&i| posteriors[[i, z]] > NOTHING).collect();
        let weight: f64 = own.iter().map(|&i| posteriors[[i, z]]).sum::<f64>() + 10.0 * f64::EPSILON;
        let mut mean = Array1::<f64>::zeros(k);
        own.iter()
            .for_each(|&i| mean.scaled_add(posteriors[[i, z]] / weight, &x.row(i)));
        let mut apart = x.select(Axis(0), &own) - &mean;
        for (mut row, &i) in apart.outer_iter_mut().zip(&own) {
            row *= (posteriors[[i, z]] / weight).sqrt();
        }
        let mut covariance = Symmetric::gram(apart.view()).to_full();
        covariance.diag_mut().iter_mut().for_each(|v| *v += RIDGE);
        let (values, vectors) = eigenvectors(covariance)?;
        let roots = Array1::from_iter(values.iter().map(|v| v.max(RIDGE / 2.0).sqrt()));
        let whitening = vectors / roots.view().insert_axis(Axis(1));
        let level = (weight / n as f64).ln()
            - roots.iter().map(|r| r.ln()).sum::<f64>()
            - 0.5 * k as f64 * std::f64::consts::TAU.ln();
        let apart = x - &mean;
        let white = product_transposed(apart.view(), whitening.view());
        Ok(white.outer_iter().map(|row| level - 0.5 * row.dot(&row)).collect())
    };
    let columns: Vec<Vec<f64>> = (0..posteriors.ncols())
        .into_par_iter()
        .map(of_component)
        .collect::<Result<_>>()?;
    let mut found = Array2::from_shape_fn(posteriors.dim(), |(i, z)| columns[z][i]);
    let mut likelihood = 0.0;
    for row in found.outer_iter() {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        likelihood += most + row.iter().map(|l| (l - most).exp()).sum::<f64>().ln();
    }
    softmax_rows(&mut found);
    Ok((found, likelihood / n as f64))
}

/// The cluster of each row by k-means from distant seeds (k-means++).
fn clustered(x: &Array2<f64>, count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let n = x.nrows();
    let squared = |row: ArrayView1<f64>, centre: ArrayView1<f64>| {
        row.iter().zip(centre).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
    };
    let mut centres = Array2::<f64>::zeros((count, x.ncols()));
    let mut nearest = vec![f64::INFINITY; n];
    for z in 0..count {
        let chosen = match z {
            0 => rng.random_range(0..n),
            _ => {
                let mut left = rng.random::<f64>() * nearest.iter().sum::<f64>();
                let beyond = |&i: &usize| {
                    left -= nearest[i];
                    left <= 0.0 && nearest[i] > 0.0
                };
                (0..n).find(beyond).unwrap_or(n - 1)
            }
        };
        centres.row_mut(z).assign(&x.row(chosen));
        let all: Vec<f64> = (0..n)
            .into_par_iter()
            .map(|i| squared(x.row(i), x.row(chosen)))
            .collect();
        nearest
            .iter_mut()
            .zip(all)
            .for_each(|(near, new)| *near = near.min(new));
    }
    let mut clusters = vec![0; n];
    for _ in 0..STEPS {
        let of_row = |i: usize| {
            let all = centres.outer_iter().map(|centre| squared(x.row(i), centre));
            let least = all
                .enumerate()
                .fold((0, f64::INFINITY), |least, (z, s)| match s < least.1 {
                    true => (z, s),
                    false => least,
                });
            least.0
        };
        let found: Vec<usize> = (0..n).into_par_iter().map(of_row).collect();
        if found == clusters {
            break;
        }
        clusters = found;
        let mut sums = Array2::<f64>::zeros(centres.dim());
        let mut sizes = vec![0.0; count];
        for (i, &z) in clusters.iter().enumerate() {
            let mut sum = sums.row_mut(z);
            sum += &x.row(i);
            sizes[z] += 1.0;
        }
        // A cluster without rows keeps its centre.
        for (z, size) in sizes.iter().enumerate().filter(|(_, size)| **size > 0.0) {
            centres.row_mut(z).assign(&(&sums.row(z) / *size));
        }
    }
    clusters
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn leep_is_that_of_plain_sums() {
        let theta = array![[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]];
        let found = leep(&theta, &[0, 1, 0], 2).unwrap();
        // P(y|z): class 0 has 1.2 of 1.4 and 0.8 of 1.6.
        let (a, b) = ([1.2 / 1.4, 0.2 / 1.4], [0.8 / 1.6, 0.8 / 1.6]);
        let row = |i: usize, c: usize| (theta[[i, 0]] * a[c] + theta[[i, 1]] * b[c]).ln();
        let expected: f64 = (row(0, 0) + row(1, 1) + row(2, 0)) / 3.0;
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }

    #[test]
    fn clusters_that_are_apart_are_found() {
        let x = Array2::from_shape_fn((60, 2), |(i, j)| (i % 3) as f64 * 100.0 + ((i * 7 + j * 3) % 11) as f64);
        let clusters = clustered(&x, 3, &mut generator(1, STREAM));
        for i in 3..60 {
            assert_eq!(clusters[i], clusters[i % 3]);
        }
        let posteriors = fitted(&x, 3, &mut generator(1, STREAM)).unwrap();
        let classes: Vec<u32> = (0..60).map(|i| i % 3).collect();
        assert!(leep(&posteriors, &classes, 3).unwrap().abs() < 1e-12);
    }
}
