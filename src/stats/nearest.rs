//! Exact nearest neighbours: candidates by 32-bit products, distances by differences in 64 bits.
//!
//! Each pair of blocks of rows is multiplied once and serves both blocks. What 32 bits give is a lower bound of every
//! distance (see [`Frame`]), so a row is settled as soon as the next candidate's bound exceeds its k-th exact distance; rows
//! that run out of candidates before that are settled by bounds in 64 bits. The table is therefore exact, and the same for
//! any number of threads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::candidates::{Candidates, Offer, by_distance, nearest_of};
use super::screen::{Buffers, Frame, blocks};
use crate::stats::{Neighbours, Rows};

/// Rows settled in 64 bits at a time by each thread.
const FEW: usize = 32;

/// Candidates compared at a time: enough for the processor's vectors.
const LANES: usize = 32;

/// The `k` nearest other rows of each row, Euclidean, exact, with their squared distances; k is cut to n - 1.
pub fn nearest(rows: &Rows, k: usize) -> Neighbours {
    search(rows, rows, k.min(rows.len().saturating_sub(1)))
}

/// The `k` nearest of `rows` of each of `queries`, Euclidean, exact, with their squared distances; k is cut to the rows there
/// are.
pub fn nearest_in(queries: &Rows, rows: &Rows, k: usize) -> Neighbours {
    search(queries, rows, k.min(rows.len()))
}

fn search(a: &Rows, b: &Rows, k: usize) -> Neighbours {
    if k == 0 || a.is_empty() {
        return Neighbours::default();
    }
    let frame = &Frame::new(a, b);
    let others = frame.b.len() - usize::from(is_one_set(frame));
    // Enough for ordinary data: a row needs a spare one only where bounds overlap.
    let keep = k.saturating_add(k / 8).saturating_add(16).min(others);
    let mut candidates = candidates(frame, keep);
    let settled: Vec<Vec<Option<Vec<Offer<f64>>>>> = blocks(frame.a.len())
        .into_par_iter()
        .zip(&mut candidates)
        .map(|(block, held)| {
            block
                .clone()
                .map(|i| settle(frame, i, held.settle(i - block.start), k, others))
                .collect()
        })
        .collect();
    drop(candidates);
    let mut settled: Vec<Option<Vec<Offer<f64>>>> = settled.into_iter().flatten().collect();
    let open: Vec<usize> = (0..settled.len()).filter(|&i| settled[i].is_none()).collect();
    for (i, found) in open.iter().zip(settle_in_double(frame, &open, k)) {
        settled[*i] = Some(found);
    }
    Neighbours::from_rows(k, settled.into_iter().flatten().flatten())
}

fn is_one_set(frame: &Frame) -> bool {
    std::ptr::eq(frame.a, frame.b)
}

/// The `keep` best candidates of each row, block by block.
fn candidates(frame: &Frame, keep: usize) -> Vec<Candidates> {
    let (of_a, of_b) = (blocks(frame.a.len()), blocks(frame.b.len()));
    let held: Vec<Mutex<Candidates>> = of_a
        .iter()
        .map(|b| Mutex::new(Candidates::new(b.len(), keep)))
        .collect();
    let one_set = is_one_set(frame);
    let first = |a: usize| if one_set { a } else { 0 };
    let pairs: Vec<(usize, usize)> = (0..of_a.len())
        .flat_map(|a| (first(a)..of_b.len()).map(move |b| (a, b)))
        .collect();
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
    frame: &Frame,
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
fn settle(frame: &Frame, i: usize, held: &[Offer<f32>], k: usize, others: usize) -> Option<Vec<Offer<f64>>> {
    let own = f64::from(frame.lowered_a[i]);
    let offers = held
        .iter()
        .map(|&(score, j)| (frame.unscaled(f64::from(score) + own), j));
    nearest_of(offers, k, held.len() == others, |j| {
        frame.a.squared_apart(i, frame.b, j as usize)
    })
}

/// The neighbours of the rows `of`, in their order, by bounds in 64 bits.
fn settle_in_double(frame: &Frame, of: &[usize], k: usize) -> Vec<Vec<Offer<f64>>> {
    if of.is_empty() {
        return Vec::new();
    }
    let squares = frame.squares(frame.b);
    let found: Vec<Vec<Vec<Offer<f64>>>> = of
        .par_chunks(FEW)
        .map(|some| {
            let bounds = frame.double_bounds(some, &squares);
            some.iter()
                .zip(bounds.outer_iter())
                .map(|(&i, bounds)| {
                    let others = (0..frame.b.len()).filter(|&j| !(is_one_set(frame) && i == j));
                    let mut offers: Vec<Offer<f64>> = others.map(|j| (frame.unscaled(bounds[j]), j as u32)).collect();
                    exactly(&mut offers, k, |j| frame.a.squared_apart(i, frame.b, j as usize))
                })
                .collect()
        })
        .collect();
    found.into_iter().flatten().collect()
}

/// The `k` nearest of all rows, given lower bounds of their distances.
fn exactly(offers: &mut [Offer<f64>], k: usize, exact: impl Fn(u32) -> f64) -> Vec<Offer<f64>> {
    // Of rows that coincide with many others, as collapsed features do, the first k will do.
    let equal = offers.iter().filter(|(bound, _)| *bound <= 0.0).map(|(_, j)| *j);
    let equal: Vec<Offer<f64>> = equal.filter(|&j| exact(j) == 0.0).take(k).map(|j| (0.0, j)).collect();
    if equal.len() == k {
        return equal;
    }
    let mut some = k.saturating_add(FEW);
    loop {
        some = some.min(offers.len());
        if some < offers.len() {
            offers.select_nth_unstable_by(some - 1, by_distance);
        }
        let mut first = offers[..some].to_vec();
        first.sort_unstable_by(by_distance);
        if let Some(found) = nearest_of(first.into_iter(), k, some == offers.len(), &exact) {
            return found;
        }
        some = some.saturating_mul(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{generator, squared_distances};
    use ndarray::{Array2, concatenate, s};
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
