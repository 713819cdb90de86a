//! Similarity from canonical correlations.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::linalg::{eigenvectors, nuclear_norm, product_transposed};
use crate::metrics::inputs::Canonical;
use crate::stats::{Cross, Directions};

impl<'a> Canonical<'a> {
    /// Compares the directions of both sides that hold this `share` of their variance.
    ///
    /// # Errors
    /// For directions of other sides than those crossed. Undefined where a side has as many directions as rows allow: all
    /// correlations are then 1.
    pub fn new(cross: &Cross, x: &'a Directions, y: &'a Directions, share: f64) -> Result<Self> {
        let (widths, crossed) = ((x.vectors.ncols(), y.vectors.ncols()), cross.scatter.dim());
        if widths != crossed {
            return Err(Error::input(format!(
                "directions of {} and {} channels for products of {} and {}; expected those of the same sides",
                widths.0, widths.1, crossed.0, crossed.1
            )));
        }
        let kept = [x, y].map(|side| side.holding(share));
        if let Some(full) = kept.iter().find(|k| **k as u64 + 1 >= cross.n) {
            return Err(Error::undefined(format!(
                "{} rows have {full} directions: canonical correlations of so few rows are 1 for any features",
                cross.n
            )));
        }
        let whitening = |side: &Directions, kept: usize| {
            let mut rows = side.vectors.slice(ndarray::s![..kept, ..]).to_owned();
            for (mut row, value) in rows.outer_iter_mut().zip(&side.values) {
                row /= value.sqrt();
            }
            rows
        };
        let half = product_transposed(whitening(x, kept[0]).view(), cross.scatter.t());
        let whitened = product_transposed(half.view(), whitening(y, kept[1]).view());
        Ok(Self {
            whitened,
            x,
            y,
            n: cross.n,
        })
    }

    /// How many directions of each side are kept.
    pub fn kept(&self) -> (usize, usize) {
        self.whitened.dim()
    }
}

/// The mean canonical correlation.
///
/// # Errors
/// When the singular values do not converge.
pub fn svcca(c: &Canonical) -> Result<f64> {
    let (k1, k2) = c.kept();
    Ok((nuclear_norm(c.whitened.clone())? / k1.min(k2) as f64).min(1.0))
}

/// The mean squared canonical correlation.
///
/// # Errors
/// None.
pub fn svcca_squared(c: &Canonical) -> Result<f64> {
    let (k1, k2) = c.kept();
    Ok((c.whitened.iter().map(|m| m * m).sum::<f64>() / k1.min(k2) as f64).min(1.0))
}

/// The mean canonical correlation, weighted by what the first side's canonical variates account for of its channels.
///
/// # Errors
/// Undefined where the directions of both sides are more than rows allow: some correlations are then equal, all 1, and have no
/// weights of their own. When the eigenvalues do not converge.
pub fn pwcca(c: &Canonical) -> Result<f64> {
    unambiguous(c)?;
    weighted(c.whitened.clone(), c.x)
}

/// As [`pwcca`], weighted by the side with fewer directions (the first where both have as many).
///
/// # Errors
/// As [`pwcca`].
pub fn pwcca_of_smaller(c: &Canonical) -> Result<f64> {
    let (k1, k2) = c.kept();
    if k1 <= k2 {
        return pwcca(c);
    }
    unambiguous(c)?;
    weighted(c.whitened.t().as_standard_layout().into_owned(), c.y)
}

fn unambiguous(c: &Canonical) -> Result<()> {
    let (k1, k2) = c.kept();
    if (k1 + k2) as u64 >= c.n {
        return Err(Error::undefined(format!(
            "{} rows are no more than {k1} + {k2} directions: some canonical correlations are 1 for any features, and how they \
             weigh is arbitrary",
            c.n
        )));
    }
    Ok(())
}

fn weighted(whitened: Array2<f64>, side: &Directions) -> Result<f64> {
    let (k, other) = whitened.dim();
    // The variates' coordinates u_i among the whitened directions, by falling correlation.
    let (squares, coordinates) = eigenvectors(product_transposed(whitened.view(), whitened.view()))?;
    // <h_i, x_j> = u_i' diag(sqrt(lambda)) V, channel by channel.
    let mut loadings = side.vectors.slice(ndarray::s![..k, ..]).to_owned();
    for (mut row, value) in loadings.outer_iter_mut().zip(&side.values) {
        row *= value.sqrt();
    }
    let shares = product_transposed(coordinates.view(), loadings.t());
    let (mut sum, mut weight) = (0.0, 0.0);
    for (square, row) in squares.iter().zip(shares.outer_iter()).take(k.min(other)) {
        let share: f64 = row.iter().map(|s| s.abs()).sum();
        sum += share * square.max(0.0).sqrt().min(1.0);
        weight += share;
    }
    Ok((sum / weight).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{CrossSums, Own};
    use ndarray::Array1;

    fn cross(x: &Array2<f64>, y: &Array2<f64>) -> Cross {
        let mut sums = CrossSums::new(x.ncols(), y.ncols());
        sums.update(x.view(), y.view());
        sums.centred().unwrap()
    }

    /// Orthogonal columns of length sqrt(8) and mean 0.
    fn column(k: usize) -> Array1<f64> {
        Array1::from_shape_fn(8, |i| {
            if (i & k).count_ones().is_multiple_of(2) {
                1.0
            } else {
                -1.0
            }
        })
    }

    fn side(columns: &[Array1<f64>]) -> Array2<f64> {
        Array2::from_shape_fn((8, columns.len()), |(i, j)| columns[j][i])
    }

    #[test]
    fn correlations_of_known_angles_come_back() {
        // Correlations 1 and 0.6; the first channel is five times as large.
        let x = side(&[column(1) * 5.0, column(2)]);
        let y = side(&[column(1), column(2) * 0.6 + column(3) * 0.8]);
        let own = |m: &Array2<f64>| Own::new(cross(m, m), true).unwrap().directions.unwrap();
        let (a, b, both) = (own(&x), own(&y), cross(&x, &y));
        let value = |share, metric: fn(&Canonical) -> Result<f64>| {
            metric(&Canonical::new(&both, &a, &b, share).unwrap()).unwrap()
        };
        // 25 of 26 of the first side's variance are below 99 %: both directions are kept.
        assert!((value(0.99, svcca) - 0.8).abs() < 1e-12);
        assert!((value(0.99, svcca_squared) - 0.68).abs() < 1e-12);
        assert!((value(0.9, svcca) - 1.0).abs() < 1e-12);
        assert!((value(1.0, pwcca) - (5.0 + 0.6) / 6.0).abs() < 1e-12);
    }

    #[test]
    fn as_many_directions_as_rows_allow_say_nothing() {
        let x = side(&(1..8).map(column).collect::<Vec<_>>());
        let own = Own::new(cross(&x, &x), true).unwrap().directions.unwrap();
        let refused = Canonical::new(&cross(&x, &x), &own, &own, 1.0).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("8 rows have 7 directions"));
        let y = side(&[column(1), column(2)]);
        let refused = Canonical::new(&cross(&x, &y), &own, &own, 0.5).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("7 and 7 channels for products of 7 and 2"));
    }
}
