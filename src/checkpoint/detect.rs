//! Which network is this? A search over names and shapes, whose outcome the [`Audit`] writes down.

use std::collections::{BTreeMap, BTreeSet};

use super::Checkpoint;
use super::arch::{Arch, Expected};
use super::audit::Audit;
use super::head::{self, FoundClassifier, FoundHead};
use super::own::{ClassifierInput, OwnMetadata};
use super::stack::{At, stack_at};
use super::style::{BRANCHES, Branch, Family, STYLES, Style};
use super::tally::{Heads, audit};
use crate::error::{Error, Result};

/// The share of a network's tensor names that must be there before it is taken for that network.
const RECOGNISED: f64 = 0.5;

/// A network with this share of the best one's names is as good a choice: the order of branches decides.
const NEARLY: f64 = 0.9;

/// What the user says about a checkpoint; `auto` everywhere by default.
#[derive(Clone, Debug)]
pub struct Options {
    /// `auto`, or a name for [`Arch::parse`].
    pub arch: String,
    /// `auto`, `none`, or the name in the file that the projector lies below.
    pub projector: String,
    /// `auto`, a branch (`teacher`, `student`, `query`, `key`, `online`, `target`, …), or a prefix of the file's names.
    pub branch: String,
    /// Whether a backbone that is not whole is accepted.
    pub allow_partial: bool,
}

impl Default for Options {
    fn default() -> Self {
        let auto = || "auto".to_owned();
        Self {
            arch: auto(),
            projector: auto(),
            branch: auto(),
            allow_partial: false,
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
    /// The classifier, where there is one.
    pub classifier: Option<FoundClassifier>,
    /// What the file says about itself, where this project wrote it.
    pub own: Option<OwnMetadata>,
    /// The audit.
    pub audit: Audit,
}

impl Loading {
    /// Every layer that can be tapped with its width, in network order: stages, `backbone`, `projector.0`, …,
    /// `projector`, `logits`.
    pub fn taps(&self) -> Vec<(String, usize)> {
        let mut taps = self.arch.taps();
        let mut width = self.arch.width();
        if let Some(projector) = &self.projector {
            for (i, step) in projector.steps.iter().enumerate() {
                width = step.step.width(width);
                taps.push((format!("projector.{i}"), width));
            }
            taps.push(("projector".to_owned(), width));
        }
        if let Some(classifier) = &self.classifier {
            taps.push(("logits".to_owned(), classifier.head.width(0)));
        }
        taps
    }
}

/// A place in the file where a network may be, and how well it fits.
pub(super) struct Candidate {
    pub(super) style: &'static Style,
    pub(super) prefix: String,
    pub(super) arch: Arch,
    pub(super) expected: Vec<Expected>,
    /// Per expected tensor: its name in the file.
    pub(super) names: Vec<String>,
    /// Share of the names that are there.
    named: f64,
}

impl Candidate {
    fn new(checkpoint: &Checkpoint, style: &'static Style, prefix: &str, forced: Option<&Arch>) -> Option<Self> {
        let key = |ours: &str| format!("{prefix}{}", style.rename(ours));
        let guess = || style.guess(|ours| checkpoint.tensors().get(&key(ours)).map(|t| t.shape.clone()));
        let arch = match forced {
            // The name says nothing of a small CNN's widths: they come from the shapes.
            Some(arch @ Arch::SmallCnn(_)) => guess().unwrap_or_else(|| arch.clone()),
            Some(arch) => arch.clone(),
            None => guess()?,
        };
        let expected = arch.tensors();
        let names: Vec<String> = expected.iter().map(|e| key(&e.name)).collect();
        let there = names.iter().filter(|n| checkpoint.tensors().contains_key(*n)).count();
        let named = there as f64 / expected.len().max(1) as f64;
        Some(Self {
            style,
            prefix: prefix.to_owned(),
            arch,
            expected,
            names,
            named,
        })
    }

    fn branch(&self) -> Option<&'static Branch> {
        branch_of(&self.prefix)
    }

    /// Place in the order of preference.
    fn rank(&self) -> usize {
        self.branch()
            .and_then(|b| BRANCHES.iter().position(|r| r.name == b.name))
            .map_or(0, |i| i + 1)
    }

    pub(super) fn branch_name(&self) -> &'static str {
        self.branch().map_or("only", |b| b.name)
    }
}

fn branch_of(prefix: &str) -> Option<&'static Branch> {
    prefix
        .split('.')
        .rev()
        .find_map(|part| BRANCHES.iter().find(|b| b.parts.contains(&part)))
}

/// Finds the network, its projector and its classifier, and audits them.
///
/// # Errors
/// When no known network is found, several equally good ones are, or what was found is not whole and `allow_partial` is
/// not set.
pub fn detect(checkpoint: &Checkpoint, options: &Options) -> Result<Loading> {
    let loading = inspect(checkpoint, options)?;
    if !options.allow_partial {
        loading.audit.verdict(checkpoint.path())?;
    }
    Ok(loading)
}

/// As [`detect`], without refusing what is not whole.
pub(super) fn inspect(checkpoint: &Checkpoint, options: &Options) -> Result<Loading> {
    let own = checkpoint.own()?;
    let forced = match (options.arch.as_str(), &own) {
        ("auto", Some(own)) => Some(own.arch.clone()),
        ("auto", None) => None,
        (name, _) => Some(Arch::parse(name)?),
    };
    let (chosen, others) = choose(checkpoint, forced.as_ref(), &options.branch)?;
    let (projector, problem) = projector(checkpoint, &chosen, own.as_ref(), &options.projector)?;
    let classifier = classifier(checkpoint, &chosen, own.as_ref(), projector.as_ref());
    audit(
        checkpoint,
        chosen,
        &others,
        Heads {
            projector,
            problem,
            classifier,
        },
        own,
    )
}

/// The network to load, and the prefixes of the other whole ones.
fn choose(checkpoint: &Checkpoint, forced: Option<&Arch>, branch: &str) -> Result<(Candidate, Vec<String>)> {
    let refuse = |what: String| Error::input(format!("{}: {what}", checkpoint.path().display()));
    let is_wanted = |c: &Candidate| match branch {
        "auto" => true,
        name if BRANCHES.iter().any(|b| b.name == name) => c.branch_name() == name,
        prefix => c.prefix.trim_end_matches('.') == prefix.trim_end_matches('.'),
    };
    let candidates = candidates(checkpoint, forced);
    if forced.is_none() && !candidates.iter().any(|c| c.named >= RECOGNISED) || candidates.is_empty() {
        let first: Vec<_> = checkpoint.tensors().keys().take(3).map(String::as_str).collect();
        return Err(refuse(format!(
            "no known network among its {} tensors ({}, …); expected a ResNet or this project's small CNN: name the architecture with --arch",
            checkpoint.tensors().len(),
            first.join(", ")
        )));
    }
    let (mut wanted, mut others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_wanted);
    // One lost tensor must not turn the choice to another branch, whose weights nobody asked for.
    let best = wanted.iter().map(|c| c.named).fold(0.0, f64::max);
    wanted.retain(|c| c.named >= NEARLY * best);
    others.retain(|c| c.named >= RECOGNISED);
    wanted.sort_by(|a, b| a.rank().cmp(&b.rank()).then(b.named.total_cmp(&a.named)));
    let prefixes = |list: &[Candidate]| {
        list.iter()
            .map(|c| format!("{:?} ({})", c.prefix, c.branch_name()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut wanted = wanted.into_iter();
    let Some(chosen) = wanted.next() else {
        return Err(refuse(format!(
            "no branch {branch:?}; its networks have the prefixes {}",
            prefixes(&others)
        )));
    };
    let rest: Vec<Candidate> = wanted.collect();
    if let Some(rival) = rest
        .iter()
        .find(|c| c.rank() == chosen.rank() && c.named == chosen.named)
    {
        return Err(refuse(format!(
            "it holds two networks that fit equally well, with the prefixes {:?} and {:?}; choose one with --branch PREFIX",
            chosen.prefix, rival.prefix
        )));
    }
    Ok((chosen, rest.into_iter().chain(others).map(|c| c.prefix).collect()))
}

/// Every place where an anchor of a style ends a name; one style per prefix, the best.
fn candidates(checkpoint: &Checkpoint, forced: Option<&Arch>) -> Vec<Candidate> {
    let mut best: BTreeMap<String, Candidate> = BTreeMap::new();
    let family = |s: &Style| match forced {
        None => true,
        Some(Arch::ResNet(_)) => s.family == Family::ResNet,
        Some(Arch::SmallCnn(_)) => s.family == Family::SmallCnn,
    };
    for style in STYLES.iter().filter(|s| family(s)) {
        let mut prefixes = BTreeSet::new();
        for anchor in style.anchors() {
            let anchor = style.rename(anchor);
            let ends = |name: &String| {
                name.strip_suffix(anchor.as_str())
                    .filter(|p| p.is_empty() || p.ends_with('.'))
                    .map(str::to_owned)
            };
            prefixes.extend(checkpoint.tensors().keys().filter_map(ends));
        }
        for candidate in prefixes
            .iter()
            .filter_map(|p| Candidate::new(checkpoint, style, p, forced))
        {
            if best.get(&candidate.prefix).is_none_or(|b| candidate.named > b.named) {
                best.insert(candidate.prefix.clone(), candidate);
            }
        }
    }
    best.into_values().collect()
}

type MaybeProjector = (Option<FoundHead>, Option<String>);

/// The projector, or why one that is there cannot be used.
fn projector(
    checkpoint: &Checkpoint,
    chosen: &Candidate,
    own: Option<&OwnMetadata>,
    asked: &str,
) -> Result<MaybeProjector> {
    let width = chosen.arch.width();
    let self_supervised = chosen.branch().is_some_and(|b| b.self_supervised);
    Ok(match (asked, own) {
        ("none", _) => (None, None),
        ("auto", Some(own)) if own.projector.is_empty() => (None, None),
        ("auto", Some(own)) => (Some(FoundHead::declared("projector", &own.projector)), None),
        ("auto", None) => match head::find_projector(checkpoint, &chosen.prefix, width, self_supervised) {
            Ok(found) => (found, None),
            Err(why) => (None, Some(why)),
        },
        (path, _) => match stack_at(checkpoint, path.trim_end_matches('.'), false) {
            At::Head(head) => (Some(head), None),
            At::Unreadable(why) => (None, Some(why)),
            At::Nothing => {
                return Err(Error::input(format!(
                    "{}: no tensors below {path:?}; pass --projector auto or none",
                    checkpoint.path().display()
                )));
            }
        },
    })
}

fn classifier(
    checkpoint: &Checkpoint,
    chosen: &Candidate,
    own: Option<&OwnMetadata>,
    projector: Option<&FoundHead>,
) -> Option<FoundClassifier> {
    let found = head::find_classifier(checkpoint, &chosen.prefix, chosen.arch.width(), projector);
    let Some(declared) = own.map(|o| o.classifier.as_ref()) else {
        return found;
    };
    let declared = declared?;
    // Without its projector a classifier has nothing to read.
    let reads = declared.input == ClassifierInput::Backbone || projector.is_some();
    found.filter(|_| reads).map(|f| FoundClassifier {
        input: declared.input,
        classes: declared.classes.clone(),
        ..f
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_read_from_the_part_nearest_the_backbone() {
        assert_eq!(branch_of("state_dict.module.encoder_q.").map(|b| b.name), Some("query"));
        assert_eq!(branch_of("online_encoder.target.").map(|b| b.name), Some("target"));
        assert!(branch_of("module.backbone.").is_none());
        let named: BTreeSet<_> = BRANCHES.iter().map(|b| b.name).collect();
        assert_eq!(named.len(), BRANCHES.len());
    }
}
