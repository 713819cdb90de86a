//! The arrays behind the pictures.

use ndarray::Axis;

use super::pair::class_means;
use super::{Side, channel_tables};
use crate::error::Result;
use crate::linalg::eigenvalues;
use crate::metrics::mixing::feature_mixtureness;
use crate::metrics::{Eval, Mixing, find};
use crate::results::{Column, Table};
use crate::stats::squared_distances;

/// Classes of both sides up to which the distance matrix is kept: more are no picture, and their square grows.
const CLASSES_IN_MATRIX: usize = 200;

/// Builds a table row by row.
pub struct Rows {
    name: &'static str,
    texts: Vec<(&'static str, Vec<String>)>,
    counts: Vec<(&'static str, Vec<u64>)>,
    floats: Vec<(&'static str, Vec<f64>)>,
}

impl Rows {
    pub fn new(name: &'static str, texts: &[&'static str], counts: &[&'static str], floats: &[&'static str]) -> Self {
        Self {
            name,
            texts: texts.iter().map(|n| (*n, Vec::new())).collect(),
            counts: counts.iter().map(|n| (*n, Vec::new())).collect(),
            floats: floats.iter().map(|n| (*n, Vec::new())).collect(),
        }
    }

    pub fn push(&mut self, texts: &[&str], counts: &[u64], floats: &[f64]) {
        self.texts
            .iter_mut()
            .zip(texts)
            .for_each(|((_, v), x)| v.push((*x).to_owned()));
        self.counts.iter_mut().zip(counts).for_each(|((_, v), x)| v.push(*x));
        self.floats.iter_mut().zip(floats).for_each(|((_, v), x)| v.push(*x));
    }

    pub fn finish(self) -> Table {
        let texts = self.texts.into_iter().map(|(n, v)| (n.to_owned(), Column::Text(v)));
        let counts = self.counts.into_iter().map(|(n, v)| (n.to_owned(), Column::Count(v)));
        let floats = self.floats.into_iter().map(|(n, v)| (n.to_owned(), Column::Float(v)));
        Table {
            name: self.name.to_owned(),
            columns: texts.chain(counts).chain(floats).collect(),
        }
    }
}

/// `spectrum`: eigenvalues of the covariance; `classes`: rows, spread and nearest class of each class; and those of channels.
pub fn of_side(side: &Side) -> Result<Vec<Table>> {
    let p = side.set.provenance();
    let all = side.summary.all();
    let mut spectrum = Rows::new(
        "spectrum",
        &["model", "layer", "dataset", "split"],
        &["rank"],
        &["eigenvalue"],
    );
    if let Some(moments) = all.moments.as_ref().filter(|m| m.n() > 1) {
        let covariance = moments.scatter() / (moments.n() - 1) as f64;
        for (i, value) in eigenvalues(covariance)?.into_iter().enumerate() {
            // A covariance has no negative eigenvalues; what rounding leaves below zero is zero.
            spectrum.push(
                &[&p.model, &p.layer, &p.dataset, &p.split],
                &[i as u64 + 1],
                &[value.max(0.0)],
            );
        }
    }
    let mut classes = Rows::new(
        "classes",
        &["model", "layer", "dataset", "split", "class", "nearest_class"],
        &["rows"],
        &["within", "nearest_distance"],
    );
    if let Some(labels) = side.labels() {
        let distances = squared_distances(all.classes.means().view());
        for (c, name) in labels.names().iter().enumerate() {
            let n = all.classes.counts()[c];
            let nearest = (0..labels.classes())
                .filter(|&o| o != c)
                .min_by(|&a, &b| distances[[c, a]].total_cmp(&distances[[c, b]]));
            let within = if n < 2 {
                f64::NAN
            } else {
                all.classes.spreads()[c] / n as f64
            };
            let nearest_name = nearest.map_or("", |o| labels.names()[o].as_str());
            let distance = nearest.map_or(f64::NAN, |o| distances[[c, o]].sqrt());
            classes.push(
                &[&p.model, &p.layer, &p.dataset, &p.split, name, nearest_name],
                &[n],
                &[within, distance],
            );
        }
    }
    let mut tables = vec![spectrum.finish(), classes.finish()];
    tables.extend(channel_tables::of_side(side)?);
    Ok(tables)
}

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
        let (p, e) = (pre.set.provenance(), eval.set.provenance());
        let c = class_means(pre.summary.all().classes.means(), eval.summary.all().classes.means());
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
            if let (Ok(value), Some(Eval::Means { null, .. })) = (
                feature_mixtureness(&c, mixing),
                find("feature_mixtureness").map(|m| m.eval),
            ) {
                let mixed = null(&c, mixing).unwrap_or(f64::NAN);
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
