//! Training small encoders, so that the paper's comparison of pretraining methods can be repeated on one's own data.
//!
//! A method is one file: a [`Method`] (its heads and its loss) and one row in [`METHODS`]. Everything else is shared, so
//! that two methods differ in the method and in nothing else: the backbone and its first weights, the images and their
//! order, the optimizer, the schedule.

pub mod byol;
pub mod data;
pub mod evaluate;
pub mod follower;
pub mod moco;
pub mod projector;
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
use crate::images::small_views::Strength;
use projector::Projector;

pub use train::{Event, Run, Trained, train};

/// A pretraining method: what follows the backbone, and what is minimised.
pub trait Method {
    /// The loss of one batch: `views` are (B, 3, S, S) each, of the same B images; `labels` (B) are their classes.
    /// Called in training mode.
    fn loss(&mut self, backbone: &Backbone, views: &[Tensor], labels: &Tensor) -> Tensor;

    /// The steps of the projector, empty where the method has none; named `projector.{i}` in the checkpoint.
    fn projector(&self) -> &[HeadStep] {
        &[]
    }

    /// The steps of the predictor, empty where the method has none; named `predictor.{i}` in the checkpoint.
    fn predictor(&self) -> &[HeadStep] {
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

    /// The outputs (B, d) of the last batch, for methods that could make them all alike; not normalised.
    fn outputs(&self) -> Option<&Tensor> {
        None
    }

    /// Called once when the first weights are drawn: a momentum encoder becomes a copy of the encoder.
    fn start(&mut self, _weights: &VarStore) {}

    /// What changes by other means than gradients, after each optimizer step: a momentum encoder, a queue. Such tensors
    /// are variables without a gradient, so that they are saved with the rest. `progress` runs from 0 to 1 over the run.
    fn after_step(&mut self, _progress: f64) {}
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
    /// How a view is made where the user does not say.
    pub augment: Strength,
    /// The layers of its projector where the user does not say, as [`Projector::parse`] reads them.
    pub projector: &'static str,
    /// Where a method has two encoders, what the names of each begin with; the first is trained by gradient.
    pub branches: Option<[&'static str; 2]>,
    /// The share of itself that a second encoder keeps at each step, where there is one.
    pub ema: Option<f64>,
    /// Length of the queue of past keys, where there is one.
    pub queue: Option<usize>,
    /// Temperature of the loss, where it has one.
    pub temperature: Option<f64>,
    /// Builds the heads below the root, those of a first branch below its name (its backbone is already there, at
    /// `backbone`).
    pub build: fn(&Path, &Config, classes: usize) -> Result<Box<dyn Method>>,
}

impl Entry {
    /// What the names of the encoder trained by gradient begin with, where the method has two.
    pub fn branch(&self) -> Option<&'static str> {
        self.branches.map(|[first, _]| first)
    }
}

/// Every method.
pub const METHODS: [Entry; 5] = [sl::SL, sl::SL_MLP, simclr::SIMCLR, moco::MOCO_V2, byol::BYOL];

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
    /// The layers between encoder and loss.
    pub projector: Projector,
    /// How views are made; as the method makes them where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<Strength>,
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

impl Config {
    /// Checks what can be checked before any data is read.
    ///
    /// # Errors
    /// In one sentence, for the first value that makes no sense.
    pub fn check(&self) -> Result<()> {
        let entry = method(&self.method)?;
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
        self.check_second(entry)?;
        if matches!(self.arch, Arch::Cnn(_)) && self.image_size < 32 {
            return Err(Error::input(format!(
                "images of {0} x {0} px are too small for {1}; pass --image-size 32 or more",
                self.image_size,
                self.arch.name()
            )));
        }
        if !(8..=512).contains(&self.image_size) {
            return Err(Error::input(format!(
                "images of {0} x {0} px cannot be trained on; pass --image-size between 8 and 512",
                self.image_size
            )));
        }
        Ok(())
    }

    /// What belongs to a second encoder: there where the method has one, and nowhere else.
    fn check_second(&self, entry: &Entry) -> Result<()> {
        let fits = |name: &str, asked: bool, has: bool| match asked == has {
            true => Ok(()),
            false if has => Err(Error::input(format!("{name} is not given; {} needs it", entry.name))),
            false => Err(Error::input(format!(
                "{name} has no meaning for {}; leave it out",
                entry.name
            ))),
        };
        fits("--ema", self.ema.is_some(), entry.ema.is_some())?;
        fits("--queue", self.queue.is_some(), entry.queue.is_some())?;
        if let Some(ema) = self.ema.filter(|ema| !(0.0..1.0).contains(ema)) {
            return Err(Error::input(format!("--ema is {ema}; expected 0 or more, below 1")));
        }
        if let Some(queue) = self.queue.filter(|queue| !(self.batch_size..=1 << 20).contains(queue)) {
            return Err(Error::input(format!(
                "--queue is {queue}; expected from one batch ({}) to {}",
                self.batch_size,
                1 << 20
            )));
        }
        Ok(())
    }

    /// The steps of the projector after this encoder.
    pub fn projector_steps(&self) -> Vec<HeadStep> {
        self.projector.steps(self.arch.width())
    }

    /// How views are made.
    ///
    /// # Errors
    /// For an unknown method.
    pub fn strength(&self) -> Result<Strength> {
        Ok(match self.augment {
            Some(strength) => strength,
            None => method(&self.method)?.augment,
        })
    }
}

/// How far apart rows (B, d) point: the mean over dimensions of the standard deviation of the normalised rows, times √d. 1
/// where they point everywhere, 0 where all point one way (Chen & He 2021, "Exploring Simple Siamese Representation
/// Learning", whose value is this over √d).
pub fn spread(rows: &Tensor) -> f64 {
    let rows = normalised(rows);
    let width = rows.size()[1] as f64;
    let deviations = rows.std_dim([0i64].as_slice(), false, false);
    deviations.mean(Kind::Double).double_value(&[]) * width.sqrt()
}

/// Outputs below this [`spread`] have collapsed.
pub const COLLAPSED: f64 = 0.1;

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
        assert_eq!(
            message,
            "method \"moco\" is not known; expected sl, sl-mlp, simclr, moco-v2, byol"
        );
    }

    #[test]
    fn rows_that_point_everywhere_have_spread_one_and_those_that_point_one_way_none() {
        // The ends of every axis: mean 0 and mean square 1/d in each dimension.
        let axes = Tensor::eye(8, (Kind::Float, tch::Device::Cpu));
        let both = Tensor::cat(&[&axes * 3.0, &axes * -0.5], 0);
        assert!((spread(&both) - 1.0).abs() < 1e-6);
        assert!(spread(&Tensor::ones([5, 8], (Kind::Float, tch::Device::Cpu))) < 1e-6);
    }

    #[test]
    fn normalised_rows_have_length_one_and_zero_stays_zero() {
        let rows = normalised(&Tensor::from_slice(&[3.0f32, 4.0, 0.0, 0.0]).view([2, 2]));
        let expected = Tensor::from_slice(&[0.6f32, 0.8, 0.0, 0.0]).view([2, 2]);
        assert!(rows.allclose(&expected, 1e-6, 1e-7, false));
    }
}
