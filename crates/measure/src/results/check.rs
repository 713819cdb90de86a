//! Records that cannot be: what no metric can have given, and what stands twice.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::record::Record;
use crate::error::{Error, Result};
use crate::uncertainty::Scheme;

/// What a record is about: model, run, step, layer, data set, split, the other side's data set, split, model and layer, metric.
pub type RecordKey<'a> = ([&'a str; 10], Option<u64>);

impl Record {
    /// What the record is about: two records of one place are two answers to one question.
    pub fn place(&self) -> RecordKey<'_> {
        fn or_empty(name: &Option<String>) -> &str {
            name.as_deref().unwrap_or("")
        }
        let names = [
            &self.model,
            or_empty(&self.run),
            &self.layer,
            &self.dataset,
            &self.split,
            or_empty(&self.other_dataset),
            or_empty(&self.other_split),
            or_empty(&self.other_model),
            or_empty(&self.other_layer),
            &self.metric,
        ];
        (names, self.step)
    }

    /// Why no metric can have given this record, or `None` where one can. An interval may lie beside the value: it is around
    /// the bias-corrected one. A p-value may be 0, where it is too small for a number.
    pub fn impossible(&self) -> Option<String> {
        self.odd_number()
            .or_else(|| self.odd_interval())
            .or_else(|| self.odd_replicates())
            .or_else(|| self.odd_size())
    }

    fn odd_number(&self) -> Option<String> {
        let all = [
            ("value", self.value),
            ("std_error", self.std_error),
            ("ci_low", self.ci_low),
            ("ci_high", self.ci_high),
            ("p_value", self.p_value),
            ("null_value", self.null_value),
            ("seconds", Some(self.seconds)),
        ];
        let not_finite = all
            .iter()
            .find_map(|(name, x)| x.filter(|x| !x.is_finite()).map(|x| (name, x)));
        if let Some((name, x)) = not_finite {
            return Some(format!("{name} is {x}, expected a finite number"));
        }
        let negative = |name: &str, x: f64| Some(format!("{name} is {x}, expected 0 or more"));
        match (self.std_error, self.p_value) {
            (Some(error), _) if error < 0.0 => negative("std_error", error),
            (_, Some(p)) if !(0.0..=1.0).contains(&p) => Some(format!("p_value is {p}, expected 0 to 1")),
            _ if self.seconds < 0.0 => negative("seconds", self.seconds),
            _ => None,
        }
    }

    fn odd_interval(&self) -> Option<String> {
        match (self.ci_low, self.ci_high) {
            (Some(low), Some(high)) if low > high => Some(format!("ci_low {low} is above ci_high {high}")),
            (Some(low), None) => Some(format!("ci_low is {low} and ci_high is missing, expected both or none")),
            (None, Some(high)) => Some(format!(
                "ci_high is {high} and ci_low is missing, expected both or none"
            )),
            _ => None,
        }
    }

    fn odd_replicates(&self) -> Option<String> {
        let replicates = self.replicates.as_ref()?;
        if let Some(odd) = replicates.iter().find(|x| !x.is_finite()) {
            return Some(format!("a replicate is {odd}, expected finite numbers"));
        }
        let expected = self.error.and_then(Scheme::replicates);
        match (replicates.len(), expected) {
            (0, _) => Some("replicates is an empty list, expected null or the values".to_owned()),
            (found, Some(expected)) if found != expected => Some(format!(
                "it has {found} replicates, and its error is made of {expected}"
            )),
            _ => None,
        }
    }

    fn odd_size(&self) -> Option<String> {
        if self.metric.is_empty() {
            return Some("metric is empty, expected a metric's id".to_owned());
        }
        let Some(value) = self.value else {
            let beside = [
                ("std_error", self.std_error.is_some()),
                ("ci_low", self.ci_low.is_some()),
                ("replicates", self.replicates.is_some()),
            ];
            let (name, _) = beside.iter().find(|(_, is)| *is)?;
            return Some(format!("{name} is given, and value is missing"));
        };
        let none = [("n", self.n), ("d", self.d)]
            .into_iter()
            .find(|(_, size)| *size == 0)?;
        Some(format!(
            "{} is 0, and value is {value}: of nothing there is no value",
            none.0
        ))
    }
}

/// A record of a results file, for a sentence: its number and what it is about.
pub(super) fn called(number: usize, record: &Record) -> String {
    let (names, step) = record.place();
    let [
        model,
        run,
        layer,
        dataset,
        split,
        other_dataset,
        other_split,
        other_model,
        other_layer,
        metric,
    ] = names;
    let with_split = |name: &str, split: &str| match split {
        "" => name.to_owned(),
        split => format!("{name} ({split})"),
    };
    let mut text = format!(
        "record {number}, {metric:?} of model {model}, layer {layer}, data set {}",
        with_split(dataset, split)
    );
    if !run.is_empty() {
        text.push_str(&format!(", run {run}"));
    }
    if let Some(step) = step {
        text.push_str(&format!(", step {step}"));
    }
    for (sign, name) in [
        ("data set", with_split(other_dataset, other_split)),
        ("model", other_model.to_owned()),
        ("layer", other_layer.to_owned()),
    ] {
        if !name.is_empty() {
            text.push_str(&format!(", other {sign} {name}"));
        }
    }
    text
}

/// Refuses records of the file at `path` that cannot be, and places that have two of them.
pub(super) fn check(path: &Path, records: &[Record]) -> Result<()> {
    let mut seen: HashMap<RecordKey, usize> = HashMap::with_capacity(records.len());
    for (i, record) in records.iter().enumerate() {
        if let Some(why) = record.impossible() {
            return Err(Error::input(format!(
                "{}: {}: {why}; analyze again",
                path.display(),
                called(i + 1, record)
            )));
        }
        if let Some(earlier) = seen.insert(record.place(), i + 1) {
            return Err(Error::input(format!(
                "{}: {}: it stands there twice, as record {earlier} too; leave one of them out, or analyze again",
                path.display(),
                called(i + 1, record)
            )));
        }
    }
    Ok(())
}

/// What keeps a record of a file from being one, or `None`: the field and what was expected.
pub(super) fn malformed(record: &Value) -> Option<String> {
    let error = serde_json::from_value::<Record>(record.clone()).err()?;
    let blank = serde_json::to_value(Record::default()).unwrap_or_default();
    let alone = |(field, value): (&String, &Value)| {
        let mut one = blank.clone();
        one[field] = value.clone();
        let error = serde_json::from_value::<Record>(one).err()?;
        Some(format!("{field} cannot be read ({error})"))
    };
    let field = record.as_object().into_iter().flatten().find_map(alone);
    Some(field.unwrap_or_else(|| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn possible() -> Record {
        Record {
            model: "A".into(),
            layer: "backbone".into(),
            dataset: "cars".into(),
            metric: "redundancy".into(),
            value: Some(0.5),
            std_error: Some(0.0),
            // Beside the value, and of no width.
            ci_low: Some(0.6),
            ci_high: Some(0.6),
            p_value: Some(0.0),
            replicates: Some(vec![0.5; 10]),
            n: 20,
            d: 4,
            error: Some(Scheme::Jackknife),
            ..Record::default()
        }
    }

    #[test]
    fn what_metrics_give_is_possible() {
        assert_eq!(possible().impossible(), None);
        let undefined = Record {
            metric: "redundancy".into(),
            null_value: Some(0.1),
            p_value: Some(1.0),
            note: Some("beyond the range of 64-bit numbers".into()),
            ..Record::default()
        };
        assert_eq!(undefined.impossible(), None);
    }

    #[test]
    fn what_no_metric_gives_is_told() {
        type Spoil = fn(&mut Record);
        let cases: &[(Spoil, &str)] = &[
            (|r| r.std_error = Some(-0.5), "std_error is -0.5, expected 0 or more"),
            (|r| r.p_value = Some(7.0), "p_value is 7, expected 0 to 1"),
            (|r| r.p_value = Some(-1e-9), "p_value is -0.000000001, expected 0 to 1"),
            (|r| r.ci_low = Some(0.7), "ci_low 0.7 is above ci_high 0.6"),
            (
                |r| r.ci_low = None,
                "ci_high is 0.6 and ci_low is missing, expected both or none",
            ),
            (
                |r| r.ci_high = None,
                "ci_low is 0.6 and ci_high is missing, expected both or none",
            ),
            (|r| r.value = Some(f64::NAN), "value is NaN, expected a finite number"),
            (
                |r| r.null_value = Some(f64::INFINITY),
                "null_value is inf, expected a finite number",
            ),
            (|r| r.seconds = -1.0, "seconds is -1, expected 0 or more"),
            (
                |r| r.replicates = Some(vec![f64::NAN; 10]),
                "a replicate is NaN, expected finite numbers",
            ),
            (
                |r| r.replicates = Some(vec![]),
                "replicates is an empty list, expected null or the values",
            ),
            (
                |r| r.replicates = Some(vec![0.5; 9]),
                "it has 9 replicates, and its error is made of 10",
            ),
            (|r| r.metric = String::new(), "metric is empty, expected a metric's id"),
            (|r| r.value = None, "std_error is given, and value is missing"),
            (|r| r.n = 0, "n is 0, and value is 0.5: of nothing there is no value"),
            (|r| r.d = 0, "d is 0, and value is 0.5: of nothing there is no value"),
        ];
        for (spoil, why) in cases {
            let mut record = possible();
            spoil(&mut record);
            assert_eq!(record.impossible().as_deref(), Some(*why));
        }
    }

    #[test]
    fn a_place_with_two_records_is_refused_and_another_split_is_another_place() {
        let path = Path::new("results.json");
        let mut other = possible();
        other.other_dataset = Some("pets".into());
        let mut test = other.clone();
        test.other_split = Some("test".into());
        let records = [possible(), other, test];
        check(path, &records).unwrap();
        let twice = [&records[..], &records[1..2]].concat();
        let error = check(path, &twice).unwrap_err().to_string();
        assert_eq!(
            error,
            "results.json: record 4, \"redundancy\" of model A, layer backbone, data set cars, other data set pets: it stands \
             there twice, as record 2 too; leave one of them out, or analyze again"
        );
    }

    #[test]
    fn the_field_that_cannot_be_read_is_named() {
        let record = |field: &str, value: Value| {
            let mut record = serde_json::to_value(possible()).unwrap();
            record[field] = value;
            malformed(&record).unwrap_or_default()
        };
        assert_eq!(record("n", json!(3)), "");
        assert!(record("n", json!(-5)).starts_with("n cannot be read (invalid value: integer `-5`"));
        assert!(record("d", json!(1.5)).starts_with("d cannot be read"));
        assert!(record("replicates", json!([0.1, null])).starts_with("replicates cannot be read"));
        assert!(record("method", json!(null)).starts_with("method cannot be read"));
        let mut short = serde_json::to_value(possible()).unwrap();
        short.as_object_mut().unwrap().remove("seconds");
        assert_eq!(malformed(&short).unwrap(), "missing field `seconds`");
    }
}
