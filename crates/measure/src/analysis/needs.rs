//! What a plan needs of each set, in words: passes, shared products with their size, and the metrics that use each.

use super::image_views::is_viewed;
use super::limits::{SAMPLES, WIDEST};
use super::plan::Plan;
use super::resolved_sets::Bindings;
use super::second_pass::{WIDEST_WITHIN, passes_of_classes};
use super::side::chosen;
use super::subject::{labels, place, with_split};
use crate::error::Result;
use crate::features::FeatureSet;
use crate::metrics::{Needs, Sides};
use crate::stats::LANES;
use crate::uncertainty::GROUPS;

/// Lines for a reader: what belongs together, and for each set its passes and products, and the metrics that use them.
///
/// # Errors
/// As [`Bindings::new`].
pub fn needs(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<Vec<String>> {
    let bindings = Bindings::new(sets, plan)?;
    let mut lines = bindings.describe();
    for group in &bindings.groups {
        for (at, set) in group.sets.iter().enumerate() {
            lines.extend(match group.only_fitted(at, plan) {
                true => vec![format!(
                    "{}: read where the other split is scored, and not by itself",
                    shape(*set)
                )],
                false => of_set(*set, plan, group.head_of(at, plan).is_some()),
            });
        }
    }
    Ok(lines)
}

/// A set and its size.
fn shape(set: &dyn FeatureSet) -> String {
    let subject = set.subject();
    let (rows, d) = (set.rows(), set.width());
    let classes = labels(set).map_or(0, |l| l.classes());
    format!(
        "{} · {}: {rows} rows, {d} channels, {classes} classes",
        place(subject),
        with_split(&subject.dataset, &subject.split)
    )
}

fn of_set(set: &dyn FeatureSet, plan: &Plan, has_head: bool) -> Vec<String> {
    let classes = labels(set).map_or(0, |l| l.classes());
    let mut lines = vec![shape(set)];
    let viewed = plan.most_views().is_some() && is_viewed(set);
    let mut asked: Vec<(&str, Needs)> = plan
        .asked()
        .map(|asked| {
            let needs = asked.eval.needs();
            let head = needs.head && has_head;
            (asked.metric.id, Needs { head, ..needs })
        })
        .filter(|(_, needs)| (!needs.labels || classes > 0) && (needs.sides != Sides::Pair || plan.paired()))
        .filter(|(_, needs)| viewed || needs.views.is_none())
        .collect();
    if plan.tables {
        let scatter = Needs {
            scatter: true,
            ..Needs::default()
        };
        asked.push(("the tables", scatter));
    }
    for (is_needed, what) in products(set, plan) {
        let needing = asked.iter().filter(|(_, needs)| is_needed(needs));
        let mut ids: Vec<&str> = needing.map(|(id, _)| *id).collect();
        ids.dedup();
        if !ids.is_empty() {
            lines.push(format!("  {what}: {}", ids.join(", ")));
        }
    }
    lines
}

/// Something that several metrics share: who needs it, and what it is.
type Product = (fn(&Needs) -> bool, String);

/// All of them, in the order in which they are made; of pairs, of each side.
fn products(set: &dyn FeatureSet, plan: &Plan) -> [Product; 18] {
    let (d, held) = (set.width(), chosen(set, plan).len());
    let classes = labels(set).map_or(0, |l| l.classes());
    let scatter = |what: &str, times: usize, widest: usize| match d > widest {
        true => format!("no {what}: {d} channels are more than {widest}"),
        false => format!(
            "{what}, {times} of {d} x {d} ({})",
            megabytes(times * d * (d + 1) / 2 * 8)
        ),
    };
    let of_classes = |what: &str| {
        let size = megabytes(GROUPS * classes * (d + 2) * 8);
        format!("first pass: {what}, {GROUPS} of {classes} x {d} ({size})")
    };
    let (sample, k) = (SAMPLES.min(set.rows()), plan.neighbours());
    // Classes that lose more rows with one group than with another need sums of their own.
    let sums = if plan.second_pass_needs(set).resamples {
        2 * GROUPS + 1
    } else {
        LANES
    };
    [
        (|n| n.classes, of_classes("class moments")),
        (|n| n.unit_classes, of_classes("class moments of l2-normalised rows")),
        (
            |n| n.values,
            "first pass: least and largest values and zeros of each channel".to_owned(),
        ),
        (
            |n| n.scatter,
            format!("first pass: {}", scatter("scatter", GROUPS, WIDEST)),
        ),
        (
            |n| n.unit_scatter,
            format!(
                "first pass: {}",
                scatter("scatter of l2-normalised rows", GROUPS, WIDEST)
            ),
        ),
        (
            |n| n.sample,
            format!(
                "first pass: {sample} rows held ({}), their nearest neighbours",
                megabytes(sample * d * 8)
            ),
        ),
        (
            |n| n.rows,
            format!(
                "first pass: {held} rows held ({} in 32 bits, twice that in 64)",
                megabytes(held * d * 4)
            ),
        ),
        (
            |n| n.orders,
            format!("their order in each channel ({}), and ranks", megabytes(held * d * 4)),
        ),
        (|n| n.sweep, format!("their {held} x {held} distances, block by block")),
        (
            |n| n.neighbours.is_some(),
            format!("a table of their {k} nearest ({})", megabytes(held * k * 12)),
        ),
        (
            |n| n.crossed,
            "distances to the rows of the other data set, block by block".to_owned(),
        ),
        (
            |n| n.second_pass.scatter,
            format!(
                "second pass: {}",
                scatter("covariance within classes", sums, WIDEST_WITHIN)
            ),
        ),
        (
            |n| n.second_pass.distances,
            "second pass: distances of rows to their class means".to_owned(),
        ),
        (
            |n| n.second_pass.nearest,
            "second pass: nearest class mean of each row".to_owned(),
        ),
        (
            |n| n.class_spectra,
            match passes_of_classes(set) {
                1 => "one pass more: a spectrum for each class".to_owned(),
                passes => format!("{passes} passes more: a spectrum for each class"),
            },
        ),
        (
            |n| n.head,
            "one pass more over this layer and its logits: the classifier between them".to_owned(),
        ),
        (
            |n| n.views.is_some(),
            format!(
                "one pass more: views held, of at most {} rows ({} in 32 bits)",
                plan.most_views().unwrap_or(0).min(set.rows()),
                megabytes(plan.most_views().unwrap_or(0).min(set.rows()) * d * 4)
            ),
        ),
        (
            |n| n.probed,
            format!(
                "one pass more, and one over the split that is fitted on: labelled rows held ({} in 32 bits)",
                megabytes(set.rows() * d * 4)
            ),
        ),
    ]
}

fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
