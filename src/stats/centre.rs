//! The point from which rows are taken before they are multiplied.

use ndarray::{Array1, Axis, concatenate};
use rayon::prelude::*;

use crate::stats::Rows;

/// Rows of a set that are looked at, and numbers of both sets together.
const ROWS: usize = 512;
const NUMBERS: usize = 1 << 23;

/// A point amid the rows of both sets (d): of each channel the lower median, over some hundred rows of each, spread evenly.
///
/// A mean far from zero then costs no digits, and neither does a row far from all others, which would draw a mean with it. The
/// point has values that the channels take: where those are whole numbers, differences from it are, and their products exact.
pub fn joint_centre(a: &Rows, b: &Rows) -> Array1<f64> {
    assert_eq!(a.width(), b.width(), "rows of different widths");
    let most = (NUMBERS / a.width().max(1)).clamp(16, ROWS);
    let some = |rows: &Rows| {
        let (n, m) = (rows.len(), rows.len().min(most));
        let places: Vec<usize> = (0..m).map(|i| i * n / m).collect();
        rows.select(&places)
    };
    let seen = match std::ptr::eq(a, b) {
        true => some(a),
        false => concatenate(Axis(0), &[some(a).view(), some(b).view()]).expect("rows of one width"),
    };
    if seen.is_empty() {
        return Array1::zeros(a.width());
    }
    let medians: Vec<f64> = (0..seen.ncols())
        .into_par_iter()
        .map(|channel| {
            let mut values = seen.column(channel).to_vec();
            let middle = (values.len() - 1) / 2;
            *values.select_nth_unstable_by(middle, f64::total_cmp).1
        })
        .collect();
    Array1::from_vec(medians)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_row_far_from_all_others_does_not_move_the_point() {
        let mut values = Array2::from_shape_fn((2_001, 3), |(i, j)| 1e3 + ((i * 31 + j * 17 + i * i) % 29) as f64);
        let before = joint_centre(&Rows::of(values.clone()), &Rows::of(values.clone()));
        values.row_mut(0).fill(1e200);
        let rows = Rows::of(values.clone());
        let centre = joint_centre(&rows, &rows);
        for j in 0..3 {
            assert!((1_000.0..=1_028.0).contains(&centre[j]) && centre[j].fract() == 0.0);
            assert!((centre[j] - before[j]).abs() <= 2.0);
        }
        let few = Rows::of(ndarray::array![[1.0, 5.0], [3.0, 4.0]]);
        assert_eq!(
            joint_centre(&few, &Rows::of(ndarray::array![[2.0, 0.0]])),
            ndarray::array![2.0, 4.0]
        );
        assert_eq!(joint_centre(&few, &few), ndarray::array![1.0, 4.0]);
    }
}
