//! What is measured, and what belongs together: resolved from names before anything is read.

use super::head::WIDEST as WIDEST_HEAD;
use super::{Plan, labels};
use crate::error::{Error, Result};
use crate::features::{FeatureSet, Role, Subject};
use crate::results::Record;

/// Which splits and layers belong together: declared by the user, else as is usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together {
    /// The split that is fitted on, for what is fitted on one split and scored on another.
    pub fit: String,
    /// The split of an evaluation data set that is scored and compared, in this order of preference.
    pub score: Vec<String>,
    /// The layer whose rows go with the same rows of every other layer.
    pub logits: String,
}

impl Default for Together {
    fn default() -> Self {
        Self {
            fit: "train".to_owned(),
            score: vec!["test".to_owned(), "val".to_owned()],
            logits: "logits".to_owned(),
        }
    }
}

/// Several evaluation data sets as one benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its data sets, by name.
    pub datasets: Vec<String>,
}

/// The sets of one layer of one model, run and step, and what belongs together among them, by their places.
pub struct Group<'a> {
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

/// The steps of one run of a model at one layer, on one split of a data set.
struct Steps<'a> {
    subject: &'a Subject,
    steps: Vec<u64>,
}

/// Every set of an analysis in its place.
pub struct Bindings<'a> {
    /// One group for each layer of each model, run and step, in order of first appearance.
    pub groups: Vec<Group<'a>>,
    suites: &'a [Suite],
}

impl<'a> Bindings<'a> {
    /// Of these sets, as the plan declares them.
    ///
    /// # Errors
    /// For sets that cannot be told apart, and for names that no set has.
    pub fn new(sets: &'a [Box<dyn FeatureSet>], plan: &'a Plan) -> Result<Self> {
        check_names(sets, plan)?;
        Ok(Self {
            groups: by_layer(sets)
                .into_iter()
                .map(|of_layer| Group::new(of_layer, sets, plan))
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

impl<'a> Group<'a> {
    fn new(sets: Vec<&'a dyn FeatureSet>, all: &'a [Box<dyn FeatureSet>], plan: &Plan) -> Self {
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

impl<'a> Group<'a> {
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
        let fits = features.width() <= WIDEST_HEAD && logits.width() == classes && logits.rows() == features.rows();
        (fits && features.provenance().ids_sha256 == logits.provenance().ids_sha256).then_some((features, logits))
    }
}

impl Group<'_> {
    /// Whether probes are scored on the set at a place: on labelled data that the models are not pretrained on; on pretraining
    /// data where the user names one.
    pub fn is_probed(&self, place: usize, plan: &Plan) -> bool {
        let wanted = |asked: &super::kinds::Asked<crate::metrics::Eval>| {
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

/// The start of a record of a subject.
pub fn record(subject: &Subject) -> Record {
    let Subject {
        model,
        run,
        step,
        layer,
        dataset,
        split,
    } = subject.clone();
    Record {
        model,
        run,
        step,
        layer,
        dataset,
        split,
        ..Record::default()
    }
}

/// A layer of a model, run and step, for a reader.
pub fn place(subject: &Subject) -> String {
    let mut text = subject.model.clone();
    if let Some(run) = &subject.run {
        text.push_str(&format!(" · run {run}"));
    }
    if let Some(step) = subject.step {
        text.push_str(&format!(" · step {step}"));
    }
    text + " · " + &subject.layer
}

/// A data set and its split, for a reader.
pub fn with_split(dataset: &str, split: &str) -> String {
    match split {
        "" => dataset.to_owned(),
        split => format!("{dataset}/{split}"),
    }
}

/// Whether a user who writes `name` (NAME or NAME/SPLIT) means this set's data.
pub fn is_named(set: &dyn FeatureSet, name: &str) -> bool {
    let s = set.subject();
    name == s.dataset || name.strip_prefix(&s.dataset).and_then(|rest| rest.strip_prefix('/')) == Some(&s.split)
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

/// Sets of one layer of a model, run and step, in order of first appearance.
pub fn by_layer(sets: &[Box<dyn FeatureSet>]) -> Vec<Vec<&dyn FeatureSet>> {
    let mut groups: Vec<Vec<&dyn FeatureSet>> = Vec::new();
    let key = |set: &dyn FeatureSet| {
        let s = set.subject();
        (s.model.clone(), s.run.clone(), s.step, s.layer.clone())
    };
    for set in sets {
        match groups.iter_mut().find(|g| key(g[0]) == key(set.as_ref())) {
            Some(group) => group.push(set.as_ref()),
            None => groups.push(vec![set.as_ref()]),
        }
    }
    groups
}

/// Every pre with every eval set of a group, by their places. Of several splits of one data set the one that is scored is
/// taken.
fn pairs(sets: &[&dyn FeatureSet], plan: &Plan) -> Vec<(usize, usize)> {
    let preferred = |split: &String| {
        let known = plan.together.score.iter().position(|score| score == split);
        known.unwrap_or(plan.together.score.len())
    };
    let pick = |names: &[String]| -> Vec<usize> {
        let mut picked: Vec<usize> = Vec::new();
        for name in names {
            let named = (0..sets.len()).filter(|&i| is_named(sets[i], name));
            let best = named.min_by_key(|&i| preferred(&sets[i].subject().split));
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

fn check_names(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<()> {
    if sets.is_empty() {
        return Err(Error::input(
            "nothing to analyze: name at least one feature store or array",
        ));
    }
    let mut seen: Vec<&Subject> = Vec::new();
    for set in sets {
        let s = set.subject();
        if seen.contains(&s) {
            return Err(Error::input(format!(
                "{}: model {}, layer {}, data set {} is given twice; give each input once, or name the models apart",
                set.provenance().path,
                s.model,
                s.layer,
                s.dataset
            )));
        }
        seen.push(s);
    }
    if let Some(both) = plan.pre.iter().find(|name| plan.eval.contains(name)) {
        return Err(Error::input(format!(
            "{both} is named both as pretraining (--pre) and as evaluation data (--eval); name two different data sets"
        )));
    }
    for (i, suite) in plan.suites.iter().enumerate() {
        let is_taken = sets.iter().any(|set| set.subject().dataset == suite.name);
        if is_taken || plan.suites[..i].iter().any(|other| other.name == suite.name) {
            return Err(Error::input(format!(
                "suite {}: another suite or a data set has that name; give it its own",
                suite.name
            )));
        }
    }
    let suites = plan
        .suites
        .iter()
        .map(|suite| (format!("suite {}: data set", suite.name), &suite.datasets));
    let named = [("--pre".to_owned(), &plan.pre), ("--eval".to_owned(), &plan.eval)];
    for (flag, names) in named.into_iter().chain(suites) {
        for name in names {
            if !sets.iter().any(|set| is_named(set.as_ref(), name)) {
                let mut names: Vec<&str> = sets.iter().map(|s| s.subject().dataset.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                return Err(Error::input(format!(
                    "{flag} {name}: no input is of that data set; the inputs are of {}",
                    names.join(", ")
                )));
            }
        }
    }
    check_splits(sets, plan)
}

/// Refuses splits that were named and that no set is of.
fn check_splits(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<()> {
    let usual = Together::default();
    let fit = (plan.together.fit != usual.fit).then_some(("--fit", &plan.together.fit));
    let score = plan
        .together
        .score
        .iter()
        .filter(|_| plan.together.score != usual.score);
    for (flag, split) in fit.into_iter().chain(score.map(|split| ("--score", split))) {
        if !sets.iter().any(|set| set.subject().split == *split) {
            let mut known: Vec<&str> = sets.iter().map(|set| set.subject().split.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            return Err(Error::input(format!(
                "{flag} {split}: no input is of that split; the inputs are of {known:?} (DATASET/SPLIT=PATH names an array's)"
            )));
        }
    }
    Ok(())
}
