//! The point from which rows are taken before they are multiplied.

use ndarray::{Array1, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use super::rows::Rows;

/// Rows of a set that are looked at, and numbers of both sets together.
const ROWS: usize = 512;
const NUMBERS: usize = 1 << 23;

/// A point amid the rows of both sets (d): of each channel the lower median, over some hundred rows of each, spread evenly.
///
/// A mean far from zero then costs no digits, and neither does a row far from all others, which would draw a mean with it. The
/// point has values that the channels take: where those are whole numbers, differences from it are, and their products exact.
pub fn joint_centre(a: &Rows, b: &Rows) -> Array1<f64> {
    assert_eq!(a.width(), b.width(), "rows of different widths");
    let some = |rows: &Rows| rows.select(&spread_evenly(rows.len(), rows.width()));
    match std::ptr::eq(a, b) {
        true => medians(some(a).view()),
        false => medians(concatenate![Axis(0), some(a), some(b)].view()),
    }
}

/// The same of the rows of one matrix (n, d).
pub fn amid(rows: ArrayView2<f64>) -> Array1<f64> {
    medians(rows.select(Axis(0), &spread_evenly(rows.nrows(), rows.ncols())).view())
}

/// The mean of the rows of a matrix (n, d), kept up row by row: it keeps the digits of rows far from zero.
pub fn running_mean(rows: ArrayView2<f64>) -> Array1<f64> {
    let mut mean = Array1::<f64>::zeros(rows.ncols());
    for (i, row) in rows.outer_iter().enumerate() {
        mean.zip_mut_with(&row, |mean, x| *mean += (x - *mean) / (i + 1) as f64);
    }
    mean
}

/// The places of some of `n` rows of width `d`.
fn spread_evenly(n: usize, d: usize) -> Vec<usize> {
    let some = n.min((NUMBERS / d.max(1)).clamp(16, ROWS));
    (0..some).map(|i| i * n / some).collect()
}

/// The lower median of each channel; zero where there are no rows.
fn medians(rows: ArrayView2<f64>) -> Array1<f64> {
    if rows.is_empty() {
        return Array1::zeros(rows.ncols());
    }
    let middle = (rows.nrows() - 1) / 2;
    let of_channel = |channel: usize| {
        let mut values = rows.column(channel).to_vec();
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    let found: Vec<f64> = (0..rows.ncols()).into_par_iter().map(of_channel).collect();
    Array1::from_vec(found)
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
        assert_eq!(amid(values.view()), centre);
    }
}
