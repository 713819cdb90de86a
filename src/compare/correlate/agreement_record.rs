//! What is found of one metric: its agreement with the accuracies, and its lead over what needs no feature.

use serde::Serialize;

use super::agreement::Statistic;
use crate::compare::meaning::Direction;

/// What the accuracies themselves would reach if they were measured again.
pub const CEILING: &str = "noise_ceiling";

/// Agreement of one metric with the accuracies on one data set, or on average.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// The metric, a baseline, or [`CEILING`].
    pub metric: String,
    /// `None`: the mean over data sets.
    pub dataset: Option<String>,
    /// Which statistic.
    pub statistic: Statistic,
    /// The value, or `None` where there is none (see `note`).
    pub value: Option<f64>,
    /// Lower end of the 95 % interval over models.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// Two-sided, from permutations of the models.
    pub p_value: Option<f64>,
    /// The same, Holm-adjusted over the metrics.
    pub p_holm: Option<f64>,
    /// Models.
    pub n: usize,
    /// 97.5 % of the orders of these models stay below it.
    pub null_upper: Option<f64>,
    /// Share of the variance of accuracy differences that the slope explains, beside a slope.
    pub r_squared: Option<f64>,
    /// Least and largest value without one of the models; `None` where two would be left.
    pub without_model: Option<[f64; 2]>,
    /// Least and largest value without one of the families.
    pub without_family: Option<[f64; 2]>,
    /// How far it is ahead of the best baseline, of a score on the only data set or on average.
    pub lead: Option<Lead>,
    /// Whether it is a baseline that any new score has to beat.
    pub baseline: bool,
    /// Which way is good, where that is known: a lower one should have a negative value.
    pub direction: Option<Direction>,
    /// Why there is no value or interval, or what to bear in mind.
    pub note: Option<String>,
}

impl Agreement {
    /// The value, of a lower-is-better metric turned round; 0 where there is none.
    pub fn turned(&self) -> f64 {
        Direction::sign(self.direction) * self.value.unwrap_or(0.0)
    }

    /// Adds something to bear in mind.
    pub(super) fn say(&mut self, more: &Option<String>) {
        let said: Vec<String> = self.note.take().into_iter().chain(more.clone()).collect();
        self.note = (!said.is_empty()).then(|| said.join("; "));
    }
}

/// The lead of a score over the baseline that agrees best: the difference of the two statistics on the models that have both, of
/// a lower-is-better score turned round.
///
/// Its interval puts together those of the two statistics, which are on Fisher's scale, by the method of variance estimates
/// recovery (Zou 2007, Psychological Methods 12), with the correlation that their values without each of the models have. In
/// simulations of 6 to 20 models it holds 94.5 to 100 %, where the jackknife of the difference itself holds 86 to 100 %.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lead {
    /// The baseline.
    pub over: String,
    /// The difference.
    pub value: f64,
    /// Lower end of its 95 % interval over models; `None` with fewer than five, and where nothing varies without one of them.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
    /// One less the level at which the interval reaches zero.
    pub p_value: Option<f64>,
    /// The same, Holm-adjusted over the scores: the best of many is ahead by chance, too.
    pub p_holm: Option<f64>,
    /// Models with both scores and an accuracy.
    pub n: usize,
}
