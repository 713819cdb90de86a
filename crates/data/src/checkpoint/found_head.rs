//! Heads that were found: what follows a backbone.

use serde::{Deserialize, Serialize};

use super::arch::HeadStep;
use super::own::ClassifierInput;

/// One step of a head and the module of the file that holds its tensors (`None` where it has none).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundStep {
    /// What it does.
    pub step: HeadStep,
    /// The module's name in the file; its tensors are `MODULE.weight`, ….
    pub module: Option<String>,
}

/// A projector, predictor or prototype layer found in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundHead {
    /// The name in the file that all its modules lie below.
    pub path: String,
    /// Its steps in order.
    pub steps: Vec<FoundStep>,
}

/// A classifier found in a checkpoint: one linear layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundClassifier {
    /// The linear layer.
    pub head: FoundHead,
    /// The layer it reads.
    pub input: ClassifierInput,
    /// Class names in the order of the logits, where the file has them.
    pub classes: Vec<String>,
}

impl FoundHead {
    /// Its steps in words.
    pub fn describe(&self) -> String {
        self.steps
            .iter()
            .map(|s| s.step.describe())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Width of its output, given the width of its input.
    pub fn width(&self, before: usize) -> usize {
        self.steps.iter().fold(before, |w, s| s.step.width(w))
    }

    /// Width of its input, as its first step with a width of its own has it.
    pub(super) fn inputs(&self) -> Option<usize> {
        self.steps
            .iter()
            .find_map(|s| s.step.widths())
            .map(|(inputs, _)| inputs)
    }

    /// Every tensor: (step index, name below the step, name in the file, shape).
    pub fn tensors(&self) -> impl Iterator<Item = (usize, &'static str, String, Vec<usize>)> + '_ {
        self.steps.iter().enumerate().flat_map(|(i, s)| {
            let module = s.module.clone().unwrap_or_default();
            s.step.tensors().into_iter().map(move |(name, shape)| match name {
                // The module is the tensor.
                "" => (i, name, module.clone(), shape),
                _ => (i, name, format!("{module}.{name}"), shape),
            })
        })
    }

    /// Adds a step without tensors.
    pub(super) fn push(&mut self, step: HeadStep) {
        self.steps.push(FoundStep { step, module: None });
    }

    /// The head with the steps its maker wrote down, numbered below `path`.
    pub(super) fn declared(path: &str, steps: &[HeadStep]) -> Self {
        let steps = steps
            .iter()
            .enumerate()
            .map(|(i, step)| FoundStep {
                step: step.clone(),
                module: (!step.tensors().is_empty()).then(|| format!("{path}.{i}")),
            })
            .collect();
        Self {
            path: path.to_owned(),
            steps,
        }
    }
}
