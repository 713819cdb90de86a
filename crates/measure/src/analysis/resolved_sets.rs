//! Every set of an analysis in its place, resolved from names before anything is read.

use super::benchmark::Suite;
use super::group::LayerGroup;
use super::name_checks::check_names;
use super::plan::Plan;
use super::subject::{by_layer, place, with_split};
use crate::error::Result;
use crate::features::{FeatureSet, Subject};

/// The steps of one run of a model at one layer, on one split of a data set.
struct Steps<'a> {
    subject: &'a Subject,
    steps: Vec<u64>,
}

/// Every set of an analysis in its place.
pub struct Bindings<'a> {
    /// One group for each layer of each model, run and step, in order of first appearance.
    pub groups: Vec<LayerGroup<'a>>,
    suites: &'a [Suite],
}

impl<'a> Bindings<'a> {
    /// Resolves these sets as the plan declares them.
    ///
    /// # Errors
    /// For sets that cannot be told apart, and for names that no set has.
    pub fn new(sets: &'a [Box<dyn FeatureSet>], plan: &'a Plan) -> Result<Self> {
        check_names(sets, plan)?;
        Ok(Self {
            groups: by_layer(sets)
                .into_iter()
                .map(|of_layer| LayerGroup::new(of_layer, sets, plan))
                .collect(),
            suites: &plan.suites,
        })
    }

    /// What belongs together, in lines for a reader.
    pub fn describe(&self) -> Vec<String> {
        let name = |set: &dyn FeatureSet| with_split(&set.subject().dataset, &set.subject().split);
        let mut lines: Vec<String> = Vec::new();
        for group in &self.groups {
            let at = place(group.sets[0].subject());
            for &(pre, eval) in &group.pairs {
                let (pre, eval) = (name(group.sets[pre]), name(group.sets[eval]));
                lines.push(format!("{at}: {pre} (pretraining) with {eval} (evaluation)"));
            }
            for (set, fitted) in group.sets.iter().zip(&group.fitted) {
                if let Some(fitted) = fitted {
                    let fitted = name(group.sets[*fitted]);
                    lines.push(format!("{at}: fitted on {fitted}, scored on {}", name(*set)));
                }
            }
            for (set, _) in group
                .sets
                .iter()
                .zip(&group.logits)
                .filter(|(_, logits)| logits.is_some())
            {
                lines.push(format!("{at}: the logits of the same rows of {}", name(*set)));
            }
        }
        for Steps { subject, steps } in self.steps() {
            let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
            let data = with_split(&subject.dataset, &subject.split);
            let layer = Subject {
                step: None,
                ..subject.clone()
            };
            lines.push(format!("{} on {data}: steps {}", place(&layer), steps.join(", ")));
        }
        for suite in self.suites {
            lines.push(format!("suite {}: {}", suite.name, suite.datasets.join(", ")));
        }
        lines
    }

    /// Runs that are there at several steps.
    fn steps(&self) -> Vec<Steps<'a>> {
        let mut found: Vec<Steps> = Vec::new();
        for set in self.groups.iter().flat_map(|group| &group.sets) {
            let subject = set.subject();
            let Some(step) = subject.step else { continue };
            let apart = |s: &Subject| Subject {
                step: None,
                ..s.clone()
            };
            match found.iter_mut().find(|run| apart(run.subject) == apart(subject)) {
                Some(run) => run.steps.push(step),
                None => found.push(Steps {
                    subject,
                    steps: vec![step],
                }),
            }
        }
        found.retain(|run| run.steps.len() > 1);
        found.iter_mut().for_each(|run| run.steps.sort_unstable());
        found
    }
}
