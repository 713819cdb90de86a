//! LogME: the evidence of a linear model of the classes.

use ndarray::Axis;

use crate::error::{Error, Result};
use crate::linalg::{eigenvectors, product_transposed};
use crate::metrics::labelled::{Labelled, Score, above_rounding};

/// Steps of the fixed point.
const STEPS: usize = 11;
/// Relative change of α/β at which it rests.
const REST: f64 = 1e-3;
/// Added to what α and β divide by.
const LEAST: f64 = 1e-5;

/// The mean over classes of the log evidence per row of y_c ~ N(F w, 1/β), w ~ N(0, 1/α), at the α and β that maximise it.
///
/// # Errors
/// Undefined where all features are zero.
pub fn logme(rows: &Labelled) -> Result<Score> {
    let moments = rows.moments();
    let mut gram = moments.total.clone();
    gram.add_scaled_gram(moments.n, moments.mean.view().insert_axis(Axis(0)));
    let (sigma, directions) = eigenvectors(gram.to_full())?;
    let k = above_rounding(&sigma);
    if k == 0 {
        return Err(Error::undefined("all features are zero"));
    }
    // Fᵀ y_c: the sums of the rows of each class.
    let mut sums = &moments.means + &moments.mean;
    for (mut sum, count) in sums.outer_iter_mut().zip(&moments.counts) {
        sum *= *count;
    }
    let along = product_transposed(sums.view(), directions.view());
    let evidences = along.outer_iter().zip(&moments.counts).map(|(z, &count)| {
        let squares: Vec<f64> = z.iter().zip(&sigma[..k]).map(|(z, s)| z * z / s).collect();
        evidence(&sigma[..k], &squares, count, moments.n)
    });
    Ok((evidences.sum::<f64>() / moments.counts.len() as f64).into())
}

/// The evidence of targets whose squared coordinates along the k left singular vectors of F are `squares`; `target` is ‖y‖²,
/// `sigma` the squared singular values.
fn evidence(sigma: &[f64], squares: &[f64], target: f64, n: f64) -> f64 {
    let rest = (target - squares.iter().sum::<f64>()).max(0.0);
    let (mut alpha, mut beta) = (1.0f64, 1.0f64);
    let (mut norm, mut residual) = (0.0, 0.0);
    for _ in 0..STEPS {
        let ratio = alpha / beta;
        let gamma: f64 = sigma.iter().map(|s| s / (s + ratio)).sum();
        norm = sigma
            .iter()
            .zip(squares)
            .map(|(s, x)| s * x / (ratio + s).powi(2))
            .sum();
        residual = rest
            + sigma
                .iter()
                .zip(squares)
                .map(|(s, x)| x / (1.0 + s / ratio).powi(2))
                .sum::<f64>();
        alpha = gamma / (norm + LEAST);
        beta = (n - gamma) / (residual + LEAST);
        if (alpha / beta - ratio).abs() / ratio <= REST {
            break;
        }
    }
    // Directions without features add log α - log α.
    let determinant: f64 = sigma.iter().map(|s| (1.0 + beta / alpha * s).ln()).sum();
    (0.5 * (n * beta.ln() - determinant - beta * residual - alpha * norm - n * std::f64::consts::TAU.ln())) / n
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::super::test_rows::{of_base, some_rows};
    use super::*;
    use crate::linalg::{Symmetric, solve_definite};

    /// The log evidence per row at given α and β, from the N x N covariance of y: log N(y; 0, 1/β I + 1/α F Fᵀ).
    fn direct(f: &Array2<f64>, y: &Array1<f64>, alpha: f64, beta: f64) -> f64 {
        let n = f.nrows();
        let mut scaled = Symmetric::zeros(n);
        let wide = f.t().as_standard_layout().into_owned();
        scaled.add_scaled_gram(beta / alpha, wide.view());
        let log_det = scaled.log_det_one_plus().unwrap() - n as f64 * beta.ln();
        let covariance = (scaled.to_full() + Array2::<f64>::eye(n)) / beta;
        let solved = solve_definite(covariance, y.clone()).unwrap();
        -0.5 * (log_det + y.dot(&solved) + n as f64 * std::f64::consts::TAU.ln()) / n as f64
    }

    #[test]
    fn the_evidence_is_no_less_than_anywhere_around_its_maximum() {
        let (x, classes) = some_rows(40, 5, 3);
        of_base(&x, &classes, |rows| {
            let found = logme(rows).unwrap().value;
            let best: f64 = (0..3)
                .map(|c| {
                    let y = Array1::from_iter(classes.iter().map(|&k| f64::from(u8::from(k == c))));
                    let mut best = f64::NEG_INFINITY;
                    for i in 0..120 {
                        for j in 0..120 {
                            let (alpha, beta) = (1e-2 * 1.1f64.powi(i), 1e-1 * 1.06f64.powi(j));
                            best = best.max(direct(&x, &y, alpha, beta));
                        }
                    }
                    best
                })
                .sum::<f64>()
                / 3.0;
            assert!((found - best).abs() < 1e-3, "{found} {best}");
        });
    }
}
