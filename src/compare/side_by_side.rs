//! Builds a comparison: one table per metric, models side by side at each layer and data set.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::comparison::{CompareOptions, Comparison, Difference, MetricGroup, MetricTable, ModelRow, Verdict};
use super::grouping::{distinct, grouped};
use super::meaning::{LEVEL, direction, label};
use super::merge::layer_order;
use super::pivot::{SideBySide, side_by_side};
use super::runs::{OverRuns, settle};
use super::{pairing, suites, unfinished_training};
use crate::error::{Error, Result};
use crate::features::Role;
use crate::metrics::words::{group, meant};
use crate::results::{Record, Results};
use crate::uncertainty::{difference, holm, mcnemar};

impl Comparison {
    /// Sets the models of `results` side by side. A model that is a set of runs stands there as their mean, one with several
    /// steps as the last.
    ///
    /// # Errors
    /// When the baseline, a metric or the layer asked for is not in the results.
    pub fn of(given: &Results, options: &CompareOptions) -> Result<Self> {
        let settled = settle(given);
        let results = settled.results.as_ref();
        let models = models(results);
        let layers = layers(results);
        let layer = chosen_layer(&layers, options.layer.as_deref())?;
        let baseline = match &options.baseline {
            Some(name) if models.contains(name) => Some(name.clone()),
            Some(name) => return Err(unknown("baseline", name, &models)),
            None => models.first().cloned(),
        }
        .filter(|_| models.len() > 1);
        let mut groups = side_by_side(&results.records, &models, |r| direction(&r.metric, r.role))?;
        let metrics = chosen_metrics(&groups, options.metrics.as_deref())?;
        groups.retain(|g| layer == "all" || g.layer == layer);
        let mut sides = HashMap::new();
        for (i, record) in results.records.iter().enumerate() {
            sides.entry(side(record)).or_insert(i);
        }
        let builder = Builder {
            results,
            models: &models,
            baseline: baseline.as_deref(),
            sides,
        };
        let depth: HashMap<&str, usize> = layers.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
        let by_metric = grouped(groups.iter().map(|group| (group.metric.as_str(), group)));
        let mut by_metric: HashMap<&str, Vec<&SideBySide>> = by_metric.into_iter().collect();
        let tables: Vec<MetricTable> = metrics
            .iter()
            .map(|metric| {
                let mut of_metric = by_metric.remove(metric.as_str()).unwrap_or_default();
                of_metric.sort_by_key(|g| (builder.side_order(g), depth.get(g.layer.as_str())));
                builder.table(metric, &of_metric)
            })
            .filter(|table| !table.groups.is_empty())
            .collect();
        let mut warnings = unfinished_training::warnings(&results.inputs, &models);
        warnings.extend(pairing::preprocessing_warnings(&results.inputs, &models));
        Ok(Self {
            suites: suites::tables(&tables, results),
            models,
            baseline,
            layer,
            tables,
            notes: settled.notes,
            warnings,
            settled: match settled.results {
                Cow::Borrowed(_) => None,
                Cow::Owned(results) => Some(results),
            },
        })
    }
}

struct Builder<'a> {
    results: &'a Results,
    models: &'a [String],
    baseline: Option<&'a str>,
    /// The first record of each data set or pair.
    sides: HashMap<SideName<'a>, usize>,
}

/// A data set, or a pair of them.
type SideName<'a> = (&'a str, &'a str, Option<&'a str>);

fn side(record: &Record) -> SideName<'_> {
    (&record.dataset, &record.split, record.other_dataset.as_deref())
}

impl Builder<'_> {
    /// Pretraining side first, then evaluation, then data sets of no role, then pairs; each in the order of appearance.
    fn side_order(&self, group: &SideBySide) -> (u8, Option<usize>) {
        let first = self.first(group);
        let pair = group.other_dataset.is_some() && first.is_none_or(|r| r.fitted_on().is_none());
        let kind = match (pair, first.and_then(|r| r.role)) {
            (true, _) => 3,
            (false, Some(Role::Pre)) => 0,
            (false, Some(Role::Eval)) => 1,
            (false, _) => 2,
        };
        let side: SideName = (&group.dataset, &group.split, group.other_dataset.as_deref());
        (kind, self.sides.get(&side).copied())
    }

    fn first(&self, group: &SideBySide) -> Option<&Record> {
        group.cells.iter().flatten().next().map(|&i| &self.results.records[i])
    }

    fn table(&self, metric: &str, groups: &[&SideBySide]) -> MetricTable {
        let mut groups: Vec<MetricGroup> = groups.iter().map(|g| self.group(g)).collect();
        let mut tested: Vec<&mut Difference> = groups
            .iter_mut()
            .flat_map(|g| &mut g.rows)
            .filter_map(|row| row.difference.as_mut())
            .filter(|d| d.p_value.is_some())
            .collect();
        let p_values: Vec<f64> = tested.iter().filter_map(|d| d.p_value).collect();
        for (difference, adjusted) in tested.iter_mut().zip(holm(&p_values)) {
            difference.p_holm = Some(adjusted);
            difference.verdict = match difference.value {
                _ if adjusted > LEVEL => Verdict::NotSeparable,
                Some(value) if value > 0.0 => Verdict::Higher,
                _ => Verdict::Lower,
            };
        }
        MetricTable {
            metric: metric.to_owned(),
            label: label(metric).to_owned(),
            tested: p_values.len(),
            groups,
        }
    }

    fn group(&self, group: &SideBySide) -> MetricGroup {
        let records = &self.results.records;
        let baseline = self
            .models
            .iter()
            .position(|m| Some(m.as_str()) == self.baseline)
            .and_then(|i| group.cells[i]);
        let mut rows = Vec::with_capacity(self.models.len());
        for (position, model) in self.models.iter().enumerate() {
            let cell = group.cells[position];
            let difference = match (cell, baseline) {
                (Some(cell), Some(baseline)) if cell != baseline => self.difference(&records[cell], &records[baseline]),
                _ => None,
            };
            rows.push(self.row(group, position, model, difference));
        }
        self.mark_best(group, &mut rows);
        let role = self.first(group).and_then(|r| r.role);
        let fitted_on = self.first(group).and_then(|r| r.fitted_on().map(str::to_owned));
        MetricGroup {
            layer: group.layer.clone(),
            dataset: group.dataset.clone(),
            split: group.split.clone(),
            other_dataset: group.other_dataset.clone().filter(|_| fitted_on.is_none()),
            fitted_on,
            members: self
                .first(group)
                .and_then(Record::members)
                .map_or(Vec::new(), |members| {
                    members.iter().map(|(name, _)| (*name).to_owned()).collect()
                }),
            role,
            direction: direction(&group.metric, role),
            rows,
        }
    }

    fn row(&self, group: &SideBySide, position: usize, model: &str, difference: Option<Difference>) -> ModelRow {
        let record = group.cells[position].map(|i| &self.results.records[i]);
        let missing = || {
            let has_layer = self
                .results
                .inputs
                .iter()
                .any(|i| i.model == model && i.layers.contains(&group.layer));
            let why = if has_layer {
                "not measured".to_owned()
            } else {
                format!("this model has no layer {}", group.layer)
            };
            Some(why)
        };
        ModelRow {
            model: model.to_owned(),
            record: group.cells[position],
            value: record.and_then(|r| r.value),
            std_error: record.and_then(|r| r.std_error),
            ci_low: record.and_then(|r| r.ci_low),
            ci_high: record.and_then(|r| r.ci_high),
            null_value: record.and_then(|r| r.null_value),
            rank: group.ranks[position],
            best: false,
            difference,
            runs: record.and_then(OverRuns::of),
            note: record.map_or_else(missing, |r| r.note.clone()),
        }
    }

    /// The paired difference `a - b`, refused where the two are not measured on the same images in the same way.
    fn difference(&self, a: &Record, b: &Record) -> Option<Difference> {
        let nothing = Difference {
            value: None,
            std_error: None,
            ci_low: None,
            ci_high: None,
            p_value: None,
            p_holm: None,
            p_mcnemar: None,
            verdict: Verdict::Refused,
            preprocessed_unlike: false,
            reason: None,
        };
        if let Some(reason) = pairing::unlike(&self.results.inputs, a, b) {
            return Some(Difference {
                reason: Some(reason),
                ..nothing
            });
        }
        let paired = difference(a.measured(), b.measured())?;
        Some(Difference {
            value: Some(paired.value),
            std_error: paired.std_error,
            p_mcnemar: a.discordant(b).map(mcnemar),
            ci_low: paired.interval.map(|(low, _)| low),
            ci_high: paired.interval.map(|(_, high)| high),
            p_value: paired.p_value,
            p_holm: None,
            verdict: Verdict::Untested,
            preprocessed_unlike: pairing::preprocessed_unlike(&self.results.inputs, a, b),
            reason: paired.note,
        })
    }

    /// Marks the best model and those not separable from it (Holm over the models of this group); nothing where no model was
    /// tested against the best.
    fn mark_best(&self, group: &SideBySide, rows: &mut [ModelRow]) {
        let Some(best) = rows.iter().position(|r| r.rank == Some(1)) else {
            return;
        };
        let records = &self.results.records;
        let Some(best_record) = group.cells[best].map(|i| &records[i]) else {
            return;
        };
        let against_best = |position: usize| {
            let record = group.cells[position]
                .map(|i| &records[i])
                .filter(|_| position != best)?;
            pairing::unlike(&self.results.inputs, record, best_record)
                .is_none()
                .then_some(())?;
            Some((
                position,
                difference(record.measured(), best_record.measured())?.p_value?,
            ))
        };
        let tests: Vec<(usize, f64)> = (0..rows.len()).filter_map(against_best).collect();
        if tests.is_empty() {
            return;
        }
        let adjusted = holm(&tests.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        for ((position, _), p) in tests.iter().zip(adjusted) {
            rows[*position].best = p > LEVEL;
        }
        for row in rows.iter_mut().filter(|r| r.rank == Some(1)) {
            row.best = true;
        }
    }
}

fn models(results: &Results) -> Vec<String> {
    let measured: HashSet<&str> = results.records.iter().map(|r| r.model.as_str()).collect();
    let named = results.inputs.iter().map(|i| i.model.as_str());
    let named = named.chain(results.records.iter().map(|r| r.model.as_str()));
    owned(distinct(named.filter(|model| measured.contains(model))))
}

/// The layers that were measured, in network order.
pub(super) fn layers(results: &Results) -> Vec<String> {
    let measured: HashSet<&str> = results.records.iter().map(|r| r.layer.as_str()).collect();
    let order = layer_order(&results.inputs);
    let named = order.iter().map(String::as_str);
    let named = named.chain(results.records.iter().map(|r| r.layer.as_str()));
    owned(distinct(named.filter(|layer| measured.contains(layer))))
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// The layer asked for, else the backbone, else the last; `all` is all.
///
/// # Errors
/// When the layer asked for is none of them.
pub(super) fn chosen_layer(layers: &[String], asked: Option<&str>) -> Result<String> {
    match asked {
        Some("all") => Ok("all".to_owned()),
        Some(name) if layers.iter().any(|l| l == name) => Ok(name.to_owned()),
        Some(name) => Err(unknown("layer", name, layers)),
        None if layers.iter().any(|l| l == "backbone") => Ok("backbone".to_owned()),
        None => Ok(layers.last().cloned().unwrap_or_else(|| "backbone".to_owned())),
    }
}

fn chosen_metrics(groups: &[SideBySide], asked: Option<&[String]>) -> Result<Vec<String>> {
    let measured = owned(distinct(groups.iter().map(|group| group.metric.as_str())));
    let Some(asked) = asked else { return Ok(measured) };
    let mut chosen: Vec<String> = Vec::new();
    for word in asked {
        let group = group(word);
        let named = |id: &&String| *id == word || word == "all" || group.contains(&id.as_str());
        let found: Vec<&String> = measured.iter().filter(named).collect();
        if found.is_empty() {
            return Err(unknown_metric(word, &measured));
        }
        for id in found {
            if !chosen.contains(id) {
                chosen.push(id.clone());
            }
        }
    }
    Ok(chosen)
}

/// What is said about a metric that the results do not hold: the measured ones that the word may mean, else all.
pub(super) fn unknown_metric(word: &str, measured: &[String]) -> Error {
    let is_measured = |id: &&str| measured.iter().any(|m| m == id);
    let mut near: Vec<&str> = Vec::new();
    for name in meant(word) {
        let held = if is_measured(&name) { vec![name] } else { group(name) };
        near.extend(held.into_iter().filter(is_measured));
    }
    if near.contains(&word) {
        near.clear();
    }
    not_there("metric", word, &near, measured)
}

/// What is said about a name that the results do not hold: the one that it may stand for, and all.
fn unknown(what: &str, name: &str, known: &[String]) -> Error {
    let likeness = |k: &&str| strsim::jaro_winkler(k, name);
    let like = known.iter().map(String::as_str).filter(|k| likeness(k) > 0.8);
    let nearest = like.min_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    not_there(what, name, nearest.as_slice(), known)
}

fn not_there(what: &str, name: &str, near: &[&str], known: &[String]) -> Error {
    let hint = match near {
        [] => ".".to_owned(),
        near => format!("; did you mean {}?", near.join(", ")),
    };
    let known = known.join(", ");
    Error::input(format!("no {what} {name} in the results{hint} They hold: {known}"))
}
