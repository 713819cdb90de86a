//! Which number predicts transfer here: how well each score of some models agrees with their accuracies, how sure that is, and
//! what needs no feature at all to do as well.

mod agreement;
mod evidence;
mod measured;
mod resamples;

pub use agreement::Statistic;
pub use evidence::{Accuracy, BASELINES, Evidence, STATIC_RANK, Score};
pub use measured::Measured;

use rand::distr::Open01;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::Direction;
use crate::error::Result;
use crate::results::Results;
use crate::uncertainty::{holm, normal_quantile};
use evidence::{Cell, Cells, Scored, some};
use resamples::{Found, Table, interval, permuted, tells_from_nothing, two_sided, upper};

/// The schema of what `featscope correlate` writes.
pub const SCHEMA: &str = "featscope/correlation/1";

/// What the accuracies themselves would reach if they were measured again.
pub const CEILING: &str = "noise_ceiling";

/// Resamples of the accuracies by their intervals.
const CEILINGS: usize = 999;

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
    /// Least and largest value without one of the models.
    pub without_model: Option<[f64; 2]>,
    /// Least and largest value without one of the families.
    pub without_family: Option<[f64; 2]>,
    /// Whether it is a baseline that any new score has to beat.
    pub baseline: bool,
    /// Which way is good, where that is known: a lower one should have a negative value.
    pub direction: Option<Direction>,
    /// Why there is no value or interval, or what to bear in mind.
    pub note: Option<String>,
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
            tells_from_nothing: (n >= FEWEST).then(|| tells_from_nothing(n, seed)),
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

/// All records of one metric: each data set, then the mean over them where there are several.
fn agreements(cells: &Cells, scored: &Scored, seed: u64) -> Vec<Agreement> {
    let has_both = |d: usize, m: usize| scored.scores[d][m].is_some() && cells.accuracies[d][m].is_some();
    let on: Vec<Vec<usize>> = (0..cells.datasets.len())
        .map(|d| (0..cells.models.len()).filter(|&m| has_both(d, m)).collect())
        .collect();
    let counts: Vec<bool> = on.iter().map(|models| models.len() >= FEWEST).collect();
    let taking_part: Vec<usize> = (0..cells.models.len())
        .filter(|m| on.iter().any(|on| on.contains(m)))
        .collect();
    let table = Table {
        scores: &scored.scores,
        accuracies: &cells.accuracies,
    };
    let at = |models: &[usize]| table.found(models, models, &counts);
    let without = |left_out: &dyn Fn(usize) -> bool| {
        let rest: Vec<usize> = taking_part.iter().copied().filter(|&m| !left_out(m)).collect();
        at(&rest)
    };
    let all = Looked {
        observed: at(&taking_part),
        models: taking_part.iter().map(|&one| (one, without(&|m| m == one))).collect(),
        families: families(cells, &taking_part)
            .into_iter()
            .map(|family| without(&|m| cells.families[m] == Some(family)))
            .collect(),
        orders: permuted(taking_part.len(), seed)
            .iter()
            .map(|order| {
                let of_scores: Vec<usize> = order.iter().map(|&i| taking_part[i]).collect();
                table.found(&of_scores, &taking_part, &counts)
            })
            .collect(),
    };
    let mut records = Vec::new();
    for (d, models) in on.iter().enumerate() {
        let why = reason(cells, scored, d, models);
        let of_dataset = |found: &Found| found.each[d];
        let mine = all.models.iter().filter(|(m, _)| models.contains(m));
        let without = mine.map(|(_, found)| of_dataset(found)).collect();
        let dataset = Some(cells.datasets[d].clone());
        records.extend(all.records(scored, dataset, models.len(), &of_dataset, without, why));
    }
    if cells.datasets.len() > 1 {
        let left: Vec<&String> = (0..counts.len())
            .filter(|&d| !counts[d])
            .map(|d| &cells.datasets[d])
            .collect();
        let flat = (0..counts.len())
            .filter(|&d| counts[d] && all.observed.each[d].is_none())
            .count();
        let mut notes = Vec::new();
        if !left.is_empty() {
            notes.push(format!(
                "without {}: fewer than three models have both numbers there",
                some(&left)
            ));
        }
        if flat > 0 {
            let sets = if flat == 1 { "data set" } else { "data sets" };
            notes.push(format!("{flat} {sets} without a spread: counted as 0"));
        }
        let why = match (left.len() == counts.len(), flat + left.len() == counts.len()) {
            (true, _) => Some("fewer than three models have a score and an accuracy on any data set".to_owned()),
            (_, true) => Some("no data set has a spread of scores and accuracies".to_owned()),
            _ => None,
        };
        let of_mean = |found: &Found| found.mean;
        let without = all.models.iter().map(|(_, found)| found.mean).collect();
        let mut mean = all.records(scored, None, taking_part.len(), &of_mean, without, why);
        for record in mean.iter_mut().filter(|r| r.value.is_some()) {
            let own = record.note.take();
            let said: Vec<String> = own.into_iter().chain(notes.iter().cloned()).collect();
            record.note = (!said.is_empty()).then(|| said.join("; "));
        }
        records.extend(mean);
    }
    records
}

/// The families of these models, where leaving one out leaves enough.
fn families(cells: &Cells, models: &[usize]) -> Vec<usize> {
    let mut families: Vec<usize> = models.iter().filter_map(|&m| cells.families[m]).collect();
    families.sort_unstable();
    families.dedup();
    let rest = |family: usize| models.iter().filter(|&&m| cells.families[m] != Some(family)).count();
    match families.len() > 1 {
        true => families.into_iter().filter(|&family| rest(family) >= FEWEST).collect(),
        false => Vec::new(),
    }
}

/// Why there is no agreement on a data set, if there is none.
fn reason(cells: &Cells, scored: &Scored, d: usize, models: &[usize]) -> Option<String> {
    let flat = |values: Vec<f64>| values.windows(2).all(|pair| pair[0] == pair[1]);
    if models.len() < FEWEST {
        let n = models.len();
        return Some(format!(
            "{n} models have a score and an accuracy here: fewer than three"
        ));
    }
    if flat(models.iter().filter_map(|&m| scored.scores[d][m]).collect()) {
        return Some("the score is the same for all models".to_owned());
    }
    flat(
        models
            .iter()
            .filter_map(|&m| cells.accuracies[d][m].map(|a| a.0))
            .collect(),
    )
    .then(|| "the accuracy is the same for all models".to_owned())
}

/// What was found of the models as they are, without each, and in other orders.
struct Looked {
    observed: Found,
    models: Vec<(usize, Found)>,
    families: Vec<Found>,
    orders: Vec<Found>,
}

impl Looked {
    fn records(
        &self,
        scored: &Scored,
        dataset: Option<String>,
        n: usize,
        pick: &dyn Fn(&Found) -> resamples::Values,
        without: Vec<resamples::Values>,
        why: Option<String>,
    ) -> Vec<Agreement> {
        let observed = pick(&self.observed).filter(|_| why.is_none());
        let record = |(s, statistic): (usize, Statistic)| {
            let value = observed.map(|values| values[s]);
            let of_orders: Vec<f64> = self.orders.iter().map(|o| pick(o).map_or(0.0, |v| v[s])).collect();
            let of_models: Vec<Option<f64>> = without.iter().map(|w| w.map(|v| v[s])).collect();
            let known: Vec<f64> = of_models.iter().flatten().copied().collect();
            let of_families: Vec<f64> = self.families.iter().filter_map(|f| pick(f).map(|v| v[s])).collect();
            let interval = value.and_then(|value| interval(statistic, value, &of_models));
            let ends = |values: &[f64]| {
                let low = values.iter().copied().fold(f64::INFINITY, f64::min);
                let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                (value.is_some() && low <= high).then_some([low, high])
            };
            let unsure = value.is_some() && interval.is_none();
            let no_interval = "no interval: without one of the models nothing varies, or there are fewer than five";
            Agreement {
                metric: scored.metric.clone(),
                dataset: dataset.clone(),
                statistic,
                value,
                ci_low: interval.map(|i| i.0),
                ci_high: interval.map(|i| i.1),
                p_value: value.map(|value| two_sided(value, &of_orders)),
                p_holm: None,
                n,
                null_upper: value.map(|_| upper(&of_orders)),
                r_squared: observed
                    .filter(|_| !statistic.is_bounded())
                    .map(|values| values[3].powi(2)),
                without_model: ends(&known),
                without_family: ends(&of_families),
                baseline: BASELINES.contains(&scored.metric.as_str()),
                direction: scored.direction,
                note: why.clone().or_else(|| unsure.then(|| no_interval.to_owned())),
            }
        };
        Statistic::ALL.into_iter().enumerate().map(record).collect()
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

/// The agreement of the accuracies with themselves, measured again: normal draws by their intervals.
fn ceiling(cells: &Cells, seed: u64) -> Vec<Agreement> {
    let all: Vec<usize> = (0..cells.models.len()).collect();
    let known: Vec<bool> = cells
        .accuracies
        .iter()
        .map(|row| {
            let row: Vec<_> = row.iter().flatten().collect();
            row.len() >= FEWEST && row.iter().all(|a| a.1.is_some())
        })
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut draws = Vec::new();
    for _ in 0..if known.contains(&true) { CEILINGS } else { 0 } {
        let mut again = |a: &Cell| {
            let noise = normal_quantile(rng.sample(Open01));
            a.map(|(value, error)| value + error.unwrap_or(0.0) * noise)
        };
        let scores: Vec<Vec<Option<f64>>> = cells
            .accuracies
            .iter()
            .map(|row| row.iter().map(&mut again).collect())
            .collect();
        let table = Table {
            scores: &scores,
            accuracies: &cells.accuracies,
        };
        draws.push(table.found(&all, &all, &known));
    }
    let row = |dataset: Option<String>, n: usize, pick: &dyn Fn(&Found) -> resamples::Values| {
        let record = |(s, statistic): (usize, Statistic)| {
            let mut values: Vec<f64> = draws.iter().filter_map(|d| pick(d).map(|v| v[s])).collect();
            values.sort_by(f64::total_cmp);
            let at = |share: f64| values.get((share * values.len() as f64) as usize).copied();
            Agreement {
                metric: CEILING.to_owned(),
                dataset: dataset.clone(),
                statistic,
                value: (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
                ci_low: at(0.025),
                ci_high: at(0.975),
                p_value: None,
                p_holm: None,
                n,
                null_upper: None,
                r_squared: None,
                without_model: None,
                without_family: None,
                baseline: true,
                direction: None,
                note: Some(
                    match values.is_empty() {
                        true => "accuracies without intervals have no ceiling",
                        false => "approximate: the observed accuracies against normal draws around them",
                    }
                    .to_owned(),
                ),
            }
        };
        Statistic::ALL.into_iter().enumerate().map(record).collect::<Vec<_>>()
    };
    let mut records = Vec::new();
    for (d, dataset) in cells.datasets.iter().enumerate() {
        let n = cells.accuracies[d].iter().flatten().count();
        records.extend(row(Some(dataset.clone()), n, &|found: &Found| found.each[d]));
    }
    if cells.datasets.len() > 1 {
        records.extend(row(None, cells.models.len(), &|found: &Found| found.mean));
    }
    records
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
