//! SimCLR (Chen et al. 2020): two views of each image find each other among all views of the batch.

use tch::nn::Path;
use tch::{Kind, Tensor};

use super::config::TrainingConfig;
use super::method::{Method, MethodEntry};
use super::outputs::normalised;
use crate::checkpoint::arch::HeadStep;
use crate::error::Result;
use crate::extract::nets::{Backbone, Head};
use crate::images::small_views::ViewStrength;

/// Encoder and projector under NT-Xent.
pub const SIMCLR: MethodEntry = MethodEntry {
    id: "simclr",
    name: "SimCLR",
    about: "contrastive, without labels: two views, projector, NT-Xent",
    labels: false,
    views: 2,
    augment: ViewStrength::Strong,
    projector: "fc-bn-relu-fc",
    branches: None,
    ema: None,
    queue: None,
    temperature: Some(0.5),
    build: |path, config, _| Ok(Box::new(SimClr::new(path, config)?)),
};

struct SimClr {
    steps: Vec<HeadStep>,
    projector: Head,
    temperature: f64,
    outputs: Option<Tensor>,
}

impl SimClr {
    fn new(path: &Path, config: &TrainingConfig) -> Result<Self> {
        let steps = config.projector_steps();
        Ok(Self {
            projector: Head::new(&(path / "projector"), &steps)?,
            steps,
            temperature: config.temperature,
            outputs: None,
        })
    }
}

impl Method for SimClr {
    fn loss(&mut self, backbone: &Backbone, views: &[Tensor], _labels: &Tensor) -> Tensor {
        // One pass over both views: batch statistics are those of all 2B images, as in the paper's code.
        let features = backbone.forward(&Tensor::cat(views, 0), true);
        let rows = self.projector.forward(&features, true);
        self.outputs = Some(rows.detach());
        nt_xent(&rows, self.temperature)
    }

    fn projector(&self) -> &[HeadStep] {
        &self.steps
    }

    fn outputs(&self) -> Option<&Tensor> {
        self.outputs.as_ref()
    }
}

/// The normalised temperature-scaled cross entropy. Rows `i` and `i + B` of `rows` (2B, d) are two views of image `i`:
///
/// `mean over i of -log( exp(s(i, pair(i)) / t) / sum over j != i of exp(s(i, j) / t) )`, `s` = cosine similarity.
pub fn nt_xent(rows: &Tensor, temperature: f64) -> Tensor {
    let rows = normalised(rows);
    let total = rows.size()[0];
    let itself = Tensor::eye(total, (Kind::Bool, rows.device()));
    let scores = (rows.matmul(&rows.tr()) / temperature).masked_fill(&itself, f64::NEG_INFINITY);
    let pair = (Tensor::arange(total, (Kind::Int64, rows.device())) + total / 2).remainder(total);
    scores.cross_entropy_for_logits(&pair)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    /// The sum as it is written in the paper, in f64.
    fn by_hand(rows: &[Vec<f64>], temperature: f64) -> f64 {
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let cosine = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / norm(a) / norm(b);
        let n = rows.len();
        let term = |i: usize| {
            let e = |j: usize| (cosine(&rows[i], &rows[j]) / temperature).exp();
            -(e((i + n / 2) % n) / (0..n).filter(|&j| j != i).map(e).sum::<f64>()).ln()
        };
        (0..n).map(term).sum::<f64>() / n as f64
    }

    #[test]
    fn nt_xent_is_the_papers_sum() {
        let rows: Vec<Vec<f64>> = (0..8)
            .map(|i| (0..5).map(|j| f64::from((i * 7 + j * 3) % 11) - 4.5).collect())
            .collect();
        let flat: Vec<f32> = rows.iter().flatten().map(|&v| v as f32).collect();
        let tensor = Tensor::from_slice(&flat).view([8, 5]);
        for temperature in [0.07, 0.5, 1.0] {
            let (got, expected) = (
                nt_xent(&tensor, temperature).double_value(&[]),
                by_hand(&rows, temperature),
            );
            // f32 scores of size 1/t: 1e-5 is a hundred roundings at the lowest temperature.
            assert!((got - expected).abs() < 1e-5 * expected.max(1.0), "{got} {expected}");
        }
    }

    /// Identical rows: every score is equal, so the loss is ln(2B - 1), whatever the temperature.
    #[test]
    fn rows_all_alike_give_the_logarithm_of_the_candidates() {
        let rows = Tensor::ones([6, 4], (Kind::Float, Device::Cpu));
        assert!((nt_xent(&rows, 0.1).double_value(&[]) - 5.0f64.ln()).abs() < 1e-6);
    }
}
