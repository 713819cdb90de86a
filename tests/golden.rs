//! Values against reference libraries (fixtures/golden/*.json and the scripts beside them).
#![cfg(feature = "analysis")]

mod common;

use common::{Formula, analyse_pair, plan, record};
use serde_json::Value;

/// Relative tolerance: f64 moments agree to rounding; 300 deviations from zero costs 300² of 1e-16, and the reference
/// itself loses as much.
fn tolerance(case: &str) -> f64 {
    if case == "far" { 1e-6 } else { 1e-9 }
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../fixtures/golden/axes.json")).unwrap()
}

#[test]
fn every_axis_agrees_with_numpy_scipy_and_scikit_learn() {
    let golden = golden();
    let mut compared = 0;
    for (name, case) in golden["cases"].as_object().unwrap() {
        let formula = |side: &str| serde_json::from_value::<Formula>(case[side].clone()).unwrap();
        let (pre, eval) = (formula("pre_args").data(), formula("eval_args").data());
        for side in ["pre", "eval", "pair"] {
            for (key, expected) in case[side].as_object().unwrap() {
                let (metric, field) = key.split_once(' ').unwrap_or((key, "value"));
                let id = metric.split(['=', '.']).next().unwrap();
                let choice: Vec<&str> = if metric == id { vec![] } else { vec![metric] };
                let analysis = analyse_pair(pre.clone(), eval.clone(), &plan(&[id], &choice));
                let found = record(&analysis, if side == "eval" { "eval" } else { "pre" }, id);
                let got = match field {
                    "p" => found.p_value,
                    "null" => found.null_value,
                    _ => found.value,
                };
                match expected.as_f64() {
                    None => assert!(got.is_none() && found.note.is_some(), "{name} {key}: {got:?}"),
                    Some(expected) => {
                        let got = got.unwrap_or_else(|| panic!("{name} {key}: null ({:?})", found.note));
                        let error = (got - expected).abs() / expected.abs().max(1e-3);
                        assert!(
                            error <= tolerance(name),
                            "{name} {key}: {got} instead of {expected} ({error:.1e})"
                        );
                    }
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 120, "only {compared} values compared");
}

#[test]
fn every_metric_has_a_golden_value() {
    let golden = golden();
    for metric in featscope::metrics::all() {
        let known = golden["cases"].as_object().unwrap().values().any(|case| {
            ["pre", "eval", "pair"].iter().any(|side| {
                case[side]
                    .as_object()
                    .unwrap()
                    .iter()
                    .any(|(key, value)| key.split(['=', '.', ' ']).next() == Some(metric.id) && value.is_number())
            })
        });
        assert!(known, "{} has no golden value", metric.id);
        for variant in metric.variants.iter().filter(|v| !v.id.is_empty()) {
            let key = format!("{}={}", metric.id, variant.id);
            // The scaled form is a line through two closed forms: its default's golden value stands for its variants.
            let known = metric.id == "feature_mixtureness_scaled"
                || golden["cases"].as_object().unwrap().values().any(|case| {
                    ["pre", "eval", "pair"]
                        .iter()
                        .any(|side| case[side].get(&key).is_some_and(Value::is_number))
                });
            assert!(known, "{key} has no golden value");
        }
    }
}
