//! The table of a benchmark: methods down, data sets across, with ranks and tiers.

use serde::Serialize;
use serde_json::json;

use super::meaning::Direction;
use crate::results::Record;
use crate::uncertainty::Friedman;

/// One probe on all data sets of a suite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuiteTable {
    /// The suite.
    pub suite: String,
    /// The probe's id.
    pub metric: String,
    /// Its short name.
    pub label: String,
    /// Layer.
    pub layer: String,
    /// Which way is good.
    pub direction: Direction,
    /// The data sets, in the order of the suite.
    pub datasets: Vec<String>,
    /// One row per model.
    pub rows: Vec<SuiteRow>,
    /// Pairs of models that were tested for the tiers.
    pub tested: usize,
    /// The test on ranks, where there are enough data sets.
    pub friedman: Option<Friedman>,
}

/// One model on all data sets of a suite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuiteRow {
    /// Model.
    pub model: String,
    /// Value and standard error on each data set.
    pub cells: Vec<(Option<f64>, Option<f64>)>,
    /// Its mean over the data sets.
    pub mean: Option<f64>,
    /// Standard error of that.
    pub std_error: Option<f64>,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Mean log-odds, of the probe that stands for transfer.
    pub log_odds: Option<f64>,
    /// Mean of its ranks on the data sets, 1 = best; ties share the mean of theirs.
    pub mean_rank: Option<f64>,
    /// From 1, the best: a tier ends at the first model that is separably worse than its best.
    pub tier: Option<usize>,
}

impl SuiteTable {
    /// Adds to a record of this table where its model stands.
    pub(super) fn tell(&self, record: &mut Record) {
        let is_its = record.dataset == self.suite && record.metric == self.metric && record.layer == self.layer;
        let Some(row) = self.rows.iter().find(|row| is_its && row.model == record.model) else {
            return;
        };
        record.found.insert("mean_rank".into(), json!(row.mean_rank));
        record.found.insert("tier".into(), json!(row.tier));
        record.found.insert("tier_comparisons".into(), json!(self.tested));
        if let Some(friedman) = &self.friedman {
            record.found.insert("friedman".into(), json!(friedman));
        }
    }
}
