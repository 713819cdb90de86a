//! Labelled rows for the tests of scores.

use ndarray::Array2;

use crate::metrics::labelled::{Base, Labelled};
use crate::stats::Rows;

/// Rows of `count` classes in turn, each class around a point of its own.
pub(super) fn some_rows(n: usize, d: usize, count: u32) -> (Array2<f64>, Vec<u32>) {
    let classes: Vec<u32> = (0..n as u32).map(|i| i % count).collect();
    let hash = |a: u64, b: u64| {
        let x = (a * 0x9E37_79B9 + b + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x >> 11) as f64 * 2f64.powi(-53) - 0.5
    };
    let rows = Array2::from_shape_fn((n, d), |(i, j)| {
        let class = u64::from(classes[i]);
        3.0 * hash(i as u64, j as u64) + 1.5 * hash(1_000_000 + class, j as u64) + 0.3
    });
    (rows, classes)
}

/// Looks at all rows.
pub(super) fn of_base(x: &Array2<f64>, classes: &[u32], look: impl Fn(&Labelled)) {
    let rows = Rows::of(x.clone());
    let names = classes.iter().max().map_or(0, |c| *c as usize + 1);
    let base = Base::new(&rows, classes, names, (0..classes.len()).collect(), 0);
    look(&Labelled::new(&base, None).unwrap());
}
