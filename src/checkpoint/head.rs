//! Heads: what follows a backbone, and where it is found.

use serde::{Deserialize, Serialize};

use super::arch::HeadStep;
use super::own::ClassifierInput;
use super::stack::{At, stack_at};
use super::{Checkpoint, style};

/// One step of a head and the module of the file that holds its tensors (`None` for activations).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundStep {
    /// What it does.
    pub step: HeadStep,
    /// The module's name in the file; its tensors are `MODULE.weight`, ….
    pub module: Option<String>,
}

/// A projector found in a checkpoint.
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

impl HeadStep {
    /// Width of the output, given the width of the input.
    pub fn width(&self, before: usize) -> usize {
        match *self {
            Self::Linear { outputs, .. } => outputs,
            _ => before,
        }
    }

    /// The tensors of the step: name below its module, shape.
    pub(super) fn tensors(&self) -> Vec<(&'static str, Vec<usize>)> {
        let all = |names: &[&'static str], width: usize| names.iter().map(|n| (*n, vec![width])).collect::<Vec<_>>();
        match *self {
            Self::Linear { inputs, outputs, bias } => {
                let mut list = vec![("weight", vec![outputs, inputs])];
                list.extend(bias.then(|| ("bias", vec![outputs])));
                list
            }
            Self::BatchNorm1d { width, affine: true } => all(&["weight", "bias", "running_mean", "running_var"], width),
            Self::BatchNorm1d { width, affine: false } => all(&["running_mean", "running_var"], width),
            Self::LayerNorm { width } => all(&["weight", "bias"], width),
            Self::Relu | Self::Gelu => Vec::new(),
        }
    }

    /// In one word and its widths: `Linear 512→128`, `BatchNorm1d 128`, `ReLU`.
    pub fn describe(&self) -> String {
        match *self {
            Self::Linear { inputs, outputs, bias } => {
                format!("Linear {inputs}→{outputs}{}", if bias { "" } else { " (no bias)" })
            }
            Self::BatchNorm1d { width, affine } => {
                format!("BatchNorm1d {width}{}", if affine { "" } else { " (no weights)" })
            }
            Self::LayerNorm { width } => format!("LayerNorm {width}"),
            Self::Relu => "ReLU".to_owned(),
            Self::Gelu => "GELU".to_owned(),
        }
    }
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

    /// Every tensor: (step index, name below the step, name in the file, shape).
    pub fn tensors(&self) -> impl Iterator<Item = (usize, &'static str, String, Vec<usize>)> + '_ {
        self.steps.iter().enumerate().flat_map(|(i, s)| {
            let module = s.module.clone().unwrap_or_default();
            s.step
                .tensors()
                .into_iter()
                .map(move |(name, shape)| (i, name, format!("{module}.{name}"), shape))
        })
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

/// The places to look: the backbone's own prefix first, then each folder above it.
pub(super) fn scopes(prefix: &str) -> Vec<String> {
    let mut scopes = vec![prefix.to_owned()];
    let mut rest = prefix.trim_end_matches('.');
    while let Some((parent, _)) = rest.rsplit_once('.') {
        scopes.push(format!("{parent}."));
        rest = parent;
    }
    if !prefix.is_empty() {
        scopes.push(String::new());
    }
    scopes
}

/// The projector that follows a backbone of output `width`, searched by the table of places.
///
/// # Errors
/// The reason, where a module that can only be a projector is there and cannot be rebuilt or does not fit.
pub(super) fn find_projector(
    checkpoint: &Checkpoint,
    prefix: &str,
    width: usize,
    self_supervised: bool,
) -> Result<Option<FoundHead>, String> {
    for scope in scopes(prefix) {
        for place in style::PROJECTORS {
            let path = format!("{scope}{}", place.name);
            match stack_at(checkpoint, &path, place.gelu) {
                At::Nothing => {}
                At::Head(head) => {
                    let linears = head
                        .steps
                        .iter()
                        .filter(|s| matches!(s.step, HeadStep::Linear { .. }))
                        .count();
                    if !(place.sure || self_supervised || linears > 1) {
                        continue;
                    }
                    match head.steps.first().map(|s| &s.step) {
                        Some(&HeadStep::Linear { inputs, .. }) if inputs == width => return Ok(Some(head)),
                        Some(&HeadStep::Linear { inputs, .. }) if place.sure => {
                            return Err(format!(
                                "the projector {path} takes width {inputs}, the backbone gives {width}"
                            ));
                        }
                        _ => {}
                    }
                }
                At::Unreadable(why) if place.sure => return Err(format!("the projector {why}")),
                At::Unreadable(_) => {}
            }
        }
    }
    Ok(None)
}

/// The classifier, which reads the projector's output (of width `projected`) or the backbone's.
pub(super) fn find_classifier(
    checkpoint: &Checkpoint,
    prefix: &str,
    width: usize,
    projector: Option<&FoundHead>,
) -> Option<FoundClassifier> {
    let projected = projector.map(|p| p.width(width));
    for scope in scopes(prefix) {
        for name in style::CLASSIFIERS {
            let path = format!("{scope}{name}");
            if projector.is_some_and(|p| p.path == path) {
                continue;
            }
            let At::Head(head) = stack_at(checkpoint, &path, false) else {
                continue;
            };
            let [
                FoundStep {
                    step: HeadStep::Linear { inputs, .. },
                    ..
                },
            ] = head.steps[..]
            else {
                continue;
            };
            // A head after a projector of the backbone's own width reads the projector: that is what SL-MLP trains.
            let input = if projected == Some(inputs) {
                ClassifierInput::Projector
            } else if inputs == width {
                ClassifierInput::Backbone
            } else {
                continue;
            };
            return Some(FoundClassifier {
                head,
                input,
                classes: Vec::new(),
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_looked_for_in_every_folder_above() {
        assert_eq!(scopes("a.b."), ["a.b.", "a.", ""]);
        assert_eq!(scopes(""), [""]);
    }
}
