//! What the report says of transfer itself, and whether the axes agree with it.

use super::axes::AXES;
use super::comparison::sentence;
use crate::compare::{Comparison, Cut, Cuts, Group, MetricTable, cuts, label};
use crate::metrics::probes::PROBES;
use crate::results::Results;

/// What is said where no probe was measured.
pub const NOT_MEASURED: &str = "These are properties of the features; transfer accuracy itself was not measured here.";

/// The probe that stands for transfer and each data set it was measured on; nothing where none was.
fn measured(comparison: &Comparison) -> Option<(&MetricTable, Vec<&Group>)> {
    PROBES.iter().find_map(|id| {
        let table = comparison.table(id)?;
        let groups: Vec<&Group> = table
            .groups
            .iter()
            .filter(|g| g.rows.iter().any(|r| r.value.is_some()))
            .collect();
        (!groups.is_empty()).then_some((table, groups))
    })
}

/// A sentence for each data set that probes were scored on, and what the axes say to it; nothing where no probe was measured.
pub fn transfer(comparison: &Comparison) -> Vec<String> {
    let Some((table, groups)) = measured(comparison) else {
        return Vec::new();
    };
    let said = |group: &&Group| {
        let result = format!("Transfer: {}", sentence(table, group));
        match agreement(comparison, group) {
            Some(agreement) => format!("{result} {agreement}"),
            None => result,
        }
    };
    // A suite speaks for its data sets.
    let in_suites: Vec<&String> = groups.iter().flat_map(|g| &g.members).collect();
    let alone = groups.iter().filter(|g| !in_suites.contains(&&g.dataset));
    alone.map(said).collect()
}

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
    let data = match (cuts.is_suite, cuts.split.as_str()) {
        (true, _) => format!("suite {}", cuts.dataset),
        (_, "") => cuts.dataset.clone(),
        (_, split) => format!("{} ({split})", cuts.dataset),
    };
    let of_model = |cut: &Cut| {
        let alike = match cut.alike.as_slice() {
            [] => String::new(),
            alike => format!(", not separable from {}", alike.join(", ")),
        };
        let worse = match cut.worse.as_slice() {
            [] => String::new(),
            worse => format!(", separably above {}", worse.join(", ")),
        };
        format!("{} at {} ({}{alike}{worse})", cut.model, cut.best, measured_number(cut))
    };
    let models: Vec<String> = cuts.models.iter().map(of_model).collect();
    format!(
        "Where to cut ({} on {data}): {}.",
        label(&cuts.metric),
        models.join("; ")
    )
}

fn measured_number(cut: &Cut) -> String {
    super::number::measured(Some(cut.value), cut.std_error)
}

/// Whether each axis puts the models into the order of their transfer.
fn agreement(comparison: &Comparison, transfer: &Group) -> Option<String> {
    let (mut alike, mut unlike, mut pairs) = (Vec::new(), Vec::new(), 0);
    for axis in &AXES {
        let table = comparison.table(axis.primary);
        let Some(group) = table.and_then(|t| t.groups.iter().find(|g| g.direction.is_some())) else {
            continue;
        };
        let (same, all) = concordant(transfer, group);
        pairs = pairs.max(all);
        let name = axis.title.to_lowercase();
        if all > 0 && same == all {
            alike.push(name);
        } else if all > 0 {
            unlike.push(format!("{name} agrees on {same} of {all} pairs"));
        }
    }
    if pairs == 0 {
        return None;
    }
    let models = transfer.rows.iter().filter(|r| r.value.is_some()).count();
    let mut text = match (alike.is_empty(), unlike.is_empty()) {
        (false, true) => format!("Every axis puts the models into this order: {}.", alike.join(", ")),
        (false, false) => format!("In this order too: {}. But {}.", alike.join(", "), unlike.join(", ")),
        _ => format!("No axis puts the models into this order: {}.", unlike.join(", ")),
    };
    text.push_str(&format!(" {models} models show an order, not a law."));
    Some(text)
}

/// Pairs of models that two groups rank alike, and all pairs that both rank.
fn concordant(a: &Group, b: &Group) -> (usize, usize) {
    let rank = |group: &Group, model: &str| {
        let row = group.rows.iter().find(|r| r.model == model)?;
        row.rank
    };
    let both: Vec<(u32, u32)> = a
        .rows
        .iter()
        .filter_map(|row| rank(a, &row.model).zip(rank(b, &row.model)))
        .collect();
    let (mut same, mut all) = (0, 0);
    for (i, x) in both.iter().enumerate() {
        for y in &both[i + 1..] {
            all += 1;
            same += usize::from(x.0.cmp(&y.0) == x.1.cmp(&y.1));
        }
    }
    (same, all)
}
