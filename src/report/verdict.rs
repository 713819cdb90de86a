//! The verdict: how well the models transfer, which axes agree with that, and which model is best on each axis.

use super::axes::AXES;
use super::comparison::sides;
use super::number::{interval, measured, number};
use crate::compare::{Comparison, Direction, MetricGroup, MetricTable, ModelRow, Verdict};
use crate::features::Role;
use crate::metrics::probes::PROBES;

/// What is said where no probe was measured.
pub const NOT_MEASURED: &str = "These are properties of the features; transfer accuracy itself was not measured here.";

/// What the comparison says: a sentence for each target of transfer and what the axes say to it, then one for each axis, on the
/// pretraining data or the pair where it has them.
pub fn summary(comparison: &Comparison) -> Vec<String> {
    let targets = targets(comparison);
    let axes = AXES.iter().filter_map(|axis| {
        let table = comparison.table(axis.primary)?;
        let group = of_axis(table)?;
        let said = sentence(table, group);
        Some(match at_chance(&targets, group) {
            Some(caveat) => format!("{said} {caveat}"),
            None => said,
        })
    });
    let transfer = targets.iter().map(|(table, group)| {
        let mut text = format!("Transfer: {}", sentence(table, group));
        for more in [by_how_much(comparison, group), agreement(comparison, group)]
            .into_iter()
            .flatten()
        {
            text.push_str(&format!(" {more}"));
        }
        text
    });
    transfer.chain(axes).collect()
}

/// Checks that a probe was measured on data that the models were not pretrained on.
pub fn is_transfer_measured(comparison: &Comparison) -> bool {
    !targets(comparison).is_empty()
}

/// The probe that stands for transfer, on each suite and on each data set that is in none.
fn targets(comparison: &Comparison) -> Vec<(&MetricTable, &MetricGroup)> {
    let is_measured = |g: &&MetricGroup| g.role != Some(Role::Pre) && g.rows.iter().any(|r| r.value.is_some());
    let of_probe = |id: &&str| {
        let table = comparison.table(id)?;
        let groups: Vec<&MetricGroup> = table.groups.iter().filter(is_measured).collect();
        (!groups.is_empty()).then_some((table, groups))
    };
    let Some((table, groups)) = PROBES.iter().find_map(of_probe) else {
        return Vec::new();
    };
    // A suite speaks for its data sets.
    let in_suites: Vec<&String> = groups.iter().flat_map(|g| &g.members).collect();
    let alone = groups.iter().filter(|g| !in_suites.contains(&&g.dataset));
    alone.map(|group| (table, *group)).collect()
}

/// The first data set or pair that an axis has a good way and a value on.
fn of_axis(table: &MetricTable) -> Option<&MetricGroup> {
    let has_value = |g: &&MetricGroup| g.direction.is_some() && g.rows.iter().any(|r| r.value.is_some());
    table.groups.iter().find(has_value)
}

/// The difference between the best model and the baseline, where it was tested.
fn by_how_much(comparison: &Comparison, group: &MetricGroup) -> Option<String> {
    let baseline = comparison.baseline.as_deref()?;
    let first = group.rows.iter().find(|r| r.rank == Some(1))?;
    let d = first.difference.as_ref()?;
    let (value, low, high) = (d.value?, d.ci_low?, d.ci_high?);
    let sure = match d.verdict {
        Verdict::Higher | Verdict::Lower => "separably",
        _ => "not separably",
    };
    let way = if value < 0.0 { "below" } else { "above" };
    let (low, high) = if value < 0.0 { (-high, -low) } else { (low, high) };
    // The error is left to the interval beside it.
    let size = match measured(Some(value.abs()), d.std_error).split_once(" ± ") {
        Some((size, _)) if !size.starts_with('(') => size.to_owned(),
        _ => number(Some(value.abs())),
    };
    Some(format!(
        "{} is {size} {} {way} {baseline}, {sure}.",
        first.model,
        interval(Some(value), d.std_error, Some(low), Some(high))
    ))
}

/// Says for each axis if it puts the models into the order of their transfer.
fn agreement(comparison: &Comparison, transfer: &MetricGroup) -> Option<String> {
    let valued: Vec<&ModelRow> = transfer.rows.iter().filter(|r| r.value.is_some()).collect();
    if valued.len() > 1 && valued.iter().all(|r| r.best) {
        return Some("No two of them can be told apart by it, so no axis agrees or disagrees.".to_owned());
    }
    let (mut alike, mut unlike, mut pairs) = (Vec::new(), Vec::new(), 0);
    for axis in &AXES {
        let Some(group) = comparison.table(axis.primary).and_then(of_axis) else {
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
    let mut text = match (alike.is_empty(), unlike.is_empty()) {
        (false, true) => format!("Every axis puts the models into this order: {}.", alike.join(", ")),
        (false, false) => format!("In this order too: {}. But {}.", alike.join(", "), unlike.join(", ")),
        _ => format!("No axis puts the models into this order: {}.", unlike.join(", ")),
    };
    text.push_str(&format!(" {} models show an order, not a law.", valued.len()));
    Some(text)
}

/// What to bear in mind of the best model of an axis whose probe is no better than chance.
fn at_chance(targets: &[(&MetricTable, &MetricGroup)], axis: &MetricGroup) -> Option<String> {
    let best = axis.rows.iter().find(|r| r.rank == Some(1))?;
    let is_lost = |(_, group): &&(&MetricTable, &MetricGroup)| {
        let row = group.rows.iter().find(|r| r.model == best.model);
        row.is_some_and(|row| {
            row.ci_low
                .zip(row.null_value)
                .is_some_and(|(low, chance)| low <= chance)
        })
    };
    let lost: Vec<String> = targets.iter().filter(is_lost).map(|(_, group)| sides(group)).collect();
    (!lost.is_empty()).then(|| {
        format!(
            "But {} is at chance level on {}: being best here says nothing of transfer.",
            best.model,
            lost.join(" and ")
        )
    })
}

/// Pairs of models that two groups rank alike, and all pairs that both rank.
fn concordant(a: &MetricGroup, b: &MetricGroup) -> (usize, usize) {
    let rank = |group: &MetricGroup, model: &str| {
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

/// Which model is best in a group, and how sure that is.
pub fn sentence(table: &MetricTable, group: &MetricGroup) -> String {
    let on = format!("{} on {}", table.label, sides(group));
    let mut rows: Vec<&ModelRow> = group.rows.iter().filter(|r| r.value.is_some()).collect();
    rows.sort_by_key(|r| r.rank);
    let shown = |r: &&ModelRow| format!("{} ({})", r.model, measured(r.value, r.std_error));
    let list = |rows: &[&ModelRow]| rows.iter().map(shown).collect::<Vec<_>>().join(", ");
    let Some((first, rest)) = rows.split_first() else {
        return format!("{on}: no value.");
    };
    if rest.is_empty() {
        return format!("{on}: {}.", shown(first));
    }
    let way = if group.direction == Some(Direction::Higher) {
        "highest"
    } else {
        "lowest"
    };
    let (tied, others): (Vec<&ModelRow>, Vec<&ModelRow>) = rest.iter().partition(|r| r.best);
    let tied = if tied.is_empty() {
        String::new()
    } else {
        format!(", not separable from {}", list(&tied))
    };
    let others = if others.is_empty() {
        String::new()
    } else {
        format!("; then {}", list(&others))
    };
    format!("{on}: {way} is {}{tied}{others}.", shown(first))
}
