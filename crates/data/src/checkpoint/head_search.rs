//! Where heads are found.

use super::arch::HeadStep;
use super::branch::Branch;
use super::found_head::{FoundClassifier, FoundHead, FoundStep};
use super::naming::Naming;
use super::own::ClassifierInput;
use super::stack::{HeadSlot, stack_at, stack_without};
use super::weights::Checkpoint;

/// The name of a module beside or below the backbone that may be a head.
#[derive(Debug)]
struct HeadModule {
    /// Name, possibly dotted.
    name: &'static str,
    /// True if the name alone says that it is no classifier.
    sure: bool,
    /// The activation that a gap in the numbering stands for.
    gelu: bool,
    /// One of these is a part of the backbone's prefix, where its name says too little; empty: no matter.
    beside: &'static [&'static str],
}

const fn module(name: &'static str, sure: bool) -> HeadModule {
    HeadModule {
        name,
        sure,
        gelu: false,
        beside: &[],
    }
}

const fn gelu(name: &'static str) -> HeadModule {
    HeadModule {
        gelu: true,
        ..module(name, true)
    }
}

/// Projectors, in the order they are looked for.
const PROJECTORS: &[HeadModule] = &[
    module("projector", true),
    module("projection_head", true),
    module("projection_mlp", true),
    module("projection", true),
    // As the widespread BYOL port spells it.
    module("projetion", true),
    module("proj_head", true),
    module("contrastive_head", true),
    // transformers' CLIP.
    module("visual_projection", true),
    // OpenCLIP around a network of timm.
    HeadModule {
        beside: &["trunk"],
        ..module("head.proj", true)
    },
    gelu("head.mlp"),
    gelu("dino_head.mlp"),
    // lightly's DINO head.
    HeadModule {
        beside: &["teacher_backbone", "student_backbone"],
        ..gelu("head.layers")
    },
    module("neck", true),
    module("mlp", true),
    // nn.Sequential(backbone, neck).
    HeadModule {
        beside: &["0"],
        ..module("1", true)
    },
    HeadModule {
        beside: &["f"],
        ..module("g", true)
    },
    module("head", false),
    module("fc", false),
];

/// Predictors, in the order they are looked for.
const PREDICTORS: &[HeadModule] = &[
    module("predictor", true),
    module("prediction_head", true),
    module("prediction_mlp", true),
    module("head.predictor", true),
];

/// Prototype layers, in the order they are looked for.
const PROTOTYPES: &[HeadModule] = &[
    module("prototypes.prototypes0", true),
    module("prototypes.heads.0", true),
    module("prototypes", true),
    module("head.prototypes", true),
    module("head.last_layer", true),
    module("dino_head.last_layer", true),
];

/// Classifiers, in the order they are looked for.
const CLASSIFIERS: &[HeadModule] = &[
    module("classifier", false),
    module("fc", false),
    module("linear", false),
    module("heads.head", false),
    module("head.fc", false),
    module("head.layers.head", false),
    module("head", false),
    module("cls_head.fc", false),
    module("cls_head", false),
];

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

/// What surrounds a backbone in its file.
pub(super) struct Surroundings<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    /// The backbone's prefix.
    pub(super) prefix: &'a str,
    /// How its tensors are named: what lies inside it is no head.
    pub(super) naming: &'static Naming,
    /// The side of a two-branch method it is on.
    pub(super) branch: Option<&'static Branch>,
    /// Names of the backbone's tensors, some of which lie where its classifier does.
    pub(super) own: &'a [String],
    /// Width of what the heads read.
    pub(super) width: usize,
    /// True if a single linear layer projects.
    pub(super) self_supervised: bool,
    /// True if the method divides the projector's output by its length.
    pub(super) normalised: bool,
    /// True if the method's projector has GELU between its layers, wherever it lies.
    pub(super) gelu: bool,
}

impl Surroundings<'_> {
    /// The name of a head that lies beside the backbone's own folder, as in this project's files.
    pub(super) fn beside(&self, name: &str) -> String {
        let folder = self.prefix.trim_end_matches("backbone.");
        format!("{folder}{name}")
    }

    /// Every path where a place may be: those whose name says enough first, then the nearest to the backbone.
    fn paths<'p>(&self, places: &'p [HeadModule]) -> Vec<(String, &'p HeadModule)> {
        let part_of_branch = |scope: &str| {
            self.branch
                .is_some_and(|b| scope.split('.').any(|part| b.parts.contains(&part)))
        };
        let fits = |p: &&HeadModule| p.beside.is_empty() || self.prefix.split('.').any(|part| p.beside.contains(&part));
        let mut paths = Vec::new();
        for scope in scopes(self.prefix) {
            let own = self.branch.is_none() || part_of_branch(&scope);
            for place in places.iter().filter(fits) {
                let branch = self.branch.filter(|_| !own);
                for (before, after) in branch.map_or(&[][..], |b| b.affixes) {
                    paths.push((affixed(&scope, place.name, before, after), place));
                }
                if branch.is_none_or(|b| !b.second) {
                    paths.push((format!("{scope}{}", place.name), place));
                }
            }
        }
        let inside = |path: &str| {
            path.strip_prefix(self.prefix)
                .is_some_and(|rest| self.naming.inside(rest))
        };
        paths.retain(|(path, _)| !inside(path));
        paths.sort_by_key(|(_, place)| !place.sure);
        paths
    }

    /// The projector, searched by the table of places.
    ///
    /// # Errors
    /// The reason, where a module that can only be a projector is there and cannot be rebuilt or does not fit.
    pub(super) fn projector(&self) -> Result<Option<FoundHead>, String> {
        for (path, place) in self.paths(PROJECTORS) {
            // Where nothing is classified, what follows the backbone can only be its projector.
            let sure = place.sure || self.self_supervised;
            let mut head = match stack_at(self.checkpoint, &path, place.gelu || self.gelu) {
                HeadSlot::Head(head) => head,
                HeadSlot::Unreadable(why) if sure => return Err(format!("the projector {why}")),
                HeadSlot::Nothing | HeadSlot::Unreadable(_) => continue,
            };
            let linears = head.steps.iter().filter(|s| s.step.is_linear()).count();
            if !sure && linears < 2 {
                continue;
            }
            match head.inputs() {
                Some(inputs) if inputs == self.width => {}
                Some(inputs) if sure => {
                    return Err(format!(
                        "the projector {path} takes width {inputs}, the backbone gives {}",
                        self.width
                    ));
                }
                _ => continue,
            }
            if self.normalised {
                head.push(HeadStep::L2Normalize);
            }
            return Ok(Some(head));
        }
        Ok(None)
    }

    /// The predictor, which reads the projector's output.
    pub(super) fn predictor(&self, projector: &FoundHead) -> Option<FoundHead> {
        self.reading(PREDICTORS, projector.width(self.width))
    }

    /// The prototype layer, which reads the projector's output.
    pub(super) fn prototypes(&self, projector: &FoundHead) -> Option<FoundHead> {
        self.reading(PROTOTYPES, projector.width(self.width))
    }

    fn reading(&self, places: &[HeadModule], width: usize) -> Option<FoundHead> {
        self.paths(places)
            .into_iter()
            .find_map(|(path, place)| match stack_at(self.checkpoint, &path, place.gelu) {
                HeadSlot::Head(head) if head.inputs() == Some(width) => Some(head),
                _ => None,
            })
    }

    /// The classifier, which reads the projector's output or the backbone's.
    pub(super) fn classifier(&self, projector: Option<&FoundHead>) -> Option<FoundClassifier> {
        let projected = projector.map(|p| p.width(self.width));
        self.paths(CLASSIFIERS).into_iter().find_map(|(path, _)| {
            let within = |p: &FoundHead| {
                p.path
                    .strip_prefix(&path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            if projector.is_some_and(within) {
                return None;
            }
            let is_own = |name: &str| self.own.iter().any(|own| own == name);
            let HeadSlot::Head(head) = stack_without(self.checkpoint, &path, false, &is_own) else {
                return None;
            };
            let [
                FoundStep {
                    step: HeadStep::Linear { inputs, .. },
                    ..
                },
            ] = head.steps[..]
            else {
                return None;
            };
            // A head after a projector of the backbone's own width reads the projector: that is what SL-MLP trains. An
            // online probe beside a self-supervised projector reads the backbone.
            let input = if projected == Some(inputs) && !(self.self_supervised && inputs == self.width) {
                ClassifierInput::Projector
            } else if inputs == self.width {
                ClassifierInput::Backbone
            } else {
                return None;
            };
            Some(FoundClassifier {
                head,
                input,
                classes: Vec::new(),
            })
        })
    }
}

/// A name with an affix on its first part: `momentum_projector`, `projection_head_momentum`.
fn affixed(scope: &str, name: &str, before: &str, after: &str) -> String {
    match name.split_once('.') {
        Some((first, rest)) => format!("{scope}{before}{first}{after}.{rest}"),
        None => format!("{scope}{before}{name}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_looked_for_in_every_folder_above() {
        assert_eq!(scopes("a.b."), ["a.b.", "a.", ""]);
        assert_eq!(scopes(""), [""]);
    }

    #[test]
    fn an_affix_goes_to_the_first_part() {
        assert_eq!(affixed("m.", "head.mlp", "momentum_", ""), "m.momentum_head.mlp");
        assert_eq!(
            affixed("", "projection_head", "", "_momentum"),
            "projection_head_momentum"
        );
    }
}
