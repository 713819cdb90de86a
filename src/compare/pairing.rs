//! Checks before anything is paired: two models have to have seen the same images in the same way.

use super::grouping::{distinct, grouped};
use super::meaning::with_split;
use crate::results::{AnalysedInput, Record, SuiteMember};

/// Why records `a` and `b` may not be paired, or `None` when they may: each data set must have the same row ids in the
/// same order in both models, and both numbers must follow one convention.
pub(super) fn unlike(inputs: &[AnalysedInput], a: &Record, b: &Record) -> Option<String> {
    let seen = match a.members() {
        // A suite is of the images of each of its data sets.
        Some(members) => {
            let of_member = |(dataset, split): SuiteMember| {
                let seen = |record: &Record| {
                    let is_it =
                        |i: &&AnalysedInput| i.model == record.model && i.dataset == dataset && i.split == split;
                    inputs.iter().find(is_it)
                };
                (dataset.to_owned(), seen(a), seen(b))
            };
            members.into_iter().map(of_member).collect()
        }
        None => sides(inputs, a, b),
    };
    let odd = seen
        .into_iter()
        .find_map(|(dataset, a, b)| unlike_images(&dataset, a, b));
    odd.or_else(|| a.unlike(b).map(|odd| format!("different conventions ({odd})")))
}

fn unlike_images(dataset: &str, a: Option<&AnalysedInput>, b: Option<&AnalysedInput>) -> Option<String> {
    let (Some(a), Some(b)) = (a, b) else {
        return Some(format!("the results do not say which images of {dataset} were seen"));
    };
    if a.ids_sha256.is_empty() || b.ids_sha256.is_empty() {
        return Some(format!("the images of {dataset} have no ids"));
    }
    (a.ids_sha256 != b.ids_sha256).then(|| format!("different images of {dataset}, or in another order"))
}

/// Checks, as far as it is known, if `a` and `b` saw a data set through different preprocessing.
pub(super) fn preprocessed_unlike(inputs: &[AnalysedInput], a: &Record, b: &Record) -> bool {
    sides(inputs, a, b)
        .into_iter()
        .any(|(_, of_a, of_b)| match (of_a, of_b) {
            (Some(a), Some(b)) => {
                let (a, b) = (&a.preprocess_sha256, &b.preprocess_sha256);
                !a.is_empty() && !b.is_empty() && a != b
            }
            _ => false,
        })
}

/// What to bear in mind of each data set that `models` saw through different preprocessing: one sentence.
pub(super) fn preprocessing_warnings(inputs: &[AnalysedInput], models: &[String]) -> Vec<String> {
    let seen = |i: &&AnalysedInput| !i.preprocess_sha256.is_empty() && models.contains(&i.model);
    let mut warnings = Vec::new();
    for (at, first) in inputs.iter().enumerate().filter(|(_, i)| seen(i)) {
        let same_data = |i: &&AnalysedInput| i.dataset == first.dataset && i.split == first.split;
        if inputs[..at].iter().filter(seen).any(|i| same_data(&i)) {
            continue;
        }
        let seen_here = inputs[at..].iter().filter(seen).filter(same_data);
        let ways = grouped(seen_here.map(|input| (input.preprocess_sha256.as_str(), input.model.as_str())));
        if ways.len() > 1 {
            let ways: Vec<String> = ways
                .into_iter()
                .map(|(_, models)| distinct(models).join(" and "))
                .collect();
            warnings.push(format!(
                "{} was preprocessed differently for {}; part of their differences may come from it",
                with_split(&first.dataset, &first.split),
                ways.join(", for ")
            ));
        }
    }
    warnings
}

type SideInputs<'a> = (String, Option<&'a AnalysedInput>, Option<&'a AnalysedInput>);

fn sides<'a>(inputs: &'a [AnalysedInput], a: &Record, b: &Record) -> Vec<SideInputs<'a>> {
    let first = |r: &Record| input(inputs, r, &r.dataset, &r.split);
    let other = |r: &Record| {
        let split = r.other_split.as_deref().unwrap_or("");
        r.other_dataset.as_ref().and_then(|name| input(inputs, r, name, split))
    };
    let mut sides = vec![(a.dataset.clone(), first(a), first(b))];
    if let Some(name) = &a.other_dataset {
        sides.push((name.clone(), other(a), other(b)));
    }
    sides
}

/// The input behind one side of a record.
fn input<'a>(inputs: &'a [AnalysedInput], record: &Record, dataset: &str, split: &str) -> Option<&'a AnalysedInput> {
    inputs.iter().find(|i| {
        (&i.model, &i.run, i.step) == (&record.model, &record.run, record.step)
            && i.dataset == dataset
            && i.split == split
            && i.layers.contains(&record.layer)
    })
}
