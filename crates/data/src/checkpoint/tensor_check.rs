//! Compares what a file holds with what a network needs, tensor by tensor.

use std::collections::{BTreeMap, BTreeSet};

use super::arch::{Arch, Expected, HeadStep};
use super::audit::{Audit, MisShaped};
use super::candidate::Candidate;
use super::claim::Claim;
use super::flavour;
use super::found_head::{FoundClassifier, FoundHead};
use super::loading::Loading;
use super::naming::RADIO_NAME;
use super::own::{ClassifierInput, OwnMetadata};
use super::published::{Published, convnext, swin};
use super::style::Style;
use super::training::Training;
use super::weights::Checkpoint;
use super::{joined, projection};
use crate::error::Result;
use crate::files::Opaque;

/// Groups of unused tensors longer than this become one line of the audit.
const LONG_GROUP: usize = 6;

/// The heads that were found.
pub(super) struct Heads {
    pub(super) projector: Option<FoundHead>,
    /// Why a projector that is there cannot be used.
    pub(super) problem: Option<String>,
    pub(super) predictor: Option<FoundHead>,
    pub(super) prototypes: Option<FoundHead>,
    pub(super) classifier: Option<FoundClassifier>,
}

/// What describes a network beside its tensors.
pub(super) struct Descriptions<'a> {
    pub(super) style: Option<&'static Style>,
    pub(super) own: Option<OwnMetadata>,
    pub(super) published: &'a Published,
    /// True if the user said which architecture it is.
    pub(super) named: bool,
}

/// Compares what is there with what is needed, tensor by tensor; values are read to see that they are finite.
pub(super) fn audit(
    checkpoint: &Checkpoint,
    chosen: Candidate,
    others: &[String],
    heads: Heads,
    descriptions: Descriptions,
) -> Result<Loading> {
    let Descriptions {
        style,
        own,
        published,
        named,
    } = descriptions;
    let claim = Claim::of(checkpoint).filter(|_| own.is_none());
    let mut tensors = TensorCheck::default();
    let mut backbone = Vec::new();
    for (expected, name) in chosen.expected.iter().zip(&chosen.names) {
        if tensors.check_joined(checkpoint, name, &expected.shape)? {
            backbone.push((expected.name.clone(), name.clone()));
        }
    }
    let running = |names: &mut dyn Iterator<Item = &String>| {
        names
            .filter(|n| n.ends_with(".running_mean") || n.ends_with(".running_var"))
            .count()
    };
    let running_statistics = [
        running(&mut backbone.iter().map(|(_, n)| n)),
        running(&mut chosen.names.iter()),
    ];
    let missing = std::mem::take(&mut tensors.missing);
    let backbone_coverage = tensors.coverage();
    let is_whole = missing.is_empty() && tensors.mis_shaped.is_empty();

    let mut problem = heads.problem.clone();
    let mut head_names = BTreeSet::new();
    let mut check_head = |tensors: &mut TensorCheck, head: &FoundHead| -> Result<()> {
        for (_, _, name, shape) in head.tensors() {
            tensors.check(checkpoint, &name, &shape)?;
            head_names.insert(name);
        }
        Ok(())
    };
    let mut projector_coverage = None;
    if let Some(projector) = &heads.projector {
        let mut of_projector = TensorCheck::default();
        check_head(&mut of_projector, projector)?;
        projector_coverage = Some(of_projector.coverage());
        if let Some(first) = of_projector.missing.first() {
            problem = Some(format!(
                "{} tensors of the projector are missing: {first}",
                of_projector.missing.len()
            ));
        }
        tensors.mis_shaped.append(&mut of_projector.mis_shaped);
        tensors.non_finite.append(&mut of_projector.non_finite);
        tensors.negative.append(&mut of_projector.negative);
    }
    let further = [
        heads.predictor.as_ref(),
        heads.prototypes.as_ref(),
        heads.classifier.as_ref().map(|c| &c.head),
    ];
    for head in further.into_iter().flatten() {
        check_head(&mut tensors, head)?;
    }

    let switches = match (&chosen.arch, chosen.naming.layout) {
        (Arch::Vit(vit), Some(layout)) => Some(published.describe(layout, vit)),
        (Arch::Swin(net), Some(_)) => Some(swin::describe(published, net)),
        (Arch::Cnn(cnn), Some(_)) => Some(convnext::describe(published, cnn)),
        (Arch::Vit(_) | Arch::Cnn(_), None) if !chosen.told.notes.is_empty() => {
            let texts = projection::texts(checkpoint, &chosen.prefix);
            let left = (texts > 0).then(|| format!("the half for texts has {texts} tensors, which are left alone"));
            Some(chosen.told.notes.iter().cloned().chain(left).collect())
        }
        _ => None,
    };
    let (unexpected, unused) = leftovers(checkpoint, &chosen, &head_names);
    let full = &chosen.prefix;
    let wrapper = checkpoint
        .nests()
        .iter()
        .filter(|n| full.starts_with(&format!("{n}.")))
        .max_by_key(|n| n.len())
        .cloned();
    let prefix = wrapper
        .as_ref()
        .map_or(full.as_str(), |w| &full[w.len() + 1..])
        .to_owned();
    let audit = Audit {
        container: checkpoint.container().to_owned(),
        wrapper,
        prefix,
        style: match own {
            Some(_) => "featscope",
            None => style.map_or(chosen.naming.name, |s| s.name),
        }
        .to_owned(),
        naming: chosen.naming.name.to_owned(),
        branch: chosen.branch_name().to_owned(),
        other_branches: others.to_vec(),
        arch: chosen.arch.name(),
        lookalike: (!named)
            .then(|| match &claim {
                Some(claim) => Some((
                    format!("it calls its network {}", claim.name),
                    claim.difference(is_whole)?,
                )),
                None => {
                    let (file, how) = Claim::difference_of_file(checkpoint.path(), is_whole)?;
                    Some((format!("its file is called {file}"), how))
                }
            })
            .flatten()
            .map(|(who, how)| format!("{who}, which has the tensors of a {} and {how}", chosen.arch.name())),
        training: Training::of(checkpoint, own.as_ref()),
        expected: chosen.parts(checkpoint).len(),
        matched: backbone.iter().flat_map(|(_, n)| checkpoint.parts(n)).collect(),
        missing,
        unexpected,
        mis_shaped: tensors.mis_shaped,
        non_finite: tensors.non_finite,
        negative_variance: tensors.negative,
        unused,
        backbone_coverage,
        parameters: Some(parameters(&chosen.expected)),
        projector_coverage,
        running_statistics,
        projector: heads.projector.as_ref().map(FoundHead::describe),
        projector_path: heads.projector.as_ref().map(|p| p.path.clone()),
        projector_problem: problem,
        predictor: heads.predictor.as_ref().map(at),
        prototypes: heads.prototypes.as_ref().map(at),
        classifier: heads.classifier.as_ref().map(describe_classifier),
        opaque: checkpoint.opaque().iter().map(describe_opaque).collect(),
        calls: checkpoint.calls().clone(),
        notes: claim
            .map(|c| c.describe(&chosen.arch))
            .into_iter()
            .chain(notes(&heads, &chosen.arch, own.is_some(), switches))
            .collect(),
        sha256: checkpoint.sha256()?.to_owned(),
    };
    Ok(Loading {
        recipe: match (&chosen.arch, chosen.naming.layout) {
            (Arch::Vit(vit), Some(layout)) => published.recipe(layout, vit),
            (arch, _) => match chosen.told.recipe {
                Some(recipe) => recipe,
                None => Style::recipe(style, chosen.naming, arch, heads.classifier.is_some()),
            },
        },
        arch: chosen.arch,
        backbone,
        projector: heads.projector,
        predictor: heads.predictor,
        prototypes: heads.prototypes,
        classifier: heads.classifier,
        own,
        audit,
    })
}

/// Elements of the tensors that training changes by gradient.
fn parameters(expected: &[Expected]) -> u64 {
    let elements = |e: &Expected| e.shape.iter().map(|&n| n as u64).product::<u64>();
    expected.iter().filter(|e| e.parameter).map(elements).sum()
}

fn at(head: &FoundHead) -> String {
    format!("{}, at {}", head.describe(), head.path)
}

fn describe_opaque(leaf: &Opaque) -> String {
    let place = if leaf.path.is_empty() { "the root" } else { &leaf.path };
    match leaf.tensors {
        0 => format!("{place} ({})", leaf.class),
        n => format!("{place} ({}, with {n} tensors)", leaf.class),
    }
}

fn describe_classifier(classifier: &FoundClassifier) -> String {
    let reads = match classifier.input {
        ClassifierInput::Backbone => "the backbone",
        ClassifierInput::Projector => "the projector",
    };
    format!(
        "{} after {reads}, at {}",
        classifier.head.describe(),
        classifier.head.path
    )
}

fn notes(heads: &Heads, arch: &Arch, own: bool, switches: Option<Vec<String>>) -> Vec<String> {
    let mut notes = Vec::new();
    if own {
        return notes;
    }
    let steps = || heads.projector.iter().chain(&heads.predictor).flat_map(|h| &h.steps);
    let activations = steps()
        .filter(|s| matches!(s.step, HeadStep::Relu | HeadStep::Gelu))
        .count();
    if activations > 0 {
        notes.push(format!(
            "{activations} activation(s) of the heads follow from gaps in their numbering; ReLU unless the style says GELU"
        ));
    }
    if steps().any(|s| s.step == HeadStep::L2Normalize) {
        notes
            .push("the projector's output is divided by its length, as this method's own forward pass does".to_owned());
    }
    match (arch, switches) {
        (_, Some(switches)) => notes.extend(switches),
        (Arch::Vit(v), _) => notes.push(format!(
            "{} attention heads: shapes do not tell, widths of {} usually have as many; {} as features",
            v.heads,
            v.width,
            v.pooling.describe()
        )),
        (Arch::Swin(s), _) => notes.push(format!(
            "{}, epsilon {:e}: no tensor tells, Swins usually have them; windows of {:?} in the stages",
            s.activation.describe(),
            s.epsilon.value(),
            s.windows
        )),
        (Arch::Cnn(c), _) if c.is_convnext() => notes.extend(c.assumed()),
        (Arch::Cnn(c), _) => notes.extend(c.padded().map(|how| format!("{how}, as its name says"))),
        (Arch::ResNet(r), _) if r.cifar_stem => notes.push(format!(
            "3x3 stem taken as stride 1, padding {}, no max pooling{}",
            r.padding(),
            if r.bare_stem {
                ", no activation (the numbering of its children leaves no room for one)"
            } else {
                ""
            }
        )),
        _ => {}
    }
    notes
}

#[derive(Default)]
struct TensorCheck {
    expected: usize,
    loaded: usize,
    missing: Vec<String>,
    mis_shaped: Vec<MisShaped>,
    non_finite: Vec<String>,
    negative: Vec<String>,
}

impl TensorCheck {
    /// As [`TensorCheck::check`], of every part that the file keeps of a tensor in parts.
    fn check_joined(&mut self, checkpoint: &Checkpoint, name: &str, shape: &[usize]) -> Result<bool> {
        let parts = checkpoint.parts(name);
        let shares = match parts.len() {
            1 => vec![1],
            _ => joined::shares(name),
        };
        let all: usize = shares.iter().sum();
        let mut sound = true;
        for (part, share) in parts.iter().zip(&shares) {
            let mut shape = shape.to_vec();
            if let Some(length) = shape.first_mut() {
                *length = *length / all * share;
            }
            sound &= self.check(checkpoint, part, &shape)?;
        }
        Ok(sound)
    }

    /// True if the tensor is there, has this shape and is finite; counts it either way.
    fn check(&mut self, checkpoint: &Checkpoint, name: &str, shape: &[usize]) -> Result<bool> {
        let elements: usize = shape.iter().product();
        self.expected += elements;
        let Some(info) = checkpoint.tensors().get(name) else {
            self.missing.push(name.to_owned());
            return Ok(false);
        };
        if info.shape != shape {
            self.mis_shaped.push(MisShaped {
                name: name.to_owned(),
                found: info.shape.clone(),
                expected: shape.to_vec(),
            });
            return Ok(false);
        }
        let values = checkpoint.tensor_f32(name)?.1;
        if values.iter().any(|v| !v.is_finite()) {
            self.non_finite.push(name.to_owned());
            return Ok(false);
        }
        if name.ends_with(".running_var") && values.iter().any(|v| *v < 0.0) {
            self.negative.push(name.to_owned());
            return Ok(false);
        }
        self.loaded += elements;
        Ok(true)
    }

    fn coverage(&self) -> f64 {
        self.loaded as f64 / self.expected.max(1) as f64
    }
}

/// Tensors that nothing was done with: those inside the backbone by name, the others in groups.
fn leftovers(checkpoint: &Checkpoint, chosen: &Candidate, heads: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let parts = chosen.parts(checkpoint);
    let known: BTreeSet<&String> = parts.iter().chain(heads).collect();
    let mut inside = Vec::new();
    let mut outside: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in checkpoint.tensors().keys() {
        let read = known.contains(name) || (chosen.naming.name == RADIO_NAME && flavour::is_read(name));
        if read || name.ends_with("num_batches_tracked") {
            continue;
        }
        match name.strip_prefix(&chosen.prefix) {
            Some(rest) if chosen.naming.inside(rest) && !chosen.naming.is_idle(rest) => inside.push(name.clone()),
            _ => outside.entry(group(name)).or_default().push(name),
        }
    }
    let unused = outside.into_iter().flat_map(|(group, names)| {
        if names.len() > LONG_GROUP {
            vec![format!("{group}.* ({} tensors)", names.len())]
        } else {
            names.into_iter().cloned().collect()
        }
    });
    (inside, unused.collect())
}

/// The first two parts of a name, enough to tell `state_dict.encoder_k` from `optimizer.state`.
fn group(name: &str) -> String {
    name.split('.').take(2).collect::<Vec<_>>().join(".")
}
