//! The other commands: `compare`, `inspect` and `metrics`.

use std::path::Path;

use serde_json::Value;

use super::common::Formula;
use super::program::{featscope, refused, text};
use super::{PAIR, eval, pair, pre, with, write};

#[test]
fn models_are_compared_on_the_same_rows_only() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write(&at.join("a"), "pre", &pre());
    write(&at.join("b"), "pre", &Formula { apart: 2.0, ..pre() });
    write(&at.join("c"), "pre", &eval());
    for (model, file) in [("A", "a/pre.npy"), ("B", "b/pre.npy"), ("C", "c/pre.npy")] {
        let out = featscope(at, &["analyze", file, "--name", model, "-o", model]);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    }
    let compare = |others: &[&str]| featscope(at, &with(&["compare", "A"], others));
    let same = text(&compare(&["B", "--metrics", "discriminative_ratio"]).stdout);
    assert!(
        same.contains("baseline") && !same.contains("different images"),
        "{same}"
    );
    let other = text(&compare(&["C", "--metrics", "discriminative_ratio"]).stdout);
    assert!(other.contains("different images"), "{other}");
    // Means twice as far apart: phi about four times as large.
    let holds = compare(&["B", "--fail-if", "discriminative_ratio > 2 * baseline"]);
    assert_eq!(holds.status.code(), Some(1), "{}", text(&holds.stderr));
    let fails = compare(&["B", "--fail-if", "discriminative_ratio > 20 * baseline"]);
    assert_eq!(fails.status.code(), Some(0), "{}", text(&fails.stderr));
    refused(at, &["compare", "A", "B", "--fail-if", "nonsense >"], &["nonsense"]);
    let worse = compare(&[
        "B",
        "--fail-if",
        "discriminative_ratio(pre @ features) > baseline + 0.01",
    ]);
    assert_eq!(worse.status.code(), Some(1), "{}", text(&worse.stderr));
    refused(at, &["metrics", "fid"], &["did you mean frechet_distance?"]);
    refused(at, &["metrics", "axes"], &["a group of metrics", "sample_mixing"]);
    refused(at, &["metrics", "suite_log_odds"], &["a record of a suite"]);
}

#[test]
fn inspect_knows_arrays_results_checkpoints_and_images() {
    let dir = pair();
    featscope(dir.path(), &with(&PAIR, &["-o", "out"]));
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let checkpoint = fixtures.join("checkpoints/sl-mlp.safetensors");
    let images = fixtures.join("images/animals-test.parquet");
    let demo = fixtures.join("demo.toml");
    for (path, said) in [
        ("pre.npy", "118"),
        ("out", "results"),
        (checkpoint.to_str().unwrap(), "projector"),
        (images.to_str().unwrap(), "900 images"),
        (demo.to_str().unwrap(), "SimCLR"),
    ] {
        let out = featscope(dir.path(), &["inspect", path]);
        assert_eq!(out.status.code(), Some(0), "{path}: {}", text(&out.stderr));
        assert!(text(&out.stdout).contains(said), "{path}: {}", text(&out.stdout));
        let json = featscope(dir.path(), &["inspect", path, "--format", "json"]);
        assert!(serde_json::from_slice::<Value>(&json.stdout).is_ok(), "{path}");
    }
    refused(dir.path(), &["inspect", "nowhere"], &["nowhere"]);
}

#[test]
fn the_catalogue_says_everything_about_a_metric() {
    let dir = tempfile::tempdir().unwrap();
    let list = text(&featscope(dir.path(), &["metrics"]).stdout);
    for metric in featscope::metrics::all() {
        assert!(list.contains(metric.id));
        let page = text(&featscope(dir.path(), &["metrics", metric.id]).stdout);
        for part in [
            metric.label,
            metric.reference.split_whitespace().next().unwrap(),
            "estimand",
            "error bar",
        ] {
            assert!(page.contains(part), "{}: {part}", metric.id);
        }
    }
}

#[test]
fn every_convention_of_a_metric_is_measured_on_features() {
    let dir = pair();
    let at = dir.path();
    let metric = featscope::metrics::find("rankme").unwrap();
    let out = text(&featscope(at, &["metrics", "rankme", "--on", "pre.npy"]).stdout);
    let lines: Vec<&str> = out.lines().collect();
    let place = |id: &str| {
        lines
            .iter()
            .position(|l| l.trim_start().starts_with(&format!("{id} ")))
            .unwrap()
    };
    let mut before = place("default");
    for variant in metric.variants {
        assert!(place(variant.id) > before, "{out}");
        before = place(variant.id);
    }
    let json = featscope(at, &["metrics", "rankme", "--on", "pre.npy", "--format", "json"]);
    let records: Vec<Value> = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(records.len(), 1 + metric.variants.len());
    assert!(records.iter().all(|r| r["value"].is_number()));
    let analyzed = featscope(
        at,
        &[
            "analyze",
            "pre.npy",
            "--metrics",
            "rankme",
            "--convention",
            "rankme=l2",
            "--format",
            "json",
        ],
    );
    let analyzed: Value = serde_json::from_slice(&analyzed.stdout).unwrap();
    let l2 = records.iter().find(|r| r["variant"] == "l2").unwrap();
    assert_eq!(l2["value"], analyzed["records"][0]["value"]);
    // A pair, and what is lacking.
    let words = ["metrics", "feature_mixtureness", "--on", "pre.npy", "eval.npy"];
    let out = text(&featscope(at, &with(&words, &["--pre", "pre", "--eval", "eval"])).stdout);
    assert!(out.contains("others-only"), "{out}");
    refused(at, &words, &["--pre NAME", "--eval NAME"]);
    std::fs::remove_file(at.join("pre_labels.npy")).unwrap();
    refused(
        at,
        &["metrics", "silhouette", "--on", "pre.npy"],
        &["class labels", "--labels"],
    );
}

#[test]
fn inspect_names_the_code_of_a_torchscript_file_and_runs_none() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/golden/torchscript/dict.pt");
    let out = featscope(Path::new("."), &["inspect", path]);
    let shown = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success());
    for part in [
        "container      TorchScript",
        "code/__torch__.py: class ",
        "def forward",
        "code/__torch__/torch/nn/functional.py: def ",
        "--trust-code",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let out = featscope(Path::new("."), &["analyze", path]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8(out.stderr).unwrap().contains("TorchScript"));
}
