//! Exact nearest neighbours through blocked matrix products.

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::linalg::product_transposed;

/// Queries per block: large enough for matrix products at full speed, small enough to stay in a few dozen MB.
const BLOCK: usize = 512;

/// For each row the indices of its nearest other rows, nearest first; equal distances by index.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    k: usize,
    indices: Vec<u32>,
}

impl Neighbours {
    /// Neighbours of row `i`, nearest first.
    pub fn of(&self, i: usize) -> &[u32] {
        &self.indices[i * self.k..(i + 1) * self.k]
    }

    /// The `k` nearest others of each point, given all distances (n, n); equal distances by index.
    pub fn from_distances(distances: &Array2<f64>, k: usize) -> Self {
        let n = distances.nrows();
        let k = k.min(n.saturating_sub(1));
        let mut indices = Vec::with_capacity(n * k);
        for (i, row) in distances.outer_iter().enumerate() {
            let mut order: Vec<u32> = (0..n as u32).filter(|&j| j as usize != i).collect();
            order.sort_by(|&a, &b| row[a as usize].total_cmp(&row[b as usize]).then(a.cmp(&b)));
            indices.extend_from_slice(&order[..k]);
        }
        Self { k, indices }
    }

    /// How many neighbours each row has here.
    pub fn k(&self) -> usize {
        self.k
    }
}

/// The `k` nearest other rows of each row of `points` (n, d), Euclidean, exact; k is cut to n - 1.
///
/// Points are centred first: distances come from ‖x‖² + ‖y‖² - 2 x·y, which cancels badly far from zero.
pub fn nearest(points: ArrayView2<f64>, k: usize) -> Neighbours {
    let n = points.nrows();
    let k = k.min(n.saturating_sub(1));
    if k == 0 {
        return Neighbours {
            k: 0,
            indices: Vec::new(),
        };
    }
    let centre = points.mean_axis(Axis(0)).expect("there is a row");
    let centred = &points - &centre;
    let norms: Vec<f64> = centred.outer_iter().map(|r| r.dot(&r)).collect();
    let blocks: Vec<Vec<u32>> = (0..n)
        .into_par_iter()
        .step_by(BLOCK)
        .map(|from| {
            let to = (from + BLOCK).min(n);
            let products = product_transposed(centred.slice(s![from..to, ..]), centred.view());
            let mut order: Vec<(f64, u32)> = Vec::with_capacity(n);
            let mut out = Vec::with_capacity((to - from) * k);
            for (row, dots) in products.outer_iter().enumerate() {
                let i = from + row;
                order.clear();
                order.extend((0..n).filter(|&j| j != i).map(|j| (norms[j] - 2.0 * dots[j], j as u32)));
                let by_distance = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
                if k < order.len() {
                    order.select_nth_unstable_by(k - 1, by_distance);
                    order.truncate(k);
                }
                order.sort_unstable_by(by_distance);
                out.extend(order.iter().map(|o| o.1));
            }
            out
        })
        .collect();
    Neighbours {
        k,
        indices: blocks.concat(),
    }
}

/// All squared Euclidean distances (n, n) between the rows of `points`, by differences: exact ties stay ties.
pub fn squared_distances(points: ArrayView2<f64>) -> Array2<f64> {
    let n = points.nrows();
    let upper: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|i| {
            (i + 1..n)
                .map(|j| {
                    points
                        .row(i)
                        .iter()
                        .zip(points.row(j))
                        .map(|(a, b)| (a - b) * (a - b))
                        .sum()
                })
                .collect()
        })
        .collect();
    Array2::from_shape_fn((n, n), |(i, j)| match i.cmp(&j) {
        std::cmp::Ordering::Less => upper[i][j - i - 1],
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater => upper[j][i - j - 1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;

    #[test]
    fn neighbours_are_those_of_a_plain_loop() {
        // A random cloud far from zero, longer than one block.
        let n = 700;
        let mut rng = crate::stats::generator(0, 0);
        let points = Array2::from_shape_fn((n, 3), |_| 1e3 + rng.random::<f64>());
        let table = nearest(points.view(), 5);
        let distances = squared_distances(points.view());
        for i in 0..n {
            let mut order: Vec<usize> = (0..n).filter(|&j| j != i).collect();
            order.sort_by(|&a, &b| distances[[i, a]].total_cmp(&distances[[i, b]]));
            assert_eq!(table.of(i), order[..5].iter().map(|&j| j as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_row_is_its_own_neighbour_and_k_is_cut() {
        let points = Array2::zeros((3, 2));
        let table = nearest(points.view(), 10);
        assert_eq!(table.k(), 2);
        assert_eq!([table.of(0), table.of(1), table.of(2)], [[1, 2], [0, 2], [0, 1]]);
    }
}
