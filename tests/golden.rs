//! Values against reference libraries (fixtures/golden/metrics/*.json and the scripts beside them).
#![cfg(feature = "analysis")]

mod common;

use common::{Formula, analyse_pair, matched, plan, record, similar};
use featscope::metrics::all;
use featscope::results::Record;
use ndarray::Array2;
use serde_json::Value;

/// Every golden file, with its name.
fn golden() -> Vec<(String, Value)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/golden/metrics");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect()
}

/// The relative error allowed to a metric in a case: the file gives one with its reason, the narrowest scope counts.
fn tolerance(file: &Value, case: &str, id: &str) -> f64 {
    let scopes = [
        format!("{id}@{case}"),
        id.to_owned(),
        format!("@{case}"),
        "default".to_owned(),
    ];
    let stated = scopes.iter().find_map(|scope| file["tolerances"].get(scope)).unwrap();
    assert!(!stated[1].as_str().unwrap().is_empty(), "a tolerance without a reason");
    stated[0].as_f64().unwrap()
}

type Data = (Array2<f64>, Vec<usize>);

/// The record of a metric on one side of a case, on both, or on pre and what is made to match it.
fn found(side: &str, pre: &Data, eval: &Data, id: &str, choice: &[&str]) -> Record {
    let plan = plan(&[id], choice);
    match side {
        "matched" => similar(pre.clone(), matched(&pre.0), &plan).records.remove(0),
        "eval" => record(&analyse_pair(pre.clone(), eval.clone(), &plan), "eval", id).clone(),
        _ => record(&analyse_pair(pre.clone(), eval.clone(), &plan), "pre", id).clone(),
    }
}

/// What a golden file says of a case, side by side.
fn sides(case: &Value) -> impl Iterator<Item = (&str, &serde_json::Map<String, Value>)> {
    let stated = ["pre", "eval", "pair", "matched"].into_iter();
    stated.filter_map(|side| Some((side, case.get(side)?.as_object()?)))
}

#[test]
fn every_metric_agrees_with_its_reference_library() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (file, golden) in golden() {
        for (name, case) in golden["cases"].as_object().unwrap() {
            let formula = |side: &str| serde_json::from_value::<Formula>(case[side].clone()).unwrap();
            let (pre, eval) = (formula("pre_args").data(), formula("eval_args").data());
            for (side, values) in sides(case) {
                for (key, expected) in values {
                    let (metric, field) = key.split_once(' ').unwrap_or((key, "value"));
                    let id = metric.split(['=', '.']).next().unwrap();
                    let choice: Vec<&str> = if metric == id { vec![] } else { vec![metric] };
                    let found = found(side, &pre, &eval, id, &choice);
                    let got = match field {
                        "p" => found.p_value,
                        "null" => found.null_value,
                        _ => found.value,
                    };
                    compared += 1;
                    match (expected.as_f64(), got) {
                        (None, None) if found.note.is_some() => {}
                        (Some(expected), Some(got)) => {
                            let error = (got - expected).abs() / expected.abs().max(1e-3);
                            if error > tolerance(&golden, name, id) {
                                wrong.push(format!(
                                    "{file} {name} {side} {key}: {got} for {expected} ({error:.1e})"
                                ));
                            }
                        }
                        (expected, got) => wrong.push(format!(
                            "{file} {name} {side} {key}: {got:?} for {expected:?} ({:?})",
                            found.note
                        )),
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 120, "only {compared} values compared");
}

#[test]
fn every_metric_and_variant_has_a_golden_value() {
    let golden = golden();
    let known = |wanted: &str| {
        golden
            .iter()
            .flat_map(|(_, file)| file["cases"].as_object().unwrap().values())
            .any(|case| {
                sides(case).any(|(_, values)| {
                    values.iter().any(|(key, value)| {
                        value.is_number() && (key == wanted || key.split(['=', '.', ' ']).next() == Some(wanted))
                    })
                })
            })
    };
    for metric in all() {
        assert!(known(metric.id), "{} has no golden value", metric.id);
        for variant in metric.variants {
            let key = format!("{}={}", metric.id, variant.id);
            // The scaled form is a line through two closed forms: its default's golden value stands for its variants.
            assert!(
                known(&key) || metric.id == "feature_mixtureness_scaled",
                "{key} has no golden value"
            );
        }
    }
}
