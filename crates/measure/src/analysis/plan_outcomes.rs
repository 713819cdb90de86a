//! The metrics of one input, computed one kind after the other.

use std::time::Instant;

use super::kinds::Kinds;
use super::outcome::Outcome;
use super::plan::Plan;
use super::planned_metric::PlannedMetric;
use crate::error::Error;
use crate::metrics::Sides;

/// Optional inputs that some metrics need.
#[derive(Clone, Copy, Default)]
pub struct OptionalInputs {
    /// Rows that probes look at.
    pub probed: bool,
    /// The scores of a classifier's own classes.
    pub logits: bool,
    /// Views of the same images.
    pub views: bool,
}

/// The outcomes of a plan's metrics on one input, as its kinds are computed one after the other.
pub struct PlanOutcomes {
    found: Vec<(PlannedMetric<()>, Outcome, f64)>,
}

impl PlanOutcomes {
    /// For the metrics of these sides, with the lists to compute. Where metrics of classes do not apply, being `unlabelled`,
    /// those that the user named say why, and the others are left out. Left out are probes where no rows are `probed`,
    /// metrics of logits on other layers, and metrics of views where rows are not views.
    pub fn start(plan: &Plan, sides: Sides, unlabelled: Option<&str>, has: OptionalInputs) -> (Self, Kinds) {
        let (possible, impossible): (Vec<_>, Vec<_>) = plan
            .asked()
            .filter(|asked| asked.eval.needs().sides == sides)
            .filter(|asked| has.logits || !asked.eval.needs().logits || plan.names(asked.metric))
            .filter(|asked| has.views || asked.eval.needs().views.is_none() || plan.names(asked.metric))
            .filter(|asked| has.probed || !asked.eval.needs().probed || unlabelled.is_some())
            .partition(|asked| unlabelled.is_none() || !asked.eval.needs().labels);
        let found = impossible
            .into_iter()
            .filter(|asked| plan.names(asked.metric))
            .map(|asked| {
                let reason = Error::undefined(unlabelled.unwrap_or_default());
                (asked.by(()), Outcome::new(Err(reason)), 0.0)
            })
            .collect();
        (Self { found }, Kinds::new(possible.into_iter()))
    }

    /// Computes one kind: one outcome for each of its metrics, in their order. The time of
    /// shared work is divided equally among them.
    pub fn kind<E>(&mut self, asked: &[PlannedMetric<E>], outcomes: impl FnOnce(&[PlannedMetric<E>]) -> Vec<Outcome>) {
        if asked.is_empty() {
            return;
        }
        let start = Instant::now();
        let outcomes = outcomes(asked);
        assert_eq!(outcomes.len(), asked.len(), "one outcome for each metric");
        let each = start.elapsed().as_secs_f64() / asked.len() as f64;
        let found = asked.iter().zip(outcomes);
        self.found
            .extend(found.map(|(asked, outcome)| (asked.by(()), outcome, each)));
    }

    /// All outcomes in the plan's order, each with its seconds.
    pub fn finish(mut self) -> Vec<(PlannedMetric<()>, Outcome, f64)> {
        self.found.sort_by_key(|(asked, ..)| asked.place);
        self.found
    }
}
