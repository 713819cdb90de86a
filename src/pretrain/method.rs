//! What a pretraining method is: its heads, its loss, its row in the catalogue.

use tch::Tensor;
use tch::nn::{Path, VarStore};

use super::config::TrainingConfig;
use crate::checkpoint::arch::HeadStep;
use crate::checkpoint::own::ClassifierInput;
use crate::error::Result;
use crate::extract::nets::Backbone;
use crate::images::small_views::ViewStrength;

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
pub struct MethodEntry {
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
    pub augment: ViewStrength,
    /// The layers of its projector where the user does not say, as [`Projector::parse`](super::projector::Projector::parse) reads them.
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
    pub build: fn(&Path, &TrainingConfig, classes: usize) -> Result<Box<dyn Method>>,
}

impl MethodEntry {
    /// What the names of the encoder trained by gradient begin with, where the method has two.
    pub fn branch(&self) -> Option<&'static str> {
        self.branches.map(|[first, _]| first)
    }
}
