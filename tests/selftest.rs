//! `featscope selftest`: everything passes here, what fails would be seen.
#![cfg(feature = "analysis")]

use assert_cmd::Command;
use featscope::metrics::all;
use featscope::selftest::{Check, closed_forms};

#[test]
fn every_closed_form_is_met() {
    let checks = closed_forms::checks().unwrap();
    let wrong: Vec<String> = checks
        .iter()
        .filter(|c| !c.passed())
        .map(|c| format!("{}: {} ({:?}, {} allowed)", c.name, c.detail, c.error, c.tolerance))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checks.len() >= 60, "{}", checks.len());
}

#[test]
fn the_command_proves_every_metric_and_says_how_well() {
    let output = Command::cargo_bin("featscope")
        .unwrap()
        .args(["selftest", "--format", "json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = found["checks"].as_array().unwrap();
    assert!(checks.len() >= 150, "{}", checks.len());
    for metric in all() {
        let kinds = |kind: &str| checks.iter().any(|c| c["metric"] == metric.id && c["kind"] == kind);
        for kind in ["golden value", "law", "threads"] {
            assert!(kinds(kind), "{}: no {kind}", metric.id);
        }
    }
    let text = Command::cargo_bin("featscope")
        .unwrap()
        .args(["selftest"])
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("frechet_distance") && text.contains("error allowed there"),
        "{text}"
    );
}

#[test]
fn a_wrong_or_a_missing_value_does_not_pass() {
    let check = |error| Check {
        kind: "law",
        metric: "x".into(),
        name: "x".into(),
        error,
        tolerance: 1e-9,
        detail: String::new(),
    };
    assert!(check(Some(1e-9)).passed());
    assert!(!check(Some(1.1e-9)).passed());
    assert!(!check(None).passed());
}
