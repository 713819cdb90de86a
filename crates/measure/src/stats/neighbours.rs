//! Tables of nearest neighbours.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::row_pairs::squared_apart;

/// For each row the indices of its nearest other rows and the squared distances to them, nearest first; equal distances by
/// index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    k: usize,
    indices: Vec<u32>,
    squared: Vec<f64>,
}

impl Neighbours {
    /// Neighbours of row `i`, nearest first.
    pub fn of(&self, i: usize) -> &[u32] {
        &self.indices[i * self.k..(i + 1) * self.k]
    }

    /// Squared distances to the neighbours of row `i`, in their order.
    pub fn squared(&self, i: usize) -> &[f64] {
        &self.squared[i * self.k..(i + 1) * self.k]
    }

    /// From the `k` neighbours of each row in order, with their squared distances.
    pub(super) fn from_rows(k: usize, rows: impl IntoIterator<Item = (f64, u32)>) -> Self {
        let (squared, indices) = rows.into_iter().unzip();
        Self { k, indices, squared }
    }

    /// The `k` nearest others of each point, given all squared distances (n, n); equal distances by index.
    pub fn from_distances(squared: &Array2<f64>, k: usize) -> Self {
        let n = squared.nrows();
        let k = k.min(n.saturating_sub(1));
        let of_row = |i: usize| {
            let row = squared.row(i);
            let mut order: Vec<(f64, u32)> = (0..n).filter(|&j| j != i).map(|j| (row[j], j as u32)).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            order.truncate(k);
            order
        };
        Self::from_rows(k, (0..n).flat_map(of_row))
    }

    /// How many neighbours each row has here.
    pub fn k(&self) -> usize {
        self.k
    }
}

/// All squared Euclidean distances (n, n) between the rows of `points`, by differences: exact ties stay ties.
pub fn squared_distances(points: ArrayView2<f64>) -> Array2<f64> {
    let n = points.nrows();
    let upper: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|i| {
            (i + 1..n)
                .map(|j| squared_apart(points.row(i), points.row(j)))
                .collect()
        })
        .collect();
    Array2::from_shape_fn((n, n), |(i, j)| match i.cmp(&j) {
        std::cmp::Ordering::Less => upper[i][j - i - 1],
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater => upper[j][i - j - 1],
    })
}
