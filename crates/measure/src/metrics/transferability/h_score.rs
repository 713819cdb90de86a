//! The H-score: how much of the features' covariance class means hold.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::linalg::{inverse_forms, solve_definite_rows};
use crate::metrics::labelled::{Labelled, Score};

/// tr(S⁺ cov(E[f|y])): the sum over classes of N_c m_c T⁺ m_cᵀ, T the scatter of all rows about their mean.
///
/// # Errors
/// Undefined where no channel varies.
pub fn h_score(rows: &Labelled) -> Result<Score> {
    let moments = rows.moments();
    let total = moments.total.to_full();
    if total.diag().iter().all(|&v| v <= 0.0) {
        return Err(Error::undefined("all channels are constant"));
    }
    let forms = inverse_forms(total, moments.means.view())?;
    let value: f64 = forms
        .iter()
        .zip(&moments.counts)
        .map(|(form, count)| form * count)
        .sum();
    let most = rows.width().min(rows.count() - 1);
    // Rounding may add to what is no more than min(d, C - 1).
    Ok(Score {
        value: value.min(most as f64),
        found: vec![("at_most", most as f64)],
        no_interval: (value > (1.0 - 1e-9) * most as f64)
            .then_some("it is as large as it can be, whatever the rows are"),
    })
}

/// The same with the covariance shrunk by Ledoit and Wolf, times one less the shrinkage.
///
/// # Errors
/// Undefined where no channel varies, or nothing is shrunk and the covariance is singular.
pub fn h_score_shrunk(rows: &Labelled) -> Result<Score> {
    let moments = rows.moments();
    let (n, d) = (moments.n, rows.width() as f64);
    let total = moments.total.to_full();
    let trace = total.diag().sum() / n;
    if total.diag().iter().all(|&v| v <= 0.0) {
        return Err(Error::undefined("all channels are constant"));
    }
    let fourth: f64 = rows
        .blocks(|_, rows| rows.outer_iter().map(|row| row.dot(&row).powi(2)).sum::<f64>())
        .iter()
        .sum();
    let squared = total.iter().map(|x| x * x).sum::<f64>() / (n * n);
    let shrinkage = shrinkage(fourth / n, squared, trace, n, d);
    let mut shrunk: Array2<f64> = total * ((1.0 - shrinkage) / n);
    shrunk.diag_mut().iter_mut().for_each(|x| *x += shrinkage * trace / d);
    let solved = solve_definite_rows(shrunk, moments.means.clone())?;
    let forms = solved
        .outer_iter()
        .zip(moments.means.outer_iter())
        .map(|(a, b)| a.dot(&b));
    let value: f64 = forms.zip(&moments.counts).map(|(form, count)| form * count).sum();
    Ok(Score {
        value: (1.0 - shrinkage) * value / (n - 1.0),
        found: vec![("shrinkage", shrinkage)],
        no_interval: None,
    })
}

/// Ledoit and Wolf's, from the mean fourth power of the rows' norms, the squared Frobenius norm of the covariance (ddof 0) and its trace.
fn shrinkage(fourth: f64, squared: f64, trace: f64, n: f64, d: f64) -> f64 {
    let noise = (fourth - squared) / (d * n);
    let spread = (squared - trace * trace / d) / d;
    let noise = noise.min(spread);
    match d == 1.0 || noise <= 0.0 {
        true => 0.0,
        false => noise / spread,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Axis};

    use super::super::test_rows::{of_base, some_rows};
    use super::*;
    use crate::linalg::eigenvectors;

    /// tr(pinv(cov f) cov g) with every row replaced by its class mean.
    fn by_pinv(x: &Array2<f64>, classes: &[u32], count: u32) -> f64 {
        let covariance = |x: &Array2<f64>| {
            let centred = x - &x.mean_axis(Axis(0)).unwrap();
            centred.t().dot(&centred) / (x.nrows() as f64 - 1.0)
        };
        let mut g = x.clone();
        for c in 0..count {
            let own: Vec<usize> = (0..classes.len()).filter(|&i| classes[i] == c).collect();
            let mean: Array1<f64> = x.select(Axis(0), &own).mean_axis(Axis(0)).unwrap();
            own.iter().for_each(|&i| g.row_mut(i).assign(&mean));
        }
        let (values, vectors) = eigenvectors(covariance(x)).unwrap();
        let g = covariance(&g);
        (0..values.len())
            .filter(|&k| values[k] > 1e-12 * values[0])
            .map(|k| vectors.row(k).dot(&g.dot(&vectors.row(k))) / values[k])
            .sum()
    }

    #[test]
    fn the_h_score_is_that_of_the_pseudoinverse() {
        for d in [3, 7, 60] {
            let (x, classes) = some_rows(30, d, 4);
            let expected = by_pinv(&x, &classes, 4);
            of_base(&x, &classes, |rows| {
                let found = h_score(rows).unwrap().value;
                assert!((found - expected).abs() < 1e-9, "{d}: {found} {expected}");
            });
        }
    }

    #[test]
    fn one_channel_or_equal_variances_are_not_shrunk_or_wholly() {
        assert_eq!(shrinkage(3.0, 1.0, 1.0, 10.0, 1.0), 0.0);
        assert_eq!(shrinkage(1.0, 2.0, 1.0, 10.0, 4.0), 0.0);
        // What is noise is all that the variances differ by.
        assert_eq!(shrinkage(1e6, 1.0, 1.0, 10.0, 2.0), 1.0);
    }
}
