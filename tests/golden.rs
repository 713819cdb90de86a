//! Values against reference libraries (fixtures/golden/metrics/*.json and the scripts beside them).
#![cfg(feature = "analysis")]

use std::collections::BTreeSet;

use featscope::metrics::all;
use featscope::selftest::golden::{FILES, cases};

#[test]
fn every_metric_agrees_with_its_reference_library() {
    let checks: Vec<_> = cases()
        .unwrap()
        .iter()
        .flat_map(|case| case.checks().unwrap())
        .collect();
    let wrong: Vec<String> = checks
        .iter()
        .filter(|c| !c.passed())
        .map(|c| format!("{}: {} ({:?}, {} allowed)", c.name, c.detail, c.error, c.tolerance))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checks.len() > 300, "only {} values compared", checks.len());
}

#[test]
fn every_golden_file_is_in_the_program() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/golden/metrics");
    let there: BTreeSet<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, there);
}

#[test]
fn every_metric_and_variant_has_a_golden_value() {
    let cases = cases().unwrap();
    let known = |wanted: &str| {
        cases.iter().any(|case| {
            case.sides().any(|(_, values)| {
                values.iter().any(|(key, value)| {
                    value.is_number()
                        && (key.split(',').next() == Some(wanted) || key.split(['=', '.', ' ']).next() == Some(wanted))
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
