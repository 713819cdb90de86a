//! Spectra of what tells images apart, measured by how far views of one image differ.

use super::eigenvalues::{EQUAL_EIGENVALUES, LEAST_UNEVEN, entropy, unevenness};
use crate::error::{Error, Result};
use crate::linalg::{eigenvalues, eigenvectors, product_transposed, solve_definite_rows};
use crate::metrics::eval::{Eval, FromViews};
use crate::metrics::labelled::Score;
use crate::metrics::metric::{Better, Law, Metric};
use crate::stats::ViewScatter;
use crate::uncertainty::ErrorBar;

/// What is added to the variances within images, and to each share of the eigenvalues.
const DELTA: f64 = 1e-4;
const EPSILON: f64 = 1e-7;

/// exp of the entropy of p_k = lambda_k / sum lambda + 1e-7, lambda the d eigenvalues of S_w^(-1/2) S_b S_w^(-1/2), S_b the
/// covariance of the images' means and S_w the mean covariance of their views, plus 1e-4 I.
///
/// # Errors
/// Undefined where all images have the same mean, and where S_w is singular to rounding.
fn lidar(s: &ViewScatter) -> Result<Score> {
    let (n, d) = s.means.dim();
    let mut within = s.within.clone();
    let variance = within.diag().sum() / d as f64;
    within.diag_mut().iter_mut().for_each(|x| *x += DELTA);
    let between = &s.means / (n as f64 - 1.0).sqrt();
    // M' S_w^-1 M and S_w^(-1/2) M M' S_w^(-1/2) have the same eigenvalues but for zeros: the smaller one.
    let values = if n <= d {
        let solved = solve_definite_rows(within, between.clone())?;
        let product = product_transposed(between.view(), solved.view());
        eigenvalues((&product + &product.t()) / 2.0)?
    } else {
        let (variances, mut directions) = eigenvectors(within)?;
        for (mut direction, variance) in directions.outer_iter_mut().zip(&variances) {
            if *variance <= 0.0 {
                return Err(Error::undefined("the covariance within images is singular to rounding"));
            }
            direction /= variance.sqrt();
        }
        let whitened = product_transposed(between.view(), directions.view());
        eigenvalues(product_transposed(whitened.t(), whitened.t()))?
    };
    let values: Vec<f64> = values.into_iter().map(|value| value.max(0.0)).collect();
    let total: f64 = values.iter().sum();
    // What rounding leaves of equal means.
    let size = s.means.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if size == 0.0 || total == 0.0 || !total.is_finite() {
        return Err(Error::undefined("the views of all images have the same mean"));
    }
    // The noise of both covariances makes 1 + n / (n (q - 1)) of equal ones.
    let even = unevenness(&values, d, n as u64) < LEAST_UNEVEN * (1.0 + n as f64 / s.freedom.max(1) as f64);
    let zeros = std::iter::repeat_n(EPSILON, d - values.len());
    let shares = values.iter().map(|value| value / total + EPSILON).chain(zeros);
    Ok(Score {
        value: entropy(shares).exp(),
        found: vec![
            ("bound", (n - 1).min(d) as f64),
            // How much of what variances are measured by is no variance.
            ("delta_share", DELTA / (DELTA + variance)),
        ],
        no_interval: even.then_some(EQUAL_EIGENVALUES),
    })
}

pub(super) const LIDAR: Metric = Metric {
    id: "lidar",
    label: "LiDAR",
    unit: "dimensions",
    better: Better::Higher,
    range: (0.0, f64::INFINITY),
    about: "The number of directions in which images differ by more than random views of one image do: the effective rank of a linear \
            discriminant that takes each image for a class. Of features that were extracted with `--views V`.",
    caveat: "At most n - 1 and d (found.bound): of few images it says how many they are. delta is no share of the variance: of features \
             of small scale (found.delta_share near 1) it is the effective rank of the means of the images. The paper takes about 1,000 \
             images in 50 views; few views leave noise in the covariance within.",
    formula: "exp(-sum_k p_k log p_k), p_k = lambda_k / sum lambda + 1e-7, lambda the d eigenvalues of S_w^(-1/2) S_b S_w^(-1/2), S_b the \
              covariance of the means of images, S_w the mean covariance of the views of an image plus delta I",
    convention: "delta = 1e-4; covariances with ddof 1 (n images, q views: n - 1 and n (q - 1)); rows are views of one image where their \
                 ids say so (ID#viewN); images with one view are left out; at most 50,000 rows, of images drawn under the seed; natural \
                 logarithm",
    like: &[],
    variants: &[],
    reference: "Thilak et al., ICLR 2024, arXiv 2312.04000",
    estimand: "the expectation at this number of images and views: it grows with both; the jackknife's groups are of whole images",
    laws: &[Law::Rotation, Law::Translation, Law::RowOrder],
    error: ErrorBar::Jackknife,
    eval: Eval::Views(FromViews {
        value: lidar,
        most: 50_000,
    }),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Symmetric;
    use ndarray::Array2;

    fn scatter(n: usize, d: usize) -> ViewScatter {
        let noise = |i: usize, j: usize, k: usize| ((i * 31 + j * 17 + i * j * k + i * i) % 23) as f64 - 11.0;
        let mut means = Array2::from_shape_fn((n, d), |(i, j)| noise(i, j, 1));
        let centre = means.sum_axis(ndarray::Axis(0)) / n as f64;
        means -= &centre;
        let within = Symmetric::gram(Array2::from_shape_fn((5, d), |(i, j)| noise(i + 3, j, 7)).view());
        ViewScatter {
            means,
            within: within.to_full(),
            freedom: 4 * n,
        }
    }

    #[test]
    fn both_forms_have_the_same_eigenvalues() {
        // More images than channels, and the same rows with channels of zeros until there are fewer.
        let narrow = scatter(9, 4);
        let pad = |m: &Array2<f64>, rows: usize, columns: usize| {
            let mut out = Array2::zeros((rows, columns));
            out.slice_mut(ndarray::s![..m.nrows(), ..m.ncols()]).assign(m);
            out
        };
        let wide = ViewScatter {
            means: pad(&narrow.means, 9, 12),
            within: pad(&narrow.within, 12, 12),
            freedom: narrow.freedom,
        };
        let (a, b) = (lidar(&narrow).unwrap().value, lidar(&wide).unwrap().value);
        // Eight more shares of 1e-7 each.
        let more = (-8.0 * EPSILON * EPSILON.ln()).exp();
        assert!((b / a / more - 1.0).abs() < 1e-9, "{a} {b}");
    }

    #[test]
    fn as_many_directions_as_images_reach() {
        // Means at the corners of a simplex, views that vary alike everywhere.
        let n = 6;
        let means = Array2::eye(n) - 1.0 / n as f64;
        let s = ViewScatter {
            means: means.clone(),
            within: Array2::eye(n),
            freedom: n,
        };
        let found = lidar(&s).unwrap();
        assert!((found.value / 5.0 - 1.0).abs() < 1e-4, "{}", found.value);
        assert_eq!(found.found[0], ("bound", 5.0));
        let none = ViewScatter {
            means: Array2::zeros((n, n)),
            within: Array2::eye(n),
            freedom: n,
        };
        assert!(lidar(&none).is_err());
        // Views without any spread: delta alone.
        let collapsed = ViewScatter {
            means,
            within: Array2::zeros((n, n)),
            freedom: n,
        };
        assert!((lidar(&collapsed).unwrap().value / 5.0 - 1.0).abs() < 1e-4);
    }
}
