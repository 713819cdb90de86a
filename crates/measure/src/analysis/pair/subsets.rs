//! Sums of kernels over pairs of rows of many small subsets.

use rayon::prelude::*;

use super::kernel_sums::{pair_sums, places, scale};
use crate::metrics::{Kernel, Lie, PairSums};
use crate::stats::{Rows, sweep_products};
use crate::uncertainty::GROUPS;

/// Subsets of the metrics that are means over subsets, and the rows of a side in each.
pub const SUBSETS: u64 = 100;
pub const ROWS_IN_SUBSET: usize = 1_000;

/// Rows of both sides up to which the kernels of all pairs are held: 200 MB for each.
const MOST_IN_MATRIX: usize = 5_000;

/// The first of the random streams of the subsets (see [`crate::stats::generator`]).
pub const SUBSET_STREAM: u64 = 10_000;

/// Subsets whose sums are made together by a thread: each row of kernels is read once for all of them.
const SUBSETS_AT_ONCE: usize = 25;

/// The sums of each kernel over the pairs of rows of each subset of so many rows of a side, drawn with a seed.
pub fn sums_of_subsets(
    pre: &Rows,
    eval: &Rows,
    kernels: &[Kernel],
    bandwidth: f64,
    (in_subset, seed): (usize, u64),
) -> Vec<Vec<PairSums>> {
    let stream = |s: u64| SUBSET_STREAM + s;
    if pre.len() + eval.len() > MOST_IN_MATRIX {
        let subset = |rows, s| Rows::draw(rows, in_subset, seed, stream(s));
        let of_subset = |s| pair_sums(&subset(pre, s), &subset(eval, s), kernels, bandwidth);
        return (0..SUBSETS).map(of_subset).collect();
    }
    // Every pair of rows is in many subsets: its kernels are computed once.
    let (scale, centre) = scale(pre, eval, bandwidth);
    let at = [pre, eval].map(|rows| places(rows, &centre, scale.d));
    let sides = [(pre, &at[0]), (eval, &at[1])];
    let matrix = |kernel: &Kernel, a: usize, b: usize| {
        let ((x, at_x), (y, at_y)) = (sides[a], sides[b]);
        sweep_products(x, y, &centre, |i, squared, products| -> Vec<f64> {
            let pairs = squared.iter().zip(products).enumerate();
            pairs
                .map(|(j, (&squared, &product))| match a == b && i == j {
                    true => 0.0,
                    false => kernel(&scale, at_x[i], at_y[j], Lie { squared, product }),
                })
                .collect()
        })
    };
    let all: Vec<[Vec<Vec<f64>>; 3]> = kernels
        .iter()
        .map(|kernel| [(0, 0), (1, 1), (0, 1)].map(|(a, b)| matrix(kernel, a, b)))
        .collect();
    let subsets: Vec<u64> = (0..SUBSETS).collect();
    let sums: Vec<Vec<Vec<PairSums>>> = subsets
        .par_chunks(SUBSETS_AT_ONCE)
        .map(|some| {
            let drawn: Vec<[Vec<Member>; 2]> = some
                .iter()
                .map(|&s| [pre, eval].map(|rows| members(rows, rows.drawn(in_subset, seed, stream(s)))))
                .collect();
            let of_kernel = |values: &[Vec<Vec<f64>>; 3]| {
                let cells = [(0, 0), (1, 1), (0, 1)];
                let cells = [0, 1, 2].map(|at| cells_of_subsets(&values[at], &drawn, cells[at]));
                let [pre, eval, across] = cells;
                let parts = pre.into_iter().zip(eval).zip(across).zip(&drawn);
                parts
                    .map(|(((pre, eval), across), drawn)| PairSums {
                        pre,
                        eval,
                        across,
                        rows: drawn.each_ref().map(|side| {
                            let mut counts = [0; GROUPS];
                            side.iter().for_each(|(_, group)| counts[usize::from(*group)] += 1);
                            counts
                        }),
                    })
                    .collect::<Vec<_>>()
            };
            let by_kernel: Vec<Vec<PairSums>> = all.iter().map(of_kernel).collect();
            (0..some.len())
                .map(|s| by_kernel.iter().map(|sums| sums[s].clone()).collect())
                .collect()
        })
        .collect();
    sums.into_iter().flatten().collect()
}

/// A row of a subset, and its jackknife group.
type Member = (u32, u8);

fn members(rows: &Rows, places: Vec<usize>) -> Vec<Member> {
    places.into_iter().map(|i| (i as u32, rows.groups()[i])).collect()
}

/// The sums of these kernels over each subset (rows of side `a`, of side `b`), by jackknife groups.
fn cells_of_subsets(
    values: &[Vec<f64>],
    drawn: &[[Vec<Member>; 2]],
    (a, b): (usize, usize),
) -> Vec<[[f64; GROUPS]; GROUPS]> {
    let mut cells = vec![[[0.0; GROUPS]; GROUPS]; drawn.len()];
    let mut next = vec![0; drawn.len()];
    for (i, values) in values.iter().enumerate() {
        for ((cells, next), drawn) in cells.iter_mut().zip(&mut next).zip(drawn) {
            let Some((_, group)) = drawn[a].get(*next).filter(|(row, _)| *row as usize == i) else {
                continue;
            };
            *next += 1;
            let sums = &mut cells[usize::from(*group)];
            for &(j, group) in &drawn[b] {
                sums[usize::from(group)] += values[j as usize];
            }
        }
    }
    cells
}
