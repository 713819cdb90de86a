//! What is asked of a checkpoint, and what is loaded from it.

use super::arch::{Arch, Pooling};
use super::audit::Audit;
use super::found_head::{FoundClassifier, FoundHead};
use super::own::OwnMetadata;
use super::recipe::Recipe;

/// What the user says about a checkpoint; `auto` everywhere by default.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// `auto`, or a name for [`Arch::parse`].
    pub arch: String,
    /// `auto`, `none`, or the name in the file that the projector lies below.
    pub projector: String,
    /// `auto`, a branch (`teacher`, `student`, `query`, `key`, `online`, `target`, …), or a prefix of the file's names.
    pub branch: String,
    /// How a transformer's tokens become one row; `None`: as its own heads take them.
    pub pooling: Option<Pooling>,
    /// True if a backbone that is not whole is accepted.
    pub allow_partial: bool,
    /// True if a file is accepted that would run code where it is loaded with Python's pickle.
    pub allow_unknown_calls: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        let auto = || "auto".to_owned();
        Self {
            arch: auto(),
            projector: auto(),
            branch: auto(),
            pooling: None,
            allow_partial: false,
            allow_unknown_calls: false,
        }
    }
}

/// What to load from a checkpoint.
#[derive(Clone, Debug)]
pub struct Loading {
    /// The backbone.
    pub arch: Arch,
    /// Backbone tensors that are there and sound: (name as in [`Arch::tensors`], name in the file).
    pub backbone: Vec<(String, String)>,
    /// The projector, where there is one.
    pub projector: Option<FoundHead>,
    /// The predictor, which reads the projector.
    pub predictor: Option<FoundHead>,
    /// The prototype layer, which reads the projector.
    pub prototypes: Option<FoundHead>,
    /// The classifier, where there is one.
    pub classifier: Option<FoundClassifier>,
    /// How images are prepared for it where the file does not say.
    pub recipe: Recipe,
    /// What the file says about itself, where this project wrote it.
    pub own: Option<OwnMetadata>,
    /// The audit.
    pub audit: Audit,
}

impl Loading {
    /// Every layer that can be tapped with its width, in network order: stages or blocks, `backbone`, `projector.0`, …,
    /// `projector`, `predictor.0`, …, `predictor`, `prototypes`, `logits`. A transformer with a pooling of its own has it as
    /// `pooler` after `backbone`.
    pub fn taps(&self) -> Vec<(String, usize)> {
        let mut taps = self.arch.taps();
        taps.extend(self.arch.pooled_width().map(|width| ("pooler".to_owned(), width)));
        let mut stack = |name: &str, head: &FoundHead, mut width: usize| {
            for (i, step) in head.steps.iter().enumerate() {
                width = step.step.width(width);
                taps.push((format!("{name}.{i}"), width));
            }
            taps.push((name.to_owned(), width));
            width
        };
        if let Some(projector) = &self.projector {
            let width = stack("projector", projector, self.arch.head_input());
            if let Some(predictor) = &self.predictor {
                stack("predictor", predictor, width);
            }
        }
        let single = [
            ("prototypes", self.prototypes.as_ref()),
            ("logits", self.classifier.as_ref().map(|c| &c.head)),
        ];
        for (name, head) in single {
            taps.extend(head.map(|head| (name.to_owned(), head.width(0))));
        }
        taps
    }
}
