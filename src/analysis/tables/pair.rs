//! Tables of a pretraining and an evaluation data set together.

use ndarray::Axis;

use super::super::Side;
use super::super::pair::class_means;
use super::Rows;
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
    let mut matrix = Rows::new(
        "class_means",
        &["model", "layer", "dataset_a", "class_a", "dataset_b", "class_b"],
        &[],
        &["distance"],
    );
    let mut sweep = Rows::new(
        "mixtureness_by_k",
        &["model", "layer", "dataset", "other_dataset"],
        &["k"],
        &["feature_mixtureness", "mixed"],
    );
    if let (Some(a), Some(b)) = (pre.labels(), eval.labels()) {
        let (p, e) = (pre.set.subject(), eval.set.subject());
        let means = |side: &Side| side.summary.classes_without(None, false).means().clone();
        let c = class_means(&means(pre), &means(eval), a.classes().min(b.classes()), false);
        let names: Vec<(&str, &str)> = a
            .names()
            .iter()
            .map(|n| (p.dataset.as_str(), n.as_str()))
            .chain(b.names().iter().map(|n| (e.dataset.as_str(), n.as_str())))
            .collect();
        if names.len() <= CLASSES_IN_MATRIX {
            let distances = squared_distances(c.means.view());
            for (i, row) in distances.axis_iter(Axis(0)).enumerate() {
                for (j, squared) in row.iter().enumerate() {
                    let texts = [&p.model, &p.layer, names[i].0, names[i].1, names[j].0, names[j].1];
                    matrix.push(&texts, &[], &[squared.sqrt()]);
                }
            }
        }
        let (pre_classes, eval_classes) = c.sizes();
        for k in 2..pre_classes.min(eval_classes) {
            let mixing = Mixing {
                k: Some(k),
                ..Mixing::default()
            };
            if let Ok(value) = feature_mixtureness(&c, mixing) {
                let mixed = mixed_null(&c, mixing).unwrap_or(f64::NAN);
                sweep.push(
                    &[&p.model, &p.layer, &p.dataset, &e.dataset],
                    &[k as u64],
                    &[value, mixed],
                );
            }
        }
    }
    vec![matrix.finish(), sweep.finish()]
}

/// `near_duplicates`: pairs of a pretraining and an evaluation row that look alike, most alike first, given as places among
/// the rows held and cosines.
///
/// # Errors
/// When ids cannot be read.
pub fn near_duplicates(pre: &Side, eval: &Side, pairs: &[(usize, usize, f64)]) -> Result<Table> {
    let mut table = Rows::new(
        "near_duplicates",
        &[
            "model",
            "layer",
            "dataset",
            "split",
            "id",
            "other_dataset",
            "other_split",
            "other_id",
        ],
        &[],
        &["cosine"],
    );
    let ids = |side: &Side| {
        if pairs.is_empty() {
            Ok(Vec::new())
        } else {
            side.set.ids()
        }
    };
    let (ids, other_ids) = (ids(pre)?, ids(eval)?);
    let (p, e) = (pre.set.subject(), eval.set.subject());
    for &(i, j, cosine) in pairs {
        let (id, other) = (&ids[pre.rows.place(i)], &other_ids[eval.rows.place(j)]);
        let texts = [
            &p.model, &p.layer, &p.dataset, &p.split, id, &e.dataset, &e.split, other,
        ]
        .map(String::as_str);
        table.push(&texts, &[], &[cosine]);
    }
    Ok(table.finish())
}
