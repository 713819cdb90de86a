//! Squared distances between the rows of two sets, block by block: nothing of size N² is ever held.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};
use rayon::prelude::*;

use super::centre::joint_centre;
use super::row_span::blocks;
use super::rows::Rows;
use crate::linalg::product_transposed;

/// Distances held at a time by each thread, and rows of the other set taken at a time.
const HELD: usize = 4 << 20;
const CHUNK: usize = 1024;

/// Squared distances below this share of the squared norms are computed again, by differences: the product leaves an error
/// of 1e-16 of the norms, which is 1e-13 of the distance here.
const CLOSE: f64 = 1e-3;

/// Calls `visit` with each row of `a`, by its place, and its squared Euclidean distances to all rows of `b`; gives what it
/// returns, in order. Where both are the same set, the distance of a row to itself is exactly zero.
///
/// Rows are taken from a common point first: distances come from ‖x‖² + ‖y‖² - 2 x·y, which cancels badly far from zero and
/// for rows that nearly coincide; the latter are computed by differences, so that equal rows have exactly no distance.
pub fn sweep<T: Send>(a: &Rows, b: &Rows, visit: impl Fn(usize, &[f64]) -> T + Sync) -> Vec<T> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let centre = joint_centre(a, b);
    swept(a, b, &centre, false, |i, squared, _| visit(i, squared))
}

/// As [`sweep`], with the products (x - c)·(y - c) beside the squared distances: of rows of very different size a distance
/// no longer tells them.
pub fn sweep_products<T: Send>(
    a: &Rows,
    b: &Rows,
    centre: &Array1<f64>,
    visit: impl Fn(usize, &[f64], &[f64]) -> T + Sync,
) -> Vec<T> {
    swept(a, b, centre, true, visit)
}

/// Both, the products only where they are wanted.
fn swept<T: Send>(
    a: &Rows,
    b: &Rows,
    centre: &Array1<f64>,
    with_products: bool,
    visit: impl Fn(usize, &[f64], &[f64]) -> T + Sync,
) -> Vec<T> {
    assert_eq!(a.width(), b.width(), "rows of different widths");
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let same = std::ptr::eq(a, b);
    let squares_b = squares(b, centre);
    let block = (HELD / b.len()).clamp(8, 256);
    let blocks: Vec<Vec<T>> = (0..a.len())
        .into_par_iter()
        .step_by(block)
        .map(|from| {
            let to = (from + block).min(a.len());
            let rows = centred(a, from..to, centre);
            let squares_a: Vec<f64> = rows.outer_iter().map(|r| r.dot(&r)).collect();
            let mut squared = Array2::<f64>::zeros((to - from, b.len()));
            let mut products = Array2::<f64>::zeros((to - from, if with_products { b.len() } else { 0 }));
            for start in (0..b.len()).step_by(CHUNK) {
                let end = (start + CHUNK).min(b.len());
                let others = centred(b, start..end, centre);
                let part = s![.., start..end];
                let of_chunk = write_squared(
                    (rows.view(), &squares_a),
                    (others.view(), &squares_b[start..end]),
                    squared.slice_mut(part),
                    |i, j| a.squared_apart(from + i, b, start + j),
                );
                if with_products {
                    products.slice_mut(part).assign(&of_chunk);
                }
            }
            (from..to)
                .zip(squared.outer_iter_mut().zip(products.outer_iter()))
                .map(|(i, (mut row, products))| {
                    if same {
                        row[i] = 0.0;
                    }
                    let slice = "rows of a standard layout";
                    visit(i, row.as_slice().expect(slice), products.to_slice().expect(slice))
                })
                .collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}

/// Writes the squared distances between centred rows, given with their squared norms, those of close ones by `differences`;
/// gives the products of the rows.
pub(super) fn write_squared(
    (rows, squares): (ArrayView2<f64>, &[f64]),
    (others, squares_of_others): (ArrayView2<f64>, &[f64]),
    mut out: ArrayViewMut2<f64>,
    differences: impl Fn(usize, usize) -> f64,
) -> Array2<f64> {
    let products = product_transposed(rows, others);
    for (i, square) in squares.iter().enumerate() {
        for (j, other) in squares_of_others.iter().enumerate() {
            let norms = square + other;
            let apart = norms - 2.0 * products[[i, j]];
            out[[i, j]] = if apart > CLOSE * norms {
                apart
            } else {
                differences(i, j)
            };
        }
    }
    products
}

fn centred(rows: &Rows, range: std::ops::Range<usize>, centre: &Array1<f64>) -> Array2<f64> {
    rows.block(range) - centre
}

/// ‖x - centre‖² of each row.
fn squares(rows: &Rows, centre: &Array1<f64>) -> Vec<f64> {
    let of_chunk = |range| centred(rows, range, centre).outer_iter().map(|r| r.dot(&r)).collect();
    let by_chunk: Vec<Vec<f64>> = blocks(rows.len(), CHUNK).into_par_iter().map(of_chunk).collect();
    by_chunk.concat()
}

/// How many times as long as another a row may be for the cosine of the two to be taken from their distance: beyond, it
/// would lose more than its last four digits.
const LONGEST: f64 = 1e4;

/// [`unit_squared`] of a row of one set and a row of another, each given by its place and with its norm; from their product
/// where that tells more than their squared distance.
pub fn unit_apart((a, i, norm): (&Rows, usize, f64), (b, j, other): (&Rows, usize, f64), squared: f64) -> f64 {
    let (least, most) = (norm.min(other), norm.max(other));
    if least == 0.0 || most <= LONGEST * least {
        return unit_squared(squared, norm, other);
    }
    (2.0 - 2.0 * a.product(i, b, j) / norm / other).clamp(0.0, 4.0)
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
        assert!((found[0][2] / 1e-18 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn one_row_far_away_costs_the_others_no_digits() {
        let mut values = Array2::from_shape_fn((40, 3), |(i, j)| ((i * 31 + j * 17 + i * i) % 29) as f64);
        let near = sweep(&Rows::of(values.clone()), &Rows::of(values.clone()), |_, s| {
            s[..39].to_vec()
        });
        values.row_mut(39).fill(1e20);
        let rows = Rows::of(values.clone());
        let found = sweep(&rows, &rows, |_, s| s[..39].to_vec());
        // Whole numbers: not even the last digit is lost.
        assert_eq!(found[..39], near[..39]);
        let centre = joint_centre(&rows, &rows);
        let products = sweep_products(&rows, &rows, &centre, |_, _, products| products.to_vec());
        for (i, j) in [(3, 7), (39, 5), (39, 39)] {
            assert_eq!(
                products[i][j],
                (&values.row(i) - &centre).dot(&(&values.row(j) - &centre))
            );
        }
    }

    #[test]
    fn a_cosine_of_rows_of_very_different_length_keeps_its_digits() {
        let rows = Rows::of(ndarray::array![[3e12, 4e12], [1.0, 0.0], [0.0, 0.0]]);
        let norms = rows.norms();
        let score = |i: usize, j: usize| {
            let squared = rows.squared_apart(i, &rows, j);
            unit_apart((&rows, i, norms[i]), (&rows, j, norms[j]), squared)
        };
        assert!((score(0, 1) - 0.8).abs() < 1e-15 && (score(1, 0) - 0.8).abs() < 1e-15);
        assert!(score(0, 2).is_nan());
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
