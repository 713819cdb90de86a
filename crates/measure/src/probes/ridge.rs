//! Ridge regression on one-hot targets, its penalty chosen by exact leave-one-out.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate};
use rayon::prelude::*;

use super::logistic::{Basis, GRID, LabelledSubset, Weights, of_grid};
use super::scaled::BLOCK;
use crate::error::Result;
use crate::linalg::solve_definite_rows;

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

/// What the fits at all λ share.
struct Spectral<'a> {
    rows: &'a LabelledSubset<'a>,
    basis: Basis,
    shares: Array1<f64>,
    grid: Vec<f64>,
    /// For each λ the fit along the directions (C, k).
    fits: Vec<Array2<f64>>,
}

/// Fits on scaled rows whose mean is zero. Of equal errors the stronger λ wins. Rows of one of the `groups` (one for each of all
/// rows) are left out together.
///
/// # Errors
/// When the eigenvalue iteration does not converge.
pub fn fit(rows: &LabelledSubset, groups: Option<&[u32]>) -> Result<Ridge> {
    let spectral = Spectral::new(rows)?;
    let pieces: Vec<Vec<usize>> = match groups {
        None => rows.places.chunks(BLOCK).map(<[usize]>::to_vec).collect(),
        Some(groups) => {
            let mut by_group: Vec<(u32, usize)> = rows.places.iter().map(|&place| (groups[place], place)).collect();
            by_group.sort_unstable();
            let members = |run: &[(u32, usize)]| run.iter().map(|row| row.1).collect();
            by_group.chunk_by(|a, b| a.0 == b.0).map(members).collect()
        }
    };
    // Pieces in a fixed order: the same sums for any number of threads.
    let errors: Vec<Vec<f64>> = pieces
        .par_iter()
        .map(|piece| match groups {
            None => Ok(spectral.errors_of_rows(piece)),
            Some(_) => spectral.errors_of_group(piece),
        })
        .collect::<Result<_>>()?;
    let n = rows.len() as f64;
    let all: Vec<f64> = (0..GRID)
        .map(|place| errors.iter().map(|piece| piece[place]).sum::<f64>() / n)
        .collect();
    let best = (0..GRID).fold(0, |best, place| if all[place] < all[best] { place } else { best });
    Ok(Ridge {
        weights: Weights {
            matrix: spectral.fits[best].dot(&spectral.basis.directions()),
            intercepts: spectral.shares,
        },
        lambda: spectral.grid[best],
        left_out: all[best],
    })
}

impl<'a> Spectral<'a> {
    fn new(rows: &'a LabelledSubset<'a>) -> Result<Self> {
        let basis = Basis::new(rows.rows, rows.places)?;
        let (n, c) = (rows.len() as f64, rows.count);
        let mut shares = Array1::<f64>::zeros(c);
        rows.places
            .iter()
            .for_each(|&i| shares[rows.classes[i] as usize] += 1.0 / n);
        let grid: Vec<f64> = (0..GRID as i32).map(of_grid).collect();
        let mut found = Self {
            rows,
            basis,
            shares,
            grid,
            fits: Vec::new(),
        };
        // (C, k): what the targets have along each direction. Blocks in a fixed order: the same sums for any number of threads.
        let blocks: Vec<&[usize]> = rows.places.chunks(BLOCK).collect();
        let cross: Vec<Array2<f64>> = blocks
            .par_iter()
            .map(|block| found.targets(block).t().dot(&found.basis.along(rows.rows, block)))
            .collect();
        let zero = Array2::zeros((c, found.basis.values().len()));
        let cross = cross.into_iter().fold(zero, |sum, part| sum + part) / n;
        let fit = |lambda: &f64| &cross / &Array1::from_iter(found.basis.values().iter().map(|s| s + lambda));
        found.fits = found.grid.iter().map(fit).collect();
        Ok(found)
    }

    /// One-hot targets of some rows less the shares of the classes (rows, C).
    fn targets(&self, places: &[usize]) -> Array2<f64> {
        let mut y = Array2::<f64>::zeros((places.len(), self.rows.count));
        for (mut y, &i) in y.outer_iter_mut().zip(places) {
            y[self.rows.classes[i] as usize] = 1.0;
            y -= &self.shares;
        }
        y
    }

    /// For each λ the sum over these rows of the squared error of a row that is left out.
    fn errors_of_rows(&self, block: &[usize]) -> Vec<f64> {
        let n = self.rows.len() as f64;
        let (along, targets) = (self.basis.along(self.rows.rows, block), self.targets(block));
        let squares = along.mapv(|z| z * z);
        let of_lambda = |(lambda, fit): (&f64, &Array2<f64>)| {
            let inverse: Array1<f64> = self.basis.values().iter().map(|s| 1.0 / (n * (s + lambda))).collect();
            let leverage = squares.dot(&inverse) + 1.0 / n;
            let apart = &targets - &along.dot(&fit.t());
            let of_row = |(row, h): (ArrayView1<f64>, &f64)| row.dot(&row) / (1.0 - h).powi(2);
            apart.axis_iter(Axis(0)).zip(&leverage).map(of_row).sum::<f64>()
        };
        self.grid.iter().zip(&self.fits).map(of_lambda).collect()
    }

    /// For each λ the sum over the rows of a group of their squared errors when all of it is left out: (I - H)⁻¹ of what the fit
    /// leaves of their targets, H = Z diag(1/(n(s + λ))) Zᵀ + 1/n; from the inner side where the group has more rows than there
    /// are directions.
    fn errors_of_group(&self, group: &[usize]) -> Result<Vec<f64>> {
        let n = self.rows.len() as f64;
        let (along, targets) = (self.basis.along(self.rows.rows, group), self.targets(group));
        let ones = Array2::<f64>::ones((group.len(), 1));
        // The intercept is one more direction, without a penalty.
        let with_one = concatenate(Axis(1), &[along.view(), ones.view()]).expect("as many rows");
        let weights = |lambda: f64| {
            let of_directions = self.basis.values().iter().map(move |s| n * (s + lambda));
            of_directions.chain([n]).collect::<Array1<f64>>()
        };
        let inner = (group.len() > with_one.ncols()).then(|| with_one.t().dot(&with_one));
        let of_lambda = |(&lambda, fit): (&f64, &Array2<f64>)| {
            let apart = &targets - &along.dot(&fit.t());
            let left = match &inner {
                None => {
                    let shrunk = &with_one / &weights(lambda);
                    let matrix = Array2::<f64>::eye(group.len()) - with_one.dot(&shrunk.t());
                    solve_definite_rows(matrix, apart.t().to_owned())?.reversed_axes()
                }
                Some(inner) => {
                    let matrix = Array2::from_diag(&weights(lambda)) - inner;
                    let solved = solve_definite_rows(matrix, apart.t().dot(&with_one))?;
                    &apart + &with_one.dot(&solved.t())
                }
            };
            Ok(left.iter().map(|x| x * x).sum::<f64>())
        };
        self.grid.iter().zip(&self.fits).map(of_lambda).collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::logistic::scores;
    use super::*;
    use crate::probes::scaled::{Frame, Scaling};
    use crate::stats::Rows;

    /// 40 rows of 6 channels, 3 classes, groups of 4, or of 20 with more rows than channels.
    fn rows() -> (Array2<f64>, Vec<u32>) {
        let noise = |i: usize, j: usize| (((i * 37 + j * 101 + i * j * 13) % 97) as f64 / 97.0) - 0.5;
        let classes: Vec<u32> = (0..40).map(|i| i % 3).collect();
        let values = Array2::from_shape_fn((40, 6), |(i, j)| noise(i, j) + f64::from(u32::from(i % 3 == j)) / 2.0);
        (values, classes)
    }

    #[test]
    fn what_is_left_out_is_what_a_fit_without_it_misses() {
        let (values, classes) = rows();
        let all: Vec<usize> = (0..40).collect();
        let values = Rows::of(values);
        let frame = Frame::new(&values, &all, Scaling::Rms);
        let seen = frame.seen(&values);
        let mut room = Array2::zeros((0, 0));
        let scaled = seen.block(&all, &mut room);
        for size in [1, 4, 20] {
            let groups: Vec<u32> = (0..40).map(|i| i / size).collect();
            let labelled = LabelledSubset {
                rows: seen,
                classes: &classes,
                places: &all,
                count: 3,
            };
            let found = fit(&labelled, (size > 1).then_some(&groups[..])).unwrap();
            // Refitted without each group, at the λ found, by the normal equations.
            let mut sum = 0.0;
            for group in 0..40 / size {
                let (out, kept): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&i| groups[i] == group);
                let x = scaled.select(Axis(0), &kept).mapv(f64::from);
                let mean = x.mean_axis(Axis(0)).unwrap();
                let x = x - &mean;
                let y = Array2::from_shape_fn((kept.len(), 3), |(i, c)| {
                    f64::from(u32::from(classes[kept[i]] == c as u32))
                });
                let shares = y.mean_axis(Axis(0)).unwrap();
                // The penalty of the whole set: n λ counts, and n is that of all rows.
                let matrix = x.t().dot(&x) + Array2::<f64>::eye(6) * (40.0 * found.lambda);
                let w = solve_definite_rows(matrix, (&y - &shares).t().dot(&x)).unwrap();
                for i in out {
                    let row = scaled.row(i).mapv(f64::from) - &mean;
                    let mut apart = -(w.dot(&row) + &shares);
                    apart[classes[i] as usize] += 1.0;
                    sum += apart.dot(&apart);
                }
            }
            let expected = sum / 40.0;
            assert!(
                (found.left_out / expected - 1.0).abs() < 1e-4,
                "{size}: {} {expected}",
                found.left_out
            );
        }
    }

    #[test]
    fn the_fit_is_centred_and_predicts_its_own_classes() {
        let (values, classes) = rows();
        let all: Vec<usize> = (0..40).collect();
        let values = Rows::of(values);
        let frame = Frame::new(&values, &all, Scaling::Rms);
        let seen = frame.seen(&values);
        let labelled = LabelledSubset {
            rows: seen,
            classes: &classes,
            places: &all,
            count: 3,
        };
        let found = fit(&labelled, None).unwrap();
        let sums = scores(seen, &all, &found.weights, |_, scores| scores.sum());
        // Scores are shares: over all rows they add to the number of rows.
        assert!((sums.iter().sum::<f64>() - 40.0).abs() < 1e-4);
    }
}
