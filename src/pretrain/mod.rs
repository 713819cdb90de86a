//! Training small encoders, so that the paper's comparison of pretraining methods can be repeated on one's own data.
//!
//! A method is one file: a [`Method`] (its heads and its loss) and one row in [`METHODS`]. Everything else is shared, so
//! that two methods differ in the method and in nothing else: the backbone and its first weights, the images and their
//! order, the optimizer, the schedule.

pub mod augment;
pub mod data;
pub mod evaluate;
mod resume;
pub mod save;
pub mod schedule;
pub mod sgd;
pub mod simclr;
pub mod sl;
mod train;

use serde::{Deserialize, Serialize};
use tch::nn::{Path, VarStore};
use tch::{Kind, Tensor};

use crate::checkpoint::arch::{Arch, HeadStep};
use crate::checkpoint::own::ClassifierInput;
use crate::error::{Error, Result};
use crate::extract::nets::Backbone;

pub use train::{Event, Outcome, Run, train};

/// A pretraining method: what follows the backbone, and what is minimised.
pub trait Method {
    /// The loss of one batch: `views` are (B, 3, S, S) each, of the same B images; `labels` (B) are their classes.
    /// Called in training mode.
    fn loss(&mut self, backbone: &Backbone, views: &[Tensor], labels: &Tensor) -> Tensor;

    /// The steps of the projector, empty where the method has none; named `projector.{i}` in the checkpoint.
    fn projector(&self) -> &[HeadStep] {
        &[]
    }

    /// What the classifier reads, where there is one; its tensors are `classifier.0.weight` and `classifier.0.bias`.
    fn classifier(&self) -> Option<ClassifierInput> {
        None
    }

    /// Class scores (B, classes) of backbone features (B, width), where the method has a classifier.
    fn logits(&self, _features: &Tensor) -> Option<Tensor> {
        None
    }

    /// Called once when the first weights are drawn: a momentum encoder becomes a copy of the encoder.
    fn start(&mut self, _weights: &VarStore) {}

    /// What changes by other means than gradients, after each optimizer step: a momentum encoder, a queue. Such tensors
    /// are variables without a gradient, so that they are saved with the rest. `progress` runs from 0 to 1 over the run.
    fn after_step(&mut self, _weights: &VarStore, _progress: f64) {}
}

/// One row of the catalogue of methods.
pub struct Entry {
    /// What users write: `sl-mlp`.
    pub id: &'static str,
    /// The name in print: `SL-MLP`.
    pub name: &'static str,
    /// One line for the help.
    pub about: &'static str,
    /// Whether every image needs a label.
    pub labels: bool,
    /// Views of each image in a batch.
    pub views: usize,
    /// How a view is made.
    pub recipe: augment::Recipe,
    /// Builds the heads below the path (the backbone is already there, at `backbone`).
    pub build: fn(&Path, &Config, classes: usize) -> Result<Box<dyn Method>>,
}

/// Every method.
pub const METHODS: [Entry; 3] = [sl::SL, sl::SL_MLP, simclr::SIMCLR];

/// The method a user named.
///
/// # Errors
/// For an unknown name.
pub fn method(id: &str) -> Result<&'static Entry> {
    METHODS.iter().find(|entry| entry.id == id).ok_or_else(|| {
        let known: Vec<_> = METHODS.iter().map(|entry| entry.id).collect();
        Error::input(format!("method {id:?} is not known; expected {}", known.join(", ")))
    })
}

/// What decides the weights that come out, besides the data. Kept with the checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Id of the method.
    pub method: String,
    /// The encoder.
    pub arch: Arch,
    /// Hidden and output width of the projector, for methods that have one.
    pub projector: [usize; 2],
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

impl Config {
    /// Checks what can be checked before any data is read.
    ///
    /// # Errors
    /// In one sentence, for the first value that makes no sense.
    pub fn check(&self) -> Result<()> {
        method(&self.method)?;
        let positive = |name: &str, value: f64| match value.is_finite() && value > 0.0 {
            true => Ok(()),
            false => Err(Error::input(format!("{name} is {value}; expected a number above 0"))),
        };
        let not_negative = |name: &str, value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(()),
            false => Err(Error::input(format!("{name} is {value}; expected 0 or a number above"))),
        };
        positive("--lr", self.lr)?;
        positive("--temperature", self.temperature)?;
        not_negative("--weight-decay", self.weight_decay)?;
        not_negative("--warmup-epochs", self.warmup_epochs)?;
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(Error::input(format!(
                "--momentum is {}; expected 0 or more, below 1",
                self.momentum
            )));
        }
        if self.epochs == 0 {
            return Err(Error::input("--epochs is 0; expected at least 1"));
        }
        if self.batch_size < 2 {
            return Err(Error::input(
                "--batch-size is below 2; batch normalisation needs at least 2 images",
            ));
        }
        if self.projector.iter().any(|w| !(1..=16_384).contains(w)) {
            return Err(Error::input("--projector: the widths are 1 to 16384"));
        }
        if !(8..=512).contains(&self.image_size) {
            return Err(Error::input(format!(
                "images of {0} x {0} px cannot be trained on; pass --image-size between 8 and 512",
                self.image_size
            )));
        }
        Ok(())
    }

    /// The projector of the paper and of SimCLR: Linear, BatchNorm, ReLU, Linear.
    fn projector_steps(&self) -> Vec<HeadStep> {
        let [hidden, outputs] = self.projector;
        vec![
            HeadStep::Linear {
                inputs: self.arch.width(),
                outputs: hidden,
                bias: true,
            },
            HeadStep::BatchNorm1d {
                width: hidden,
                affine: true,
            },
            HeadStep::Relu,
            HeadStep::Linear {
                inputs: hidden,
                outputs,
                bias: true,
            },
        ]
    }
}

/// Each row divided by its Euclidean norm.
fn normalised(rows: &Tensor) -> Tensor {
    let norms = rows
        .square()
        .sum_dim_intlist([1i64].as_slice(), true, Kind::Float)
        .sqrt();
    rows / norms.clamp_min(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_ids_of_their_own_and_unknown_ones_list_them() {
        for entry in &METHODS {
            assert_eq!(method(entry.id).unwrap().name, entry.name);
        }
        let message = method("moco").err().unwrap().to_string();
        assert_eq!(message, "method \"moco\" is not known; expected sl, sl-mlp, simclr");
    }

    #[test]
    fn normalised_rows_have_length_one_and_zero_stays_zero() {
        let rows = normalised(&Tensor::from_slice(&[3.0f32, 4.0, 0.0, 0.0]).view([2, 2]));
        let expected = Tensor::from_slice(&[0.6f32, 0.8, 0.0, 0.0]).view([2, 2]);
        assert!(rows.allclose(&expected, 1e-6, 1e-7, false));
    }
}
