//! TransRate: the coding rate that classes save.

use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::Symmetric;
use crate::metrics::labelled::{Labelled, Score};

/// ε, the distortion.
const DISTORTION: f64 = 1e-4;

/// R(Z) - 1/C sum_c R(Z_c), R(Z) = 1/2 log det(I + ZᵀZ / (N ε)), Z the rows less the mean of all.
///
/// # Errors
/// Undefined where the numbers leave 64 bits.
pub fn transrate(rows: &Labelled) -> Result<Score> {
    let moments = rows.moments();
    let all = rate(moments.total.clone(), moments.n)?;
    let of_class = |members: &Vec<usize>| {
        let own = rows.centred(members);
        // det(I + ZᵀZ) = det(I + ZZᵀ): the smaller of the two.
        let own = match own.nrows() < own.ncols() {
            true => own.t().as_standard_layout().into_owned(),
            false => own,
        };
        rate(Symmetric::gram(own.view()), members.len() as f64)
    };
    let members = rows.by_class();
    let classes: Vec<f64> = members.par_iter().map(of_class).collect::<Result<_>>()?;
    Ok((all - classes.iter().sum::<f64>() / classes.len() as f64).into())
}

fn rate(mut gram: Symmetric, n: f64) -> Result<f64> {
    gram.scale(1.0 / (n * DISTORTION));
    Ok(0.5 * gram.log_det_one_plus()?)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};

    use super::super::test_rows::{of_base, some_rows};
    use super::*;
    use crate::linalg::eigenvalues;

    #[test]
    fn the_rate_is_the_sum_of_the_logarithms_of_eigenvalues() {
        let plain = |z: &Array2<f64>| {
            let n = z.nrows() as f64;
            let values = eigenvalues(z.t().dot(z) / (n * 1e-4)).unwrap();
            values.iter().map(|v| 0.5 * v.max(0.0).ln_1p()).sum::<f64>()
        };
        for d in [4, 30] {
            let (x, classes) = some_rows(36, d, 3);
            let z = &x - &x.mean_axis(Axis(0)).unwrap();
            let mut expected = plain(&z);
            for c in 0..3 {
                let own: Vec<usize> = (0..36).filter(|&i| classes[i] == c).collect();
                expected -= plain(&z.select(Axis(0), &own)) / 3.0;
            }
            of_base(&x, &classes, |rows| {
                let found = transrate(rows).unwrap().value;
                assert!((found - expected).abs() < 1e-8, "{d}: {found} {expected}");
            });
        }
    }
}
