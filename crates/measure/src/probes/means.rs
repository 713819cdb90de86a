//! The nearest class mean.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::predictions::Prediction;
use super::scaled::BLOCK;
use crate::linalg::product_transposed;
use crate::stats::Rows;

/// Share of squared lengths by which distances that are made of products may be off, and more.
const BLURRED: f64 = 1e-9;

/// Share of the larger of two distances below which rounding decides between them: they are then equal.
const EQUAL: f64 = 1e-12;

/// The mean of each class, from the rows at these places (C, d); NaN for a class without rows.
pub fn class_means(rows: &Rows, places: &[usize], classes: &[u32], count: usize) -> Array2<f64> {
    // Some classes at a time: each sum has one order, whatever the number of threads.
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); count];
    places.iter().for_each(|&i| of_class[classes[i] as usize].push(i));
    let mut means = Array2::zeros((count, rows.width()));
    let all: Vec<_> = means.outer_iter_mut().zip(of_class).collect();
    all.into_par_iter().for_each(|(mut mean, members)| {
        members.iter().for_each(|&i| rows.add_row(i, &mut mean));
        mean /= members.len() as f64;
    });
    means
}

/// Squared distances of a row to some points.
pub fn apart(row: &Array1<f64>, points: &Array2<f64>) -> Vec<f64> {
    let squared = |point: ArrayView1<f64>| point.iter().zip(row).map(|(a, b)| (a - b).powi(2)).sum();
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
    let known: Vec<usize> = (0..means.nrows()).filter(|&c| means[[c, 0]].is_finite()).collect();
    let mut points = means.select(Axis(0), &known);
    if cosine {
        points.outer_iter_mut().for_each(|mut point| unit(&mut point));
    }
    let lengths: Vec<f64> = points.outer_iter().map(|point| point.dot(&point)).collect();
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    let blocks: Vec<Vec<Prediction>> = places
        .par_chunks(BLOCK)
        .map(|block| {
            let mut rows = scored.select(block);
            if cosine {
                rows.outer_iter_mut().for_each(|mut row| unit(&mut row));
            }
            let products = product_transposed(rows.view(), points.view());
            let of_row = |((row, products), &i): ((ArrayView1<f64>, ArrayView1<f64>), &usize)| {
                let own = row.dot(&row);
                let about: Vec<f64> = products.iter().zip(&lengths).map(|(p, l)| own - 2.0 * p + l).collect();
                // What products cannot tell apart is told by differences.
                let close = about.iter().copied().fold(f64::INFINITY, f64::min) + BLURRED * (own + longest);
                let squared = |(at, about): (usize, f64)| match about <= close {
                    true => points.row(at).iter().zip(&row).map(|(a, b)| (a - b).powi(2)).sum(),
                    false => about,
                };
                let squared: Vec<f64> = about.into_iter().enumerate().map(squared).collect();
                let least = squared.iter().copied().fold(f64::INFINITY, f64::min);
                let mut scores = vec![f64::NEG_INFINITY; means.nrows()];
                for (&c, s) in known.iter().zip(squared) {
                    scores[c] = if s - least <= EQUAL * (s + least) { -least } else { -s };
                }
                Prediction::of_scores(&scores, truths[i])
            };
            let rows = rows.outer_iter().zip(products.outer_iter());
            rows.zip(block).map(of_row).collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

/// Divides by the norm; what is zero stays.
fn unit(row: &mut ArrayViewMut1<f64>) {
    let norm = row.dot(row).sqrt();
    if norm > 0.0 {
        *row /= norm;
    }
}
