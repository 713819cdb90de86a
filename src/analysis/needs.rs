//! What a plan needs of each set, in words: passes, shared products with their size, and the metrics that use each.

use super::again::{WIDEST_WITHIN, passes_of_classes};
use super::side::chosen;
use super::{Plan, SAMPLES, WIDEST, by_model_and_layer, labels};
use crate::features::FeatureSet;
use crate::metrics::Eval;
use crate::stats::{GROUPS, LANES, Of};

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

/// What a way to compute needs of a set; of pairs, what it needs of each side.
fn products(eval: Eval) -> Vec<Product> {
    match eval {
        Eval::Classes { normalised: true, .. } => vec![Product::UnitClasses],
        Eval::Classes { .. } | Eval::Means { .. } => vec![Product::Classes],
        Eval::Residuals { needs, .. } => [
            (needs.scatter, Product::Within),
            (needs.distances, Product::Distances),
            (needs.nearest, Product::Nearest),
        ]
        .into_iter()
        .filter_map(|(needed, product)| needed.then_some(product))
        .chain([Product::Classes])
        .collect(),
        Eval::EachClass { .. } => vec![Product::ClassSpectra],
        Eval::Values { .. } => vec![Product::Values],
        Eval::Ranks { .. } => vec![Product::Rows, Product::Orders],
        Eval::Channels { .. } | Eval::Moments { .. } => vec![Product::Scatter],
        Eval::Spectrum { of: Of::Unit, .. } | Eval::UnitMoments { .. } => vec![Product::UnitScatter],
        Eval::Spectrum { .. } => vec![Product::Scatter],
        Eval::Within { .. } | Eval::ByClass { .. } => vec![Product::Rows, Product::Sweep],
        Eval::Norms { .. } | Eval::Slices { .. } => vec![Product::Rows],
        Eval::Neighbours { .. } => vec![Product::Rows, Product::Neighbours],
        Eval::Support { .. } => vec![Product::Rows, Product::Neighbours, Product::Crossed],
        Eval::Alike { .. } | Eval::Kernel { .. } => vec![Product::Rows, Product::Crossed],
        Eval::Domain { .. } => vec![Product::Scatter, Product::Rows],
        Eval::Samples { .. } => vec![Product::Sample],
        // Comparisons of matched rows have a plan of their own.
        Eval::Matched(_) => Vec::new(),
    }
}

/// Lines for a reader: for each set its passes and products, and the metrics that use them.
pub fn needs(sets: &[Box<dyn FeatureSet>], plan: &Plan) -> Vec<String> {
    by_model_and_layer(sets)
        .into_iter()
        .flatten()
        .flat_map(|set| of_set(set, plan))
        .collect()
}

fn of_set(set: &dyn FeatureSet, plan: &Plan) -> Vec<String> {
    let p = set.provenance();
    let split = if p.split.is_empty() {
        String::new()
    } else {
        format!("/{}", p.split)
    };
    let (rows, d) = (set.rows(), set.width());
    let classes = labels(set).map_or(0, |l| l.classes());
    let mut lines = vec![format!(
        "{} · {} · {}{split}: {rows} rows, {d} channels, {classes} classes",
        p.model, p.layer, p.dataset
    )];
    let mut needed: Vec<(Product, Vec<&str>)> = Vec::new();
    for (metric, eval) in plan.chosen() {
        if (eval.needs_labels() && classes == 0) || (eval.is_of_pairs() && !plan.paired()) {
            continue;
        }
        for product in products(eval) {
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
