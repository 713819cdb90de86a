//! Tables of a pretraining and an evaluation data set together.

use super::subject_columns::{of_layer, of_subject};
use crate::analysis::class_means::class_means;
use crate::analysis::side::Side;
use crate::error::Result;
use crate::metrics::Mixing;
use crate::metrics::mixing::{feature_mixtureness, mixed_null};
use crate::results::Table;
use crate::stats::squared_distances;

/// Classes of both sides up to which the distance matrix is kept: more are no picture, and their square grows.
const CLASSES_IN_MATRIX: usize = 200;

/// `class_means`: Euclidean distances between the class means of both sides; `mixtureness_by_k`: feature mixtureness and
/// its value under random labels for every k.
pub fn of_pair(pre: &Side, eval: &Side) -> Vec<Table> {
    let (p, e) = (pre.set.subject(), eval.set.subject());
    let mut names: Vec<(&str, &str)> = Vec::new();
    let mut matrix: Vec<(usize, usize, f64)> = Vec::new();
    let mut sweep: Vec<(u64, f64, f64)> = Vec::new();
    if let (Some(a), Some(b)) = (pre.labels(), eval.labels()) {
        let means = |side: &Side| side.summary.classes_without(None, false).means().clone();
        let c = class_means(&means(pre), &means(eval), a.classes().min(b.classes()), false);
        names = [(p, a), (e, b)]
            .into_iter()
            .flat_map(|(s, labels)| labels.names().iter().map(|n| (s.dataset.as_str(), n.as_str())))
            .collect();
        if names.len() <= CLASSES_IN_MATRIX {
            let distances = squared_distances(c.means.view());
            matrix = distances
                .indexed_iter()
                .map(|((i, j), squared)| (i, j, squared.sqrt()))
                .collect();
        }
        let (pre_classes, eval_classes) = c.sizes();
        for k in 2..pre_classes.min(eval_classes) {
            let mixing = Mixing {
                k: Some(k),
                ..Mixing::default()
            };
            if let Ok(value) = feature_mixtureness(&c, mixing) {
                sweep.push((k as u64, value, mixed_null(&c, mixing).unwrap_or(f64::NAN)));
            }
        }
    }
    let matrix = of_layer("class_means", &matrix, p)
        .text("dataset_a", |row| names[row.0].0)
        .text("class_a", |row| names[row.0].1)
        .text("dataset_b", |row| names[row.1].0)
        .text("class_b", |row| names[row.1].1)
        .float("distance", |row| row.2);
    let sweep = of_layer("mixtureness_by_k", &sweep, p)
        .text("dataset", |_| &p.dataset)
        .text("other_dataset", |_| &e.dataset)
        .count("k", |row| row.0)
        .float("feature_mixtureness", |row| row.1)
        .float("mixed", |row| row.2);
    vec![matrix.finish(), sweep.finish()]
}

/// `near_duplicates`: pairs of a pretraining and an evaluation row that look alike, most alike first, given as places among
/// the rows held and cosines.
///
/// # Errors
/// When ids cannot be read.
pub fn near_duplicates(pre: &Side, eval: &Side, pairs: &[(usize, usize, f64)]) -> Result<Table> {
    let ids = |side: &Side| match pairs.is_empty() {
        true => Ok(Vec::new()),
        false => side.set.ids(),
    };
    let (ids, other_ids) = (ids(pre)?, ids(eval)?);
    let other = eval.set.subject();
    let table = of_subject("near_duplicates", pairs, pre.set.subject())
        .text("id", |pair| &ids[pre.rows.place(pair.0)])
        .text("other_dataset", |_| &other.dataset)
        .text("other_split", |_| &other.split)
        .text("other_id", |pair| &other_ids[eval.rows.place(pair.1)])
        .float("cosine", |pair| pair.2);
    Ok(table.finish())
}
