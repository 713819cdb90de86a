//! The sets of one layer, and what belongs together among them.

use super::limits::WIDEST_FOR_VECTORS;
use super::plan::Plan;
use super::planned_metric::PlannedMetric;
use super::subject::{is_named, labels, record, with_split};
use crate::features::{FeatureSet, Role, Subject};
use crate::metrics::Eval;
use crate::results::Record;

/// The sets of one layer of one model, run and step, and what belongs together among them, by their places.
pub struct LayerGroup<'a> {
    /// The sets, in the order given.
    pub sets: Vec<&'a dyn FeatureSet>,
    /// The role of each, where the plan gives it one.
    pub roles: Vec<Option<Role>>,
    /// Every pretraining with every evaluation set.
    pub pairs: Vec<(usize, usize)>,
    /// For each set the split of the same data that is fitted on where it is scored.
    pub fitted: Vec<Option<usize>>,
    /// For each set the same rows at the layer of the logits.
    pub logits: Vec<Option<&'a dyn FeatureSet>>,
    /// The pairs of the plan of which a side is not there.
    pub missing: Vec<Missing<'a>>,
}

/// A pair of the plan of which a group lacks a side.
pub struct Missing<'a> {
    /// The pretraining data set, as the user named it.
    pub pre: String,
    /// The evaluation data set.
    pub eval: String,
    /// Which of them is lacking: the flag that names it, and its name.
    pub lacking: (&'static str, String),
    /// The side that is there.
    pub present: Option<&'a dyn FeatureSet>,
}

impl<'a> LayerGroup<'a> {
    /// The group of the sets of one layer, among all.
    pub fn new(sets: Vec<&'a dyn FeatureSet>, all: &'a [Box<dyn FeatureSet>], plan: &Plan) -> Self {
        let roles = sets.iter().map(|set| role(*set, plan)).collect();
        let fitted = sets.iter().map(|set| fitted(*set, &sets, plan)).collect();
        let logits = sets.iter().map(|set| logits(*set, all, plan)).collect();
        Self {
            roles,
            fitted,
            logits,
            pairs: pairs(&sets, plan),
            missing: missing(&sets, plan),
            sets,
        }
    }

    /// The start of a record: the layer of the model, without a data set.
    pub fn record(&self) -> Record {
        Record {
            dataset: String::new(),
            split: String::new(),
            ..record(self.sets[0].subject())
        }
    }

    /// The split that is fitted on where the set at a place is scored, if a metric of the plan wants one.
    pub fn fitted_of(&self, place: usize, plan: &Plan) -> Option<&'a dyn FeatureSet> {
        let labelled = labels(self.sets[place]).is_some();
        let wanted = || plan.needs().any(|needs| needs.fitted && (labelled || !needs.labels));
        self.fitted[place].filter(|_| wanted()).map(|fitted| self.sets[fitted])
    }
}

impl<'a> LayerGroup<'a> {
    /// The rows that are fitted on where the set at a place is scored, and the same rows at the layer of the logits, where a metric
    /// of the plan wants the classifier between them and there can be one: a logit for each class.
    pub fn head_of(&self, place: usize, plan: &Plan) -> Option<(&'a dyn FeatureSet, &'a dyn FeatureSet)> {
        if !(plan.needs().any(|needs| needs.head) && self.is_probed(place, plan)) {
            return None;
        }
        let fitted = self.fitted[place]
            .filter(|_| self.fitted_of(place, plan).is_some())
            .unwrap_or(place);
        let (features, logits) = (self.sets[fitted], self.logits[fitted]?);
        let classes = labels(features).map_or(0, |l| l.classes());
        let fits =
            features.width() <= WIDEST_FOR_VECTORS && logits.width() == classes && logits.rows() == features.rows();
        (fits && features.provenance().ids_sha256 == logits.provenance().ids_sha256).then_some((features, logits))
    }
}

impl LayerGroup<'_> {
    /// Whether probes are scored on the set at a place: on labelled data that the models are not pretrained on; on pretraining
    /// data where the user names one.
    pub fn is_probed(&self, place: usize, plan: &Plan) -> bool {
        let wanted = |asked: &PlannedMetric<Eval>| {
            asked.eval.needs().probed && (self.roles[place] != Some(Role::Pre) || plan.names(asked.metric))
        };
        labels(self.sets[place]).is_some() && plan.asked().any(|asked| wanted(&asked))
    }

    /// Whether the set at a place is there to be fitted on, and nothing else: another split of its data is scored, and the user
    /// does not name this one.
    pub fn only_fitted(&self, place: usize, plan: &Plan) -> bool {
        let is_used = |scored: usize| {
            let scores = plan.needs().any(|needs| needs.fitted && needs.probed);
            scores && self.fitted[scored] == Some(place) && self.fitted_of(scored, plan).is_some()
        };
        let s = self.sets[place].subject();
        let own = with_split(&s.dataset, &s.split);
        let named = plan.pre.iter().chain(&plan.eval).any(|name| *name == own);
        !named && (0..self.sets.len()).any(is_used)
    }
}

/// The role a data set plays, where the plan gives it one.
fn role(set: &dyn FeatureSet, plan: &Plan) -> Option<Role> {
    let named = |names: &[String]| names.iter().any(|name| is_named(set, name));
    match (named(&plan.pre), named(&plan.eval)) {
        (true, false) => Some(Role::Pre),
        (false, true) => Some(Role::Eval),
        _ => None,
    }
}

/// Every pre with every eval set of a group, by their places. Of several splits of one data set the one that is scored is
/// taken.
fn pairs(sets: &[&dyn FeatureSet], plan: &Plan) -> Vec<(usize, usize)> {
    let pick = |names: &[String]| -> Vec<usize> {
        let mut picked: Vec<usize> = Vec::new();
        for name in names {
            let named = (0..sets.len()).filter(|&i| is_named(sets[i], name));
            let best = named.min_by_key(|&i| plan.together.preference(&sets[i].subject().split));
            if let Some(place) = best.filter(|place| !picked.contains(place)) {
                picked.push(place);
            }
        }
        picked
    };
    let (pre, eval) = (pick(&plan.pre), pick(&plan.eval));
    pre.iter()
        .flat_map(|&p| eval.iter().filter(move |&&e| e != p).map(move |&e| (p, e)))
        .collect()
}

/// The place of the split that is fitted where `set` is scored: another split of its data, with labels.
fn fitted(set: &dyn FeatureSet, sets: &[&dyn FeatureSet], plan: &Plan) -> Option<usize> {
    let s = set.subject();
    let is_fitted = |other: &&dyn FeatureSet| {
        let o = other.subject();
        o.dataset == s.dataset && o.split == plan.together.fit && s.split != o.split && labels(*other).is_some()
    };
    sets.iter().position(is_fitted)
}

/// The set of the same rows at the layer of the logits.
fn logits<'a>(set: &dyn FeatureSet, all: &'a [Box<dyn FeatureSet>], plan: &Plan) -> Option<&'a dyn FeatureSet> {
    let beside = Subject {
        layer: plan.together.logits.clone(),
        ..set.subject().clone()
    };
    let found = all.iter().find(|other| *other.subject() == beside)?;
    (*set.subject() != beside).then_some(found.as_ref())
}

/// The pairs of the plan of which these sets lack a side.
fn missing<'a>(sets: &[&'a dyn FeatureSet], plan: &Plan) -> Vec<Missing<'a>> {
    let is_there = |name: &String| sets.iter().any(|set| is_named(*set, name));
    let pairs = plan
        .pre
        .iter()
        .flat_map(|pre| plan.eval.iter().map(move |eval| (pre, eval)));
    pairs
        .filter_map(|(pre, eval)| {
            let lacking = [("--pre", pre), ("--eval", eval)]
                .into_iter()
                .find(|(_, name)| !is_there(name))?;
            Some(Missing {
                pre: pre.clone(),
                eval: eval.clone(),
                lacking: (lacking.0, lacking.1.clone()),
                present: sets
                    .iter()
                    .find(|set| is_named(**set, pre) || is_named(**set, eval))
                    .copied(),
            })
        })
        .collect()
}
