//! What a set is of: its names for a reader and a record, and its labels.

use crate::features::{FeatureSet, Labels, Subject};
use crate::results::Record;

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

/// The labels of a set, where any row has one.
pub fn labels(set: &dyn FeatureSet) -> Option<&Labels> {
    set.labels().filter(|labels| labels.classes() > 0)
}
