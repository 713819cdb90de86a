//! Whether two models saw the same images in the same way: asked before anything is paired.

use crate::results::{AnalysedInput, Record, SuiteMember};

/// Why records `a` and `b` may not be paired, or `None` when they may: each data set must have the same row ids in the
/// same order in both models, and both numbers must follow one convention.
pub(super) fn unlike(inputs: &[AnalysedInput], a: &Record, b: &Record) -> Option<String> {
    if let Some(members) = a.members() {
        return unlike_members(inputs, &members, a, b).or_else(|| unlike_conventions(a, b));
    }
    for (dataset, of_a, of_b) in sides(inputs, a, b) {
        let (Some(of_a), Some(of_b)) = (of_a, of_b) else {
            return Some(format!("the results do not say which images of {dataset} were seen"));
        };
        if of_a.ids_sha256.is_empty() || of_b.ids_sha256.is_empty() {
            return Some(format!("the images of {dataset} have no ids"));
        }
        if of_a.ids_sha256 != of_b.ids_sha256 {
            return Some(format!("different images of {dataset}, or in another order"));
        }
    }
    unlike_conventions(a, b)
}

fn unlike_conventions(a: &Record, b: &Record) -> Option<String> {
    a.unlike(b).map(|odd| format!("different conventions ({odd})"))
}

/// Why records of a suite may not be paired: both models must have seen the same images
/// of each of its data sets.
fn unlike_members(inputs: &[AnalysedInput], members: &[SuiteMember], a: &Record, b: &Record) -> Option<String> {
    for (dataset, split) in members {
        let seen = |record: &Record| {
            let is_it = |i: &&AnalysedInput| i.model == record.model && i.dataset == *dataset && i.split == *split;
            inputs.iter().find(is_it)
        };
        let (Some(mine), Some(theirs)) = (seen(a), seen(b)) else {
            return Some(format!("the results do not say which images of {dataset} were seen"));
        };
        if mine.ids_sha256.is_empty() || mine.ids_sha256 != theirs.ids_sha256 {
            return Some(format!("different images of {dataset}, or in another order"));
        }
    }
    None
}

/// Whether `a` and `b` saw a data set through different preprocessing, as far as it is known.
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
        let mut ways: Vec<(&str, Vec<&str>)> = Vec::new();
        for input in inputs[at..].iter().filter(seen).filter(same_data) {
            match ways.iter_mut().find(|(way, _)| *way == input.preprocess_sha256) {
                Some((_, models)) if models.contains(&input.model.as_str()) => {}
                Some((_, models)) => models.push(&input.model),
                None => ways.push((&input.preprocess_sha256, vec![&input.model])),
            }
        }
        if ways.len() > 1 {
            let split = match first.split.as_str() {
                "" => String::new(),
                split => format!(" ({split})"),
            };
            let ways: Vec<String> = ways.iter().map(|(_, models)| models.join(" and ")).collect();
            warnings.push(format!(
                "{}{split} was preprocessed differently for {}; part of their differences may come from it",
                first.dataset,
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
