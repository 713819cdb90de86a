//! The search over names and shapes.

use std::collections::BTreeSet;

use super::refusals::{called, not_this, resembles};
use super::strangers::stranger;
use crate::checkpoint::arch::{Arch, Pooling};
use crate::checkpoint::branch::BRANCHES;
use crate::checkpoint::candidate::{Candidate, RECOGNISED, candidates};
use crate::checkpoint::claim::Claim;
use crate::checkpoint::elsewhere::ELSEWHERE;
use crate::checkpoint::found_head::{FoundClassifier, FoundHead};
use crate::checkpoint::head_search::Surroundings;
use crate::checkpoint::loading::{LoadOptions, Loading};
use crate::checkpoint::naming::{Layout, RADIO_NAME};
use crate::checkpoint::own::{ClassifierInput, OwnMetadata};
use crate::checkpoint::projection;
use crate::checkpoint::published::{self, Published};
use crate::checkpoint::stack::{HeadSlot, stack_at};
use crate::checkpoint::style::Style;
use crate::checkpoint::tensor_check::{Descriptions, Heads, audit};
use crate::checkpoint::weights::Checkpoint;
use crate::error::{Error, Result};

/// The share from which a file is said to resemble a network.
const RESEMBLES: f64 = 0.2;

/// The share from which a transformer of a width that nobody has is taken for one.
const WHOLE: f64 = 0.9;

/// A network with this share of the best one's names is as good a choice: the order of branches decides.
const NEARLY: f64 = 0.9;

/// Finds the network, its projector and its classifier, and audits them.
///
/// # Errors
/// When no known network is found, several equally good ones are, what was found is not whole and `allow_partial` is not
/// set, or the file would run code elsewhere and `allow_unknown_calls` is not set.
pub fn detect(checkpoint: &Checkpoint, options: &LoadOptions) -> Result<Loading> {
    if !options.allow_unknown_calls {
        refuse_calls(checkpoint)?;
    }
    let loading = inspect(checkpoint, options)?;
    if !options.allow_partial {
        loading.audit.verdict(checkpoint.path())?;
    }
    Ok(loading)
}

/// Refuses a file that would run code where it is loaded.
pub(in crate::checkpoint) fn refuse_calls(checkpoint: &Checkpoint) -> Result<()> {
    match checkpoint.calls() {
        calls if calls.is_empty() => Ok(()),
        calls => Err(Error::input(format!(
            "{}: {}",
            checkpoint.path().display(),
            calls.refusal()
        ))),
    }
}

/// As [`detect`], without refusing what is not whole or would run code elsewhere.
pub(in crate::checkpoint) fn inspect(checkpoint: &Checkpoint, options: &LoadOptions) -> Result<Loading> {
    let named = |error| match Claim::stranger(checkpoint).filter(|_| options.arch == "auto") {
        Some(what) => Error::input(format!("{}: {what}", checkpoint.path().display())),
        None => error,
    };
    searched(checkpoint, options).map_err(named)
}

fn searched(checkpoint: &Checkpoint, options: &LoadOptions) -> Result<Loading> {
    if let Some(what) = &checkpoint.no_weights {
        return Err(Error::input(format!("{}: {what}", checkpoint.path().display())));
    }
    let own = checkpoint.own()?;
    let forced = match (options.arch.as_str(), &own) {
        ("auto", Some(own)) => Some(own.arch.clone()),
        ("auto", None) => None,
        (name, _) => Some(Arch::parse(name)?),
    };
    let published = Published::beside(checkpoint);
    let (mut chosen, others) = choose(checkpoint, forced.as_ref(), &options.branch, &published)?;
    let style = match own {
        Some(_) => None,
        None => Style::of(checkpoint, &chosen.prefix, chosen.arch.family()),
    };
    let layout = chosen.naming.layout.filter(|_| own.is_none());
    let heads = layout.and_then(|_| published.heads());
    if own.is_none() {
        let heads_named = options.arch.contains("_heads");
        Style::adapt(style, chosen.naming, &mut chosen.arch, heads_named);
        if let (Arch::Vit(vit), Some(heads), false) = (&mut chosen.arch, heads, heads_named) {
            vit.heads = heads;
        }
    }
    if let Some(layout) = layout {
        let shape = |ours: &str| chosen.shape(checkpoint, ours);
        let asked = [options.arch != "auto", options.allow_partial];
        published::check(checkpoint, &published, layout, &chosen.arch, &shape, asked)?;
    }
    let clip_named = ["_clip", "_siglip"].iter().any(|word| options.arch.contains(word));
    // The mean of patches needs no summary.
    let settled = clip_named || (chosen.naming.name == RADIO_NAME && options.pooling == Some(Pooling::Mean));
    // What is not whole is refused as that.
    let whole = options.allow_partial || chosen.is_whole(checkpoint);
    let undecided = chosen.told.undecided.as_ref().filter(|_| !settled && whole);
    let refused = chosen.told.refused.as_ref().filter(|_| chosen.named >= WHOLE);
    if let Some(what) = refused.or(undecided).filter(|_| own.is_none()) {
        return Err(Error::input(format!("{}: {what}", checkpoint.path().display())));
    }
    if let (Arch::Vit(vit), None) = (&chosen.arch, &forced)
        && !vit.heads_known()
        && heads.is_none()
        && !chosen.told.heads
    {
        // Hierarchical transformers have such blocks too, and little else of one.
        if chosen.named < WHOLE {
            return Err(Error::input(format!(
                "{}: {}",
                checkpoint.path().display(),
                resembles(checkpoint, &chosen)
            )));
        }
        return Err(Error::input(format!(
            "{}: a transformer of width {}, and no tensor tells how many attention heads it has: say so with --arch \
             vit_width{}_depth{}_headsN_patch{}_{}",
            checkpoint.path().display(),
            vit.width,
            vit.width,
            vit.depth,
            vit.patch,
            vit.image()
        )));
    }
    if let Arch::Swin(swin) = &chosen.arch
        && swin.windows.is_empty()
    {
        return Err(Error::input(format!(
            "{}: a second Swin, and no tensor tells its windows; put its config.json beside it, or pass --arch {} with the side of a \
             window for N",
            checkpoint.path().display(),
            swin.name()
        )));
    }
    pool(checkpoint, &mut chosen.arch, options.pooling)?;
    let around = Surroundings {
        checkpoint,
        prefix: &chosen.prefix,
        naming: chosen.naming,
        branch: chosen.branch(),
        own: &chosen.names,
        width: chosen.arch.head_input(),
        self_supervised: style.is_some_and(|s| s.self_supervised) || chosen.branch().is_some_and(|b| b.self_supervised),
        normalised: style.is_some_and(|s| s.normalised),
        gelu: style.is_some_and(|s| s.gelu),
    };
    let projection =
        projection::projection_of(checkpoint, &chosen).filter(|_| own.is_none() && options.projector == "auto");
    let (projector, problem) = match projection {
        Some(found) => (Some(found), None),
        None => projector(&around, own.as_ref(), &options.projector)?,
    };
    // transformers' CLIP classifies by patches that are not normalised, which nothing here gives.
    let classifier = match chosen.naming.layout {
        Some(Layout::Clip) => None,
        _ => classifier(&around, own.as_ref(), projector.as_ref()),
    };
    let after = projector.as_ref().filter(|_| own.is_none());
    let predictor = match &own {
        // Only the side that is trained by gradient predicts the other.
        Some(own) if !own.predictor.is_empty() && around.branch.is_none_or(|b| !b.second) => {
            Some(FoundHead::declared(&around.beside("predictor"), &own.predictor))
        }
        _ => after.and_then(|p| around.predictor(p)),
    };
    let heads = Heads {
        predictor: predictor.filter(|_| projector.is_some()),
        prototypes: after.and_then(|p| around.prototypes(p)),
        projector,
        problem,
        classifier,
    };
    let descriptions = Descriptions {
        style,
        own,
        published: &published,
        named: options.arch != "auto",
    };
    audit(checkpoint, chosen, &others, heads, descriptions)
}

/// Sets the pooling asked for, where the network has what it takes.
fn pool(checkpoint: &Checkpoint, arch: &mut Arch, asked: Option<Pooling>) -> Result<()> {
    let Some(asked) = asked else { return Ok(()) };
    let refuse = |what: &str| Err(Error::input(format!("{}: {what}", checkpoint.path().display())));
    match arch {
        Arch::Vit(vit) if vit.has_class() || asked == Pooling::Mean => {
            vit.pooling = asked;
            Ok(())
        }
        Arch::Vit(_) => refuse("this transformer has no class token; pass --pooling mean or auto"),
        _ => refuse("--pooling is for transformers; this network's maps are averaged over their positions"),
    }
}

/// The network to load, and the prefixes of the other whole ones.
fn choose(
    checkpoint: &Checkpoint,
    forced: Option<&Arch>,
    branch: &str,
    published: &Published,
) -> Result<(Candidate, Vec<String>)> {
    let refuse = |what: String| Error::input(format!("{}: {what}", checkpoint.path().display()));
    let is_wanted = |c: &Candidate| match branch {
        "auto" => true,
        name if BRANCHES.iter().any(|b| b.name == name) => c.branch_name() == name,
        prefix => c.prefix.trim_end_matches('.') == prefix.trim_end_matches('.'),
    };
    let candidates = candidates(checkpoint, forced, published);
    if !candidates.iter().any(|c| c.named >= RECOGNISED) {
        if let Some(arch) = forced {
            return Err(refuse(not_this(checkpoint, arch, &candidates, published)));
        }
        if let Some(what) = stranger(checkpoint) {
            return Err(refuse(format!("{what}; that is not computed here: {ELSEWHERE}")));
        }
        let called = called(checkpoint);
        let first: Vec<_> = checkpoint.tensors().keys().take(3).map(String::as_str).collect();
        let nearest = candidates.iter().max_by(|a, b| a.named.total_cmp(&b.named));
        if let Some(near) = nearest.filter(|c| c.named >= RESEMBLES) {
            return Err(refuse(resembles(checkpoint, near)));
        }
        return Err(refuse(format!(
            "no known network among its {} tensors ({}, …){called}; expected a ResNet or another of torchvision's convolutional \
             networks, a vision transformer or this project's small CNN; if it is another, {ELSEWHERE}",
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
        .find(|c| c.rank() == chosen.rank() && c.named == chosen.named && !c.is_same(&chosen, checkpoint))
    {
        return Err(refuse(format!(
            "it holds two networks that fit equally well, with the prefixes {:?} and {:?}; choose one with --branch PREFIX",
            chosen.prefix, rival.prefix
        )));
    }
    // What is but a part of it is no other network.
    let own: BTreeSet<&String> = chosen.names.iter().collect();
    let is_other = |c: &Candidate| c.names.iter().any(|name| checkpoint.has(name) && !own.contains(name));
    let others = rest.into_iter().chain(others).filter(is_other).map(|c| c.prefix);
    let others = others.collect();
    Ok((chosen, others))
}

type MaybeProjector = (Option<FoundHead>, Option<String>);

/// The projector, or why one that is there cannot be used.
fn projector(around: &Surroundings, own: Option<&OwnMetadata>, asked: &str) -> Result<MaybeProjector> {
    Ok(match (asked, own) {
        ("none", _) => (None, None),
        ("auto", Some(own)) if own.projector.is_empty() => (None, None),
        ("auto", Some(own)) => {
            let path = around.beside("projector");
            (Some(FoundHead::declared(&path, &own.projector)), None)
        }
        ("auto", None) => match around.projector() {
            Ok(found) => (found, None),
            Err(why) => (None, Some(why)),
        },
        (path, _) => match stack_at(around.checkpoint, path.trim_end_matches('.'), false) {
            HeadSlot::Head(head) => (Some(head), None),
            HeadSlot::Unreadable(why) => (None, Some(why)),
            HeadSlot::Nothing => {
                return Err(Error::input(format!(
                    "{}: no tensors below {path:?}; pass --projector auto or none",
                    around.checkpoint.path().display()
                )));
            }
        },
    })
}

fn classifier(
    around: &Surroundings,
    own: Option<&OwnMetadata>,
    projector: Option<&FoundHead>,
) -> Option<FoundClassifier> {
    let found = around.classifier(projector);
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
