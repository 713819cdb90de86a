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
    class_sums(rows, places.iter().copied(), classes, count).means()
}

/// The sum of the rows of each class (C, d), and how many they are.
pub(super) struct ClassSums {
    pub sums: Array2<f64>,
    pub counts: Vec<usize>,
}

/// The sums of the rows at these places.
pub(super) fn class_sums(rows: &Rows, places: impl Iterator<Item = usize>, classes: &[u32], count: usize) -> ClassSums {
    // Some classes at a time: each sum has one order, whatever the number of threads.
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); count];
    places.for_each(|i| of_class[classes[i] as usize].push(i));
    let counts = of_class.iter().map(Vec::len).collect();
    let mut sums = Array2::zeros((count, rows.width()));
    let all: Vec<_> = sums.outer_iter_mut().zip(of_class).collect();
    all.into_par_iter()
        .for_each(|(mut sum, members)| members.iter().for_each(|&i| rows.add_row(i, &mut sum)));
    ClassSums { sums, counts }
}

impl ClassSums {
    /// The mean of each class; NaN for one without rows.
    pub fn means(mut self) -> Array2<f64> {
        for (mut sum, n) in self.sums.outer_iter_mut().zip(self.counts) {
            sum /= n as f64;
        }
        self.sums
    }

    /// The means without these rows, which are among those summed.
    pub fn means_without(&self, part: &Self) -> Array2<f64> {
        let mut means = Array2::from_elem(self.sums.dim(), f64::NAN);
        let classes: Vec<_> = means.outer_iter_mut().enumerate().collect();
        classes.into_par_iter().for_each(|(c, mut mean)| {
            let n = self.counts[c] - part.counts[c];
            if n > 0 {
                mean.assign(&self.sums.row(c));
                mean -= &part.sums.row(c);
                mean /= n as f64;
            }
        });
        means
    }
}

/// Squared distances of a row to some points.
pub fn apart(row: &Array1<f64>, points: &Array2<f64>) -> Vec<f64> {
    let squared = |point: ArrayView1<f64>| point.iter().zip(row).map(|(a, b)| (a - b).powi(2)).sum();
    points.outer_iter().map(squared).collect()
}

/// The means that rows are compared with.
pub(super) struct Points {
    /// The classes that have a mean.
    pub known: Vec<usize>,
    /// Their means, of unit length by cosine.
    pub at: Array2<f64>,
    lengths: Vec<f64>,
    longest: f64,
    classes: usize,
}

/// Squared distances of a row to some points.
pub(super) struct About {
    pub squared: Vec<f64>,
    /// How far off they may be.
    pub off: f64,
}

impl Points {
    /// Points at the means of all classes, NaN where a class has none.
    pub fn new(means: &Array2<f64>, cosine: bool) -> Self {
        let known: Vec<usize> = (0..means.nrows()).filter(|&c| means[[c, 0]].is_finite()).collect();
        let mut at = means.select(Axis(0), &known);
        if cosine {
            at.outer_iter_mut().for_each(|mut point| unit(&mut point));
        }
        let lengths: Vec<f64> = at.outer_iter().map(|point| point.dot(&point)).collect();
        Self {
            longest: lengths.iter().copied().fold(0.0, f64::max),
            classes: means.nrows(),
            known,
            at,
            lengths,
        }
    }

    /// The place of each class among the points, where it has one.
    pub fn places(&self, count: usize) -> Vec<Option<usize>> {
        let mut places = vec![None; count];
        self.known.iter().enumerate().for_each(|(at, &c)| places[c] = Some(at));
        places
    }

    /// From the products of a row with all points.
    pub fn about(&self, row: ArrayView1<f64>, products: ArrayView1<f64>) -> About {
        let own = row.dot(&row);
        About {
            squared: products
                .iter()
                .zip(&self.lengths)
                .map(|(p, l)| own - 2.0 * p + l)
                .collect(),
            off: BLURRED * (own + self.longest),
        }
    }

    /// The squared distance to a point, by differences.
    pub fn squared(&self, row: ArrayView1<f64>, at: usize) -> f64 {
        self.at.row(at).iter().zip(&row).map(|(a, b)| (a - b).powi(2)).sum()
    }

    /// What the nearest point says of a row. What products cannot tell apart is told by differences.
    pub fn verdict(&self, row: ArrayView1<f64>, about: About, truth: Option<usize>) -> Prediction {
        let About { squared, off } = about;
        let close = squared.iter().copied().fold(f64::INFINITY, f64::min) + off;
        let told = squared.into_iter().enumerate().map(|(at, about)| match about <= close {
            true => self.squared(row, at),
            false => about,
        });
        self.nearest(self.known.iter().copied().zip(told.collect::<Vec<_>>()), truth)
    }

    /// The class of least squared distance. What only rounding tells apart is equal.
    pub fn nearest(&self, told: impl Iterator<Item = (usize, f64)> + Clone, truth: Option<usize>) -> Prediction {
        let least = told.clone().map(|(_, s)| s).fold(f64::INFINITY, f64::min);
        let mut scores = vec![f64::NEG_INFINITY; self.classes];
        for (c, s) in told {
            scores[c] = if s - least <= EQUAL * (s + least) { -least } else { -s };
        }
        Prediction::of_scores(&scores, truth)
    }
}

/// Some of the scored rows, of unit length by cosine.
pub(super) fn seen(scored: &Rows, places: &[usize], cosine: bool) -> Array2<f64> {
    let mut rows = scored.select(places);
    if cosine {
        rows.outer_iter_mut().for_each(|mut row| unit(&mut row));
    }
    rows
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
    let points = Points::new(means, cosine);
    let blocks: Vec<Vec<Prediction>> = places
        .par_chunks(BLOCK)
        .map(|block| {
            let rows = seen(scored, block, cosine);
            let products = product_transposed(rows.view(), points.at.view());
            let pairs = rows.outer_iter().zip(products.outer_iter()).zip(block);
            pairs
                .map(|((row, products), &i)| points.verdict(row, points.about(row, products), truths[i]))
                .collect()
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
