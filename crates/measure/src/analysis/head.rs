//! A model's own classifier, from its logits and the layer that they are a linear map of.

use ndarray::Array2;

use super::subject::labels;
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::stats::{LinearMap, MapSums, Summariser};

/// The most of the variance of logits that may not be linear in a layer that feeds them: rounding in 16 bits leaves 1e-5.
const LEFT_OVER: f64 = 1e-4;

/// The most that may be open of the weights, as a share of them.
const OPEN: f64 = 1e-2;

/// The classifier between a layer and the logits of the same rows, one class for each logit in the order of the labels.
///
/// # Errors
/// Where sets cannot be read. Undefined where the layer does not feed the logits, the rows do not tell its weights, or the logits
/// are of other classes.
pub fn head(features: &dyn FeatureSet, logits: &dyn FeatureSet, read: &(dyn Fn(u64) + Sync)) -> Result<LinearMap> {
    let (d, c) = (features.width(), logits.width());
    let Some(labels) = labels(features) else {
        return Err(Error::undefined("no labels"));
    };
    let mut sums = MapSums::new(d, c);
    let mut of_class = Array2::<f64>::zeros((labels.classes(), c));
    let batch = Summariser::batch_rows(d.max(c));
    let mut seen = 0;
    for (x, y) in features.batches(batch)?.zip(logits.batches(batch)?) {
        let (x, y) = (x?, y?);
        sums.update(x.view(), y.view());
        for (row, class) in y.outer_iter().zip(&labels.class_of()[seen..]) {
            if let Some(class) = class {
                let mut sum = of_class.row_mut(*class as usize);
                sum += &row;
            }
        }
        seen += x.nrows();
        read(2 * x.nrows() as u64);
    }
    let map = sums.map()?;
    if map.residual > LEFT_OVER {
        return Err(Error::undefined(format!(
            "the logits are not linear in this layer ({:.2} % of their variance is left)",
            100.0 * map.residual
        )));
    }
    if map.error > OPEN {
        return Err(Error::undefined(
            "the rows hardly span the layer, so that its weights are not told",
        ));
    }
    // A class has the largest logits, on average, at its own place: else the logits are of other classes, or in another order.
    let at_home = of_class.outer_iter().enumerate().filter(|(class, sums)| {
        let own = sums[*class];
        sums.iter().enumerate().all(|(j, sum)| j == *class || *sum < own)
    });
    match 2 * at_home.count() > labels.classes() {
        true => Ok(map),
        false => Err(Error::undefined("its logits are not of these classes in this order")),
    }
}
