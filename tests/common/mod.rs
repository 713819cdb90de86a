//! Data made by formula, and analyses of features in memory.

#![allow(dead_code)] // each test file uses its own part

use featscope::analysis::{Plan, analyse, similarity};
use featscope::features::{FeatureSet, Labels, Matrix};
use featscope::metrics::{Conventions, Eval, Metric, all, find, select, select_matched};
use featscope::results::{Analysis, Record, Results};
use ndarray::Array2;

/// Features by the formula of fixtures/golden/metrics/data.py, bit for bit.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(default)]
pub struct Formula {
    pub seed: u64,
    pub counts: Vec<usize>,
    pub d: usize,
    pub apart: f64,
    pub relu: bool,
    pub offset: f64,
    pub dead: usize,
    pub twins: bool,
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
    /// (N, d) features and the class of each row.
    pub fn data(&self) -> (Array2<f64>, Vec<usize>) {
        let classes: Vec<usize> = self
            .counts
            .iter()
            .enumerate()
            .flat_map(|(c, &n)| std::iter::repeat_n(c, n))
            .collect();
        let mut rows = Array2::zeros((classes.len(), self.d));
        let mut at = 0;
        for (c, &n) in self.counts.iter().enumerate() {
            for i in 0..n {
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
pub fn set(model: &str, dataset: &str, (rows, classes): (Array2<f64>, Vec<usize>)) -> Box<dyn FeatureSet> {
    let labels = labels(&classes);
    Box::new(Matrix::new(model, dataset, rows, Some(labels)).unwrap())
}

/// A plan for `metrics` with `conventions`, pre against eval.
pub fn plan(metrics: &[&str], conventions: &[&str]) -> Plan {
    let words: Vec<String> = metrics.iter().map(|m| (*m).to_owned()).collect();
    let mut chosen = Conventions::default();
    conventions.iter().for_each(|c| chosen.choose(c).unwrap());
    Plan {
        metrics: if words
            .iter()
            .any(|w| w == "similarity" || find(w).is_some_and(|m| m.eval.is_matched()))
        {
            select_matched(&words).unwrap()
        } else {
            select(&words).unwrap()
        },
        named: words,
        conventions: chosen,
        pre: vec!["pre".to_owned()],
        eval: vec!["eval".to_owned()],
        seed: 0,
        rows: None,
        tables: false,
        command: "test".to_owned(),
    }
}

/// Runs a plan over a pre and an eval set.
pub fn analyse_pair(pre: (Array2<f64>, Vec<usize>), eval: (Array2<f64>, Vec<usize>), plan: &Plan) -> Analysis {
    analyse(&[set("m", "pre", pre), set("m", "eval", eval)], plan, &|_| ()).unwrap()
}

/// Compares two representations of the same rows, the first with its classes.
pub fn similar(x: (Array2<f64>, Vec<usize>), y: Array2<f64>, plan: &Plan) -> Results {
    let other: Box<dyn FeatureSet> = Box::new(Matrix::new("other", "pre", y, None).unwrap());
    similarity(&[set("m", "pre", x)], Some(&[other]), plan, &|_| ()).unwrap()
}

/// Every metric that an analysis computes.
pub fn analysed() -> impl Iterator<Item = &'static Metric> {
    all().filter(|m| !m.eval.is_matched())
}

/// How many records the whole catalogue gives on a labelled pair: each side its own, and those of both.
pub fn records_of_a_pair() -> usize {
    let pairs = analysed().filter(|m| of_pairs(m.eval)).count();
    2 * (analysed().count() - pairs) + pairs
}

/// Whether a metric is of two data sets.
pub fn of_pairs(eval: Eval) -> bool {
    matches!(eval, Eval::Means { .. } | Eval::Samples { .. } | Eval::Moments { .. })
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
