//! The second encoder of a method, which follows the first as a moving average and has no gradient of its own.

use tch::nn::{Path, VarStore};
use tch::{Tensor, no_grad};

use super::config::TrainingConfig;
use crate::error::Result;
use crate::extract::nets::{Backbone, Head};

/// An encoder and projector whose weights are a moving average of another's. Running statistics of its normalisations
/// are its own: it sees batches in training mode, as in the code of BYOL and MoCo.
#[derive(Debug)]
pub struct Follower {
    backbone: Backbone,
    projector: Head,
    branches: [&'static str; 2],
    /// Each trained weight of the first branch with its follower.
    pairs: Vec<(Tensor, Tensor)>,
}

impl Follower {
    /// An encoder at the second of two branches below `root`.
    ///
    /// # Errors
    /// Where the network cannot be built.
    pub fn new(root: &Path, branches: [&'static str; 2], config: &TrainingConfig) -> Result<Self> {
        let path = root / branches[1];
        Ok(Self {
            backbone: Backbone::new(&(&path / "backbone"), &config.arch)?,
            projector: Head::new(&(&path / "projector"), &config.projector_steps())?,
            branches,
            pairs: Vec::new(),
        })
    }

    /// Becomes a copy of the first branch, and is no longer trained by gradient.
    pub fn start(&mut self, weights: &VarStore) {
        let variables = weights.variables();
        let [first, second] = self.branches.map(|branch| format!("{branch}."));
        let mut names: Vec<_> = variables.keys().filter_map(|name| name.strip_prefix(&second)).collect();
        names.sort_unstable();
        for name in names {
            let (leader, mut copy) = (
                variables[&format!("{first}{name}")].shallow_clone(),
                variables[&format!("{second}{name}")].shallow_clone(),
            );
            let trained = leader.requires_grad();
            let _ = copy.requires_grad_(false);
            no_grad(|| copy.copy_(&leader));
            if trained {
                self.pairs.push((leader, copy));
            }
        }
    }

    /// Moves every weight to `keep` times itself and `1 - keep` times the weight it follows.
    pub fn follow(&mut self, keep: f64) {
        no_grad(|| {
            for (leader, copy) in &mut self.pairs {
                let _ = copy.g_mul_scalar_(keep).g_add_(&(&*leader * (1.0 - keep)));
            }
        });
    }

    /// Projected rows of images, (B, width), without gradient.
    pub fn rows(&self, images: &Tensor) -> Tensor {
        no_grad(|| self.projector.forward(&self.backbone.forward(images, true), true))
    }
}
