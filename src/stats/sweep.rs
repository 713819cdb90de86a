//! Squared distances between the rows of two sets, block by block: nothing of size N² is ever held.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};
use rayon::prelude::*;

use crate::linalg::product_transposed;
use crate::stats::Rows;

/// Distances held at a time by each thread, and rows of the other set taken at a time.
const HELD: usize = 4 << 20;
const CHUNK: usize = 1024;

/// Squared distances below this share of the squared norms are computed again, by differences: the product leaves an error
/// of 1e-16 of the norms, which a square root makes 1e-8 of them.
const CLOSE: f64 = 1e-6;

/// Calls `visit` with each row of `a`, by its place, and its squared Euclidean distances to all rows of `b`; gives what it
/// returns, in order. Where both are the same set, the distance of a row to itself is exactly zero.
///
/// Rows are centred together first: distances come from ‖x‖² + ‖y‖² - 2 x·y, which cancels badly far from zero and for
/// rows that nearly coincide; the latter are computed by differences, so that equal rows have exactly no distance.
pub fn sweep<T: Send>(a: &Rows, b: &Rows, visit: impl Fn(usize, &[f64]) -> T + Sync) -> Vec<T> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let same = std::ptr::eq(a, b);
    let centre = joint_centre(a, b);
    let squares_b = squares(b, &centre);
    let block = (HELD / b.len()).clamp(8, 256);
    let blocks: Vec<Vec<T>> = (0..a.len())
        .into_par_iter()
        .step_by(block)
        .map(|from| {
            let to = (from + block).min(a.len());
            let rows = centred(a, from..to, &centre);
            let squares_a: Vec<f64> = rows.outer_iter().map(|r| r.dot(&r)).collect();
            let mut squared = Array2::<f64>::zeros((to - from, b.len()));
            for start in (0..b.len()).step_by(CHUNK) {
                let end = (start + CHUNK).min(b.len());
                let others = centred(b, start..end, &centre);
                let part = squared.slice_mut(s![.., start..end]);
                write_squared((rows.view(), &squares_a), (others.view(), &squares_b[start..end]), part);
            }
            (from..to)
                .zip(squared.outer_iter_mut())
                .map(|(i, mut row)| {
                    if same {
                        row[i] = 0.0;
                    }
                    visit(i, row.as_slice().expect("rows of a standard layout"))
                })
                .collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

/// Writes the squared distances between centred rows, given with their squared norms.
pub(super) fn write_squared(
    (rows, squares): (ArrayView2<f64>, &[f64]),
    (others, squares_of_others): (ArrayView2<f64>, &[f64]),
    mut out: ArrayViewMut2<f64>,
) {
    let products = product_transposed(rows, others);
    for (i, (row, square)) in rows.outer_iter().zip(squares).enumerate() {
        for (j, other) in squares_of_others.iter().enumerate() {
            let norms = square + other;
            let apart = norms - 2.0 * products[[i, j]];
            out[[i, j]] = if apart > CLOSE * norms {
                apart
            } else {
                row.iter().zip(others.row(j)).map(|(x, y)| (x - y) * (x - y)).sum()
            };
        }
    }
}

/// The mean of the rows of both sets (d).
pub fn joint_centre(a: &Rows, b: &Rows) -> Array1<f64> {
    let (mean_a, mean_b) = (a.centre(), b.centre());
    let weight = b.len() as f64 / (a.len() + b.len()) as f64;
    &mean_a + &((&mean_b - &mean_a) * weight)
}

fn centred(rows: &Rows, range: std::ops::Range<usize>, centre: &Array1<f64>) -> Array2<f64> {
    rows.block(range) - centre
}

/// ‖x - centre‖² of each row.
fn squares(rows: &Rows, centre: &Array1<f64>) -> Vec<f64> {
    let starts: Vec<usize> = (0..rows.len()).step_by(CHUNK).collect();
    let by_chunk: Vec<Vec<f64>> = starts
        .into_par_iter()
        .map(|start| {
            let end = (start + CHUNK).min(rows.len());
            centred(rows, start..end, centre)
                .outer_iter()
                .map(|r| r.dot(&r))
                .collect()
        })
        .collect();
    by_chunk.concat()
}

/// ‖x/‖x‖ - y/‖y‖‖² = 2 - 2 cos, from the squared distance of x and y and their norms: exact where cos is near 1, too. NaN
/// where one of them is zero and has no direction.
pub fn unit_squared(squared: f64, norm: f64, other: f64) -> f64 {
    if norm == 0.0 || other == 0.0 {
        return f64::NAN;
    }
    let apart = norm - other;
    ((squared - apart * apart) / (norm * other)).clamp(0.0, 4.0)
}

/// x·y from the squared distance of x and y and their norms.
pub fn product(squared: f64, norm: f64, other: f64) -> f64 {
    (norm * norm + other * other - squared) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, seed: usize) -> Rows {
        let values = Array2::from_shape_fn((n, 5), |(i, j)| {
            1e3 + ((i * 31 + j * 17 + i * j * seed) % 29) as f64 / 3.0
        });
        let mut rows = Rows::choose((0..n).collect(), &vec![0; n], None, 5);
        rows.push(values.view());
        rows
    }

    #[test]
    fn distances_are_those_of_plain_loops() {
        let (a, b) = (rows(600, 1), rows(1_500, 2));
        for (x, y) in [(&a, &b), (&a, &a)] {
            let found = sweep(x, y, |i, squared| (i, squared.to_vec()));
            assert_eq!(found.len(), x.len());
            for (i, squared) in found.iter().step_by(37) {
                for (j, got) in squared.iter().enumerate() {
                    let apart = x.row(*i) - y.row(j);
                    assert!((got - apart.dot(&apart)).abs() < 1e-10);
                }
            }
        }
        assert!(sweep(&a, &a, |i, squared| squared[i]).iter().all(|&own| own == 0.0));
    }

    #[test]
    fn rows_that_nearly_coincide_keep_their_digits() {
        let values = ndarray::array![[1.0, 0.0], [1.0, 0.0], [1.0, 1e-9], [-2.0, 5.0]];
        let mut near = Rows::choose(vec![0, 1, 2, 3], &[0; 4], None, 2);
        near.push(values.view());
        let found = sweep(&near, &near, |_, squared| squared.to_vec());
        assert_eq!(found[0][1], 0.0);
        // Centring rounds at 1e-16 of 5.
        assert!((found[0][2] / 1e-18 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn cosines_and_products_follow_from_distances() {
        let (x, y) = (ndarray::array![3.0, 4.0], ndarray::array![1.0, 2.0]);
        let apart: Array1<f64> = &x - &y;
        let (squared, norms) = (apart.dot(&apart), (5.0, 5f64.sqrt()));
        assert!((product(squared, norms.0, norms.1) - 11.0).abs() < 1e-14);
        assert!((unit_squared(squared, norms.0, norms.1) - (2.0 - 22.0 / 125f64.sqrt())).abs() < 1e-14);
    }
}
