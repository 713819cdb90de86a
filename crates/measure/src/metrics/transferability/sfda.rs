//! SFDA: a regularised Fisher discriminant, fitted twice.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis};

use crate::error::{Error, Result};
use crate::linalg::{Symmetric, product_transposed, solve_definite_rows};
use crate::metrics::labelled::{Labelled, Score, softmax, softmax_rows, told_apart};

/// Steps of the power iteration that finds the largest variance within classes, each of two products.
const STEPS: usize = 3;

/// A linear discriminant: scores of classes are x Wᵀ + b.
struct Discriminant {
    /// (C, d)
    weights: Array2<f64>,
    intercepts: Array1<f64>,
}

impl Discriminant {
    /// From class means (C, d), the covariance within classes and its shrinkage towards the mean variance.
    fn new(means: &Array2<f64>, counts: &[f64], within: &Array2<f64>, shrinkage: f64) -> Result<Self> {
        let d = within.nrows() as f64;
        let mut shrunk = within * (1.0 - shrinkage);
        let level = shrinkage * within.diag().sum() / d;
        shrunk.diag_mut().iter_mut().for_each(|x| *x += level);
        let weights = solve_definite_rows(shrunk, means.clone())?;
        let n: f64 = counts.iter().sum();
        let intercept = |((w, m), count): ((ndarray::ArrayView1<f64>, ndarray::ArrayView1<f64>), &f64)| {
            (count / n).ln() - 0.5 * w.dot(&m)
        };
        let intercepts = weights
            .outer_iter()
            .zip(means.outer_iter())
            .zip(counts)
            .map(intercept)
            .collect();
        Ok(Self { weights, intercepts })
    }

    /// The probabilities of all classes for each row (rows, C).
    fn probabilities(&self, rows: &Array2<f64>) -> Array2<f64> {
        let mut scores = product_transposed(rows.view(), self.weights.view()) + &self.intercepts;
        softmax_rows(&mut scores);
        scores
    }
}

/// The mean probability that a discriminant, fitted to rows drawn towards the means of the other classes by how unsure a first
/// discriminant is of them, gives to the class of each of those rows.
///
/// # Errors
/// Undefined where no row differs from its class mean.
pub fn sfda(rows: &Labelled) -> Result<Score> {
    let moments = rows.moments();
    let classes = rows.classes();
    let within = covariance_within(moments.total.clone(), &moments.means, &moments.counts, moments.n);
    if within.diag().iter().all(|&v| v <= 0.0) {
        return Err(Error::undefined("no row differs from its class mean"));
    }
    let shrinkage = (-5.0 * largest(&within)).exp().max(1e-10);
    let first = Discriminant::new(&moments.means, &moments.counts, &within, shrinkage)?;
    let sure: Vec<f64> = rows
        .blocks(|range, rows| {
            let mut found = first.probabilities(&rows);
            let of_row = |(mut row, &class): (ndarray::ArrayViewMut1<f64>, &u32)| {
                // Probabilities once more through the softmax, which makes them soft.
                let row = row.as_slice_mut()?;
                softmax(row);
                Some(row[class as usize])
            };
            let rows = found.outer_iter_mut().zip(&classes[range]);
            rows.filter_map(of_row).collect::<Vec<f64>>()
        })
        .concat();
    // The mean of the means of the other classes.
    let count = rows.count() as f64;
    let others = (&moments.means.sum_axis(Axis(0)) - &moments.means) / (count - 1.0);
    let mixed = |range: Range<usize>, mut rows: Array2<f64>| {
        for (mut row, i) in rows.outer_iter_mut().zip(range) {
            let other = others.row(classes[i] as usize);
            row.zip_mut_with(&other, |x, m| *x = sure[i] * *x + (1.0 - sure[i]) * m);
        }
        rows
    };
    let mut means = Array2::<f64>::zeros(moments.means.dim());
    for part in rows.blocks(|range, rows| {
        let mut sums = Array2::<f64>::zeros(moments.means.dim());
        let of_rows = &classes[range.clone()];
        for (row, &class) in mixed(range, rows).outer_iter().zip(of_rows) {
            let mut sum = sums.row_mut(class as usize);
            sum += &row;
        }
        sums
    }) {
        means += &part;
    }
    let mean = means.sum_axis(Axis(0)) / moments.n;
    for (mut sum, count) in means.outer_iter_mut().zip(&moments.counts) {
        sum /= *count;
    }
    let centred = |range: Range<usize>, rows: Array2<f64>| mixed(range, rows) - &mean;
    means -= &mean;
    let within = covariance_within(rows.scatter(centred), &means, &moments.counts, moments.n);
    let second = Discriminant::new(&means, &moments.counts, &within, shrinkage)?;
    let right: f64 = rows
        .blocks(|range, rows| {
            let of_rows = &classes[range.clone()];
            let found = second.probabilities(&centred(range, rows));
            found
                .outer_iter()
                .zip(of_rows)
                .map(|(p, &c)| p[c as usize])
                .sum::<f64>()
        })
        .iter()
        .sum();
    Ok(Score {
        value: right / moments.n,
        found: vec![("shrinkage", shrinkage)],
        no_interval: told_apart(right / moments.n),
    })
}

/// The covariance within classes (ddof 0), from the scatter about the mean and class means less the mean.
fn covariance_within(mut total: Symmetric, means: &Array2<f64>, counts: &[f64], n: f64) -> Array2<f64> {
    let mut scaled = means.clone();
    for (mut mean, count) in scaled.outer_iter_mut().zip(counts) {
        mean *= count.sqrt();
    }
    total.add_scaled_gram(-1.0, scaled.view());
    total.scale(1.0 / n);
    let mut within = total.to_full();
    within.diag_mut().iter_mut().for_each(|v| *v = v.max(0.0));
    within
}

/// The largest eigenvalue, as the power iteration from the sum of the columns finds it.
fn largest(matrix: &Array2<f64>) -> f64 {
    let unit = |v: Array1<f64>| {
        let norm = v.dot(&v).sqrt();
        if norm > 0.0 { v / norm } else { v }
    };
    let mut x = matrix.sum_axis(Axis(1));
    let mut y = x.clone();
    for _ in 0..STEPS {
        y = unit(matrix.dot(&x));
        x = unit(matrix.dot(&y));
    }
    x.dot(&matrix.dot(&y))
}
