//! Whether two models saw the same images in the same way: asked before anything is paired.

use crate::results::{Input, Record};

/// Why records `a` and `b` may not be paired, or `None` when they may: each data set must have the same row ids in the
/// same order in both models, and both numbers must follow one convention.
pub(super) fn unlike(inputs: &[Input], a: &Record, b: &Record) -> Option<String> {
    for (dataset, of_a, of_b) in sides(inputs, a, b) {
        let (Some(of_a), Some(of_b)) = (of_a, of_b) else {
            return Some(format!("the results do not say which images of {dataset} were seen"));
        };
        if of_a.ids_sha256.is_empty() || of_b.ids_sha256.is_empty() {
            return Some(format!("the images of {dataset} have no ids"));
        }
        if of_a.ids_sha256 != of_b.ids_sha256 {
            return Some(format!("different images of {dataset}"));
        }
    }
    let odd = a.convention.keys().chain(b.convention.keys()).find(|k| defines(k) && a.convention.get(*k) != b.convention.get(*k))?;
    Some(format!("different conventions ({odd})"))
}

/// What to bear in mind when `a` and `b` saw the same images through different preprocessing.
pub(super) fn preprocessed_unlike(inputs: &[Input], a: &Record, b: &Record) -> Option<String> {
    sides(inputs, a, b).into_iter().find_map(|(dataset, of_a, of_b)| {
        let (of_a, of_b) = (&of_a?.preprocess_sha256, &of_b?.preprocess_sha256);
        let differ = !of_a.is_empty() && !of_b.is_empty() && of_a != of_b;
        differ.then(|| format!("{} and {} saw {dataset} through different preprocessing; part of their difference may come from it", a.model, b.model))
    })
}

/// Whether a key of a convention says *what* is measured, not how its error was found.
fn defines(key: &str) -> bool {
    !matches!(key, "error" | "groups" | "resamples" | "centred" | "role" | "seed")
}

type Side<'a> = (String, Option<&'a Input>, Option<&'a Input>);

fn sides<'a>(inputs: &'a [Input], a: &Record, b: &Record) -> Vec<Side<'a>> {
    let mut sides = vec![(a.dataset.clone(), input(inputs, a, &a.dataset), input(inputs, b, &b.dataset))];
    if let (Some(of_a), Some(of_b)) = (&a.other_dataset, &b.other_dataset) {
        sides.push((of_a.clone(), input(inputs, a, of_a), input(inputs, b, of_b)));
    }
    sides
}

/// The input behind one side of a record. Records name the split of their first side only, so the other side's is the
/// one of the same split where there is one.
fn input<'a>(inputs: &'a [Input], record: &Record, dataset: &str) -> Option<&'a Input> {
    let of_model = || inputs.iter().filter(|i| i.model == record.model && i.dataset == dataset);
    let exact = |i: &&Input| i.split == record.split && i.layers.contains(&record.layer);
    of_model().find(exact).or_else(|| of_model().find(|i| i.split == record.split)).or_else(|| of_model().next())
}
