//! Features made by formula, and analyses of features in memory.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::Deserialize;

use crate::analysis::{Plan, analyse, similarity};
use crate::error::{Error, Result};
use crate::features::{Batches, FeatureSet, Labels, Matrix, Provenance, view_id};
use crate::metrics::{Conventions, find, select, select_matched};
use crate::results::{Analysis, Record, Results};

/// (N, d) features and the class of each row.
pub type LabelledFeatures = (Array2<f64>, Vec<usize>);

/// Features by the formula of fixtures/golden/metrics/data.py, bit for bit.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Formula {
    /// Seed of the noise.
    pub seed: u64,
    /// Rows of each class.
    pub counts: Vec<usize>,
    /// Channels.
    pub d: usize,
    /// Standard deviation of class means over that of rows.
    pub apart: f64,
    /// Whether what is negative is made zero.
    pub relu: bool,
    /// Added to every live channel.
    pub offset: f64,
    /// Channels that are zero.
    pub dead: usize,
    /// Whether the last channel is the one before it.
    pub twins: bool,
    /// The number of each class's first row: rows of other numbers are others of the same class.
    pub first: usize,
}

impl Default for Formula {
    fn default() -> Self {
        Self {
            seed: 0,
            counts: Vec::new(),
            d: 0,
            apart: 1.0,
            relu: false,
            offset: 0.0,
            dead: 0,
            twins: false,
            first: 0,
        }
    }
}

fn splitmix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Roughly normal: the sum of four uniforms in [0, 1), less 2.
pub fn noise(key: &[u64]) -> f64 {
    let state = key.iter().fold(0, |state, part| splitmix(state ^ part));
    let mut total = 0.0;
    for i in 0..4 {
        total += (splitmix(state.wrapping_add(i)) >> 11) as f64 * 2f64.powi(-53);
    }
    total - 2.0
}

impl Formula {
    /// The features and the class of each row.
    pub fn data(&self) -> LabelledFeatures {
        let classes: Vec<usize> = self
            .counts
            .iter()
            .enumerate()
            .flat_map(|(c, &n)| std::iter::repeat_n(c, n))
            .collect();
        let mut rows = Array2::zeros((classes.len(), self.d));
        let mut at = 0;
        for (c, &n) in self.counts.iter().enumerate() {
            for i in self.first..self.first + n {
                for j in 0..self.d {
                    let (c64, i64_, j64) = (c as u64, i as u64, j as u64);
                    let spread = 1.0 + 0.25 * (c % 3) as f64;
                    let x =
                        self.apart * noise(&[self.seed, 1, c64, j64]) + noise(&[self.seed, 2, c64, i64_, j64]) * spread;
                    let x = if self.relu { x.max(0.0) } else { x };
                    rows[[at, j]] = if j < self.dead { 0.0 } else { x + self.offset };
                }
                if self.twins {
                    rows[[at, self.d - 1]] = rows[[at, self.d - 2]];
                }
                at += 1;
            }
        }
        (rows, classes)
    }
}

/// Another representation of the same rows, as `matched` of data.py makes it, bit for bit.
pub fn matched(rows: &Array2<f64>) -> Array2<f64> {
    let (n, d) = rows.dim();
    Array2::from_shape_fn((n, d / 2 + 3), |(i, j)| {
        rows[[i, j % d]] + noise(&[900, i as u64, j as u64])
    })
}

/// Labels 0, 1, … as names.
pub fn labels(classes: &[usize]) -> Labels {
    Labels::from_names(&classes.iter().map(usize::to_string).collect::<Vec<_>>())
}

/// A labelled set of model `model` and data set `dataset`.
///
/// # Errors
/// As [`Matrix::new`].
pub fn set(model: &str, dataset: &str, (rows, classes): LabelledFeatures) -> Result<Box<dyn FeatureSet>> {
    let labels = labels(&classes);
    Ok(Box::new(Matrix::new(model, dataset, rows, Some(labels))?))
}

/// A plan for `metrics` with `conventions`, data set `pre` against `eval`.
///
/// # Errors
/// For metrics and conventions that are not known.
pub fn plan(metrics: &[&str], conventions: &[&str]) -> Result<Plan> {
    let words: Vec<String> = metrics.iter().map(|m| (*m).to_owned()).collect();
    let mut chosen = Conventions::default();
    for choice in conventions {
        chosen.choose(choice)?;
    }
    let matched = words
        .iter()
        .any(|w| w == "similarity" || find(w).is_some_and(|m| m.is_matched()));
    Ok(Plan {
        metrics: if matched {
            select_matched(&words)
        } else {
            select(&words)
        }?,
        named: words,
        conventions: chosen,
        pre: vec!["pre".to_owned()],
        eval: vec!["eval".to_owned()],
        command: "selftest".to_owned(),
        ..Plan::default()
    })
}

/// Rows as views of images: each class is one image.
struct ViewedRows(Matrix);

impl FeatureSet for ViewedRows {
    fn provenance(&self) -> &Provenance {
        self.0.provenance()
    }

    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn width(&self) -> usize {
        self.0.width()
    }

    fn labels(&self) -> Option<&Labels> {
        self.0.labels()
    }

    fn ids(&self) -> Result<Vec<String>> {
        let class_of = self.0.labels().map(Labels::class_of).unwrap_or_default();
        let mut seen = BTreeMap::new();
        let id = |class: &Option<u32>| {
            let number: &mut usize = seen.entry(*class).or_default();
            *number += 1;
            view_id(&format!("image {class:?}"), *number)
        };
        Ok(class_of.iter().map(id).collect())
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        self.0.batches(batch_rows)
    }
}

/// Runs a plan over a pretraining and an evaluation set: of the layer `logits` where all metrics are of that, of images in several
/// views, one image for each class, where all are of those.
///
/// # Errors
/// As [`analyse`].
pub fn analyse_pair(pre: LabelledFeatures, eval: LabelledFeatures, plan: &Plan) -> Result<Analysis> {
    let logits = plan.metrics.iter().all(|metric| metric.eval.needs().logits);
    let views = plan.metrics.iter().all(|metric| metric.eval.needs().views.is_some());
    let side = |name: &str, (rows, classes): LabelledFeatures| -> Result<Box<dyn FeatureSet>> {
        let set = Matrix::new("m", name, rows, Some(labels(&classes)))?;
        Ok(match (logits, views) {
            (true, _) => Box::new(set.named(|s| "logits".clone_into(&mut s.layer))),
            (_, true) => Box::new(ViewedRows(set)),
            _ => Box::new(set),
        })
    };
    analyse(&[side("pre", pre)?, side("eval", eval)?], plan, &|_| ())
}

/// Runs a plan over a data set's train and test split.
///
/// # Errors
/// As [`analyse`].
pub fn analyse_split(
    (train, of_train): LabelledFeatures,
    (test, of_test): LabelledFeatures,
    plan: Plan,
) -> Result<Analysis> {
    let split = |rows, classes: &[usize], split: &str| -> Result<Box<dyn FeatureSet>> {
        let set = Matrix::new("m", "eval", rows, Some(labels(classes)))?;
        Ok(Box::new(set.named(|s| s.split = split.to_owned())))
    };
    let sets = [split(train, &of_train, "train")?, split(test, &of_test, "test")?];
    let plan = Plan {
        pre: Vec::new(),
        ..plan
    };
    analyse(&sets, &plan, &|_| ())
}

/// Compares two representations of the same rows, the first with its classes.
///
/// # Errors
/// As [`similarity`].
pub fn similar(x: LabelledFeatures, y: Array2<f64>, plan: &Plan) -> Result<Results> {
    let other: Box<dyn FeatureSet> = Box::new(Matrix::new("other", "pre", y, None)?);
    similarity(&[set("m", "pre", x)?], Some(&[other]), plan, &|_| ())
}

/// The record of a metric on one side of two sets (`pre`, `eval`), on both (`pair`), or on pre and another representation of
/// its rows (`matched`).
///
/// # Errors
/// When there is none, or the analysis fails.
pub fn measured(
    side: &str,
    pre: &LabelledFeatures,
    eval: &LabelledFeatures,
    id: &str,
    conventions: &[&str],
) -> Result<Record> {
    let plan = plan(&[id], conventions)?;
    let mut records = match side {
        "matched" => similar(pre.clone(), matched(&pre.0), &plan)?.records,
        "split" => analyse_split(pre.clone(), eval.clone(), plan)?.results.records,
        _ => analyse_pair(pre.clone(), eval.clone(), &plan)?.results.records,
    };
    let dataset = if side == "eval" || side == "split" {
        "eval"
    } else {
        "pre"
    };
    records.retain(|r| r.dataset == dataset && r.metric == id);
    records
        .pop()
        .ok_or_else(|| Error::undefined(format!("no record of {id} on {side}")))
}
