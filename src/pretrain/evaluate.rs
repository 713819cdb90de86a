//! How good an encoder is on images it has not seen.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, no_grad};

use super::method::Method;
use super::pixels::{Norm, Pixels};
use crate::extract::nets::Backbone;

/// Shares of held-out images given to their right class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutAccuracy {
    /// Held-out images that have a label.
    pub images: usize,
    /// By the classifier's highest score; `None` for methods without a classifier.
    pub classifier: Option<f64>,
    /// By the nearest class mean: Euclidean distance of backbone features to the mean features of each class over the
    /// training images, none augmented.
    pub nearest_class_mean: f64,
}

const BATCH: usize = 500;

/// Measures an encoder. `None` when no held-out image has a label.
pub fn accuracy(
    backbone: &Backbone,
    method: &dyn Method,
    train: &Pixels,
    held_out: &Pixels,
    norm: &Norm,
    device: Device,
) -> Option<HeldOutAccuracy> {
    no_grad(|| {
        let (means, empty) = class_means(backbone, train, norm, device);
        let squares = means.square().sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
        let (mut images, mut nearest, mut classified) = (0usize, 0i64, None);
        each_batch(backbone, held_out, norm, device, |features, labels| {
            images += labels.size()[0] as usize;
            // |f - m|² but for |f|², which is the same for every class; f64 so that large means cost no digits.
            let distances = &squares - features.to_kind(Kind::Double).matmul(&means.tr()) * 2.0;
            let distances = distances.masked_fill(&empty, f64::INFINITY);
            nearest += right(&distances.argmin(1, false), labels);
            if let Some(scores) = method.logits(features) {
                *classified.get_or_insert(0) += right(&scores.argmax(1, false), labels);
            }
        });
        let share = |right: i64| right as f64 / images as f64;
        (images > 0).then(|| HeldOutAccuracy {
            images,
            classifier: classified.map(share),
            nearest_class_mean: share(nearest),
        })
    })
}

fn right(guesses: &Tensor, labels: &Tensor) -> i64 {
    guesses.eq_tensor(labels).sum(Kind::Int64).int64_value(&[])
}

/// Mean features of each class (classes, width) in f64, and which classes have no images (classes).
fn class_means(backbone: &Backbone, pixels: &Pixels, norm: &Norm, device: Device) -> (Tensor, Tensor) {
    let classes = pixels.classes().len() as i64;
    let mut counts = Tensor::zeros([classes], (Kind::Double, device));
    let mut sums: Option<Tensor> = None;
    each_batch(backbone, pixels, norm, device, |features, labels| {
        let features = features.to_kind(Kind::Double);
        let sums = sums.get_or_insert_with(|| Tensor::zeros([classes, features.size()[1]], (Kind::Double, device)));
        let _ = sums.index_add_(0, labels, &features);
        let _ = counts.index_add_(0, labels, &labels.ones_like().to_kind(Kind::Double));
    });
    let sums = sums.unwrap_or_else(|| Tensor::zeros([classes, 1], (Kind::Double, device)));
    (sums / counts.clamp_min(1.0).unsqueeze(1), counts.eq(0.0))
}

/// Gives the features and labels of all labelled images, in order.
fn each_batch(
    backbone: &Backbone,
    pixels: &Pixels,
    norm: &Norm,
    device: Device,
    mut give: impl FnMut(&Tensor, &Tensor),
) {
    for start in (0..pixels.len()).step_by(BATCH) {
        let range = start..(start + BATCH).min(pixels.len());
        let features = backbone.forward(&pixels.plain(range.clone(), norm, device), false);
        let (rows, labels): (Vec<i64>, Vec<i64>) = pixels.labels()[range]
            .iter()
            .zip(0..)
            .filter_map(|(label, row)| Some((row, i64::from((*label)?))))
            .unzip();
        if !rows.is_empty() {
            let features = features.index_select(0, &Tensor::from_slice(&rows).to_device(device));
            give(&features, &Tensor::from_slice(&labels).to_device(device));
        }
    }
}
