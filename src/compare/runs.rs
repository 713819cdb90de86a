//! One number for each model that has several runs or steps of training: the last of the steps, the mean of the runs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::grouping::{distinct, said_together};
use crate::results::{AnalysedInput, Record, Results, Table};
use crate::uncertainty::{DifferenceSide, ENOUGH_RUNS, Scheme, difference, runs_interval};

/// Results with one record for each model, layer, data set and metric, and what was done to them, in sentences.
pub struct Settled<'r> {
    /// The results; those given where no model has runs or steps.
    pub results: Cow<'r, Results>,
    /// What was made of runs and steps.
    pub notes: Vec<String>,
}

/// What is known of a mean over runs beside its error.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OverRuns {
    /// The number of runs that have a value.
    pub runs: usize,
    /// The standard deviation of their values.
    pub sd: Option<f64>,
    /// The standard error within a run, of its images: root mean square over runs.
    pub within: Option<f64>,
}

/// Where a record's `found` says so.
const RUNS: &str = "runs";
const VALUES: &str = "values_of_runs";
const WITHIN: &str = "error_within_runs";

impl OverRuns {
    /// The value of each run of a record, where it is of several.
    pub(super) fn values(record: &Record) -> Option<Vec<Option<f64>>> {
        let values = record.found.get(VALUES)?.as_array()?;
        Some(values.iter().map(Value::as_f64).collect())
    }

    /// What a record says of its runs; `None` for a record of one run.
    pub fn of(record: &Record) -> Option<Self> {
        let values: Vec<f64> = Self::values(record)?.into_iter().flatten().collect();
        (values.len() > 1).then(|| Self {
            runs: values.len(),
            sd: Some(runs_interval(&values).map_or(0.0, |e| e.std_error * (values.len() as f64).sqrt())),
            within: record.found.get(WITHIN).and_then(Value::as_f64),
        })
    }
}

/// The last step of each model, and the means over its runs.
pub fn settle(results: &Results) -> Settled<'_> {
    let plain = |run: &Option<String>, step: Option<u64>| run.is_none() && step.is_none();
    if results.records.iter().all(|r| plain(&r.run, r.step)) && results.inputs.iter().all(|i| plain(&i.run, i.step)) {
        return Settled {
            results: Cow::Borrowed(results),
            notes: Vec::new(),
        };
    }
    let last = Last::of(results);
    let records = results.records.iter().filter(|r| last.is_it(&r.model, &r.run, r.step));
    let mut records = averaged(records);
    records.iter_mut().for_each(|record| record.step = None);
    let inputs = results.inputs.iter().filter(|i| last.is_it(&i.model, &i.run, i.step));
    Settled {
        results: Cow::Owned(Results {
            records,
            inputs: joined(inputs),
            ..results.without_records()
        }),
        notes: last.notes(results),
    }
}

/// The means over the runs of each model at each of its steps: one record for each place without a run.
pub fn averaged<'r>(records: impl Iterator<Item = &'r Record>) -> Vec<Record> {
    let mut order: Vec<Vec<&Record>> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for record in records {
        let (mut names, step) = record.place();
        names[1] = "";
        let at = *known.entry((names, step)).or_insert(order.len());
        match order.get_mut(at) {
            Some(runs) => runs.push(record),
            None => order.push(vec![record]),
        }
    }
    order.into_iter().map(|runs| mean(&runs)).collect()
}

/// The mean of the records of some runs. From three runs on its error is their spread; below, that of the images, given these
/// runs.
fn mean(runs: &[&Record]) -> Record {
    let mut record = Record {
        run: None,
        ..runs[0].clone()
    };
    if runs.len() == 1 {
        return record;
    }
    let names: Vec<&str> = runs.iter().filter_map(|r| r.run.as_deref()).collect();
    let nothing = Record {
        value: None,
        std_error: None,
        ci_low: None,
        ci_high: None,
        p_value: None,
        error: None,
        replicates: None,
        found: [(RUNS.to_owned(), json!(names))].into_iter().collect(),
        seconds: runs.iter().map(|r| r.seconds).sum(),
        ..record.clone()
    };
    if let Some(odd) = runs.iter().find_map(|r| runs[0].unlike(r)) {
        return Record {
            note: Some(format!("its runs were measured differently ({odd})")),
            ..nothing
        };
    }
    let valued: Vec<&Record> = runs.iter().copied().filter(|r| r.value.is_some()).collect();
    let values: Vec<f64> = valued.iter().filter_map(|r| r.value).collect();
    if values.is_empty() {
        return nothing;
    }
    if values.len() < runs.len() {
        let note = format!("{} of {} runs have a value", values.len(), runs.len());
        record.note = Some(record.note.map_or(note.clone(), |known| format!("{known}; {note}")));
    }
    record = Record {
        note: record.note,
        null_value: means(valued.iter().map(|r| r.null_value)),
        ..nothing
    };
    let of_all: Vec<Option<f64>> = runs.iter().map(|r| r.value).collect();
    record.found.insert(VALUES.to_owned(), json!(of_all));
    if let Some(squares) = means(valued.iter().map(|r| r.std_error.map(|e| e * e))) {
        record.found.insert(WITHIN.to_owned(), json!(squares.sqrt()));
    }
    let value = values.iter().sum::<f64>() / values.len() as f64;
    record.value = Some(value);
    if values.len() >= ENOUGH_RUNS {
        match runs_interval(&values) {
            Some(e) => {
                record.std_error = Some(e.std_error);
                (record.ci_low, record.ci_high) = (Some(e.low), Some(e.high));
            }
            None => {
                let note = format!(
                    "all {} runs have this value, and no spread to tell an error by",
                    values.len()
                );
                record.note = Some(record.note.map_or(note.clone(), |known| format!("{known}; {note}")));
            }
        }
        record.error = Some(Scheme::Runs);
        record.replicates = Some(values);
        return record;
    }
    over_images(&mut record, &valued, value);
    record
}

/// The error of a mean over too few runs: that of the images all of them saw.
fn over_images(record: &mut Record, runs: &[&Record], value: f64) {
    let scheme = runs[0]
        .error
        .filter(|scheme| runs.iter().all(|r| r.error == Some(*scheme)));
    let replicates: Option<Vec<&Vec<f64>>> = runs.iter().map(|r| r.replicates.as_ref()).collect();
    let (Some(scheme), Some(replicates)) = (scheme, replicates) else {
        return;
    };
    let length = replicates[0].len();
    if replicates.iter().any(|r| r.len() != length) {
        return;
    }
    let at = |i: usize| replicates.iter().map(|r| r[i]).sum::<f64>() / replicates.len() as f64;
    let replicates: Vec<f64> = (0..length).map(at).collect();
    // The error of the mean is that of its difference to nothing.
    let side = |value, replicates| DifferenceSide {
        value: Some(value),
        scheme: Some(scheme),
        replicates: Some(replicates),
    };
    let zeros = vec![0.0; length];
    if let Some(alone) = difference(side(value, &replicates), side(0.0, &zeros)) {
        record.std_error = alone.std_error;
        (record.ci_low, record.ci_high) = (alone.interval.map(|i| i.0), alone.interval.map(|i| i.1));
    }
    record.error = Some(scheme);
    record.replicates = Some(replicates);
}

/// The mean of numbers that are all there.
fn means(numbers: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let all: Vec<f64> = numbers.collect::<Option<_>>()?;
    (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}

/// The last step of each model: the last that all of its runs have, else the last of each run.
struct Last<'r> {
    steps: BTreeMap<&'r str, Runs<'r>>,
    last: HashMap<(&'r str, Option<&'r str>), Option<u64>>,
}

/// The steps of each run of a model.
type Runs<'r> = BTreeMap<Option<&'r str>, BTreeSet<Option<u64>>>;

impl<'r> Last<'r> {
    fn of(results: &'r Results) -> Self {
        let mut steps: BTreeMap<&str, Runs> = BTreeMap::new();
        let of_records = results
            .records
            .iter()
            .map(|r| (r.model.as_str(), r.run.as_deref(), r.step));
        let of_inputs = results
            .inputs
            .iter()
            .map(|i| (i.model.as_str(), i.run.as_deref(), i.step));
        for (model, run, step) in of_records.chain(of_inputs) {
            steps.entry(model).or_default().entry(run).or_default().insert(step);
        }
        let mut last = HashMap::new();
        for (model, runs) in &steps {
            let common = runs.values().cloned().reduce(|a, b| &a & &b).unwrap_or_default();
            for (run, own) in runs {
                let all = if common.is_empty() { own } else { &common };
                last.insert((*model, *run), all.last().copied().flatten());
            }
        }
        Self { steps, last }
    }

    fn last(&self, model: &str, run: Option<&str>) -> Option<u64> {
        self.last.get(&(model, run)).copied().flatten()
    }

    fn is_it(&self, model: &str, run: &Option<String>, step: Option<u64>) -> bool {
        self.last(model, run.as_deref()) == step
    }

    /// What was made of each model; models with the same notes stand together.
    fn notes(&self, results: &Results) -> Vec<String> {
        let models = results.inputs.iter().map(|i| i.model.as_str());
        let models = distinct(models.chain(results.records.iter().map(|r| r.model.as_str())));
        let notes = |model| self.notes_of(model).into_iter().map(move |note| (note, model));
        said_together(models.into_iter().flat_map(notes))
    }

    fn notes_of(&self, model: &str) -> Vec<String> {
        let Some(runs) = self.steps.get(model) else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        if runs.len() > 1 {
            let names: Vec<&str> = runs.keys().filter_map(|run| *run).collect();
            let unit = match runs.len() >= ENOUGH_RUNS {
                true => "intervals and tests are over runs",
                false => "intervals and tests are over images, given these runs: three runs and more show their spread",
            };
            notes.push(format!("mean of {} runs ({}); {unit}", runs.len(), names.join(", ")));
        }
        let most = runs.values().map(BTreeSet::len).max().unwrap_or(0);
        if most > 1 {
            let last: BTreeSet<Option<u64>> = runs.keys().map(|run| self.last(model, *run)).collect();
            let last: Vec<String> = last.into_iter().flatten().map(|step| step.to_string()).collect();
            notes.push(format!("the last of {most} steps is compared, {}", last.join(" or ")));
        }
        notes
    }
}

/// One input of each model, data set and split. What its runs do not agree on is left empty.
fn joined<'r>(inputs: impl Iterator<Item = &'r AnalysedInput>) -> Vec<AnalysedInput> {
    let mut all: Vec<AnalysedInput> = Vec::new();
    for input in inputs {
        let same =
            |i: &&mut AnalysedInput| (&i.model, &i.dataset, &i.split) == (&input.model, &input.dataset, &input.split);
        match all.iter_mut().find(same) {
            None => all.push(AnalysedInput {
                run: None,
                step: None,
                ..input.clone()
            }),
            Some(known) => {
                for (mine, theirs) in [
                    (&mut known.ids_sha256, &input.ids_sha256),
                    (&mut known.preprocess_sha256, &input.preprocess_sha256),
                ] {
                    if mine != theirs {
                        mine.clear();
                    }
                }
                let new = input.layers.iter().filter(|layer| !known.layers.contains(layer));
                let new: Vec<String> = new.cloned().collect();
                known.layers.extend(new);
            }
        }
    }
    all
}

/// The rows of a table that a picture of each model is made of: those of its last step, and of its first run there.
pub fn pictured(table: &Table, results: &Results) -> Table {
    let (Some(models), Some(runs), Some(steps)) = (table.text("model"), table.text("run"), table.text("step")) else {
        return table.clone();
    };
    let last = Last::of(results);
    let first = |model: &str| last.steps.get(model)?.keys().next().copied().flatten();
    let keep: Vec<bool> = (0..models.len())
        .map(|i| {
            let run = first(&models[i]);
            let step = last
                .last(&models[i], run)
                .map_or(String::new(), |step| step.to_string());
            runs[i] == run.unwrap_or("") && steps[i] == step
        })
        .collect();
    let mut table = table.clone();
    table.retain(&keep);
    table
}
