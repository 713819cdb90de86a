//! Data made by formula, and analyses of features in memory.

#![allow(dead_code)] // each test file uses its own part

pub mod coverage;

use featscope::analysis::Plan;
use featscope::features::{FeatureSet, Matrix, Subject};
use featscope::metrics::{Eval, Metric, all};
use featscope::results::{Analysis, Record, Results};
use featscope::selftest::formula_data;
use ndarray::Array2;

#[allow(unused_imports)] // the same
pub use featscope::selftest::formula_data::{Formula, LabelledFeatures, labels, matched, noise};

/// A labelled set of model `model` and data set `dataset`.
pub fn set(model: &str, dataset: &str, rows: LabelledFeatures) -> Box<dyn FeatureSet> {
    formula_data::set(model, dataset, rows).unwrap()
}

/// The same under another subject.
pub fn named((rows, classes): LabelledFeatures, name: impl FnOnce(&mut Subject)) -> Box<dyn FeatureSet> {
    let set = Matrix::new("m", "data", rows, Some(labels(&classes))).unwrap();
    Box::new(set.named(name))
}

/// A plan for `metrics` with `conventions`, pre against eval.
pub fn plan(metrics: &[&str], conventions: &[&str]) -> Plan {
    formula_data::plan(metrics, conventions).unwrap()
}

/// Runs a plan over a pre and an eval set.
pub fn analyse_pair(pre: LabelledFeatures, eval: LabelledFeatures, plan: &Plan) -> Analysis {
    formula_data::analyse_pair(pre, eval, plan).unwrap()
}

/// Compares two representations of the same rows, the first with its classes.
pub fn similar(x: LabelledFeatures, y: Array2<f64>, plan: &Plan) -> Results {
    formula_data::similar(x, y, plan).unwrap()
}

/// Every metric that an analysis of any layer computes.
pub fn analysed() -> impl Iterator<Item = &'static Metric> {
    all().filter(|m| !m.is_matched() && !m.eval.needs().logits && m.eval.needs().views.is_none())
}

/// How many records the whole catalogue gives on a labelled pair: each side its own, but for probes, which are of the evaluation
/// data, and those of both.
pub fn records_of_a_pair() -> usize {
    let everything = || analysed().filter(|m| !m.only_by_name());
    let pairs = everything().filter(|m| of_pairs(m.eval)).count();
    let probes = everything().filter(|m| m.eval.needs().probed).count();
    2 * (everything().count() - pairs - probes) + probes + pairs
}

/// Whether a metric is of two data sets.
pub fn of_pairs(eval: Eval) -> bool {
    eval.needs().sides == featscope::metrics::Sides::Pair
}

/// The record of `metric` on `dataset` (for pairs: the pretraining side).
pub fn record<'a>(analysis: &'a Analysis, dataset: &str, metric: &str) -> &'a Record {
    let found: Vec<_> = analysis
        .results
        .records
        .iter()
        .filter(|r| r.dataset == dataset && r.metric == metric)
        .collect();
    assert_eq!(found.len(), 1, "{metric} on {dataset}: {} records", found.len());
    found[0]
}
