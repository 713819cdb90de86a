//! Checks that every name in a plan means one thing, and a set that is there.

use super::benchmark::Together;
use super::plan::Plan;
use super::subject::is_named;
use crate::error::{Error, Result};
use crate::features::{FeatureSet, Subject};

/// Refuses sets that cannot be told apart, and names that no set has.
pub fn check_names(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<()> {
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
