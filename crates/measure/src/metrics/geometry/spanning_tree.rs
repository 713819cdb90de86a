//! Geometry from minimum spanning trees: the dimension of the set that the rows fill.

use crate::error::{Error, Result};
use crate::metrics::eval::{Eval, FromTrees};
use crate::metrics::metric::{Better, Law, Metric};
use crate::uncertainty::ErrorBar;

/// Rows whose distances are held: 32 MB.
const MOST: usize = 2_000;

/// 1 / (1 - m), m the least-squares slope of log L on log n, from pairs (n, L).
///
/// # Errors
/// Undefined where a tree has no length, and where lengths grow as fast as the number of rows or faster.
fn dimension_of_growth(growth: &[(f64, f64)]) -> Result<f64> {
    if growth.iter().any(|(_, length)| *length == 0.0) {
        return Err(Error::undefined("all rows of a subset are the same"));
    }
    let points: Vec<(f64, f64)> = growth.iter().map(|(n, length)| (n.ln(), length.ln())).collect();
    let count = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / count;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / count;
    let products: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let squares: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let slope = products / squares;
    // Lengths of simplices grow as n - 1: by rounding and by small n faster than n.
    if !slope.is_finite() || slope >= 1.0 {
        return Err(Error::undefined(format!(
            "trees grow as fast as the number of rows (exponent {slope:.4}): at these sizes rows are all about as far apart, and \
             no dimension is seen"
        )));
    }
    Ok(1.0 / (1.0 - slope))
}

pub(super) const MST: Metric = Metric {
    id: "intrinsic_dim_mst",
    label: "Intrinsic dimension (MST)",
    unit: "dimensions",
    better: Better::Neither,
    range: (0.0, f64::INFINITY),
    about: "The dimension of the set that the rows fill, from how the length of their minimum spanning tree grows with the number of \
            rows: as n^(1 - 1/d). It sees the whole set where TwoNN and MLE see the neighbourhoods of single rows. Also known as \
            the persistent homology dimension PHdim0.",
    caveat: "Too small in high dimensions, where rows are too few to fill the space and most lie near its edge: of 2,000 rows a normal \
             distribution in 20 dimensions comes out as 19, an even one in a cube as 14. Clusters far apart pull it towards 1, as the edges between them do not grow in number; with alpha = 1 \
             nothing below 1 is told.",
    formula: "1 / (1 - m), m the least-squares slope of log L(n) on log n, L(n) the mean length (sum of Euclidean edges, alpha = 1) of \
              the minimum spanning trees of n rows",
    convention: "at most 2,000 rows, drawn under the seed; 8 random orders of them, of each the first n rows for 8 sizes n, evenly spaced \
                 in log n from a fifth to four fifths of the rows; log of the mean over orders. Published code differs in the \
                 subsets: 16 sizes from 200 to 950, one draw each (Birdal et al.), or the median over reruns.",
    like: &[],
    variants: &[],
    reference: "Costa and Hero, IEEE Trans. Signal Processing 2004; Schweinhart 2020, arXiv 1808.02196 (PHdim0); Birdal et al., NeurIPS \
                2021, arXiv 2111.13171",
    estimand: "the expectation at this number of rows: with more rows high dimensions come out higher",
    // Subsets are drawn by the order of rows.
    laws: &[Law::Rotation, Law::Translation, Law::Scale],
    error: ErrorBar::Jackknife,
    eval: Eval::Trees(FromTrees {
        value: dimension_of_growth,
        most: MOST,
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_of_n_is_its_dimension() {
        for d in [1.5f64, 2.0, 7.0, 100.0] {
            let growth: Vec<(f64, f64)> = [10.0f64, 20.0, 30.0, 80.0]
                .iter()
                .map(|n| (*n, 3.0 * n.powf(1.0 - 1.0 / d)))
                .collect();
            assert!((dimension_of_growth(&growth).unwrap() / d - 1.0).abs() < 1e-11);
        }
        // Along a line or a star of far clusters the length stays the same.
        assert!((dimension_of_growth(&[(5.0, 2.0), (9.0, 2.0)]).unwrap() - 1.0).abs() < 1e-15);
        assert!(dimension_of_growth(&[(5.0, 4.0), (9.0, 8.0)]).is_err());
        assert!(dimension_of_growth(&[(5.0, 0.0), (9.0, 8.0)]).is_err());
    }
}
