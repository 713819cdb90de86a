//! Ridge regression on one-hot targets, its penalty chosen by exact leave-one-out.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::logistic::{Basis, GRID, Labelled, Weights, of_grid};
use super::scaled::BLOCK;
use crate::error::Result;

/// A fit: 1/n ‖Y - XW - b‖² + λ ‖W‖² on scaled features.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// W (C, d), and b: the shares of the classes.
    pub weights: Weights,
    /// λ.
    pub lambda: f64,
    /// Mean over fitting rows of the squared error of a row when it is left out.
    pub left_out: f64,
}

/// Fits on scaled rows whose mean is zero. Of equal errors the stronger λ wins.
///
/// # Errors
/// When the eigenvalue iteration does not converge.
pub fn fit(rows: &Labelled) -> Result<Ridge> {
    let basis = Basis::new(rows.rows, rows.places)?;
    let (n, c) = (rows.len() as f64, rows.count);
    let mut shares = Array1::<f64>::zeros(c);
    rows.places
        .iter()
        .for_each(|&i| shares[rows.classes[i] as usize] += 1.0 / n);
    let targets = |block: &[usize]| {
        let mut y = Array2::<f64>::zeros((block.len(), c));
        for (mut y, &i) in y.outer_iter_mut().zip(block) {
            y[rows.classes[i] as usize] = 1.0;
            y -= &shares;
        }
        y
    };
    // Blocks in a fixed order: the same sums for any number of threads.
    let blocks: Vec<&[usize]> = rows.places.chunks(BLOCK).collect();
    let cross: Vec<Array2<f64>> = blocks
        .par_iter()
        .map(|block| targets(block).t().dot(&basis.along(rows.rows, block)))
        .collect();
    // (C, k): what the targets have along each direction.
    let cross = cross
        .into_iter()
        .fold(Array2::zeros((c, basis.values().len())), |sum, part| sum + part)
        / n;
    let grid: Vec<f64> = (0..GRID as i32).map(of_grid).collect();
    let fits: Vec<Array2<f64>> = grid
        .iter()
        .map(|lambda| &cross / &Array1::from_iter(basis.values().iter().map(|s| s + lambda)))
        .collect();
    let errors: Vec<Vec<f64>> = blocks
        .par_iter()
        .map(|block| {
            let (along, targets) = (basis.along(rows.rows, block), targets(block));
            let squares = along.mapv(|z| z * z);
            let of_lambda = |(lambda, fit): (&f64, &Array2<f64>)| {
                let inverse: Array1<f64> = basis.values().iter().map(|s| 1.0 / (n * (s + lambda))).collect();
                let leverage = squares.dot(&inverse) + 1.0 / n;
                let apart = &targets - &along.dot(&fit.t());
                let of_row = |(row, h): (ndarray::ArrayView1<f64>, &f64)| row.dot(&row) / (1.0 - h).powi(2);
                apart.axis_iter(Axis(0)).zip(&leverage).map(of_row).sum::<f64>()
            };
            grid.iter().zip(&fits).map(of_lambda).collect()
        })
        .collect();
    let error = |place: usize| errors.iter().map(|block| block[place]).sum::<f64>() / n;
    let all: Vec<f64> = (0..GRID).map(error).collect();
    let best = (0..GRID).fold(0, |best, place| if all[place] < all[best] { place } else { best });
    Ok(Ridge {
        weights: Weights {
            matrix: fits[best].dot(&basis.directions()),
            intercepts: shares,
        },
        lambda: grid[best],
        left_out: all[best],
    })
}
