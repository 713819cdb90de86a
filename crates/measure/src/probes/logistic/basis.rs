//! The principal directions of the fitting rows: what a step is measured by.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use super::objective::Weights;
use crate::error::Result;
use crate::linalg::{Symmetric, eigenvectors, product_transposed, write_single_plain, write_single_product};
use crate::probes::scaled::{BLOCK, ScaledRows};

/// Sums held at a time, whatever the number of threads.
const LANES: usize = 4;

/// The least that rows are taken to be undecided: of classes that are certain everywhere the steps stay ordinary.
const LEAST_SPREAD: f64 = 1e-9;

/// Eigenvalues s and eigenvectors of the second moments of scaled rows, about their mean.
pub struct Basis {
    /// Directions as rows (k, d).
    directions: Array2<f32>,
    /// s (k).
    values: Vec<f64>,
}

impl Basis {
    /// The basis of the rows at these places (n of d channels): from d x d products, or from n x n where those are fewer.
    ///
    /// # Errors
    /// When the eigenvalue iteration does not converge.
    pub fn new(rows: ScaledRows, places: &[usize]) -> Result<Self> {
        let (n, d) = (places.len(), rows.width());
        let doubles = |some: &[usize]| rows.block(some, &mut Array2::zeros((0, 0))).mapv(f64::from);
        let (values, directions) = if n < d {
            let all = doubles(places);
            let mean = all.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(d));
            let all = all - &mean;
            let (values, vectors) = eigenvectors(product_transposed(all.view(), all.view()))?;
            let most = values.first().copied().unwrap_or(0.0);
            let kept = values.iter().filter(|v| **v > 1e-13 * most && **v > 0.0).count();
            let mut directions = vectors.slice(s![..kept, ..]).dot(&all);
            for (mut direction, value) in directions.outer_iter_mut().zip(&values) {
                direction /= value.sqrt();
            }
            (values[..kept].to_vec(), directions)
        } else {
            let blocks: Vec<&[usize]> = places.chunks(BLOCK).collect();
            let parts: Vec<(Symmetric, Array1<f64>)> = blocks
                .par_chunks(blocks.len().div_ceil(LANES).max(1))
                .map(|blocks| {
                    let (mut gram, mut sum) = (Symmetric::zeros(d), Array1::zeros(d));
                    for block in blocks {
                        let rows = doubles(block);
                        gram.add_gram(rows.view());
                        sum += &rows.sum_axis(Axis(0));
                    }
                    (gram, sum)
                })
                .collect();
            let mut gram = Symmetric::zeros(d);
            let mut sum = Array1::<f64>::zeros(d);
            for (part, rows) in &parts {
                gram.add(part);
                sum += rows;
            }
            drop(parts);
            let mean = (&sum / n as f64).insert_axis(Axis(0));
            gram.add_scaled_gram(-(n as f64), mean.view());
            eigenvectors(gram.to_full())?
        };
        Ok(Self {
            values: values.into_iter().map(|v| v.max(0.0) / n as f64).collect(),
            directions: directions.mapv(|x| x as f32),
        })
    }

    /// s, in descending order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The directions as rows (k, d).
    pub fn directions(&self) -> Array2<f64> {
        self.directions.mapv(f64::from)
    }

    /// The coordinates of the rows at these places (n, k).
    pub fn along(&self, rows: ScaledRows, places: &[usize]) -> Array2<f64> {
        let mut room = Array2::zeros((0, 0));
        let rows = rows.block(places, &mut room);
        let mut out = Array2::zeros((places.len(), self.directions.nrows()));
        write_single_product(rows, self.directions.view(), 1.0, rows.ncols(), &mut out);
        out.mapv(f64::from)
    }

    /// M⁻¹ g, M = w̄_c S + λ I for class c, and w̄_c for its intercept. Where the rows are fewer than the channels, what lies
    /// outside of them is left as it is: no gradient points there.
    pub fn solve(&self, gradient: &Weights, spread: &Array1<f64>, lambda: f64) -> Weights {
        let (c, d) = gradient.matrix.dim();
        let level: Vec<f64> = spread.iter().map(|w| w.max(LEAST_SPREAD)).collect();
        // In 32 bits: a step need not be exact, only of an ordinary size.
        let size = gradient.matrix.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        let unit = if size > 0.0 { size } else { 1.0 };
        let single = gradient.matrix.mapv(|x| (x / unit) as f32);
        let mut along = Array2::zeros((c, self.directions.nrows()));
        in_pieces(&mut along, Axis(1), 256, |range, out| {
            write_single_product(single.view(), self.directions.slice(s![range, ..]), 1.0, d, out);
        });
        for (mut row, w) in along.outer_iter_mut().zip(&level) {
            for (x, s) in row.iter_mut().zip(&self.values) {
                *x = (f64::from(*x) / (w * s + lambda)) as f32;
            }
        }
        let mut back = Array2::zeros((c, d));
        in_pieces(&mut back, Axis(0), 25, |range, out| {
            write_single_plain(along.slice(s![range, ..]), self.directions.view(), out);
        });
        Weights {
            matrix: back.mapv(|x| unit * f64::from(x)),
            intercepts: gradient.intercepts.iter().zip(&level).map(|(g, w)| g / w).collect(),
        }
    }
}

/// Fills a matrix by pieces of so many of its rows or columns.
fn in_pieces(out: &mut Array2<f32>, axis: Axis, size: usize, fill: impl Fn(Range<usize>, &mut Array2<f32>) + Sync) {
    let all = out.len_of(axis);
    let pieces: Vec<_> = out.axis_chunks_iter_mut(axis, size).enumerate().collect();
    pieces.into_par_iter().for_each(|(i, mut piece)| {
        let mut own = Array2::zeros(piece.dim());
        fill(i * size..((i + 1) * size).min(all), &mut own);
        piece.assign(&own);
    });
}
