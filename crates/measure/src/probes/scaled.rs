//! Rows as the linear probes see them: less their mean, divided by one number, in 32 bits.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use crate::stats::Rows;

/// Rows that are taken at a time where a sum runs over all of them: it is the same for any number of threads.
pub(super) const BLOCK: usize = 512;

/// How the channels of the fitting rows are brought to one scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// All divided by one number, the root mean square of the centred features.
    #[default]
    Rms,
    /// Each channel divided by its standard deviation (ddof 0); a constant one is left out.
    Standardised,
    /// Each row divided by its norm before all else; a row of zeros stays.
    Normalised,
}

/// What was taken off the features and what they were divided by.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    scaling: Scaling,
    /// The mean of the fitting rows (d).
    centre: Array1<f64>,
    /// What each channel is multiplied by (d).
    factors: Array1<f64>,
    /// r, the root mean square of the centred features (of their z-scores, or of l2-normalised rows).
    pub rms: f64,
}

impl Frame {
    /// Of the fitting rows at these places.
    pub fn new(rows: &Rows, places: &[usize], scaling: Scaling) -> Self {
        let d = rows.width();
        let n = places.len().max(1) as f64;
        // Block by block, in a fixed order: the same sums for any number of threads.
        let sums = |of: &(dyn Fn(usize, f64) -> f64 + Sync)| -> Array1<f64> {
            let parts: Vec<Array1<f64>> = places
                .par_chunks(BLOCK)
                .map(|block| {
                    let mut sum = Array1::zeros(d);
                    for &i in block {
                        let row = scaling.prepared(rows.row(i));
                        for (j, (s, &x)) in sum.iter_mut().zip(&row).enumerate() {
                            *s += of(j, x);
                        }
                    }
                    sum
                })
                .collect();
            parts.into_iter().fold(Array1::zeros(d), |sum, part| sum + part)
        };
        let first = places
            .first()
            .map_or_else(|| Array1::zeros(d), |&i| scaling.prepared(rows.row(i)));
        // From the first row, so that nothing is lost where all lie far from zero, and constant channels stay zero.
        let centre = &first + &(sums(&|j, x| x - first[j]) / n);
        let squares = sums(&|j, x| (x - centre[j]).powi(2)) / n;
        let moves = sums(&|j, x| f64::from(u8::from(x != first[j])));
        let live: Vec<bool> = (0..d).map(|j| moves[j] > 0.0 && squares[j] > 0.0).collect();
        let within = |j: usize| match scaling {
            Scaling::Standardised => squares[j].sqrt().recip(),
            _ => 1.0,
        };
        let square = (0..d)
            .filter(|&j| live[j])
            .map(|j| squares[j] * within(j).powi(2))
            .sum::<f64>()
            / d.max(1) as f64;
        let rms = if square > 0.0 { square.sqrt() } else { 1.0 };
        // A channel that no fitting row moves tells nothing: it stays out of every product.
        let factors = Array1::from_shape_fn(d, |j| if live[j] { within(j) / rms } else { 0.0 });
        Self {
            scaling,
            centre,
            factors,
            rms,
        }
    }

    /// Rows as the fitting rows are seen (n, d).
    pub fn seen(&self, rows: &Rows) -> Array2<f32> {
        let mut out = Array2::zeros((rows.len(), rows.width()));
        let all: Vec<_> = out.axis_iter_mut(Axis(0)).enumerate().collect();
        all.into_par_iter().for_each(|(i, mut to)| {
            let row = self.scaling.prepared(rows.row(i));
            for (((to, x), c), f) in to.iter_mut().zip(&row).zip(&self.centre).zip(&self.factors) {
                *to = ((x - c) * f) as f32;
            }
        });
        out
    }
}

impl Scaling {
    /// A row before all else.
    fn prepared(self, row: Array1<f64>) -> Array1<f64> {
        let norm = match self {
            Self::Normalised => row.dot(&row).sqrt(),
            _ => 1.0,
        };
        if norm > 0.0 { row / norm } else { row }
    }
}
