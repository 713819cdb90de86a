//! The linear map from one set of channels to another, where there is one.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::{Symmetric, add_product, solve_definite_rows};

/// Sums held at a time, whatever the number of threads.
const LANES: usize = 4;

/// Rows beyond those that any numbers are a linear map of, so that what is left over tells.
const TO_SPARE: u64 = 20;

/// Sums of matched rows x (d) and y (C), less the first of all.
pub struct MapSums {
    first: (Array1<f64>, Array1<f64>),
    lanes: Vec<Lane>,
    n: u64,
}

struct Lane {
    sums: (Array1<f64>, Array1<f64>),
    xx: Symmetric,
    /// (C, d)
    yx: Array2<f64>,
    yy: Array1<f64>,
}

/// y = W x + b, by least squares.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearMap {
    /// W (C, d).
    pub weights: Array2<f64>,
    /// The share of the variance of y that is not W x.
    pub residual: f64,
    /// The standard error of W as a whole, as a share of its Frobenius norm: what the residual leaves open.
    pub error: f64,
}

impl MapSums {
    /// Without rows, of so many channels.
    pub fn new(d: usize, c: usize) -> Self {
        let lane = |_| Lane {
            sums: (Array1::zeros(d), Array1::zeros(c)),
            xx: Symmetric::zeros(d),
            yx: Array2::zeros((c, d)),
            yy: Array1::zeros(c),
        };
        Self {
            first: (Array1::zeros(d), Array1::zeros(c)),
            lanes: (0..LANES).map(lane).collect(),
            n: 0,
        }
    }

    /// Takes in rows x (rows, d) and y (rows, C).
    pub fn update(&mut self, x: ArrayView2<f64>, y: ArrayView2<f64>) {
        if x.is_empty() || y.is_empty() {
            return;
        }
        if self.n == 0 {
            self.first = (x.row(0).to_owned(), y.row(0).to_owned());
        }
        self.n += x.nrows() as u64;
        let (first, part) = (&self.first, x.nrows().div_ceil(LANES));
        let parts = x.axis_chunks_iter(Axis(0), part).zip(y.axis_chunks_iter(Axis(0), part));
        let parts: Vec<_> = parts.collect();
        self.lanes.par_iter_mut().zip(parts).for_each(|(lane, (x, y))| {
            let (x, y) = (&x - &first.0, &y - &first.1);
            lane.sums.0 += &x.sum_axis(Axis(0));
            lane.sums.1 += &y.sum_axis(Axis(0));
            lane.xx.add_gram(x.view());
            add_product(&mut lane.yx, y.view(), x.view());
            lane.yy += &y.mapv(|y| y * y).sum_axis(Axis(0));
        });
    }

    /// The map.
    ///
    /// # Errors
    /// Undefined where the rows do not span the channels, so that several maps fit, or are hardly more than the channels.
    pub fn map(self) -> Result<LinearMap> {
        let (c, d) = self.lanes[0].yx.dim();
        if self.n < d as u64 + 1 + TO_SPARE {
            return Err(Error::undefined(format!(
                "{} rows are too few to tell {d} weights of each class",
                self.n
            )));
        }
        let n = self.n as f64;
        let mut all = Self::new(d, c).lanes.swap_remove(0);
        for lane in &self.lanes {
            all.sums.0 += &lane.sums.0;
            all.sums.1 += &lane.sums.1;
            all.xx.add(&lane.xx);
            all.yx += &lane.yx;
            all.yy += &lane.yy;
        }
        let (mean_x, mean_y) = (&all.sums.0 / n, &all.sums.1 / n);
        all.xx.add_scaled_gram(-n, mean_x.view().insert_axis(Axis(0)));
        for ((mut row, yy), mean) in all.yx.outer_iter_mut().zip(&mut all.yy).zip(&mean_y) {
            row.scaled_add(-n * mean, &mean_x);
            *yy -= n * mean * mean;
        }
        // Each channel by its own spread: no digit is lost to their scales.
        let xx = all.xx.to_full();
        let spread = xx.diag().mapv(f64::sqrt);
        if spread.iter().any(|s| !s.is_normal()) {
            return Err(Error::undefined(
                "a channel is constant in these rows, so that its weights are not told",
            ));
        }
        let scaled = Array2::from_shape_fn((d, d), |(i, j)| xx[[i, j]] / spread[i] / spread[j]);
        let right = concatenate(Axis(0), &[(&all.yx / &spread).view(), Array2::eye(d).view()])
            .map_err(|e| Error::undefined(e.to_string()))?;
        let solved = solve_definite_rows(scaled, right)
            .map_err(|_| Error::undefined("the rows do not span the channels, so that the weights are not told"))?;
        let weights = &solved.slice(ndarray::s![..c, ..]) / &spread;
        let left: f64 = all
            .yy
            .iter()
            .zip(weights.outer_iter())
            .zip(all.yx.outer_iter())
            .map(|((yy, w), yx)| (yy - w.dot(&yx)).max(0.0))
            .sum();
        // Variances of all weights of one class, in units of its residual variance.
        let trace: f64 = (0..d).map(|j| solved[[c + j, j]] / (spread[j] * spread[j])).sum();
        let of_noise = left / (n - d as f64 - 1.0);
        let (total, norm) = (all.yy.sum(), weights.iter().map(|w| w * w).sum::<f64>());
        let map = LinearMap {
            residual: of_noise * (n - 1.0) / total,
            error: (of_noise * trace / norm).sqrt(),
            weights,
        };
        match map.residual.is_finite() && map.error.is_finite() {
            true => Ok(map),
            false => Err(Error::undefined("all rows have the same logits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize, d: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, d), |(i, j)| {
            let x = (i * 7919 + j * 104_729 + (i + 3) * (j + 5) * seed) % 1013;
            x as f64 / 506.0 - 1.0
        })
    }

    fn map(x: &Array2<f64>, y: &Array2<f64>) -> Result<LinearMap> {
        let mut sums = MapSums::new(x.ncols(), y.ncols());
        for (x, y) in x.axis_chunks_iter(Axis(0), 17).zip(y.axis_chunks_iter(Axis(0), 17)) {
            sums.update(x, y);
        }
        sums.map()
    }

    #[test]
    fn a_linear_map_is_found_and_others_are_told() {
        let (x, w) = (noise(90, 6, 1), noise(4, 6, 2));
        let y = x.dot(&w.t()) + 3.0;
        // As stored, in 32 bits.
        let single = |m: &Array2<f64>| m.mapv(|v| f64::from(v as f32));
        let found = map(&(single(&x) + 100.0), &single(&y)).unwrap();
        let off = (&found.weights - &w).mapv(|v| v * v).sum() / w.mapv(|v| v * v).sum();
        assert!(
            off.sqrt() < 1e-6 && found.residual < 1e-12 && found.error < 1e-6,
            "{off} {found:?}"
        );
        let bent = map(&x, &y.mapv(|v| v.max(3.0))).unwrap();
        assert!(bent.residual > 0.01, "{}", bent.residual);
    }

    #[test]
    fn what_is_not_told_is_refused() {
        let mut x = noise(90, 6, 1);
        let y = x.dot(&noise(4, 6, 2).t());
        let why = |x: &Array2<f64>, y: &Array2<f64>| map(x, y).unwrap_err().to_string();
        assert!(why(&noise(26, 6, 1), &noise(26, 4, 1)).contains("too few"));
        assert!(why(&x, &Array2::ones((90, 4))).contains("same logits"));
        x.column_mut(2).fill(5.0);
        assert!(why(&x, &y).contains("constant"));
        let twin = x.column(1).to_owned();
        x.column_mut(2).assign(&twin);
        let found = map(&x, &y);
        assert!(found.is_err() || found.unwrap().error > 1.0);
    }
}
