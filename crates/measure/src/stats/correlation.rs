//! Correlations between channels.

use ndarray::{Array2, Axis};

use super::moments::Moments;
use super::range::{SMALLEST_SQUARE, out_of_range};
use crate::error::{Error, Result};

/// The correlation matrix of the live channels, or of the ranks of their values, with what is needed to read it.
#[derive(Clone, Debug)]
pub struct ChannelCorrelation {
    /// (live, live), unit diagonal, clipped to [-1, 1].
    pub matrix: Array2<f64>,
    /// Rows it was computed from.
    pub n: u64,
}

impl ChannelCorrelation {
    /// From moments, the channels to keep (those that vary over the whole set) and those that vary over these rows: a
    /// kept channel that happens to be constant on a resample correlates with nothing there.
    ///
    /// # Errors
    /// Undefined with fewer than two rows or without a channel to keep.
    pub fn new(moments: &Moments, keep: &[bool], varies: &[bool]) -> Result<Self> {
        Self::of_scatter(moments.scatter(), moments.n(), keep, varies)
    }

    /// The same from the scatter Σ (x - mean)(x - mean)ᵀ (d, d) of `n` rows.
    ///
    /// # Errors
    /// As [`ChannelCorrelation::new`].
    pub fn of_scatter(mut matrix: Array2<f64>, n: u64, keep: &[bool], varies: &[bool]) -> Result<Self> {
        if n < 2 {
            return Err(Error::undefined("correlations need at least two rows"));
        }
        let channels: Vec<usize> = (0..keep.len()).filter(|&j| keep[j]).collect();
        if channels.is_empty() {
            return Err(Error::undefined("every channel is constant"));
        }
        let mut squares = channels.iter().filter(|&&j| varies[j]).map(|&j| matrix[[j, j]]);
        if squares.any(|s| !s.is_finite() || s < SMALLEST_SQUARE) {
            return Err(out_of_range());
        }
        let weights: Vec<f64> = (0..keep.len())
            .map(|j| if varies[j] { 1.0 / matrix[[j, j]].sqrt() } else { 0.0 })
            .collect();
        for (i, mut row) in matrix.outer_iter_mut().enumerate() {
            row.iter_mut()
                .zip(&weights)
                .for_each(|(x, w)| *x = (*x * (w * weights[i])).clamp(-1.0, 1.0));
            row[i] = 1.0;
        }
        if channels.len() < keep.len() {
            matrix = matrix.select(Axis(0), &channels).select(Axis(1), &channels);
        }
        Ok(Self { matrix, n })
    }

    /// The number of live channels.
    pub fn channels(&self) -> usize {
        self.matrix.nrows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn correlations_are_numpys() {
        // numpy.corrcoef([[1, 2, 0], [2, 1, 0], [4, 5, 0]], rowvar=False)[0, 1] = 0.8386278693775347
        let mut m = Moments::new(3);
        m.update(array![[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [4.0, 5.0, 0.0]].view());
        let c = ChannelCorrelation::new(&m, &[true, true, false], &[true, true, false]).unwrap();
        assert_eq!(c.channels(), 2);
        assert!((c.matrix[[0, 1]] - 0.838_627_869_377_534_7).abs() < 1e-14);
        assert!(ChannelCorrelation::new(&m, &[false; 3], &[false; 3]).is_err());
    }
}
