//! Which number predicts transfer here: how well each score of some models agrees with their accuracies, how sure that is, and
//! what needs no feature at all to do as well.

mod agreement;
mod agreements;
mod apart;
mod ceiling;
mod evidence;
mod lead;
mod measured;
mod pooled;
mod resamples;

pub use agreement::Statistic;
pub use apart::apart;
pub use evidence::{Accuracy, BASELINES, Evidence, NEAREST_ONE, PARAMETERS, STATIC_RANK, Score};
pub use lead::Lead;
pub use measured::Measured;
pub use pooled::{NCTI, NCTI_PARTS};

use rayon::prelude::*;
use serde::Serialize;

use super::Direction;
use crate::error::Result;
use crate::results::Results;
use crate::uncertainty::holm;
use agreements::agreements;
use ceiling::ceiling;
use evidence::{Cells, some};
use lead::lead;
use resamples::tells_from_nothing;

/// The schema of what `featscope correlate` writes.
pub const SCHEMA: &str = "featscope/correlation/1";

/// What the accuracies themselves would reach if they were measured again.
pub const CEILING: &str = "noise_ceiling";

/// Models below which no agreement is told: two always agree fully, one way or the other.
const FEWEST: usize = 3;

/// Agreement of one metric with the accuracies on one data set, or on average.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
        let sign = if self.direction == Some(Direction::Lower) {
            -1.0
        } else {
            1.0
        };
        sign * self.value.unwrap_or(0.0)
    }

    /// Adds something to bear in mind.
    fn say(&mut self, more: &Option<String>) {
        let said: Vec<String> = self.note.take().into_iter().chain(more.clone()).collect();
        self.note = (!said.is_empty()).then(|| said.join("; "));
    }
}

/// One point of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The model.
    pub model: String,
    /// Its family.
    pub family: Option<usize>,
    /// Its score.
    pub score: f64,
    /// Its accuracy.
    pub accuracy: f64,
    /// Standard error of the accuracy.
    pub error: Option<f64>,
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Version of featscope.
    pub version: String,
    /// When, RFC 3339, UTC.
    pub created: String,
    /// The command line.
    pub command: String,
    /// The seed of every random draw.
    pub seed: u64,
    /// Files.
    pub inputs: Vec<String>,
    /// Models with an accuracy, in order.
    pub models: Vec<String>,
    /// Data sets, in order.
    pub datasets: Vec<String>,
    /// The weighted tau that so many models without ties stay below in 97.5 % of all orders; `None` for fewer than three.
    pub tells_from_nothing: Option<f64>,
    /// What to bear in mind.
    pub notes: Vec<String>,
    /// The numbers: metrics in order, data sets, statistics.
    pub records: Vec<Agreement>,
    /// Scores beside accuracies: of each metric, on each data set.
    #[serde(skip)]
    pub points: Vec<(String, String, Vec<Point>)>,
}

impl Correlation {
    /// Of all that is given.
    ///
    /// # Errors
    /// Without an accuracy, and where no model has both a score and an accuracy.
    pub fn new(evidence: &Evidence, command: &str, inputs: Vec<String>, seed: u64) -> Result<Self> {
        let cells = Cells::new(evidence)?;
        let mut records: Vec<Agreement> = cells
            .metrics
            .par_iter()
            .flat_map_iter(|scored| agreements(&cells, scored, seed))
            .collect();
        adjust(&mut records);
        lead(&cells, &mut records);
        records.extend(ceiling(&cells, seed));
        let n = cells.models.len();
        let Results { version, created, .. } = Results::new(command, seed);
        Ok(Self {
            schema: SCHEMA,
            version,
            created,
            command: command.to_owned(),
            seed,
            inputs,
            tells_from_nothing: (n >= FEWEST && !cells.by_family).then(|| tells_from_nothing(n, seed)),
            points: points(&cells),
            notes: cells.notes,
            records,
            models: cells.models,
            datasets: cells.datasets,
        })
    }

    /// The record of a metric, a data set (`None`: the mean) and a statistic.
    pub fn record(&self, metric: &str, dataset: Option<&str>, statistic: Statistic) -> Option<&Agreement> {
        let mut records = self.records.iter();
        records.find(|r| r.metric == metric && r.dataset.as_deref() == dataset && r.statistic == statistic)
    }

    /// The data set that one number for each metric is of: the only one, else the mean over all.
    pub fn overall(&self) -> Option<&str> {
        match &self.datasets[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// Adjusts p-values for how many metrics were looked at, on each data set and for each statistic.
fn adjust(records: &mut [Agreement]) {
    let mut groups: Vec<(Option<String>, Statistic, Vec<usize>)> = Vec::new();
    for (i, record) in records.iter().enumerate().filter(|(_, r)| r.p_value.is_some()) {
        let same =
            |g: &&mut (Option<String>, Statistic, Vec<usize>)| (&g.0, g.1) == (&record.dataset, record.statistic);
        match groups.iter_mut().find(same) {
            Some(group) => group.2.push(i),
            None => groups.push((record.dataset.clone(), record.statistic, vec![i])),
        }
    }
    for (_, _, members) in groups {
        let p: Vec<f64> = members.iter().filter_map(|&i| records[i].p_value).collect();
        for (&i, adjusted) in members.iter().zip(holm(&p)) {
            records[i].p_holm = Some(adjusted);
        }
    }
}

/// Scores beside accuracies.
fn points(cells: &Cells) -> Vec<(String, String, Vec<Point>)> {
    let mut all = Vec::new();
    for scored in &cells.metrics {
        for (d, dataset) in cells.datasets.iter().enumerate() {
            let point = |m: usize| {
                let (accuracy, error) = cells.accuracies[d][m]?;
                Some(Point {
                    model: cells.models[m].clone(),
                    family: cells.families[m],
                    score: scored.scores[d][m]?,
                    accuracy,
                    error,
                })
            };
            let points = (0..cells.models.len()).filter_map(point).collect();
            all.push((scored.metric.clone(), dataset.clone(), points));
        }
    }
    all
}
