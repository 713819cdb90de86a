//! The class means of both sides, pooled.

use ndarray::{Array2, Axis, concatenate};

use crate::metrics::ClassMeans;
use crate::stats::{nearest_means, unit};

/// The pooled class means of two sides, each with its `k` nearest others; by cosine only where it is asked for, else Euclidean
/// twice.
pub fn class_means(pre: &Array2<f64>, eval: &Array2<f64>, k: usize, cosine: bool) -> ClassMeans {
    of_pooled(pooled(pre, eval), domain(pre, eval), k, cosine)
}

pub fn of_pooled(means: Array2<f64>, is_eval: Vec<bool>, k: usize, cosine: bool) -> ClassMeans {
    let euclidean = nearest_means(means.clone(), k);
    ClassMeans {
        is_eval,
        cosine: match cosine {
            true => nearest_means(unit_rows(&means), k),
            false => euclidean.clone(),
        },
        euclidean,
        means,
    }
}

pub fn pooled(pre: &Array2<f64>, eval: &Array2<f64>) -> Array2<f64> {
    concatenate(Axis(0), &[pre.view(), eval.view()]).expect("both sides are of one layer")
}

fn domain(pre: &Array2<f64>, eval: &Array2<f64>) -> Vec<bool> {
    (0..pre.nrows() + eval.nrows()).map(|i| i >= pre.nrows()).collect()
}

fn unit_rows(means: &Array2<f64>) -> Array2<f64> {
    let mut out = means.clone();
    out.outer_iter_mut()
        .for_each(|mut row| row.assign(&unit(row.to_owned())));
    out
}
