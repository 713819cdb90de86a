//! What must hold before anything is read: sets that are compared lie in one space, and what is asked for can be had.

use super::group::LayerGroup;
use super::plan::Plan;
use super::resolved_sets::Bindings;
use super::subject::{is_named, labels, place};
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::metrics::Sides;

/// Checks the sets of each group against the plan.
///
/// # Errors
/// For sets of different width that would be compared, and for metrics of pairs without a pair.
pub fn check(groups: &[LayerGroup], plan: &Plan) -> Result<()> {
    plan.check()?;
    check_pairs(groups, plan)?;
    for group in groups {
        for &(pre, eval) in &group.pairs {
            let [pre, eval] = [group.sets[pre], group.sets[eval]];
            same_space((pre, "pretraining data"), (eval, "evaluation data"))?;
        }
        for (place, &set) in group.sets.iter().enumerate() {
            if let Some(fitted) = group.fitted_of(place, plan) {
                same_space(
                    (fitted, "the split that is fitted on"),
                    (set, "the split that is scored"),
                )?;
            }
        }
    }
    Ok(())
}

/// Refuses two sets that do not lie in one space.
fn same_space((a, role_a): (&dyn FeatureSet, &str), (b, role_b): (&dyn FeatureSet, &str)) -> Result<()> {
    let (p, q) = (a.provenance(), b.provenance());
    if a.width() == b.width() {
        let (Some(mine), Some(theirs)) = (a.channels(), b.channels()) else {
            return Ok(());
        };
        return match mine.iter().zip(&theirs).position(|(m, t)| m != t) {
            None => Ok(()),
            Some(at) => Err(Error::input(format!(
                "channel {at} is {:?} in {} ({role_a}) and {:?} in {} ({role_b}); give both the same columns in one order",
                mine[at], p.path, theirs[at], q.path
            ))),
        };
    }
    Err(Error::input(format!(
        "{} ({role_a}) has {} channels and {} ({role_b}) has {}, both as layer {} of model {}: expected features of one layer; \
         give the same layer of one model",
        p.path,
        a.width(),
        q.path,
        b.width(),
        p.subject.layer,
        p.subject.model
    )))
}

/// Refuses a pretraining and an evaluation data set that no model and layer has both of.
fn check_pairs(groups: &[LayerGroup], plan: &Plan) -> Result<()> {
    let wanted = plan.needs().any(|needs| needs.sides == Sides::Pair);
    if !plan.paired() || !wanted || groups.iter().any(|group| !group.pairs.is_empty()) {
        return Ok(());
    }
    let named = |names: &[String]| {
        let sets = groups.iter().flat_map(|group| &group.sets);
        let mut given: Vec<String> = sets
            .filter(|set| names.iter().any(|name| is_named(**set, name)))
            .map(|set| set.provenance())
            .map(|p| format!("{} is layer {} of model {}", p.path, p.subject.layer, p.subject.model))
            .collect();
        given.dedup();
        given.join(", ")
    };
    Err(Error::input(format!(
        "nothing to compare --pre {} and --eval {} by: no layer of a model has features of both ({}; {}); give features of one layer \
         of one model",
        plan.pre.join(", "),
        plan.eval.join(", "),
        named(&plan.pre),
        named(&plan.eval)
    )))
}

/// Where the labels of a set without any were looked for.
fn where_labels(set: &dyn FeatureSet) -> String {
    const ARRAYS: [&str; 8] = ["npy", "npz", "safetensors", "parquet", "csv", "tsv", "pt", "pth"];
    let path = std::path::Path::new(&set.provenance().path);
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match (extension, path.file_stem()) {
        (Some(extension), Some(stem)) if ARRAYS.contains(&extension.as_str()) => {
            let beside = path.with_file_name(format!("{}_labels.npy", stem.to_string_lossy()));
            let inside = match extension.as_str() {
                "npy" => String::new(),
                _ => format!(" in {} or", path.display()),
            };
            format!(
                "no labels were found{inside} at {}; give --labels FILE",
                beside.display()
            )
        }
        _ => format!("{} has no labels", path.display()),
    }
}

/// How the note of a metric of classes begins where there are no labels.
pub const NEEDS_LABELS: &str = "needs class labels";

/// Why metrics of classes do not apply, if one of these sets has no labels.
pub fn unlabelled(sets: &[&dyn FeatureSet]) -> Option<String> {
    let lacking = sets.iter().find(|set| labels(**set).is_none())?;
    Some(format!("{NEEDS_LABELS}: {}", where_labels(*lacking)))
}

/// What a plan leaves out of these sets, in words for a reader, and why.
///
/// # Errors
/// As [`Bindings::new`].
pub fn left_out(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    let mut say = |line: String| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    // Those that were named get a record that says so.
    let of_classes = plan
        .metrics
        .iter()
        .filter(|m| m.eval.needs().labels && !plan.names(m))
        .count();
    for set in sets
        .iter()
        .filter(|set| of_classes > 0 && labels(set.as_ref()).is_none())
    {
        let why = where_labels(set.as_ref());
        say(format!("{of_classes} metrics of classes are left out: {why}"));
    }
    let of_pairs = plan.metrics.iter().any(|m| m.eval.needs().sides == Sides::Pair);
    let names = [("--pre", &plan.pre), ("--eval", &plan.eval)];
    for group in Bindings::new(sets, plan)?
        .groups
        .iter()
        .filter(|_| of_pairs && plan.paired())
    {
        let at = place(group.sets[0].subject());
        for (flag, name) in names
            .iter()
            .flat_map(|(flag, names)| names.iter().map(move |name| (flag, name)))
        {
            if !group.sets.iter().any(|set| is_named(*set, name)) {
                say(format!(
                    "{at}: no features of {flag} {name}, so nothing is compared with it there"
                ));
            }
        }
    }
    Ok(lines)
}
