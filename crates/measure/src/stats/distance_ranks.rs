//! The order of the distances between rows.

use ndarray::{ArrayView2, Axis};

use super::mean_ranks::mean_ranks;
use super::rows::Rows;
use super::sweep::sweep;

/// Squared distances that differ by no more than this share of themselves are equal: rounding cannot tell them apart.
const TIED: f64 = 1e-12;

/// The pairs i < j of n rows, in order of their Euclidean distance. A pair's place is that of the upper triangle read row by
/// row.
#[derive(Clone, Debug)]
pub struct DistanceOrder {
    order: Vec<u32>,
    /// Whether a pair of the order is as far apart as the one before.
    tied: Vec<bool>,
}

impl DistanceOrder {
    /// The order of points (n, d), at most 90,000, each as far off as `off` by rounding.
    pub fn new(points: ArrayView2<f64>, off: f64) -> Self {
        let n = points.nrows();
        let mut rows = Rows::choose((0..n).collect(), &vec![0; n], None, points.ncols());
        points
            .axis_chunks_iter(Axis(0), 1024)
            .for_each(|chunk| rows.push(chunk));
        let squared: Vec<f64> = sweep(&rows, &rows, |i, squared| squared[i + 1..].to_vec()).concat();
        let mut order: Vec<u32> = (0..squared.len() as u32).collect();
        let at = |pair: u32| squared[pair as usize];
        order.sort_unstable_by(|&a, &b| at(a).total_cmp(&at(b)).then(a.cmp(&b)));
        // A distance is off by what both its ends are.
        let rounding = |squared: f64| TIED * squared + 4.0 * off * squared.sqrt() + 4.0 * off * off;
        let tied = (0..order.len())
            .map(|r| r > 0 && at(order[r]) - at(order[r - 1]) <= rounding(at(order[r])))
            .collect();
        Self { order, tied }
    }

    /// The average rank, from 1, of each pair among those that are kept; NaN for the others.
    pub fn ranks(&self, kept: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut ranks = vec![f64::NAN; self.order.len()];
        let order = self.order.iter().copied().zip(self.tied.iter().copied());
        mean_ranks(order, kept, |pair, rank| ranks[pair] = rank);
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn equal_distances_share_their_rank() {
        // Pairs 01, 02, 03, 12, 13, 23 are 1, 3, 4, 2, 3, 1 apart.
        let order = DistanceOrder::new(array![[0.0], [1.0], [3.0], [4.0]].view(), 0.0);
        assert_eq!(order.ranks(|_| true), [1.5, 4.5, 6.0, 3.0, 4.5, 1.5]);
        // Without row 3.
        let few = order.ranks(|pair| [0, 1, 3].contains(&pair));
        assert_eq!((few[0], few[1], few[3]), (1.0, 3.0, 2.0));
        assert!(few[2].is_nan());
        assert!(DistanceOrder::new(array![[1.0]].view(), 0.0).ranks(|_| true).is_empty());
    }
}
