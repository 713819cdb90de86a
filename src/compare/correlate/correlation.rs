//! All metrics of some evidence: their agreements, corrected for how many there are, and the points of pictures.

use rayon::prelude::*;
use serde::Serialize;

use super::agreement::{FEWEST, Statistic};
use super::agreement_record::Agreement;
use super::agreements::agreements;
use super::ceiling::ceiling;
use super::cells::Cells;
use super::evidence::Evidence;
use super::lead::lead;
use super::resamples::tells_from_nothing;
use crate::compare::grouping::grouped;
use crate::error::Result;
use crate::results::Results;
use crate::uncertainty::holm;

/// The schema of what `featscope correlate` writes.
pub const SCHEMA: &str = "featscope/correlation/1";

/// One point of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScatterPoint {
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
    pub points: Vec<(String, String, Vec<ScatterPoint>)>,
}

impl Correlation {
    /// The agreement of every score with the accuracies.
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
    let with_p = records.iter().enumerate().filter(|(_, r)| r.p_value.is_some());
    let groups = grouped(with_p.map(|(i, r)| ((r.dataset.clone(), r.statistic), i)));
    for (_, members) in groups {
        let p: Vec<f64> = members.iter().filter_map(|&i| records[i].p_value).collect();
        for (&i, adjusted) in members.iter().zip(holm(&p)) {
            records[i].p_holm = Some(adjusted);
        }
    }
}

/// Scores beside accuracies.
fn points(cells: &Cells) -> Vec<(String, String, Vec<ScatterPoint>)> {
    let mut all = Vec::new();
    for scored in &cells.metrics {
        for (d, dataset) in cells.datasets.iter().enumerate() {
            let point = |m: usize| {
                let (accuracy, error) = cells.accuracies[d][m]?;
                Some(ScatterPoint {
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
