//! Exact nearest neighbours: candidates by 32-bit products, distances by differences in 64 bits.
//!
//! Each pair of blocks of rows is multiplied once and serves both blocks. What 32 bits give is a lower bound of every
//! distance (see [`ScreenFrame`]), so a row is settled as soon as the next candidate's bound exceeds its k-th distance; rows that run
//! out of candidates before that are settled by bounds in 64 bits. Where the rounding of 64 bits leaves open which of two rows
//! is nearer, sums without rounding decide, and rows that are equally near go by row. The table is therefore exact, and the same
//! for any number of threads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::apart::{Angles, Apart, Blurred, Euclidean, Pointed};
use super::candidates::{Candidates, Offer, by_distance, nearest_of};
use super::neighbours::Neighbours;
use super::row_span::blocks;
use super::rows::Rows;
use super::screen::{BLOCK, Buffers, KEPT, ScreenFrame};

/// Rows settled in 64 bits at a time by each thread.
const FEW: usize = 32;

/// Candidates compared at a time: enough for the processor's vectors.
const LANES: usize = 32;

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

fn search(a: &Rows, b: &Rows, apart: &impl Apart, k: usize) -> Neighbours {
    if k == 0 || a.is_empty() {
        return Neighbours::default();
    }
    let frame = &ScreenFrame::new(a, b);
    let others = frame.b.len() - usize::from(is_one_set(frame));
    // Enough for ordinary data: a row needs a spare one only where bounds overlap.
    let keep = k.saturating_add(k / 8).saturating_add(16).min(others);
    let mut candidates = candidates(frame, keep);
    let settled: Vec<Vec<Option<Vec<Offer<f64>>>>> = blocks(frame.a.len(), BLOCK)
        .into_par_iter()
        .zip(&mut candidates)
        .map(|(block, held)| {
            block
                .clone()
                .map(|i| settle(frame, apart, i, held.settle(i - block.start), k, others))
                .collect()
        })
        .collect();
    drop(candidates);
    let mut settled: Vec<Option<Vec<Offer<f64>>>> = settled.into_iter().flatten().collect();
    let open: Vec<usize> = (0..settled.len()).filter(|&i| settled[i].is_none()).collect();
    for (i, found) in open.iter().zip(settle_in_double(frame, apart, &open, k)) {
        settled[*i] = Some(found);
    }
    Neighbours::from_rows(k, settled.into_iter().flatten().flatten())
}

fn is_one_set(frame: &ScreenFrame) -> bool {
    std::ptr::eq(frame.a, frame.b)
}

/// The `keep` best candidates of each row, block by block.
fn candidates(frame: &ScreenFrame, keep: usize) -> Vec<Candidates> {
    let (of_a, of_b) = (blocks(frame.a.len(), BLOCK), blocks(frame.b.len(), BLOCK));
    let held: Vec<Mutex<Candidates>> = of_a
        .iter()
        .map(|b| Mutex::new(Candidates::new(b.len(), keep)))
        .collect();
    let one_set = is_one_set(frame);
    let first = |a: usize| if one_set { a } else { 0 };
    let mut pairs: Vec<(usize, usize)> = (0..of_a.len())
        .flat_map(|a| (first(a)..of_b.len()).map(move |b| (a, b)))
        .collect();
    // A few blocks meet one block after another.
    pairs.sort_by_key(|&(a, b)| (a / KEPT, b, a));
    // Whatever panicked while it held a lock will end the whole search.
    let lock = |i: usize| held[i].lock().unwrap_or_else(PoisonError::into_inner);
    pairs
        .into_par_iter()
        .for_each_init(Buffers::default, |buffers, (a, b)| {
            let (rows, columns) = (of_a[a].clone(), of_b[b].clone());
            buffers.multiply(frame, rows.clone(), columns.clone());
            let products = buffers.products.view();
            // Ascending: no two threads wait for each other.
            let mut of_rows = lock(a);
            if one_set && a != b {
                let mut of_columns = lock(b);
                offer(frame, products, rows, columns, &mut of_rows, Some(&mut of_columns));
            } else {
                offer(frame, products, rows, columns, &mut of_rows, None);
            }
        });
    held.into_iter()
        .map(|block| block.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// Offers the rows of two blocks to each other. A row's own squared norm is left out of what is offered to it: it is the same
/// for all.
fn offer(
    frame: &ScreenFrame,
    products: ArrayView2<f32>,
    rows: Range<usize>,
    columns: Range<usize>,
    of_rows: &mut Candidates,
    mut of_columns: Option<&mut Candidates>,
) {
    let lowered = &frame.lowered_b[columns.clone()];
    let itself = is_one_set(frame) && rows == columns;
    for (x, products) in products.outer_iter().enumerate() {
        let products = products.to_slice().expect("rows of a standard layout");
        let own = frame.lowered_a[rows.start + x];
        for start in (0..products.len()).step_by(LANES) {
            let end = (start + LANES).min(products.len());
            let (some, norms) = (&products[start..end], &lowered[start..end]);
            let worst = of_rows.worst()[x];
            let mut near = false;
            for (product, norm) in some.iter().zip(norms) {
                near |= product + norm <= worst;
            }
            if near {
                for (y, (product, norm)) in (start..).zip(some.iter().zip(norms)) {
                    let score = product + norm;
                    if score <= worst && !(itself && x == y) {
                        of_rows.offer(x, (score, (columns.start + y) as u32));
                    }
                }
            }
            if let Some(of_columns) = of_columns.as_deref_mut() {
                let mut near = false;
                for (product, worst) in some.iter().zip(&of_columns.worst()[start..end]) {
                    near |= product + own <= *worst;
                }
                if near {
                    for (y, product) in (start..).zip(some) {
                        let score = product + own;
                        if score <= of_columns.worst()[y] {
                            of_columns.offer(y, (score, (rows.start + x) as u32));
                        }
                    }
                }
            }
        }
    }
}

/// The neighbours of row `i` from its candidates; `None` where they do not settle it.
fn settle(
    frame: &ScreenFrame,
    apart: &impl Apart,
    i: usize,
    held: &[Offer<f32>],
    k: usize,
    others: usize,
) -> Option<Vec<Offer<f64>>> {
    let own = f64::from(frame.lowered_a[i]);
    let offers = held
        .iter()
        .map(|&(score, j)| (frame.unscaled(f64::from(score) + own), j));
    nearest_of(offers, k, held.len() == others, apart, i)
}

/// The neighbours of the rows `of`, in their order, by bounds in 64 bits.
fn settle_in_double(frame: &ScreenFrame, apart: &impl Apart, unsettled: &[usize], k: usize) -> Vec<Vec<Offer<f64>>> {
    if unsettled.is_empty() {
        return Vec::new();
    }
    let squares = frame.squares(frame.b);
    let found: Vec<Vec<Vec<Offer<f64>>>> = unsettled
        .par_chunks(FEW)
        .map(|some| {
            let bounds = frame.double_bounds(some, &squares);
            some.iter()
                .zip(bounds.outer_iter())
                .map(|(&i, bounds)| {
                    let others = (0..frame.b.len()).filter(|&j| !(is_one_set(frame) && i == j));
                    let mut offers: Vec<Offer<f64>> = others.map(|j| (frame.unscaled(bounds[j]), j as u32)).collect();
                    exactly(&mut offers, k, apart, i)
                })
                .collect()
        })
        .collect();
    found.into_iter().flatten().collect()
}

/// The `k` nearest of all rows, given lower bounds of their distances.
fn exactly(offers: &mut [Offer<f64>], k: usize, apart: &impl Apart, i: usize) -> Vec<Offer<f64>> {
    // Of rows that coincide with many others, as collapsed features do, the first k will do.
    if apart.slack(0.0) == 0.0 {
        let close = offers.iter().filter(|(bound, _)| *bound <= 0.0).map(|(_, j)| *j);
        let equal = close.filter(|&j| apart.rough(i, j as usize) == 0.0).take(k);
        let equal: Vec<Offer<f64>> = equal.map(|j| (0.0, j)).collect();
        if equal.len() == k {
            return equal;
        }
    }
    let mut some = k.saturating_add(FEW);
    loop {
        some = some.min(offers.len());
        if some < offers.len() {
            offers.select_nth_unstable_by(some - 1, by_distance);
        }
        let mut first = offers[..some].to_vec();
        first.sort_unstable_by(by_distance);
        if let Some(found) = nearest_of(first.into_iter(), k, some == offers.len(), apart, i) {
            return found;
        }
        some = some.saturating_mul(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
