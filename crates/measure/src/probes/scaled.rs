//! Rows as the linear probes see them: less their mean, divided by one number, in 32 bits.

use ndarray::{Array1, Array2, ArrayView2, Zip};
use rayon::prelude::*;

use crate::stats::Rows;

/// Rows that are taken at a time where a sum runs over all of them: it is the same for any number of threads.
pub(super) const BLOCK: usize = 1024;

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
    /// The frame of the fitting rows at these places.
    pub fn new(rows: &Rows, places: &[usize], scaling: Scaling) -> Self {
        let d = rows.width();
        let n = places.len().max(1) as f64;
        // Block by block, in a fixed order: the same sums for any number of threads.
        let sums = |term: &(dyn Fn(&Array1<f64>, &mut Array1<f64>) + Sync)| -> Array1<f64> {
            let parts: Vec<Array1<f64>> = places
                .par_chunks(BLOCK)
                .map(|block| {
                    let mut sum = Array1::zeros(d);
                    block
                        .iter()
                        .for_each(|&i| term(&scaling.prepared(rows.row(i)), &mut sum));
                    sum
                })
                .collect();
            parts.into_iter().fold(Array1::zeros(d), |sum, part| sum + part)
        };
        let first = places
            .first()
            .map_or_else(|| Array1::zeros(d), |&i| scaling.prepared(rows.row(i)));
        // From the first row, so that nothing is lost where all lie far from zero, and constant channels stay zero.
        let centre =
            &first + &(sums(&|row, sum| Zip::from(sum).and(row).and(&first).for_each(|s, x, f| *s += x - f)) / n);
        let squares = sums(&|row, sum| {
            Zip::from(sum)
                .and(row)
                .and(&centre)
                .for_each(|s, x, c| *s += (x - c) * (x - c));
        }) / n;
        let moves = sums(&|row, sum| {
            Zip::from(sum)
                .and(row)
                .and(&first)
                .for_each(|s, x, f| *s += f64::from(u8::from(x != f)));
        });
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

    /// Rows as the fitting rows are seen.
    pub fn seen<'a>(&'a self, rows: &'a Rows) -> ScaledRows<'a> {
        ScaledRows { rows, frame: self }
    }
}

/// Rows as a frame sees them, (N, d), made block by block where they are looked at: they are held once, as they are.
#[derive(Clone, Copy)]
pub struct ScaledRows<'a> {
    rows: &'a Rows,
    frame: &'a Frame,
}

impl ScaledRows<'_> {
    /// d.
    pub fn width(&self) -> usize {
        self.rows.width()
    }

    /// r, by which the features are divided.
    pub fn rms(&self) -> f64 {
        self.frame.rms
    }

    /// The mean square of the rows at these places about their mean, as they are seen; 1 where they are all alike.
    pub fn mean_square(&self, places: &[usize]) -> f64 {
        let d = self.width();
        let parts: Vec<(Array1<f64>, f64)> = places
            .par_chunks(BLOCK)
            .map(|block| {
                let mut room = Array2::zeros((0, 0));
                let rows = self.block(block, &mut room);
                let (mut sums, mut squares) = (Array1::<f64>::zeros(d), 0.0);
                for row in rows.outer_iter() {
                    sums.zip_mut_with(&row, |sum, &x| *sum += f64::from(x));
                    squares += row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
                }
                (sums, squares)
            })
            .collect();
        let (mut sums, mut squares) = (Array1::<f64>::zeros(d), 0.0);
        for (sum, square) in parts {
            sums += &sum;
            squares += square;
        }
        let n = places.len().max(1) as f64;
        let means = sums.iter().map(|s| (s / n).powi(2)).sum::<f64>();
        let square = (squares / n - means) / d.max(1) as f64;
        if square > 0.0 { square } else { 1.0 }
    }

    /// The rows at these places (n, d), in a room of that many or made anew.
    pub fn block<'r>(&self, places: &[usize], room: &'r mut Array2<f32>) -> ArrayView2<'r, f32> {
        if room.dim() != (places.len(), self.width()) {
            *room = Array2::zeros((places.len(), self.width()));
        }
        let Frame {
            scaling,
            centre,
            factors,
            ..
        } = self.frame;
        let unit = *scaling == Scaling::Normalised;
        self.rows.write_shifted(places, (centre, factors), unit, room);
        room.view()
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
