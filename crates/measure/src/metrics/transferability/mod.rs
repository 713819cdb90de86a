//! Transferability scores: what the features and labels of a data set alone say of how well a model will do on it.
//!
//! Each is computed from the fitting rows of the evaluation data: no row that probes are scored on is seen, where there is another
//! split.

mod between;
mod bhattacharyya;
mod catalogue;
mod coding;
mod collapse;
mod correlation;
mod entropy;
mod evidence;
mod fisher;
mod labelled;
mod mixture;
mod rows_of_moments;
mod sources;

use super::Family;

pub use labelled::{Base, Labelled, Moments, Principal, Score};

/// The family.
pub const FAMILY: Family = Family {
    id: "transferability",
    about: "What do features and labels say of transfer before anything is trained? Scores from the literature, of the fitting rows of \
            the evaluation data (--fit). On pretraining data only where named.",
    metrics: &[
        rows_of_moments::LOGME,
        rows_of_moments::H_SCORE,
        rows_of_moments::H_SCORE_SHRUNK,
        rows_of_moments::TRANSRATE,
        rows_of_moments::GBC,
        catalogue::SFDA,
        catalogue::PARC,
        catalogue::TMI,
        catalogue::NCTI_SELI,
        catalogue::NCTI_NCC,
        catalogue::NCTI_VARIABILITY,
        catalogue::NLEEP,
        catalogue::LEEP,
        catalogue::NCE,
    ],
};

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::Eval;
    use super::*;
    use crate::stats::Rows;

    /// Rows of `count` classes in turn, each class around a point of its own.
    pub fn some_rows(n: usize, d: usize, count: u32) -> (Array2<f64>, Vec<u32>) {
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
    pub fn of_base(x: &Array2<f64>, classes: &[u32], look: impl Fn(&Labelled)) {
        let rows = Rows::of(x.clone());
        let names = classes.iter().max().map_or(0, |c| *c as usize + 1);
        let base = Base::new(&rows, classes, names, (0..classes.len()).collect(), 0);
        look(&Labelled::new(&base, None).unwrap());
    }

    #[test]
    fn an_empty_class_is_no_class() {
        let (x, mut classes) = some_rows(24, 4, 3);
        let values = |classes: &[u32]| {
            let out = std::cell::RefCell::new(Vec::new());
            of_base(&x, classes, |rows| {
                for metric in FAMILY.metrics {
                    if let Eval::Score(e) = metric.eval {
                        out.borrow_mut().push((e.value)(rows).map(|s| s.value).unwrap());
                    }
                }
            });
            out.into_inner()
        };
        let before = values(&classes);
        classes.iter_mut().for_each(|c| *c = 2 * *c + 1);
        assert_eq!(before, values(&classes));
    }
}
