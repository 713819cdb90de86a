//! Stacks of layers, rebuilt from names, shapes and gaps in the numbering.

use std::collections::BTreeMap;

use super::arch::{HeadStep, WeightNormNames};
use super::found_head::{FoundHead, FoundStep};
use super::weights::Checkpoint;

/// What stands at a place where a head may be.
#[derive(Debug, PartialEq)]
pub(super) enum HeadSlot {
    /// No tensors.
    Nothing,
    /// A stack of known layers.
    Head(FoundHead),
    /// Tensors that are no such stack, and why not.
    Unreadable(String),
}

/// A module of the file: name, and its tensors' shapes by short name.
type Module = (String, BTreeMap<String, Vec<usize>>);

/// Reads the stack of layers at `path` (a name in the file, without a final dot).
pub(super) fn stack_at(checkpoint: &Checkpoint, path: &str, gelu: bool) -> HeadSlot {
    stack_without(checkpoint, path, gelu, &|_| false)
}

/// As [`stack_at`], without the tensors of which `but` says that they are others'.
pub(super) fn stack_without(checkpoint: &Checkpoint, path: &str, gelu: bool, but: &dyn Fn(&str) -> bool) -> HeadSlot {
    let below = format!("{path}.");
    let mut modules: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
    for (name, info) in checkpoint
        .tensors()
        .range(below.clone()..)
        .take_while(|(n, _)| n.starts_with(&below))
        .filter(|(n, _)| !but(n))
    {
        if let Some((module, tensor)) = split(name) {
            modules
                .entry(module.to_owned())
                .or_default()
                .insert(tensor.to_owned(), info.shape.clone());
        }
    }
    if modules.is_empty() {
        return HeadSlot::Nothing;
    }
    match stack(path, modules.into_iter().collect(), gelu) {
        Ok(head) => HeadSlot::Head(head),
        Err(why) => HeadSlot::Unreadable(format!(
            "{path} is no stack of Linear, BatchNorm1d and LayerNorm: {why}"
        )),
    }
}

/// Module and tensor of a name.
fn split(name: &str) -> Option<(&str, &str)> {
    match name.find(".parametrizations.") {
        Some(at) => Some((&name[..at], &name[at + 1..])),
        None => name.rsplit_once('.'),
    }
}

fn stack(path: &str, modules: Vec<Module>, gelu: bool) -> Result<FoundHead, String> {
    let mut layers = modules
        .into_iter()
        .map(|(name, tensors)| Ok((layer(&name, &tensors)?, name)))
        .collect::<Result<Vec<_>, String>>()?;
    layers.sort_by_key(|(step, name)| order(step, name));
    let mut steps: Vec<FoundStep> = Vec::new();
    let mut before: Option<(String, HeadStep)> = None;
    let mut width = None;
    for (step, name) in layers {
        let Some((inputs, outputs)) = step.widths() else {
            continue;
        };
        if width.is_some_and(|w| w != inputs) {
            return Err(format!(
                "{name} takes width {inputs}, the layer before it gives {}",
                width.unwrap_or(0)
            ));
        }
        if before.is_none() && !step.is_linear() {
            return Err(format!("it begins with {}, not with a Linear", step.describe()));
        }
        if before
            .as_ref()
            .is_some_and(|(b, _)| activation_between(b, &name, &step))
        {
            steps.push(FoundStep {
                step: if gelu { HeadStep::Gelu } else { HeadStep::Relu },
                module: None,
            });
        }
        width = Some(outputs);
        before = Some((name.clone(), step.clone()));
        steps.push(FoundStep {
            step,
            module: Some(name),
        });
    }
    Ok(FoundHead {
        path: path.to_owned(),
        steps,
    })
}

/// The layer that a module's tensors make.
fn layer(name: &str, tensors: &BTreeMap<String, Vec<usize>>) -> Result<HeadStep, String> {
    let get = |t: &str| tensors.get(t).map(Vec::as_slice);
    for names in [WeightNormNames::Hook, WeightNormNames::Parametrization] {
        let [g, v] = names.pair();
        if let (Some(&[outputs, 1]), Some(&[rows, inputs]), 2) = (get(g), get(v), tensors.len())
            && outputs == rows
        {
            return Ok(HeadStep::WeightNormLinear { inputs, outputs, names });
        }
    }
    const KNOWN: [&str; 5] = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    if let Some(other) = tensors.keys().find(|t| !KNOWN.contains(&t.as_str())) {
        return Err(format!("{name}.{other} belongs to no such layer"));
    }
    let fits = |width: usize, names: &[&str]| match names.iter().find(|t| get(t).is_some_and(|s| s != [width])) {
        Some(t) => Err(format!(
            "{name}.{t} has shape {:?}, expected [{width}]",
            get(t).unwrap_or_default()
        )),
        None => Ok(()),
    };
    let statistics = (get("running_mean"), get("running_var"));
    match (get("weight"), statistics) {
        (Some(&[outputs, inputs]), (None, None)) => {
            fits(outputs, &["bias"])?;
            Ok(HeadStep::Linear {
                inputs,
                outputs,
                bias: get("bias").is_some(),
            })
        }
        (weight, (Some(&[width]), Some(_))) => {
            fits(width, &["weight", "bias", "running_var"])?;
            match (weight.is_some(), get("bias").is_some()) {
                (true, true) => Ok(HeadStep::BatchNorm1d { width, affine: true }),
                (false, false) => Ok(HeadStep::BatchNorm1d { width, affine: false }),
                _ => Err(format!("{name} has only one of weight and bias")),
            }
        }
        (Some(&[_]), (None, None)) if get("num_batches_tracked").is_some() => {
            Err(format!("the running statistics of BatchNorm {name} are missing"))
        }
        (Some(&[width]), (None, None)) if get("bias").is_some() => {
            fits(width, &["bias"])?;
            Ok(HeadStep::LayerNorm { width })
        }
        (_, (Some(_), None) | (None, Some(_))) => {
            Err(format!("one of the running statistics of BatchNorm {name} is missing"))
        }
        (weight, _) => Err(format!("{name}.weight has shape {:?}", weight.unwrap_or_default())),
    }
}

/// By number, where names have numbers (`fc0`, `bn0`, `fc1`): a linear layer comes before the normalisation of its number.
fn order(step: &HeadStep, name: &str) -> (Vec<usize>, bool) {
    let mut numbers: Vec<usize> = name.split('.').filter_map(trailing_number).collect();
    // MoBY's heads number all their layers but the last.
    if name.ends_with(".linear_out") {
        numbers.push(usize::MAX);
    }
    (numbers, !step.is_linear())
}

fn trailing_number(part: &str) -> Option<usize> {
    let digits = part.len() - part.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    part[part.len() - digits..].parse().ok()
}

/// True if an activation stands between two modules: a gap in the numbering of a Sequential says so; where modules have
/// names of their own, it is assumed before every further linear layer.
fn activation_between(before: &str, name: &str, step: &HeadStep) -> bool {
    let split = |n: &str| {
        n.rsplit_once('.')
            .and_then(|(parent, i)| Some((parent.to_owned(), i.parse::<usize>().ok()?)))
    };
    match (split(before), split(name)) {
        (Some((p, i)), Some((q, j))) if p == q => j > i + 1,
        _ => step.is_linear(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, tensors: &[(&str, &[usize])]) -> Module {
        (
            name.to_owned(),
            tensors.iter().map(|(n, s)| ((*n).to_owned(), s.to_vec())).collect(),
        )
    }

    fn linear(name: &str, inputs: usize, outputs: usize) -> Module {
        module(name, &[("weight", &[outputs, inputs]), ("bias", &[outputs])])
    }

    fn norm(name: &str, width: usize) -> Module {
        let w: &[usize] = &[width];
        module(
            name,
            &[
                ("weight", w),
                ("bias", w),
                ("running_mean", w),
                ("running_var", w),
                ("num_batches_tracked", &[]),
            ],
        )
    }

    #[test]
    fn a_gap_in_the_numbering_is_an_activation() {
        // nn.Sequential(Linear, BatchNorm1d, ReLU, Linear)
        let head = stack(
            "p",
            vec![linear("p.0", 8, 4), norm("p.1", 4), linear("p.3", 4, 2)],
            false,
        )
        .unwrap();
        assert_eq!(head.describe(), "Linear 8→4, BatchNorm1d 4, ReLU, Linear 4→2");
        assert_eq!(head.width(8), 2);
        // nn.Sequential(Linear, BatchNorm1d, Linear): no gap, no activation.
        let head = stack(
            "p",
            vec![linear("p.0", 8, 4), norm("p.1", 4), linear("p.2", 4, 2)],
            false,
        )
        .unwrap();
        assert_eq!(head.describe(), "Linear 8→4, BatchNorm1d 4, Linear 4→2");
        // MoCo v2's fc, and DINO's with GELU.
        let head = stack("fc", vec![linear("fc.2", 8, 4), linear("fc.0", 8, 8)], true).unwrap();
        assert_eq!(head.describe(), "Linear 8→8, GELU, Linear 8→4");
    }

    #[test]
    fn numbers_are_ordered_as_numbers_and_named_modules_by_their_number() {
        let many = vec![linear("p.10", 4, 2), linear("p.9", 8, 4)];
        assert_eq!(stack("p", many, false).unwrap().describe(), "Linear 8→4, Linear 4→2");
        let named = vec![norm("neck.bn0", 4), linear("neck.fc0", 8, 4), linear("neck.fc1", 4, 2)];
        assert_eq!(
            stack("neck", named, false).unwrap().describe(),
            "Linear 8→4, BatchNorm1d 4, ReLU, Linear 4→2"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_reason() {
        let half = stack("p", vec![linear("p.0", 8, 4), linear("p.2", 2, 2)], false);
        assert_eq!(half.unwrap_err(), "p.2 takes width 2, the layer before it gives 4");
        let lost = module("p.1", &[("weight", &[4]), ("bias", &[4]), ("num_batches_tracked", &[])]);
        let lost = stack("p", vec![linear("p.0", 8, 4), lost], false);
        assert_eq!(lost.unwrap_err(), "the running statistics of BatchNorm p.1 are missing");
        let bias = stack("p", vec![module("p.0", &[("weight", &[4, 8]), ("bias", &[3])])], false);
        assert_eq!(bias.unwrap_err(), "p.0.bias has shape [3], expected [4]");
    }
}
