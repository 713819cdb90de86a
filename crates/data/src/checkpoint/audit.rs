//! The loading audit: which weights were really loaded, and whether that is enough.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::elsewhere::ELSEWHERE;
use super::training::Training;
use crate::error::{Error, Result};
use crate::files::UnknownCalls;

/// A tensor that is there and has another shape than the architecture needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MisShaped {
    /// Name in the file.
    pub name: String,
    /// Its shape.
    pub found: Vec<usize>,
    /// The shape the architecture needs.
    pub expected: Vec<usize>,
}

/// What was loaded from a checkpoint, and what was not. Names are those of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Container of the file.
    pub container: String,
    /// The dictionary inside the file that the tensors were taken from, e.g. `state_dict`.
    pub wrapper: Option<String>,
    /// What stands before every backbone name, inside the wrapper, e.g. `module.encoder_q.`.
    pub prefix: String,
    /// What kind of file it is: a method's or a code base's way to lay out and name tensors.
    pub style: String,
    /// How the backbone's tensors are named.
    pub naming: String,
    /// Side of a two-branch method, or `only`.
    pub branch: String,
    /// Prefixes of other whole networks in the file, which were left alone.
    pub other_branches: Vec<String>,
    /// The architecture.
    pub arch: String,
    /// What the file calls a network with the same tensors that computes something else, and how it differs.
    #[serde(default)]
    pub lookalike: Option<String>,
    /// How far the training had come, where the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Number of tensors the backbone has.
    pub expected: usize,
    /// Backbone tensors that were loaded.
    pub matched: Vec<String>,
    /// Backbone tensors that are not there.
    pub missing: Vec<String>,
    /// Tensors inside the backbone that the architecture does not have.
    pub unexpected: Vec<String>,
    /// Backbone and head tensors of another shape.
    pub mis_shaped: Vec<MisShaped>,
    /// Backbone and head tensors that hold NaN or an infinity.
    pub non_finite: Vec<String>,
    /// Running variances with a negative value.
    pub negative_variance: Vec<String>,
    /// Tensors of the file that play no part (heads of other kinds, optimizer state, queues), long groups as one line.
    pub unused: Vec<String>,
    /// Share of the backbone's parameters (elements, running statistics included) that were loaded.
    pub backbone_coverage: f64,
    /// Parameters of the backbone as the architecture has it: heads and running statistics do not count. `None` in audits of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<u64>,
    /// The share of the projector's parameters that were loaded; `None` where there is none.
    pub projector_coverage: Option<f64>,
    /// BatchNorm running statistics of the backbone that are there, and how many there should be.
    pub running_statistics: [usize; 2],
    /// The projector in words, or `None`: this file has no projector (or none was asked for).
    pub projector: Option<String>,
    /// Where the projector was found.
    pub projector_path: Option<String>,
    /// Why a projector that is there cannot be used.
    pub projector_problem: Option<String>,
    /// The predictor in words, and where it was found; it reads the projector.
    pub predictor: Option<String>,
    /// The prototype layer in words, and where it was found; it reads the projector.
    pub prototypes: Option<String>,
    /// The classifier in words and the layer it reads.
    pub classifier: Option<String>,
    /// Objects of unknown classes that the file holds beside its tensors: where, and of which class. They were not run.
    pub opaque: Vec<String>,
    /// What loading the file with Python's pickle would call, beyond what is known to be harmless. Nothing was called here.
    #[serde(default, skip_serializing_if = "UnknownCalls::is_empty")]
    pub calls: UnknownCalls,
    /// What was assumed because names and shapes do not say it.
    pub notes: Vec<String>,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

impl Audit {
    /// Demands that every tensor of the backbone and of the projector was loaded, and none inside the backbone was left.
    ///
    /// # Errors
    /// The first reason why not, in one sentence about `path`.
    pub fn verdict(&self, path: &Path) -> Result<()> {
        let refuse = |what: String| Err(Error::input(format!("{}: {what}", path.display())));
        if let Some(lookalike) = &self.lookalike {
            return refuse(format!(
                "{lookalike}: features of a {} would not be its own; {ELSEWHERE}, or pass --arch {} to load it as that all the same",
                self.arch, self.arch
            ));
        }
        if let Some(m) = self.mis_shaped.first() {
            let turned = m.found.iter().rev().eq(&m.expected) || sorted(&m.found) == sorted(&m.expected);
            return refuse(format!(
                "tensor {} has shape {:?}, expected {:?} for {}{}{}; load the file it was made from, name the architecture with --arch, \
                 or pass --allow-partial",
                m.name,
                m.found,
                m.expected,
                self.arch,
                if turned { " (it looks transposed)" } else { "" },
                and_more(self.mis_shaped.len() - 1, "mis-shaped"),
            ));
        }
        if let Some(first) = self.missing.first() {
            let what = if self.missing.iter().all(|n| n.contains("running_")) {
                "BatchNorm running statistics of the backbone are missing, without which its features cannot be computed:"
            } else {
                "tensors of the backbone are missing:"
            };
            let instead = match self.unexpected.first() {
                Some(name) => format!(", while {name} is not one of its tensors (renamed?)"),
                None if self.running_statistics[0] == 0 && self.running_statistics[1] == self.missing.len() => {
                    format!("; if it has GroupNorm in their place, {ELSEWHERE}")
                }
                None => String::new(),
            };
            return refuse(format!(
                "{} of {} {what} {first}{}{instead}; a {} cannot be loaded whole from it: pass --arch or --branch, or --allow-partial",
                self.missing.len(),
                self.expected,
                and_more(self.missing.len() - 1, "missing"),
                self.arch,
            ));
        }
        if let Some(first) = self.unexpected.first() {
            return refuse(format!(
                "tensor {first}{} lies inside the backbone, and {} has no such tensor; name the right architecture with --arch, or pass \
                 --allow-partial to leave it out",
                and_more(self.unexpected.len() - 1, "unexpected"),
                self.arch,
            ));
        }
        if let Some(first) = self.non_finite.first() {
            return refuse(format!(
                "tensor {first}{} holds NaN or infinite values; the training diverged or the file is damaged: use another checkpoint",
                and_more(self.non_finite.len() - 1, "non-finite"),
            ));
        }
        if let Some(first) = self.negative_variance.first() {
            return refuse(format!(
                "tensor {first}{} holds a negative variance, which no training gives; the file is damaged: fetch it again",
                and_more(self.negative_variance.len() - 1, "such"),
            ));
        }
        if let Some(problem) = &self.projector_problem {
            return refuse(format!("{problem}; pass --projector none to load the backbone alone"));
        }
        Ok(())
    }

    /// Everything it says as JSON, with its [`lines`](Self::lines): what a feature store keeps.
    pub fn to_json(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["lines"] = self.lines().into();
        value
    }

    /// The audit in a few lines to read.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |what: &str, text: String| lines.push(format!("{what:<10} {text}"));
        let wrapper = self.wrapper.as_ref().map(|w| format!(" in {w:?}")).unwrap_or_default();
        let prefix = if self.prefix.is_empty() {
            "no prefix".to_owned()
        } else {
            format!("prefix {:?}", self.prefix)
        };
        line(
            "network",
            format!(
                "{} from {}{wrapper}: {}, {prefix}",
                self.arch,
                self.container,
                if self.style == self.naming {
                    format!("{} names", self.naming)
                } else {
                    format!("{} file, {} names", self.style, self.naming)
                }
            ),
        );
        if self.branch != "only" || !self.other_branches.is_empty() {
            line(
                "branch",
                format!("{}; left alone: {}", self.branch, self.other_branches.join(", ")),
            );
        }
        if let Some(training) = &self.training {
            line("training", training.describe());
        }
        let [there, needed] = self.running_statistics;
        line(
            "backbone",
            format!(
                "{} of {} tensors, {} of its parameters; {there} of {needed} running statistics",
                self.matched.len(),
                self.expected,
                percent(self.backbone_coverage)
            ),
        );
        for (what, names) in [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("non-finite", &self.non_finite),
            ("negative", &self.negative_variance),
        ] {
            if !names.is_empty() {
                line(what, listed(names));
            }
        }
        if !self.mis_shaped.is_empty() {
            line(
                "mis-shaped",
                listed(&self.mis_shaped.iter().map(|m| m.name.clone()).collect::<Vec<_>>()),
            );
        }
        match (&self.projector, &self.projector_problem) {
            (Some(projector), _) => line(
                "projector",
                format!("{projector}, at {}", self.projector_path.as_deref().unwrap_or("")),
            ),
            (None, Some(problem)) => line("projector", problem.clone()),
            (None, None) => line("projector", "this file has no projector".to_owned()),
        }
        for (what, head) in [
            ("predictor", &self.predictor),
            ("prototypes", &self.prototypes),
            ("classifier", &self.classifier),
        ] {
            if let Some(head) = head {
                line(what, head.clone());
            }
        }
        if !self.unused.is_empty() {
            line("unused", listed(&self.unused));
        }
        if !self.opaque.is_empty() {
            line("not read", listed(&self.opaque));
        }
        if !self.calls.is_empty() {
            line("calls", self.calls.describe());
        }
        self.notes.iter().for_each(|note| line("note", note.clone()));
        line("sha256", self.sha256.clone());
        lines
    }
}

/// Names shown in a line of the audit; the others are counted.
const SHOWN: usize = 4;

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len() - names.len().min(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Never rounds a part up to the whole.
fn percent(share: f64) -> String {
    if share >= 1.0 {
        "100 %".to_owned()
    } else {
        format!("{:.2} %", (share * 1e4).floor() / 1e2)
    }
}

fn sorted(shape: &[usize]) -> Vec<usize> {
    let mut shape = shape.to_vec();
    shape.sort_unstable();
    shape
}

fn and_more(count: usize, what: &str) -> String {
    if count == 0 {
        String::new()
    } else {
        format!(" (and {count} more {what})")
    }
}
