//! Distances and products of two rows.

use ndarray::ArrayView1;

use super::exact::{Exact, exact_product, exact_squared_apart};
use super::exact_grid::{fits, grid};
use super::rows::{RowValues, Rows, over};

impl Rows {
    /// The squared Euclidean distance of row `i` to row `j` of `other`, by differences: the same bits either way round,
    /// and zero for equal rows alone (where squares do not vanish).
    pub fn squared_apart(&self, i: usize, other: &Self, j: usize) -> f64 {
        over!(self, a => over!(other, b => squared_apart(a.row(i), b.row(j))))
    }

    /// The same without rounding.
    pub fn exact_squared_apart(&self, i: usize, other: &Self, j: usize) -> Exact {
        over!(self, a => over!(other, b => exact_squared_apart(a.row(i), b.row(j))))
    }

    /// x·y of row `i` and row `j` of `other`, without rounding.
    pub fn exact_product(&self, i: usize, other: &Self, j: usize) -> Exact {
        over!(self, a => over!(other, b => exact_product(a.row(i), b.row(j))))
    }

    /// Whether two rows are the same.
    pub fn are_same(&self, i: usize, j: usize) -> bool {
        over!(self, values => values.row(i) == values.row(j))
    }

    /// Whether products and squared distances of the rows of both sets are exact in 64 bits: their values are whole multiples of
    /// one power of two, and not too large.
    pub fn is_exact_with(&self, other: &Self) -> bool {
        match (self.grid(), other.grid()) {
            (Some((a, square_a)), Some((b, square_b))) => fits(a.min(b), square_a.max(square_b)),
            _ => false,
        }
    }

    /// The largest power of two that all values are multiples of, and the largest squared norm of a row; `None` where they do
    /// not fit together.
    fn grid(&self) -> Option<(i32, f64)> {
        *self
            .grid
            .get_or_init(|| over!(self, values => grid(values.outer_iter())))
    }

    /// x·y of row `i` and row `j` of `other`.
    pub fn product(&self, i: usize, other: &Self, j: usize) -> f64 {
        self.row(i).dot(&other.row(j))
    }
}

/// ‖x - y‖², summed in an order that depends on the width alone.
pub(super) fn squared_apart<A: Copy + Into<f64>, B: Copy + Into<f64>>(x: ArrayView1<A>, y: ArrayView1<B>) -> f64 {
    const LANES: usize = 8;
    let (Some(x), Some(y)) = (x.to_slice(), y.to_slice()) else {
        unreachable!("rows of a standard layout")
    };
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (ys, y_rest) = y.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (x, y) in xs.iter().zip(ys) {
        for lane in 0..LANES {
            let apart: f64 = x[lane].into() - y[lane].into();
            sums[lane] += apart * apart;
        }
    }
    for (lane, (&x, &y)) in x_rest.iter().zip(y_rest).enumerate() {
        let apart: f64 = x.into() - y.into();
        sums[lane] += apart * apart;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rows::tests::pushed;
    use ndarray::Array2;

    #[test]
    fn distances_by_differences_are_the_same_either_way_round() {
        let values = Array2::from_shape_fn((4, 21), |(i, j)| 1e3 + ((i * 31 + j * 17) % 29) as f64 / 3.0);
        let (double, single) = (
            Rows::of(values.clone()),
            pushed(&values.mapv(|x| f64::from(x as f32)), vec![0, 1, 2, 3]),
        );
        for (a, b) in [
            (&double, &double),
            (&double, &single),
            (&single, &double),
            (&single, &single),
        ] {
            let apart = a.row(1) - b.row(2);
            let found = a.squared_apart(1, b, 2);
            assert!((found - apart.dot(&apart)).abs() < 1e-12 * found);
            assert_eq!(found, b.squared_apart(2, a, 1));
            assert_eq!(a.squared_apart(3, a, 3), 0.0);
        }
    }
}
