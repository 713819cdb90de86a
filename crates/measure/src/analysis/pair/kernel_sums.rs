//! Sums of kernels over pairs of rows.

use ndarray::Array1;
use rayon::prelude::*;

use crate::metrics::{FromCentre, Kernel, KernelScale, Lie, PairSums};
use crate::stats::{Rows, joint_centre, sweep_products};
use crate::uncertainty::GROUPS;

/// The sums of each kernel over the pairs of rows of `a`, of `b` and of both.
pub fn pair_sums(a: &Rows, b: &Rows, kernels: &[Kernel], bandwidth: f64) -> Vec<PairSums> {
    let (scale, centre) = scale(a, b, bandwidth);
    let (of_a, of_b) = (places(a, &centre, scale.d), places(b, &centre, scale.d));
    let cells = |x: (&Rows, &[FromCentre]), y: (&Rows, &[FromCentre])| -> Vec<[[f64; GROUPS]; GROUPS]> {
        let same = std::ptr::eq(x.0, y.0);
        let by_row: Vec<Vec<[f64; GROUPS]>> = sweep_products(x.0, y.0, &centre, |i, squared, products| {
            let of_kernel = |kernel: &Kernel| {
                let mut sums = [0.0; GROUPS];
                let pairs = squared.iter().zip(products).zip(y.0.groups());
                for (j, ((&squared, &product), &group)) in pairs.enumerate() {
                    if !(same && i == j) {
                        sums[usize::from(group)] += kernel(&scale, x.1[i], y.1[j], Lie { squared, product });
                    }
                }
                sums
            };
            kernels.iter().map(of_kernel).collect()
        });
        let mut cells = vec![[[0.0; GROUPS]; GROUPS]; kernels.len()];
        for (sums, &group) in by_row.iter().zip(x.0.groups()) {
            for (cell, sums) in cells.iter_mut().zip(sums) {
                cell[usize::from(group)]
                    .iter_mut()
                    .zip(sums)
                    .for_each(|(to, from)| *to += from);
            }
        }
        cells
    };
    let mut rows = [[0; GROUPS]; 2];
    for (counts, side) in rows.iter_mut().zip([a, b]) {
        side.groups().iter().for_each(|&g| counts[usize::from(g)] += 1);
    }
    let (pre, eval, across) = (
        cells((a, &of_a), (a, &of_a)),
        cells((b, &of_b), (b, &of_b)),
        cells((a, &of_a), (b, &of_b)),
    );
    pre.into_iter()
        .zip(eval)
        .zip(across)
        .map(|((pre, eval), across)| PairSums {
            pre,
            eval,
            across,
            rows,
        })
        .collect()
}

/// What a kernel knows of the rows as a whole, and a point amid them.
pub fn scale(a: &Rows, b: &Rows, bandwidth: f64) -> (KernelScale, Array1<f64>) {
    let centre = joint_centre(a, b);
    let d = a.width() as f64;
    let scale = KernelScale {
        bandwidth,
        level: centre.dot(&centre) / d + 1.0,
        d,
    };
    (scale, centre)
}

/// Where each row lies, seen from that point.
pub fn places(rows: &Rows, centre: &Array1<f64>, d: f64) -> Vec<FromCentre> {
    (0..rows.len())
        .into_par_iter()
        .map(|i| {
            let apart = rows.row(i) - centre;
            FromCentre {
                norm: apart.dot(&apart).sqrt(),
                along: centre.dot(&apart) / d,
            }
        })
        .collect()
}
