//! Reading a set once.

use ndarray::ArrayView2;

use crate::error::Result;
use crate::features::FeatureSet;
use crate::stats::Summariser;

/// Hands on all rows of a set, in batches whose size its width sets; `read` is told the number of rows read, as they are read.
pub fn each_batch(
    set: &dyn FeatureSet,
    read: &(dyn Fn(u64) + Sync),
    mut take: impl FnMut(ArrayView2<f64>),
) -> Result<()> {
    for batch in set.batches(Summariser::batch_rows(set.width()))? {
        let batch = batch?;
        take(batch.view());
        read(batch.nrows() as u64);
    }
    Ok(())
}
