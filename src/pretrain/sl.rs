//! Supervised learning: SL (encoder, classifier) and SL-MLP (a projector between the two: the change of Wang et al.
//! 2022, "Revisiting the Transferability of Supervised Pretraining: an MLP Perspective", and nothing else).

use tch::Tensor;
use tch::nn::Path;

use super::config::TrainingConfig;
use super::method::{Method, MethodEntry};
use crate::checkpoint::arch::HeadStep;
use crate::checkpoint::own::ClassifierInput;
use crate::error::Result;
use crate::extract::nets::{Backbone, Head};
use crate::images::small_views::ViewStrength;

/// Encoder and linear classifier.
pub const SL: MethodEntry = MethodEntry {
    id: "sl",
    name: "SL",
    about: "supervised: encoder, linear classifier",
    labels: true,
    views: 1,
    augment: ViewStrength::Weak,
    projector: "none",
    branches: None,
    ema: None,
    queue: None,
    temperature: None,
    build: |root, config, classes| Ok(Box::new(Supervised::new(root, config, classes)?)),
};

/// Encoder, projector and linear classifier.
pub const SL_MLP: MethodEntry = MethodEntry {
    id: "sl-mlp",
    name: "SL-MLP",
    about: "supervised with a projector before the classifier",
    projector: "fc-bn-relu-fc",
    ..SL
};

struct Supervised {
    steps: Vec<HeadStep>,
    projector: Head,
    classifier: Head,
}

impl Supervised {
    fn new(path: &Path, config: &TrainingConfig, classes: usize) -> Result<Self> {
        let (steps, width) = (config.projector_steps(), config.projector.width(config.arch.width()));
        Ok(Self {
            projector: Head::new(&(path / "projector"), &steps)?,
            steps,
            classifier: Head::new(
                &(path / "classifier"),
                &[HeadStep::Linear {
                    inputs: width,
                    outputs: classes,
                    bias: true,
                }],
            )?,
        })
    }

    fn scores(&self, features: &Tensor, train: bool) -> Tensor {
        self.classifier.forward(&self.projector.forward(features, train), train)
    }
}

impl Method for Supervised {
    fn loss(&mut self, backbone: &Backbone, views: &[Tensor], labels: &Tensor) -> Tensor {
        self.scores(&backbone.forward(&views[0], true), true)
            .cross_entropy_for_logits(labels)
    }

    fn projector(&self) -> &[HeadStep] {
        &self.steps
    }

    fn classifier(&self) -> Option<ClassifierInput> {
        Some(if self.steps.is_empty() {
            ClassifierInput::Backbone
        } else {
            ClassifierInput::Projector
        })
    }

    fn logits(&self, features: &Tensor) -> Option<Tensor> {
        Some(self.scores(features, false))
    }
}
