//! Distances between class means of the pretraining and the evaluation data, one matrix per model.

use std::collections::HashMap;

use super::chart::{Chart, ClassMatrix, ColourScale, Panel};
use crate::compare::{Comparison, pictured};
use crate::results::{Analysis, Table};
use crate::shown::short;

/// More classes than this are thinned out evenly on each side.
const CLASSES: usize = 60;

type Class<'a> = (&'a str, &'a str);

pub(super) fn chart(analysis: &Analysis, comparison: &Comparison) -> Option<Chart> {
    let table = &pictured(analysis.table("class_means")?, &analysis.results);
    let mut thinned = false;
    let mut matrices: Vec<ClassMatrix> = Vec::new();
    for model in &comparison.models {
        let (matrix, of_this) = matrix(table, model, &comparison.layer)?;
        thinned |= of_this;
        matrices.extend(matrix);
    }
    let high = matrices
        .iter()
        .flat_map(|m| m.values.iter().flatten())
        .copied()
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max);
    let mut caption = format!(
        "Euclidean distance between every two class means at layer {}, in units of the model's own mean distance, so that models can be compared. The \
         lines part the pretraining classes from the evaluation classes: blocks of their own mean that the two data sets lie apart.",
        comparison.layer
    );
    if thinned {
        caption.push_str(" Only some of the classes are shown.");
    }
    // Row names are shown once for matrices side by side, which is right only where they are the same.
    let alike = matrices.windows(2).all(|pair| pair[0].names == pair[1].names);
    let panels: Vec<Panel> = matrices.into_iter().map(Panel::Matrix).collect();
    let columns = if alike { 3 } else { 1 };
    (high > 0.0).then(|| Chart {
        name: "class-means".to_owned(),
        title: "Distances between class means".to_owned(),
        caption,
        rows: panels.chunks(columns).map(<[Panel]>::to_vec).collect(),
        colour_scale: Some(ColourScale {
            label: "distance / mean distance".to_owned(),
            low: 0.0,
            high,
        }),
        ..Chart::default()
    })
}

/// The matrix of one model (`None` where it has none), and whether classes were left out.
fn matrix(table: &Table, model: &str, layer: &str) -> Option<(Option<ClassMatrix>, bool)> {
    let (models, layers) = (table.text("model")?, table.text("layer")?);
    let a = (table.text("dataset_a")?, table.text("class_a")?);
    let b = (table.text("dataset_b")?, table.text("class_b")?);
    let distances = table.float("distance")?;
    let mut classes: Vec<Class> = Vec::new();
    let mut known: HashMap<(Class, Class), f64> = HashMap::new();
    for row in (0..distances.len()).filter(|&row| models[row] == model && layers[row] == layer) {
        let pair: (Class, Class) = ((&a.0[row], &a.1[row]), (&b.0[row], &b.1[row]));
        known.insert(pair, distances[row]);
        known.entry((pair.1, pair.0)).or_insert(distances[row]);
        for class in [pair.0, pair.1] {
            known.entry((class, class)).or_insert(0.0);
            if classes.last() != Some(&class) && !classes.contains(&class) {
                classes.push(class);
            }
        }
    }
    // Data sets stay together, in the order in which they appear: pretraining first.
    let first = classes.first().map(|c| c.0);
    classes.sort_by_key(|c| Some(c.0) != first);
    let all = classes.len();
    let classes = thin(classes);
    let between = |i: usize, j: usize| known.get(&(classes[i], classes[j])).copied().unwrap_or(f64::NAN);
    let n = classes.len();
    let apart: Vec<f64> = (0..n)
        .flat_map(|i| (0..n).filter(move |&j| j != i).map(move |j| (i, j)))
        .map(|(i, j)| between(i, j))
        .filter(|d| d.is_finite())
        .collect();
    let mean = apart.iter().sum::<f64>() / apart.len() as f64;
    if !(mean.is_finite() && mean > 0.0) {
        return Some((None, false));
    }
    let values = (0..n).map(|i| (0..n).map(|j| between(i, j) / mean).collect()).collect();
    let border = classes.iter().position(|c| Some(c.0) != first);
    let names = classes.iter().map(|c| short(c.1, 16)).collect();
    Some((
        Some(ClassMatrix {
            title: short(model, 30),
            names,
            values,
            border,
        }),
        n < all,
    ))
}

/// At most [`CLASSES`] classes, evenly spaced.
fn thin(classes: Vec<Class>) -> Vec<Class> {
    let every = classes.len().div_ceil(CLASSES).max(1);
    classes.into_iter().step_by(every).collect()
}
