//! BYOL (Grill et al. 2020): an online encoder predicts what a slowly following target encoder makes of another view.

use std::f64::consts::PI;

use tch::Tensor;
use tch::nn::{Path, VarStore};

use super::config::TrainingConfig;
use super::follower::Follower;
use super::method::{Method, MethodEntry};
use super::outputs::normalised;
use crate::checkpoint::arch::HeadStep;
use crate::error::{Error, Result};
use crate::extract::nets::{Backbone, Head};
use crate::images::small_views::ViewStrength;

const BRANCHES: [&str; 2] = ["online", "target"];

/// Online and target encoder with projectors, and a predictor on the online side; no negatives.
pub const BYOL: MethodEntry = MethodEntry {
    id: "byol",
    name: "BYOL",
    about: "without labels or negatives: an online encoder predicts a target that follows it",
    labels: false,
    views: 2,
    augment: ViewStrength::Strong,
    projector: "fc-bn-relu-fc",
    branches: Some(BRANCHES),
    ema: Some(0.99),
    queue: None,
    temperature: None,
    build: |root, config, _| Ok(Box::new(Byol::new(root, config)?)),
};

struct Byol {
    projector_steps: Vec<HeadStep>,
    projector: Head,
    predictor_steps: Vec<HeadStep>,
    predictor: Head,
    target: Follower,
    ema: f64,
    outputs: Option<Tensor>,
}

impl Byol {
    fn new(root: &Path, config: &TrainingConfig) -> Result<Self> {
        if config.projector.is_none() {
            return Err(Error::input(
                "--projector none: BYOL predicts what a projector gives; name one",
            ));
        }
        let path = root / BRANCHES[0];
        let projector_steps = config.projector_steps();
        let predictor_steps = predictor(config);
        Ok(Self {
            projector: Head::new(&(&path / "projector"), &projector_steps)?,
            projector_steps,
            predictor: Head::new(&(&path / "predictor"), &predictor_steps)?,
            predictor_steps,
            target: Follower::new(root, BRANCHES, config)?,
            ema: config.ema.unwrap_or(1.0),
            outputs: None,
        })
    }
}

/// Linear, BatchNorm, ReLU, Linear, as wide inside as the projector and from its output to its output.
fn predictor(config: &TrainingConfig) -> Vec<HeadStep> {
    let width = config.projector.width(config.arch.width());
    let hidden = config.projector.widths().iter().copied().max().unwrap_or(width);
    let linear = |inputs, outputs| HeadStep::Linear {
        inputs,
        outputs,
        bias: true,
    };
    vec![
        linear(width, hidden),
        HeadStep::BatchNorm1d {
            width: hidden,
            affine: true,
        },
        HeadStep::Relu,
        linear(hidden, width),
    ]
}

impl Method for Byol {
    fn loss(&mut self, backbone: &Backbone, views: &[Tensor], _labels: &Tensor) -> Tensor {
        // Each view alone, as in the paper's code: batch statistics are those of one view.
        let projected: Vec<Tensor> = views
            .iter()
            .map(|view| self.projector.forward(&backbone.forward(view, true), true))
            .collect();
        let predicted: Vec<Tensor> = projected
            .iter()
            .map(|rows| self.predictor.forward(rows, true))
            .collect();
        let targets: Vec<Tensor> = views.iter().map(|view| self.target.rows(view)).collect();
        self.outputs = projected.first().map(Tensor::detach);
        distance(&predicted[0], &targets[1]) + distance(&predicted[1], &targets[0])
    }

    fn projector(&self) -> &[HeadStep] {
        &self.projector_steps
    }

    fn predictor(&self) -> &[HeadStep] {
        &self.predictor_steps
    }

    fn outputs(&self) -> Option<&Tensor> {
        self.outputs.as_ref()
    }

    fn start(&mut self, weights: &VarStore) {
        self.target.start(weights);
    }

    fn after_step(&mut self, progress: f64) {
        self.target.follow(momentum(self.ema, progress));
    }
}

/// Mean squared distance of normalised rows: 2 - 2 cos, between 0 and 4.
pub fn distance(predicted: &Tensor, target: &Tensor) -> Tensor {
    let cosines =
        (normalised(predicted) * normalised(target)).sum_dim_intlist([1i64].as_slice(), false, tch::Kind::Float);
    2.0 - 2.0 * cosines.mean(tch::Kind::Float)
}

/// The share of itself that the target keeps: from `base` at the start to 1 at the end, along half a cosine.
pub fn momentum(base: f64, progress: f64) -> f64 {
    1.0 - (1.0 - base) * ((PI * progress).cos() + 1.0) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_papers_sum() {
        let flat = |k: usize| -> Vec<f32> { (0..12).map(|i| ((i * k + 3) % 7) as f32 - 2.5).collect() };
        let (a, b) = (flat(5), flat(3));
        let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let mut by_hand = 0.0;
        for (a, b) in a.chunks(4).zip(b.chunks(4)) {
            for (x, y) in a.iter().zip(b) {
                by_hand += (f64::from(*x) / norm(a) - f64::from(*y) / norm(b)).powi(2) / 3.0;
            }
        }
        let tensor = |v: &[f32]| Tensor::from_slice(v).view([3, 4]);
        let got = distance(&tensor(&a), &tensor(&b)).double_value(&[]);
        assert!((got - by_hand).abs() < 1e-6, "{got} {by_hand}");
    }

    #[test]
    fn the_target_keeps_more_and_more_of_itself() {
        assert!((momentum(0.99, 0.0) - 0.99).abs() < 1e-15);
        assert!((momentum(0.99, 0.5) - 0.995).abs() < 1e-15);
        assert!((momentum(0.99, 1.0) - 1.0).abs() < 1e-15);
    }
}
