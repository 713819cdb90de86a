//! Similarity from moments and cross products.

use crate::error::{Error, Result};
use crate::linalg::nuclear_norm;
use crate::metrics::inputs::MatchedMoments;
use crate::stats::Own;

/// ‖XᵀY‖_F² / (‖XᵀX‖_F ‖YᵀY‖_F) of centred rows.
///
/// # Errors
/// None beyond those of the moments.
pub fn cka(m: &MatchedMoments) -> Result<f64> {
    Ok((products(m) / (m.x.squares * m.y.squares).sqrt()).min(1.0))
}

/// The mean of CKA over all ways to match the rows: E ‖XᵀPY‖_F² = tr K tr L / (N - 1) over permutations P, K = XXᵀ, L = YYᵀ.
pub fn unrelated_cka(m: &MatchedMoments) -> f64 {
    m.x.trace * m.y.trace / (m.cross.n as f64 - 1.0) / (m.x.squares * m.y.squares).sqrt()
}

/// The share of its terms that is rounding of an unbiased HSIC, and leaves it fewer than four digits.
const BLUR: f64 = 1e4 * 64.0 * f64::EPSILON;

/// How far the spread of the rows' sizes must lie above that of equal ones for a few rows to outweigh all others.
const FEW: f64 = 1.5;

/// As [`cka`], from the unbiased HSIC.
///
/// # Errors
/// Undefined with fewer than four rows, and where a side's HSIC with itself is zero or no more than rounding.
pub fn cka_debiased(m: &MatchedMoments) -> Result<f64> {
    let n = m.cross.n as f64;
    if m.cross.n < 4 {
        return Err(Error::undefined("the unbiased HSIC needs at least four rows"));
    }
    // N (N - 3) HSIC_1 of centred rows (Song et al. 2012, eq. 5): without their diagonals k and l, the rows of K and L sum
    // to -k and -l, which leaves Σ K L - N/(N-2) Σ k l + tr K tr L / ((N-1)(N-2)).
    let hsic =
        |squares: f64, norms: f64, traces: f64| squares - n / (n - 2.0) * norms + traces / ((n - 1.0) * (n - 2.0));
    // A side with itself gives a sum of squares, of what pairs of different rows have in common beyond their rows' own shares.
    let of_side = |own: &Own| {
        let hsic = hsic(own.squares, own.norms, own.trace * own.trace);
        if hsic > BLUR * own.squares {
            return Ok(hsic);
        }
        let few = own.norms * n > FEW * own.trace * own.trace;
        Err(Error::undefined(if few {
            "a few rows of a side lie so far from all others that beside their distance nothing is left of those between \
             other rows, of which the unbiased HSIC is made"
        } else {
            "the rows of a side are all equally far apart, as far as 64-bit numbers tell: the unbiased HSIC is zero where no \
             two are more alike than others"
        }))
    };
    let (x, y) = (of_side(m.x)?, of_side(m.y)?);
    let both = hsic(products(m), m.cross.norms, m.x.trace * m.y.trace);
    Ok((both / (x * y).sqrt()).clamp(-1.0, 1.0))
}

/// ‖XᵀY‖_F².
fn products(m: &MatchedMoments) -> f64 {
    m.cross.scatter.iter().map(|s| s * s).sum()
}

/// ‖XᵀY‖_* / (‖X‖_F ‖Y‖_F) of centred rows.
///
/// # Errors
/// When the singular values do not converge.
pub fn procrustes(m: &MatchedMoments) -> Result<f64> {
    let norm = (m.x.trace * m.y.trace).sqrt();
    Ok((nuclear_norm(m.cross.scatter.clone())? / norm).min(1.0))
}

/// 2 - 2 s, s as [`procrustes`].
///
/// # Errors
/// As [`procrustes`].
pub fn procrustes_distance(m: &MatchedMoments) -> Result<f64> {
    Ok(2.0 - 2.0 * procrustes(m)?)
}

/// arccos s, s as [`procrustes`].
///
/// # Errors
/// As [`procrustes`].
pub fn procrustes_angle(m: &MatchedMoments) -> Result<f64> {
    Ok(procrustes(m)?.acos())
}

/// 1 - s², s as [`procrustes`].
///
/// # Errors
/// As [`procrustes`].
pub fn disparity(m: &MatchedMoments) -> Result<f64> {
    Ok(1.0 - procrustes(m)?.powi(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{CrossSums, Own};
    use ndarray::{Array2, array};

    fn value_of(x: &Array2<f64>, y: &Array2<f64>, metric: fn(&MatchedMoments) -> Result<f64>) -> f64 {
        result(x, y, metric).unwrap()
    }

    fn result(x: &Array2<f64>, y: &Array2<f64>, metric: fn(&MatchedMoments) -> Result<f64>) -> Result<f64> {
        let sums = |a: &Array2<f64>, b: &Array2<f64>| {
            let mut sums = CrossSums::new(a.ncols(), b.ncols());
            sums.update(a.view(), b.view());
            sums.centred().unwrap()
        };
        metric(&MatchedMoments {
            cross: &sums(x, y),
            x: &Own::new(sums(x, x), false).unwrap(),
            y: &Own::new(sums(y, y), false).unwrap(),
        })
    }

    fn rows(n: usize, d: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, d), |(i, j)| ((i * 31 + j * 17 + i * j * seed) % 29) as f64 / 3.0)
    }

    #[test]
    fn a_rotated_and_scaled_side_is_the_same() {
        let x = rows(30, 3, 1);
        let (c, s) = (0.6, 0.8);
        let y = x.dot(&array![[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) * 7.0 + 4.0;
        for metric in [cka, cka_debiased, procrustes] {
            assert!((value_of(&x, &y, metric) - 1.0).abs() < 1e-12);
        }
        for metric in [procrustes_distance, disparity] {
            assert!(value_of(&x, &y, metric).abs() < 1e-12);
        }
    }

    #[test]
    fn the_debiased_value_is_the_papers_sum_over_a_gram_matrix() {
        let (x, y) = (rows(12, 3, 1), rows(12, 20, 2));
        let n = 12.0;
        let gram = |a: &Array2<f64>| {
            let mut k = a.dot(&a.t());
            k.diag_mut().fill(0.0);
            k
        };
        let hsic = |k: &Array2<f64>, l: &Array2<f64>| {
            (k * l).sum() + k.sum() * l.sum() / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * k.dot(l).sum()
        };
        let (k, l) = (gram(&x), gram(&y));
        let expected = hsic(&k, &l) / (hsic(&k, &k) * hsic(&l, &l)).sqrt();
        assert!((value_of(&x, &y, cka_debiased) - expected).abs() < 1e-11);
    }

    #[test]
    fn a_debiased_value_that_does_not_exist_says_which_side_of_it_is_missing() {
        let y = rows(12, 3, 1);
        let reason = |x: &Array2<f64>| result(x, &y, cka_debiased).unwrap_err().to_string();
        // The corners of a simplex, and all rows but one at one point.
        assert!(reason(&(Array2::eye(12) * 3.0)).contains("equally far apart"));
        let mut one = Array2::zeros((12, 3));
        one[[4, 1]] = 2.0;
        assert!(reason(&one).contains("far from all others"));
        let mut huge = rows(12, 3, 2);
        huge.row_mut(5).fill(1e12);
        assert!(reason(&huge).contains("far from all others"));
        let few = rows(3, 2, 1);
        let told = result(&few, &rows(3, 4, 2), cka_debiased).unwrap_err().to_string();
        assert!(told.contains("four rows"), "{told}");
        // A row a thousand times as far away leaves digits enough.
        let mut far = rows(12, 3, 2);
        far.row_mut(5).fill(1e4);
        assert!(result(&far, &y, cka_debiased).is_ok());
    }

    #[test]
    fn unrelated_rows_give_the_mean_over_all_matchings() {
        let (x, y) = (rows(4, 2, 1), rows(4, 3, 2));
        let mut values = Vec::new();
        for a in 0..4 {
            for b in (0..4).filter(|b| *b != a) {
                for c in (0..4).filter(|c| ![a, b].contains(c)) {
                    let order = [a, b, c, 6 - a - b - c];
                    values.push(value_of(&x, &y.select(ndarray::Axis(0), &order), cka));
                }
            }
        }
        assert_eq!(values.len(), 24);
        let null = value_of(&x, &y, |m| Ok(unrelated_cka(m)));
        assert!((values.iter().sum::<f64>() / 24.0 - null).abs() < 1e-12);
    }
}
