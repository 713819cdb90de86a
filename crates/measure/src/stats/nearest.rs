//! Exact nearest neighbours, by distance and by angle, within a set and in another one.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::exact_distance::{Angles, Blurred, Euclidean, Pointed};
use super::neighbour_search::{FEW, search};
use super::neighbours::Neighbours;
use super::rows::Rows;

/// The `k` nearest other rows of each row, Euclidean, exact, with their squared distances; k is cut to n - 1.
pub fn nearest(rows: &Rows, k: usize) -> Neighbours {
    search(rows, rows, &Euclidean::new(rows, rows), others(rows, k))
}

/// The `k` nearest of `rows` of each of `queries`, Euclidean, exact, with their squared distances; k is cut to the rows there
/// are.
pub fn nearest_in(queries: &Rows, rows: &Rows, k: usize) -> Neighbours {
    search(queries, rows, &Euclidean::new(queries, rows), k.min(rows.len()))
}

/// The `k` other rows of each row at the smallest angle to it, exact, with their squared distances on the unit sphere; k is cut
/// to n - 1. No row may be zero.
pub fn nearest_by_angle(rows: &Rows, k: usize) -> Neighbours {
    let unit = unit_rows(rows);
    let pointed = Pointed { rows, unit: &unit };
    search(&unit, &unit, &Angles::new(pointed, pointed), others(rows, k))
}

/// The `k` of `rows` at the smallest angle to each of `queries`, exact, with their squared distances on the unit sphere; k is
/// cut to the rows there are. No row may be zero.
pub fn nearest_by_angle_in(queries: &Rows, rows: &Rows, k: usize) -> Neighbours {
    let (a, b) = (unit_rows(queries), unit_rows(rows));
    let queries = Pointed {
        rows: queries,
        unit: &a,
    };
    let apart = Angles::new(queries, Pointed { rows, unit: &b });
    search(&a, &b, &apart, k.min(rows.len()))
}

/// Rows divided by their norms.
fn unit_rows(rows: &Rows) -> Rows {
    let mut points = Array2::zeros((rows.len(), rows.width()));
    let some: Vec<_> = points.axis_chunks_iter_mut(Axis(0), FEW).enumerate().collect();
    some.into_par_iter().for_each(|(block, mut to)| {
        let from = block * FEW;
        to.assign(&rows.block(from..from + to.nrows()));
        for mut row in to.outer_iter_mut() {
            let norm = row.dot(&row).sqrt();
            row /= norm;
        }
    });
    Rows::of(points)
}

/// The share of the largest mean that a mean may be off by: rounding adds up as the root of the number of rows.
pub(super) const MEANS_OFF: f64 = 1.0 / (1u64 << 44) as f64;

/// The `k` nearest other means of each of some means (n, d), Euclidean, with their squared distances; k is cut to n - 1. A mean
/// is rounded at every row it is made of: distances that are equal as far as that tells go by place.
pub fn nearest_means(means: Array2<f64>, k: usize) -> Neighbours {
    let off = MEANS_OFF * largest_norm(means.view());
    let points = &Rows::of(means);
    search(points, points, &Blurred::new(points, off), others(points, k))
}

pub(super) fn largest_norm(rows: ArrayView2<f64>) -> f64 {
    rows.outer_iter().map(|row| row.dot(&row)).fold(0.0, f64::max).sqrt()
}

fn others(rows: &Rows, k: usize) -> usize {
    k.min(rows.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::distance_bounds::{BLOCK, KEPT};
    use crate::stats::neighbours::squared_distances;
    use crate::stats::random::generator;
    use ndarray::{concatenate, s};
    use rand::Rng as _;

    fn cloud(n: usize, d: usize, seed: u64) -> Array2<f64> {
        let mut rng = generator(seed, 0);
        Array2::from_shape_fn((n, d), |_| 1e3 + rng.random::<f64>())
    }

    fn of_a_plain_loop(points: &Array2<f64>, k: usize) -> Neighbours {
        Neighbours::from_distances(&squared_distances(points.view()), k)
    }

    #[test]
    fn neighbours_and_distances_are_those_of_a_plain_loop() {
        // Clouds far from zero, longer than one block and wider than one piece.
        for (n, d, k) in [(2_100, 3, 5), (1_500, 300, 40), (40, 2, 39)] {
            let points = cloud(n, d, 1);
            assert_eq!(nearest(&Rows::of(points.clone()), k), of_a_plain_loop(&points, k));
        }
    }

    #[test]
    fn rows_that_32_bits_cannot_tell_apart_are_told_apart() {
        // Two tight clusters far apart, one of them with equal rows and exact ties.
        let mut points = cloud(1_300, 4, 2);
        points.slice_mut(s![..600, ..]).mapv_inplace(|x| (x - 1e3) * 1e-6);
        points.slice_mut(s![600..900, ..]).mapv_inplace(|x| (x * 2.0).round());
        points.slice_mut(s![900..1000, ..]).fill(-7.0);
        assert_eq!(nearest(&Rows::of(points.clone()), 9), of_a_plain_loop(&points, 9));
    }

    /// Order by whole numbers: `key` gives a fraction, numerator and denominator, for rows i and j.
    fn of_fractions(n: usize, k: usize, key: impl Fn(usize, usize) -> (i128, i128)) -> Vec<Vec<u32>> {
        let of_row = |i: usize| {
            let mut order: Vec<usize> = (0..n).filter(|&j| j != i).collect();
            order.sort_by(|&x, &y| {
                let ((a, b), (c, d)) = (key(i, x), key(i, y));
                (a * d).cmp(&(c * b)).then(x.cmp(&y))
            });
            order[..k].iter().map(|&j| j as u32).collect()
        };
        (0..n).map(of_row).collect()
    }

    fn indices(table: &Neighbours, n: usize) -> Vec<Vec<u32>> {
        (0..n).map(|i| table.of(i).to_vec()).collect()
    }

    #[test]
    fn equal_distances_and_angles_of_whole_numbers_go_by_row() {
        // Binary rows of many lengths, and some of larger numbers; none is zero.
        let (n, d) = (300, 24);
        for largest in [2u64, 7, 900] {
            let mut rng = generator(largest, 0);
            let mut whole = Array2::from_shape_fn((n, d), |_| (rng.random::<u64>() % largest) as i128);
            whole.column_mut(0).fill(1);
            let rows = Rows::of(whole.mapv(|x| x as f64));
            let product = |i: usize, j: usize| whole.row(i).dot(&whole.row(j));
            let apart = |i: usize, j: usize| (product(i, i) + product(j, j) - 2 * product(i, j), 1);
            assert_eq!(indices(&nearest(&rows, 9), n), of_fractions(n, 9, apart));
            // All products are positive: -cos² orders as -cos does.
            let angle = |i: usize, j: usize| (-product(i, j) * product(i, j), product(j, j));
            assert_eq!(indices(&nearest_by_angle(&rows, 9), n), of_fractions(n, 9, angle));
        }
    }

    #[test]
    fn distances_equal_but_for_the_order_of_channels_go_by_row() {
        // Every row has the numbers of the first in another order: from zero all are equally far, and all angles with the
        // diagonal are equal.
        let d = 37;
        let first: Vec<f64> = (0..d).map(|j| ((j * 7919 % 1_009) as f64 / 7.0).exp2().sin()).collect();
        let mut points = Array2::from_shape_fn((200, d), |(i, j)| first[(j * (1 + i % 30) + i) % d]);
        points.row_mut(150).fill(0.0);
        let to_zero = nearest(&Rows::of(points.clone()), 199);
        let expected: Vec<u32> = (0..200).filter(|i| *i != 150).collect();
        assert_eq!(to_zero.of(150), expected);
        assert!(to_zero.squared(150).iter().all(|s| *s == to_zero.squared(150)[0]));
        points.row_mut(150).fill(1.0);
        assert_eq!(nearest_by_angle(&Rows::of(points), 199).of(150), expected);
    }

    #[test]
    fn means_that_only_rounding_tells_apart_are_equally_near() {
        // Mean 0 is 1 away from the others, but for 1e-15.
        let points = Rows::of(ndarray::array![
            [0.0, 0.0],
            [1.0 + 1e-15, 0.0],
            [1.0, 0.0],
            [0.0, 1.0 - 1e-15],
            [0.9, 0.0]
        ]);
        assert_eq!(nearest(&points, 4).of(0), [4, 3, 2, 1]);
        assert_eq!(nearest_means(points.matrix(), 4).of(0), [4, 1, 2, 3]);
    }

    #[test]
    fn one_row_far_away_changes_nothing_for_the_others() {
        let mut points = cloud(1_200, 6, 9);
        let alone = nearest(&Rows::of(points.slice(s![..1_199, ..]).to_owned()), 8);
        points.row_mut(1_199).fill(1e30);
        let table = nearest(&Rows::of(points), 8);
        assert!((0..1_199).all(|i| table.of(i) == alone.of(i) && table.squared(i) == alone.squared(i)));
    }

    #[test]
    fn neighbours_in_another_set_are_those_of_a_plain_loop() {
        let (a, b) = (cloud(70, 5, 3), cloud(1_400, 5, 4));
        let table = nearest_in(&Rows::of(a.clone()), &Rows::of(b.clone()), 6);
        let both = concatenate![ndarray::Axis(0), a, b];
        let distances = squared_distances(both.view());
        for i in 0..70 {
            let mut order: Vec<usize> = (0..1_400).collect();
            order.sort_by(|&x, &y| distances[[i, 70 + x]].total_cmp(&distances[[i, 70 + y]]));
            assert_eq!(table.of(i), order[..6].iter().map(|&j| j as u32).collect::<Vec<_>>());
            assert_eq!(table.squared(i)[5], distances[[i, 70 + order[5]]]);
        }
        // A set in a copy of itself finds each row.
        let copy = nearest_in(&Rows::of(both.clone()), &Rows::of(both), 1);
        assert!((0..1_470).all(|i| copy.of(i) == [i as u32] && copy.squared(i) == [0.0]));
    }

    #[test]
    fn more_blocks_than_a_thread_keeps_find_the_same() {
        let (a, b) = (cloud(BLOCK * (KEPT + 1) + 50, 3, 6), cloud(BLOCK + 200, 3, 7));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let table = pool.install(|| nearest_in(&Rows::of(a.clone()), &Rows::of(b.clone()), 2));
        for i in (0..a.nrows()).step_by(61) {
            let apart = |j: usize| (&a.row(i) - &b.row(j)).mapv(|x| x * x).sum();
            let mut order: Vec<usize> = (0..b.nrows()).collect();
            order.sort_by(|&x, &y| apart(x).total_cmp(&apart(y)));
            assert_eq!(table.of(i), [order[0] as u32, order[1] as u32], "{i}");
        }
    }

    #[test]
    fn angles_to_another_set_are_those_within_one() {
        let both = cloud(90, 6, 8).mapv(|x| x - 1e3 - 0.5);
        let (a, b) = (both.slice(s![..30, ..]).to_owned(), both.slice(s![30.., ..]).to_owned());
        let table = nearest_by_angle_in(&Rows::of(a.clone()), &Rows::of(b.clone()), 7);
        for i in 0..30 {
            let cosine = |j: usize| {
                let (x, y) = (a.row(i), b.row(j));
                x.dot(&y) / (x.dot(&x) * y.dot(&y)).sqrt()
            };
            let mut order: Vec<usize> = (0..60).collect();
            order.sort_by(|&x, &y| cosine(y).total_cmp(&cosine(x)));
            assert_eq!(table.of(i), order[..7].iter().map(|&j| j as u32).collect::<Vec<_>>());
            assert!((1.0 - table.squared(i)[0] / 2.0 - cosine(order[0])).abs() < 1e-14);
        }
    }

    #[test]
    fn the_table_is_the_same_for_any_number_of_threads() {
        let rows = Rows::of(cloud(2_500, 20, 5));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| nearest(&rows, 30))
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn no_row_is_its_own_neighbour_and_k_is_cut() {
        let table = nearest(&Rows::of(Array2::zeros((3, 2))), 10);
        assert_eq!(table.k(), 2);
        assert_eq!([table.of(0), table.of(1), table.of(2)], [[1, 2], [0, 2], [0, 1]]);
        assert_eq!(nearest(&Rows::of(Array2::zeros((1, 2))), 3).k(), 0);
        assert_eq!(nearest_in(&Rows::of(Array2::zeros((2, 2))), &Rows::default(), 3).k(), 0);
    }
}
