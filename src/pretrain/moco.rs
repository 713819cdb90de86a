//! MoCo v2 (He et al. 2020; Chen, Fan, Girshick & He 2020): a view finds its twin, as a slowly following encoder sees
//! it, among the images of past batches.
//!
//! The paper shuffles the key's images between devices, so that the batch statistics of a query and of its key are not
//! those of the same images. On one device all images of a batch share one set of statistics, in any order: shuffling
//! changes nothing there, and is left out.

use tch::nn::{Path, VarStore};
use tch::{Kind, Tensor};

use super::config::TrainingConfig;
use super::follower::Follower;
use super::method::{Method, MethodEntry};
use super::outputs::normalised;
use crate::checkpoint::arch::HeadStep;
use crate::error::Result;
use crate::extract::nets::{Backbone, Head};
use crate::images::small_views::ViewStrength;

const BRANCHES: [&str; 2] = ["encoder_q", "encoder_k"];

/// Query and key encoder with projectors, and a queue of past keys.
pub const MOCO_V2: MethodEntry = MethodEntry {
    id: "moco-v2",
    name: "MoCo v2",
    about: "contrastive, without labels: a query, its key by a following encoder, a queue of past keys",
    labels: false,
    views: 2,
    augment: ViewStrength::Strong,
    projector: "fc-relu-fc",
    branches: Some(BRANCHES),
    ema: Some(0.99),
    queue: Some(4096),
    temperature: Some(0.2),
    build: |root, config, _| Ok(Box::new(MoCo::new(root, config)?)),
};

struct MoCo {
    steps: Vec<HeadStep>,
    projector: Head,
    key: Follower,
    /// Normalised keys of past images, (K, d), and the row the next one goes to.
    queue: Tensor,
    next: Tensor,
    temperature: f64,
    ema: f64,
    /// Keys of the batch, until the step is done.
    keys: Option<Tensor>,
    outputs: Option<Tensor>,
}

impl MoCo {
    fn new(root: &Path, config: &TrainingConfig) -> Result<Self> {
        let steps = config.projector_steps();
        let width = config.projector.width(config.arch.width()) as i64;
        let rows = config.queue.unwrap_or(1) as i64;
        Ok(Self {
            projector: Head::new(&(root / BRANCHES[0] / "projector"), &steps)?,
            steps,
            key: Follower::new(root, BRANCHES, config)?,
            queue: root.zeros_no_train("queue", &[rows, width]),
            next: root.zeros_no_train("queue_ptr", &[1]),
            temperature: config.temperature,
            ema: config.ema.unwrap_or(1.0),
            keys: None,
            outputs: None,
        })
    }
}

impl Method for MoCo {
    fn loss(&mut self, backbone: &Backbone, views: &[Tensor], _labels: &Tensor) -> Tensor {
        let queries = self.projector.forward(&backbone.forward(&views[0], true), true);
        let keys = normalised(&self.key.rows(&views[1]));
        self.outputs = Some(queries.detach());
        let loss = info_nce(&queries, &keys, &self.queue, self.temperature);
        self.keys = Some(keys);
        loss
    }

    fn projector(&self) -> &[HeadStep] {
        &self.steps
    }

    fn outputs(&self) -> Option<&Tensor> {
        self.outputs.as_ref()
    }

    fn start(&mut self, weights: &VarStore) {
        self.key.start(weights);
        // Random rows were drawn with the first weights; keys are of length one.
        let rows = normalised(&self.queue);
        self.queue.copy_(&rows);
    }

    fn after_step(&mut self, _progress: f64) {
        self.key.follow(self.ema);
        if let Some(keys) = self.keys.take() {
            let (rows, count) = (self.queue.size()[0], keys.size()[0]);
            let at =
                (Tensor::arange(count, (Kind::Int64, keys.device())) + self.next.to_kind(Kind::Int64)).remainder(rows);
            let _ = self.queue.index_copy_(0, &at, &keys);
            let next = (&self.next + count as f64).remainder(rows as f64);
            self.next.copy_(&next);
        }
    }
}

/// `mean over i of -log( exp(q_i·k_i / t) / (exp(q_i·k_i / t) + sum over j of exp(q_i·n_j / t)) )`, with the rows of
/// `queries` (B, d) brought to length one; `keys` (B, d) and `negatives` (K, d) have it already and give no gradient.
pub fn info_nce(queries: &Tensor, keys: &Tensor, negatives: &Tensor, temperature: f64) -> Tensor {
    let queries = normalised(queries);
    let positive = (&queries * keys).sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
    let scores = Tensor::cat(&[positive, queries.matmul(&negatives.tr())], 1) / temperature;
    scores.cross_entropy_for_logits(&Tensor::zeros([queries.size()[0]], (Kind::Int64, queries.device())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum as it is written in the paper, in f64.
    #[test]
    fn info_nce_is_the_papers_sum() {
        let rows = |count: usize, k: usize| -> Vec<Vec<f64>> {
            (0..count)
                .map(|i| (0..4).map(|j| ((i * 4 + j) * k % 9) as f64 - 3.7).collect())
                .collect()
        };
        let unit = |rows: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            rows.into_iter()
                .map(|v| v.iter().map(|x| x / length(&v)).collect())
                .collect()
        };
        let (queries, keys, negatives) = (rows(3, 5), unit(rows(3, 7)), unit(rows(6, 2)));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let tensor = |rows: &[Vec<f64>]| {
            let flat: Vec<f32> = rows.iter().flatten().map(|&x| x as f32).collect();
            Tensor::from_slice(&flat).view([rows.len() as i64, 4])
        };
        for t in [0.07, 0.2, 1.0] {
            let by_hand: f64 = unit(queries.clone())
                .iter()
                .zip(&keys)
                .map(|(q, k)| {
                    let right = (dot(q, k) / t).exp();
                    -(right / (right + negatives.iter().map(|n| (dot(q, n) / t).exp()).sum::<f64>())).ln() / 3.0
                })
                .sum();
            let got = info_nce(&tensor(&queries), &tensor(&keys), &tensor(&negatives), t).double_value(&[]);
            assert!((got - by_hand).abs() < 1e-5 * by_hand.max(1.0), "{got} {by_hand}");
        }
    }
}
