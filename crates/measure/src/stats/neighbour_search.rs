//! Exact nearest neighbours: candidates by 32-bit products, distances by differences in 64 bits.
//!
//! Each pair of blocks of rows is multiplied once and serves both blocks. What 32 bits give is a lower bound of every
//! distance (see [`ScreenFrame`]), so a row is settled as soon as the next candidate's bound exceeds its k-th distance; rows that run
//! out of candidates before that are settled by bounds in 64 bits. Where the rounding of 64 bits leaves open which of two rows
//! is nearer, sums without rounding decide, and rows that are equally near go by row. The table is therefore exact, and the same
//! for any number of threads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::candidates::{Candidates, Offer, by_distance, nearest_of};
use super::distance_bounds::{BLOCK, Buffers, KEPT, ScreenFrame};
use super::exact_distance::Apart;
use super::neighbours::Neighbours;
use super::row_span::blocks;
use super::rows::Rows;

/// Rows settled in 64 bits at a time by each thread.
pub(super) const FEW: usize = 32;

/// Candidates compared at a time: enough for the processor's vectors.
const LANES: usize = 32;

/// The `k` rows of `b` nearest to each row of `a`, other than itself where both are one set.
pub(super) fn search(a: &Rows, b: &Rows, apart: &impl Apart, k: usize) -> Neighbours {
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
    // The first k of rows that coincide, as collapsed features do, are enough.
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
