//! What decides the weights of a training, besides the data.

use serde::{Deserialize, Serialize};

use super::projector::Projector;
use crate::checkpoint::arch::{Arch, HeadStep};
use crate::images::small_views::ViewStrength;

/// What decides the weights that come out, besides the data. Kept with the checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// Id of the method.
    pub method: String,
    /// The encoder.
    pub arch: Arch,
    /// The layers between encoder and loss.
    pub projector: Projector,
    /// How views are made; as the method makes them where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<ViewStrength>,
    /// The share of itself that a second encoder keeps at each step (at the first, where it changes), for methods with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// Length of the queue of past keys, for methods with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
    /// Passes over the images.
    pub epochs: u64,
    /// Images in a batch; a last, smaller batch is left out.
    pub batch_size: usize,
    /// Highest learning rate.
    pub lr: f64,
    /// Epochs over which the rate rises to it.
    pub warmup_epochs: f64,
    /// Momentum of SGD.
    pub momentum: f64,
    /// L2 penalty on kernels and matrices.
    pub weight_decay: f64,
    /// Temperature of a contrastive loss.
    pub temperature: f64,
    /// Side of the images, in pixels.
    pub image_size: usize,
    /// Seed of the first weights, the order of images and the augmentations.
    pub seed: u64,
    /// Only the first so many images of each class; all of them where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

impl TrainingConfig {
    /// The steps of the projector after this encoder.
    pub fn projector_steps(&self) -> Vec<HeadStep> {
        self.projector.steps(self.arch.width())
    }
}
