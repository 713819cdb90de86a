//! Chosen rows of a set of features.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::features::FeatureSet;

/// Rows read at a time.
const BATCH: usize = 1024;

/// The rows with the given numbers (sorted, counted from 0; a number may repeat), in one pass that ends at the last of them.
///
/// # Errors
/// When a number is no row, the numbers are not sorted, or the features cannot be read.
pub fn gather(set: &dyn FeatureSet, rows: &[usize]) -> Result<Array2<f64>> {
    let path = &set.provenance().path;
    if !rows.is_sorted() {
        return Err(Error::input(format!("{path}: rows to gather must be sorted")));
    }
    if let Some(last) = rows.last().filter(|&&last| last >= set.rows()) {
        return Err(Error::input(format!(
            "{path}: row {last} asked for, but there are {}",
            set.rows()
        )));
    }
    let mut values = Vec::with_capacity(rows.len().saturating_mul(set.width()));
    let mut wanted = rows.iter().copied().peekable();
    let mut first = 0;
    if wanted.peek().is_some() {
        for batch in set.batches(BATCH)? {
            let batch = batch?;
            let end = first + batch.nrows();
            while let Some(row) = wanted.next_if(|&row| row < end) {
                values.extend(batch.row(row - first));
            }
            if wanted.peek().is_none() {
                break;
            }
            first = end;
        }
    }
    Array2::from_shape_vec((rows.len(), set.width()), values)
        .map_err(|_| Error::input(format!("{path}: has fewer rows than it says")))
}
