//! Eigenvalues of d x d matrices of second moments.

use ndarray::{ArrayView2, Axis};

use super::moments::Moments;
use super::range::{SMALLEST_SQUARE, out_of_range};
use crate::error::{Error, Result};
use crate::linalg::{Tridiagonal, eigenvalues, product_transposed};

/// Which matrix of second moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondMoment {
    /// The covariance of the rows, S (ddof 1).
    Covariance,
    /// XᵀX of the rows as they are: its eigenvalues are the squared singular values of X.
    Uncentred,
    /// 1/N Σ x̂ x̂ᵀ of the l2-normalised rows: its non-zero eigenvalues are those of the cosine kernel over N.
    Unit,
}

/// The min(N, d) largest eigenvalues of a matrix of second moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// In descending order; those below the rounding of the largest, max(N, d) eps lambda_1, are zero.
    pub values: Vec<f64>,
    /// Rows it was computed from, N.
    pub n: u64,
    /// Channels, d.
    pub d: usize,
}

impl Spectrum {
    /// The eigenvalues from moments of the rows, or for [`SecondMoment::Unit`] of the l2-normalised rows.
    ///
    /// # Errors
    /// Undefined with fewer than two rows, and where all eigenvalues are zero or beyond the range of 64 bits.
    pub fn new(moments: &Moments, matrix: SecondMoment) -> Result<Self> {
        Reduced::new(moments)?.spectrum(matrix)
    }

    /// The eigenvalues of the covariance of these rows (n, d), from the smaller one of its two Gram matrices.
    ///
    /// # Errors
    /// As [`Spectrum::new`].
    pub fn of_rows(rows: ArrayView2<f64>) -> Result<Self> {
        let (n, d) = rows.dim();
        let mut moments = Moments::new(d);
        if n > d {
            moments.update(rows);
            return Self::new(&moments, SecondMoment::Covariance);
        }
        if n < 2 {
            return Err(few_rows());
        }
        // The mean in two steps: the second one removes what rounding left.
        let centred = &rows - &rows.mean_axis(Axis(0)).expect("there are rows");
        let centred = &centred - &centred.mean_axis(Axis(0)).expect("there are rows");
        let gram = product_transposed(centred.view(), centred.view()) / (n - 1) as f64;
        Self::of_values(eigenvalues(gram)?, n as u64, d)
    }

    /// From the eigenvalues, in descending order, of a second moment of `n` rows of width `d`.
    fn of_values(mut values: Vec<f64>, n: u64, d: usize) -> Result<Self> {
        let largest = values.first().copied().unwrap_or(0.0);
        if largest == 0.0 {
            return Err(Error::undefined("every channel is constant"));
        }
        if !largest.is_finite() || largest < SMALLEST_SQUARE {
            return Err(out_of_range());
        }
        let rounding = (n as f64).max(d as f64) * f64::EPSILON * largest;
        values.truncate(d.min(usize::try_from(n).unwrap_or(usize::MAX)));
        values.iter_mut().filter(|v| **v <= rounding).for_each(|v| *v = 0.0);
        Ok(Self { values, n, d })
    }

    /// How many eigenvalues are not zero.
    pub fn rank(&self) -> usize {
        self.values.iter().filter(|v| **v > 0.0).count()
    }

    /// The sum of all eigenvalues.
    pub fn total(&self) -> f64 {
        self.values.iter().sum()
    }
}

/// Moments brought into the form from which any spectrum of theirs costs next to nothing: XᵀX and the scatter around the
/// mean differ by a matrix of rank one, and share one reduction.
pub struct Reduced {
    scatter: Tridiagonal,
    /// N ‖mean‖².
    shift: f64,
    n: u64,
}

impl Reduced {
    /// The tridiagonal matrix from the moments of at least two rows.
    ///
    /// # Errors
    /// Undefined with fewer.
    pub fn new(moments: &Moments) -> Result<Self> {
        if moments.n() < 2 {
            return Err(few_rows());
        }
        Ok(Self {
            scatter: moments.tridiagonal(),
            shift: moments.mean().dot(moments.mean()) * moments.n() as f64,
            n: moments.n(),
        })
    }

    /// The spectrum of one of the matrices.
    ///
    /// # Errors
    /// Undefined where all eigenvalues are zero or beyond the range of 64 bits.
    pub fn spectrum(&self, matrix: SecondMoment) -> Result<Spectrum> {
        let n = self.n as f64;
        let (shift, over) = match matrix {
            SecondMoment::Covariance => (0.0, n - 1.0),
            SecondMoment::Uncentred => (self.shift, 1.0),
            SecondMoment::Unit => (self.shift, n),
        };
        if !shift.is_finite() || self.scatter.diagonal.iter().any(|x| !x.is_finite()) {
            return Err(out_of_range());
        }
        let mut values = self.scatter.eigenvalues(shift)?;
        values.iter_mut().for_each(|v| *v /= over);
        Spectrum::of_values(values, self.n, self.scatter.diagonal.len())
    }
}

fn few_rows() -> Error {
    Error::undefined("a spectrum needs at least two rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn spectra_of_a_small_matrix() {
        let rows = array![[3.0, 0.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]];
        let mut moments = Moments::new(3);
        moments.update(rows.view());
        // Σ x² = 18, 2, 0.
        let covariance = Spectrum::new(&moments, SecondMoment::Covariance).unwrap();
        assert_eq!(
            (covariance.values.as_slice(), covariance.rank()),
            ([6.0, 2.0 / 3.0, 0.0].as_slice(), 2)
        );
        assert_eq!(
            Spectrum::new(&moments, SecondMoment::Uncentred).unwrap().values,
            [18.0, 2.0, 0.0]
        );
        let mut shifted = Moments::new(3);
        shifted.update((&rows + 1.0).view());
        let uncentred = Spectrum::new(&shifted, SecondMoment::Uncentred).unwrap();
        assert!((uncentred.total() - (18.0 + 2.0 + 12.0)).abs() < 1e-12);
        assert!(Spectrum::new(&Moments::new(3), SecondMoment::Covariance).is_err());
    }

    #[test]
    fn either_gram_matrix_of_rows_has_the_spectrum_of_their_covariance() {
        for (n, d) in [(5, 9), (30, 9)] {
            let rows = Array2::from_shape_fn((n, d), |(i, j)| 1e3 + ((i * 31 + j * 17 + i * j * j) % 29) as f64);
            let mut moments = Moments::new(d);
            moments.update(rows.view());
            let (a, b) = (
                Spectrum::of_rows(rows.view()).unwrap(),
                Spectrum::new(&moments, SecondMoment::Covariance).unwrap(),
            );
            assert_eq!((a.values.len(), a.n, a.d), (b.values.len(), b.n, b.d));
            assert!(
                a.values
                    .iter()
                    .zip(&b.values)
                    .all(|(x, y)| (x - y).abs() < 1e-12 * b.values[0])
            );
        }
    }

    #[test]
    fn fewer_rows_than_channels_leave_as_many_values_as_rows() {
        let mut moments = Moments::new(5);
        moments.update(array![[1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 0.0, 1.0, 1.0, 1.0]].view());
        assert_eq!(Spectrum::new(&moments, SecondMoment::Covariance).unwrap().rank(), 1);
        assert_eq!(
            Spectrum::new(&moments, SecondMoment::Uncentred).unwrap().values.len(),
            2
        );
    }
}
