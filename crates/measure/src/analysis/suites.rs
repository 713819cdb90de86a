//! Several evaluation data sets as one benchmark: what probes say of each, as one number with one error.

use serde_json::{Map, Value, json};

use super::benchmark::Suite;
use super::plan::Plan;
use crate::metrics::find;
use crate::metrics::probes::{FAMILY, PROBES, SUITE_LOG_ODDS};
use crate::results::{DATASETS, DEFAULT, Record, SPLITS};
use crate::uncertainty::{Scheme, Stratum, mean_of_parts, strata_replicates};

/// One record for each probe, suite, and layer of a model, run and step: the mean over the suite's data sets, as though there
/// were no others; and, of the probe that stands for transfer, the mean log-odds.
pub fn of_suites(records: &[Record], plan: &Plan) -> Vec<Record> {
    let mut all = Vec::new();
    for suite in &plan.suites {
        for group in groups(records) {
            let members: Vec<Vec<&Record>> = suite.datasets.iter().map(|name| on(&group, name, plan)).collect();
            let mut metrics: Vec<&str> = Vec::new();
            for record in members.iter().flatten() {
                if !metrics.contains(&record.metric.as_str()) {
                    metrics.push(&record.metric);
                }
            }
            for metric in &metrics {
                let parts: Vec<Option<&Record>> = members.iter().map(|own| of_metric(own, metric)).collect();
                all.push(mean(suite, &parts));
            }
            if let Some(leading) = PROBES.iter().find(|id| metrics.contains(*id)) {
                let parts: Vec<Option<&Record>> = members.iter().map(|own| of_metric(own, leading)).collect();
                all.push(log_odds(suite, &parts, leading));
            }
        }
    }
    all
}

/// The records of probes by model, run, step and layer, in the order of their first appearance.
fn groups(records: &[Record]) -> Vec<Vec<&Record>> {
    let is_probe = |record: &&Record| FAMILY.metrics.iter().any(|metric| metric.id == record.metric);
    let mut groups: Vec<Vec<&Record>> = Vec::new();
    for record in records.iter().filter(is_probe) {
        match groups.iter_mut().find(|group| place(group[0]) == place(record)) {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups
}

/// The layer of a model, run and step that a record is of.
fn place(record: &Record) -> (&str, &Option<String>, Option<u64>, &str) {
    (&record.model, &record.run, record.step, &record.layer)
}

/// Those of a data set, called NAME or NAME/SPLIT; of several splits the one that is scored.
fn on<'r>(group: &[&'r Record], name: &str, plan: &Plan) -> Vec<&'r Record> {
    let is_named = |r: &Record| r.dataset == name || format!("{}/{}", r.dataset, r.split) == name;
    let named = || group.iter().copied().filter(|r| is_named(r));
    let splits = named().map(|r| r.split.as_str());
    let Some(split) = splits.min_by_key(|split| plan.together.preference(split)) else {
        return Vec::new();
    };
    named().filter(|r| r.split == split).collect()
}

fn of_metric<'r>(records: &[&'r Record], metric: &str) -> Option<&'r Record> {
    records.iter().copied().find(|r| r.metric == metric)
}

/// The mean of a probe over the data sets.
fn mean(suite: &Suite, parts: &[Option<&Record>]) -> Record {
    let record = start(suite, parts);
    let values: Option<Vec<Stratum>> = parts.iter().map(|part| of_record((*part)?)).collect();
    with_values(record, suite, parts, values.as_deref())
}

fn of_record(record: &Record) -> Option<Stratum<'_>> {
    Some(Stratum {
        value: record.value?,
        std_error: record.std_error,
        scheme: record.error,
        replicates: record.replicates.as_deref(),
    })
}

/// The mean over the data sets of log((k + ½) / (n - k + ½)), k of n rows being right (t-ReX: Sariyildiz et al., ICLR 2023): a
/// point near the top counts for more than one in the middle. The half keeps it finite.
fn log_odds(suite: &Suite, parts: &[Option<&Record>], leading: &str) -> Record {
    let mut record = start(suite, parts);
    record.metric = SUITE_LOG_ODDS.to_owned();
    record.method.insert("probe".to_owned(), json!(leading));
    record.null_value = None;
    let of_share = |share: f64, n: u64| {
        let (n, k) = (n as f64, share * n as f64);
        ((k + 0.5) / (n - k + 0.5)).ln()
    };
    let replicates: Vec<Vec<f64>> = parts
        .iter()
        .map(|part| {
            let shares = part.and_then(|r| r.replicates.as_ref()).into_iter().flatten();
            shares.map(|share| of_share(*share, part.map_or(0, |r| r.n))).collect()
        })
        .collect();
    let part = |(record, replicates)| {
        let (record, replicates): (&Option<&Record>, &Vec<f64>) = (record, replicates);
        let record = (*record)?;
        let (share, n) = (record.value?, record.n as f64);
        Some(Stratum {
            value: of_share(share, record.n),
            // The slope of the log-odds of the share is n (n + 1) / ((k + ½) (n - k + ½)).
            std_error: record.std_error.map(|error| {
                let k = share * n;
                error * n * (n + 1.0) / ((k + 0.5) * (n - k + 0.5))
            }),
            scheme: record.error,
            replicates: Some(replicates.as_slice()).filter(|r| !r.is_empty()),
        })
    };
    let values: Option<Vec<Stratum>> = parts.iter().zip(&replicates).map(part).collect();
    with_values(record, suite, parts, values.as_deref())
}

/// The record of a suite, without a value: what the data sets' records say alike it says too.
fn start(suite: &Suite, parts: &[Option<&Record>]) -> Record {
    let known: Vec<&Record> = parts.iter().flatten().copied().collect();
    let first = known.first().copied().cloned().unwrap_or_default();
    let mut method = Map::new();
    // A member may be called NAME/SPLIT: its records say its name.
    let names = parts.iter().zip(&suite.datasets);
    let names: Vec<&str> = names
        .map(|(part, name)| part.map_or(name.as_str(), |r| r.dataset.as_str()))
        .collect();
    let splits: Vec<&str> = parts.iter().map(|part| part.map_or("", |r| r.split.as_str())).collect();
    method.insert(DATASETS.to_owned(), json!(names));
    method.insert(SPLITS.to_owned(), json!(splits));
    for key in known.iter().flat_map(|r| r.method.keys()) {
        let values: Vec<Value> = known
            .iter()
            .map(|r| r.method.get(key).cloned().unwrap_or(Value::Null))
            .collect();
        let alike = values.iter().all(|value| *value == values[0]);
        method.insert(key.clone(), if alike { values[0].clone() } else { json!(values) });
    }
    let null = |r: &&Record| r.null_value;
    let nulls: Option<Vec<f64>> = (known.len() == parts.len()).then(|| known.iter().filter_map(null).collect());
    Record {
        dataset: suite.name.clone(),
        split: String::new(),
        other_dataset: None,
        other_split: None,
        variant: match known.iter().all(|r| r.variant == first.variant) {
            true => first.variant.clone(),
            false => DEFAULT.to_owned(),
        },
        value: None,
        std_error: None,
        ci_low: None,
        ci_high: None,
        p_value: None,
        null_value: nulls
            .filter(|nulls| nulls.len() == parts.len())
            .map(|nulls| nulls.iter().sum::<f64>() / nulls.len() as f64),
        error: None,
        replicates: None,
        n: known.iter().map(|r| r.n).sum(),
        classes: known.iter().map(|r| r.classes).sum(),
        method,
        found: Map::new(),
        note: None,
        seconds: 0.0,
        ..first
    }
}

/// The record with the mean of the parts; without, and why, where a data set has no value.
fn with_values(mut record: Record, suite: &Suite, parts: &[Option<&Record>], values: Option<&[Stratum]>) -> Record {
    let Some(values) = values else {
        let lacking: Vec<&str> = parts
            .iter()
            .zip(&suite.datasets)
            .filter(|(part, _)| part.is_none_or(|r| r.value.is_none()))
            .map(|(_, name)| name.as_str())
            .collect();
        record.note = Some(format!("no value on {}, and no mean without it", lacking.join(", ")));
        return record;
    };
    let (mean, estimate) = mean_of_parts(values);
    let found = suite.datasets.iter().zip(values);
    let found: Map<String, Value> = found.map(|(name, part)| (name.clone(), json!(part.value))).collect();
    record.found.insert("values".to_owned(), Value::Object(found));
    record.value = Some(mean);
    match estimate {
        Some(e) => {
            let (least, most) = find(&record.metric).map_or((f64::NEG_INFINITY, f64::INFINITY), |m| m.range);
            record.std_error = Some(e.std_error);
            record.ci_low = Some(e.low.clamp(least, most));
            record.ci_high = Some(e.high.clamp(least, most));
            record.replicates = strata_replicates(values);
            record.error = Some(Scheme::JackknifeStrata);
        }
        None => record.note = Some("no interval: a data set of the suite has none".to_owned()),
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::GROUPS;

    fn record(dataset: &str, value: f64, n: u64) -> Record {
        Record {
            model: "A".into(),
            layer: "backbone".into(),
            dataset: dataset.into(),
            split: "test".into(),
            metric: "knn_top1".into(),
            variant: DEFAULT.into(),
            value: Some(value),
            std_error: Some(0.02),
            error: Some(Scheme::Wilson),
            replicates: Some(vec![value; GROUPS]),
            null_value: Some(0.1),
            n,
            d: 8,
            ..Record::default()
        }
    }

    fn measured(given: &[Record]) -> Vec<Record> {
        let plan = Plan {
            suites: vec![Suite {
                name: "both".into(),
                datasets: vec!["cars".into(), "digits".into()],
            }],
            ..Plan::default()
        };
        of_suites(given, &plan)
    }

    /// By hand: (0.8 + 0.5)/2; log(80.5/20.5) and log(25.5/25.5) = 0.
    #[test]
    fn a_suite_has_the_mean_and_the_mean_log_odds() {
        let made = measured(&[
            record("cars", 0.8, 100),
            record("digits", 0.5, 50),
            record("other", 0.1, 50),
        ]);
        assert_eq!(made.len(), 2);
        let (mean, odds) = (&made[0], &made[1]);
        assert_eq!((mean.dataset.as_str(), mean.n, mean.value), ("both", 150, Some(0.65)));
        assert!((mean.std_error.unwrap() - 0.02 * 2f64.sqrt() / 2.0).abs() < 1e-15);
        assert_eq!(mean.replicates.as_ref().unwrap().len(), 2 * GROUPS);
        assert!((mean.null_value.unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(odds.metric, SUITE_LOG_ODDS);
        assert!((odds.value.unwrap() - (80.5f64 / 20.5).ln() / 2.0).abs() < 1e-15);
        assert_eq!(odds.method["probe"], "knn_top1");
        // All right, and none: finite.
        let made = measured(&[record("cars", 1.0, 100), record("digits", 0.0, 100)]);
        assert!(made[1].value.unwrap().abs() < 1e-12 && made[1].std_error.unwrap().is_finite());
        assert_eq!(made[0].ci_low.map(|low| low >= 0.0), Some(true));
    }

    #[test]
    fn a_mean_over_fewer_data_sets_is_no_mean() {
        let made = measured(&[record("cars", 0.8, 100)]);
        assert_eq!(made[0].value, None);
        assert_eq!(
            made[0].note.as_deref(),
            Some("no value on digits, and no mean without it")
        );
    }

    #[test]
    fn of_several_splits_the_scored_one_counts() {
        let val = Record {
            split: "val".into(),
            ..record("cars", 0.1, 100)
        };
        let made = measured(&[val, record("cars", 0.8, 100), record("digits", 0.6, 100)]);
        assert!((made[0].value.unwrap() - 0.7).abs() < 1e-15);
    }
}
