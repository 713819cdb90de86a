//! What a plan needs of each set, in words: passes, shared products with their size, and the metrics that use each.

use super::again::{WIDEST_WITHIN, passes_of_classes};
use super::side::chosen;
use super::subjects::{Bindings, place, with_split};
use super::{Plan, SAMPLES, WIDEST, labels};
use crate::error::Result;
use crate::features::FeatureSet;
use crate::metrics::{Needs, Sides};
use crate::stats::LANES;
use crate::uncertainty::GROUPS;

/// Something that several metrics share, in the order in which it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Product {
    Classes,
    UnitClasses,
    Values,
    Scatter,
    UnitScatter,
    Sample,
    Rows,
    Orders,
    Sweep,
    Neighbours,
    Crossed,
    Within,
    Distances,
    Nearest,
    ClassSpectra,
}

/// What a metric shares with others, as its needs say; of pairs, of each side.
fn products(needs: Needs) -> impl Iterator<Item = Product> {
    [
        (needs.classes, Product::Classes),
        (needs.unit_classes, Product::UnitClasses),
        (needs.values, Product::Values),
        (needs.scatter, Product::Scatter),
        (needs.unit_scatter, Product::UnitScatter),
        (needs.sample, Product::Sample),
        (needs.rows, Product::Rows),
        (needs.orders, Product::Orders),
        (needs.sweep, Product::Sweep),
        (needs.neighbours.is_some(), Product::Neighbours),
        (needs.crossed, Product::Crossed),
        (needs.again.scatter, Product::Within),
        (needs.again.distances, Product::Distances),
        (needs.again.nearest, Product::Nearest),
        (needs.class_spectra, Product::ClassSpectra),
    ]
    .into_iter()
    .filter_map(|(needed, product)| needed.then_some(product))
}

/// Lines for a reader: what belongs together, and for each set its passes and products, and the metrics that use them.
///
/// # Errors
/// As [`Bindings::new`].
pub fn needs(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Result<Vec<String>> {
    let bindings = Bindings::new(sets, plan)?;
    let mut lines = bindings.describe();
    let sets = bindings.groups.iter().flat_map(|group| &group.sets);
    lines.extend(sets.flat_map(|set| of_set(*set, plan)));
    Ok(lines)
}

fn of_set(set: &dyn FeatureSet, plan: &Plan) -> Vec<String> {
    let subject = set.subject();
    let (rows, d) = (set.rows(), set.width());
    let classes = labels(set).map_or(0, |l| l.classes());
    let mut lines = vec![format!(
        "{} · {}: {rows} rows, {d} channels, {classes} classes",
        place(subject),
        with_split(&subject.dataset, &subject.split)
    )];
    let mut needed: Vec<(Product, Vec<&str>)> = Vec::new();
    for asked in plan.asked() {
        let (metric, needs) = (asked.metric, asked.eval.needs());
        if (needs.labels && classes == 0) || (needs.sides == Sides::Pair && !plan.paired()) {
            continue;
        }
        for product in products(needs) {
            match needed.iter_mut().find(|(known, _)| *known == product) {
                Some((_, ids)) if ids.last() == Some(&metric.id) => {}
                Some((_, ids)) => ids.push(metric.id),
                None => needed.push((product, vec![metric.id])),
            }
        }
    }
    if plan.tables && !needed.iter().any(|(known, _)| *known == Product::Scatter) {
        needed.push((Product::Scatter, Vec::new()));
    }
    needed.sort_by_key(|(product, _)| *product);
    for (product, mut ids) in needed {
        if plan.tables && product == Product::Scatter {
            ids.push("the tables");
        }
        lines.push(format!("  {}: {}", describe(product, set, plan), ids.join(", ")));
    }
    lines
}

fn describe(product: Product, set: &dyn FeatureSet, plan: &Plan) -> String {
    let d = set.width();
    let classes = labels(set).map_or(0, |l| l.classes());
    let triangle = d * (d + 1) / 2 * 8;
    let scatter = |what: &str, times: usize, widest: usize| {
        if d > widest {
            format!("no {what}: {d} channels are more than {widest}")
        } else {
            format!("{what}, {times} of {d} x {d} ({})", megabytes(times * triangle))
        }
    };
    let of_classes = |what: &str| {
        let size = megabytes(GROUPS * classes * (d + 2) * 8);
        format!("first pass: {what}, {GROUPS} of {classes} x {d} ({size})")
    };
    match product {
        Product::Classes => of_classes("class moments"),
        Product::UnitClasses => of_classes("class moments of l2-normalised rows"),
        Product::Values => "first pass: least and largest values and zeros of each channel".to_owned(),
        Product::Scatter => format!("first pass: {}", scatter("scatter", GROUPS, WIDEST)),
        Product::UnitScatter => format!(
            "first pass: {}",
            scatter("scatter of l2-normalised rows", GROUPS, WIDEST)
        ),
        Product::Sample => {
            let rows = SAMPLES.min(set.rows());
            format!(
                "first pass: {rows} rows held ({}), their nearest neighbours",
                megabytes(rows * d * 8)
            )
        }
        Product::Within => {
            // Classes that lose more rows with one group than with another need sums of their own.
            let most = if plan.again(set).resamples {
                2 * GROUPS + 1
            } else {
                LANES
            };
            format!(
                "second pass: {}",
                scatter("covariance within classes", most, WIDEST_WITHIN)
            )
        }
        Product::Distances => "second pass: distances of rows to their class means".to_owned(),
        Product::Nearest => "second pass: nearest class mean of each row".to_owned(),
        Product::ClassSpectra => match passes_of_classes(set) {
            1 => "one pass more: a spectrum for each class".to_owned(),
            passes => format!("{passes} passes more: a spectrum for each class"),
        },
        Product::Rows => {
            let rows = chosen(set, plan).len();
            format!(
                "first pass: {rows} rows held ({} in 32 bits, twice that in 64)",
                megabytes(rows * d * 4)
            )
        }
        Product::Orders => {
            let rows = chosen(set, plan).len();
            format!("their order in each channel ({}), and ranks", megabytes(rows * d * 4))
        }
        Product::Sweep => {
            let rows = chosen(set, plan).len();
            format!("their {rows} x {rows} distances, block by block")
        }
        Product::Neighbours => {
            let (rows, k) = (chosen(set, plan).len(), plan.neighbours());
            format!("a table of their {k} nearest ({})", megabytes(rows * k * 12))
        }
        Product::Crossed => "distances to the rows of the other data set, block by block".to_owned(),
    }
}

fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
