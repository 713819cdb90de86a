//! Where to cut each model's network, in words.

use super::number::measured;
use crate::compare::{Comparison, Cuts, DepthProfile, cuts, label, with_split};
use crate::results::Results;

/// Where to cut each model's network, a sentence for each suite, else for each data set; nothing where models have one layer.
pub fn where_to_cut(every_layer: &Comparison, given: &Results) -> Vec<String> {
    let cuts = cuts(every_layer.compared(given));
    let has_suite = cuts.iter().any(|c| c.is_suite);
    cuts.iter()
        .filter(|c| c.is_suite || !has_suite)
        .map(said_of_cuts)
        .collect()
}

fn said_of_cuts(cuts: &Cuts) -> String {
    let data = match cuts.is_suite {
        true => format!("suite {}", cuts.dataset),
        false => with_split(&cuts.dataset, &cuts.split),
    };
    let of_model = |cut: &DepthProfile| {
        let alike = match cut.alike.as_slice() {
            [] => String::new(),
            alike => format!(", not separable from {}", alike.join(", ")),
        };
        let worse = match cut.worse.as_slice() {
            [] => String::new(),
            worse => format!(", separably above {}", worse.join(", ")),
        };
        format!(
            "{} at {} ({}{alike}{worse})",
            cut.model,
            cut.best,
            measured(Some(cut.value), cut.std_error)
        )
    };
    let models: Vec<String> = cuts.models.iter().map(of_model).collect();
    format!(
        "Where to cut ({} on {data}): {}.",
        label(&cuts.metric),
        models.join("; ")
    )
}
