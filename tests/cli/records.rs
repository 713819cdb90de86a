//! What `analyze` gives: the same records in every format, from arrays and their labels.

use serde_json::Value;

use super::common::Formula;
use super::program::{featscope, refused, text};
use super::{PAIR, pair, pre, with, write};

#[test]
fn arrays_become_records_in_json() {
    let dir = pair();
    let out = featscope(dir.path(), &with(&PAIR, &["--format", "json"]));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let results: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(results["schema"], "featscope/results/2");
    let keys: Vec<&String> = results.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["schema", "version", "created", "command", "seed", "inputs", "records"]
    );
    let records = results["records"].as_array().unwrap();
    assert_eq!(records.len(), crate::common::records_of_a_pair());
    let keys: Vec<&str> = records[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys.join(" "),
        "model run step layer dataset split role other_dataset other_split other_model other_layer metric variant value std_error \
         ci_low ci_high p_value null_value error replicates n d classes method found note seconds"
    );
    assert_eq!(records[0]["model"], "features");
    assert_eq!(records[0]["layer"], "features");
    let mixing = records.iter().find(|r| r["metric"] == "feature_mixtureness").unwrap();
    assert_eq!(
        (&mixing["dataset"], &mixing["other_dataset"]),
        (&"pre".into(), &"eval".into())
    );
}

#[test]
fn what_belongs_together_is_said_before_anything_is_read() {
    let dir = pair();
    let words = [
        "analyze",
        "m:d/fitting=pre.npy",
        "m:d/held=pre.npy",
        "m:e=eval.npy",
        "--labels",
        "pre_labels.npy",
        "--labels",
        "pre_labels.npy",
        "--labels",
        "eval_labels.npy",
        "--pre",
        "d",
        "--eval",
        "e",
        "--fit",
        "fitting",
        "--score",
        "held",
        "--metrics",
        "nc4_ncc_agreement,coral",
        "--format",
        "json",
        "-v",
    ];
    let out = featscope(dir.path(), &words);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{said}");
    for line in [
        "m · features: d/held (pretraining) with e (evaluation)",
        "m · features: fitted on d/fitting, scored on d/held",
    ] {
        assert!(said.lines().any(|l| l == line), "{line}: {said}");
    }
    let results: Value = serde_json::from_slice(&out.stdout).unwrap();
    let records = results["records"].as_array().unwrap();
    let coral = records.iter().find(|r| r["metric"] == "coral").unwrap();
    assert_eq!(coral["split"], "held");
    let held = records
        .iter()
        .find(|r| r["metric"] == "nc4_ncc_agreement" && r["split"] == "held")
        .unwrap();
    assert_eq!(
        (&held["method"]["centres"], &held["error"]),
        (&"split fitting".into(), &"wilson".into())
    );
}

#[test]
fn every_format_and_every_thread_count_tells_the_same() {
    let dir = pair();
    let run = |more: &[&str]| text(&featscope(dir.path(), &with(&PAIR, more)).stdout);
    let numbers = |json: &str| {
        let mut results: Value = serde_json::from_str(json).unwrap();
        results["records"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|r| r["seconds"] = Value::Null);
        results["records"].clone()
    };
    let json = run(&["--format", "json", "--threads", "1"]);
    assert_eq!(numbers(&json), numbers(&run(&["--format", "json", "--threads", "2"])));
    featscope(dir.path(), &with(&PAIR, &["-o", "out"]));
    let kept = std::fs::read_to_string(dir.path().join("out/results.json")).unwrap();
    assert_eq!(numbers(&json), numbers(&kept));
    for table in [
        "spectrum",
        "classes",
        "channels",
        "channel_pairs",
        "class_means",
        "mixtureness_by_k",
    ] {
        assert!(
            dir.path().join(format!("out/tables/{table}.parquet")).is_file(),
            "{table}"
        );
    }
    let csv = run(&["--format", "csv"]);
    for record in numbers(&json).as_array().unwrap() {
        // A power law is not fitted to so few channels, and of so few classes all are among the top five.
        let value = &record["value"];
        if value.is_null() {
            assert!(
                ["alpha_req", "linear_top5"]
                    .map(Value::from)
                    .contains(&record["metric"])
            );
            continue;
        }
        assert!(
            csv.contains(&format!(",{value},")),
            "{} = {value} is not in the CSV",
            record["metric"]
        );
    }
    featscope(dir.path(), &with(&PAIR, &["-o", "out.csv"]));
    assert_eq!(std::fs::read_to_string(dir.path().join("out.csv")).unwrap(), csv);
}

#[test]
fn values_against_the_number_of_rows_follow_the_records() {
    let dir = pair();
    let words = with(&PAIR, &["--metrics", "frechet_distance,rankme", "--convergence"]);
    let shown = text(&featscope(dir.path(), &words).stdout);
    let after = shown.split("value against N").count();
    assert_eq!(after, 4, "one table for each side and one for the pair: {shown}");
    assert!(shown.contains("N = 118") && shown.contains("N → ∞"), "{shown}");
    refused(
        dir.path(),
        &with(&words, &["--format", "json"]),
        &["--convergence", "-o"],
    );
    let out = featscope(dir.path(), &with(&words, &["-o", "found"]));
    assert_eq!(out.status.code(), Some(0));
    assert!(dir.path().join("found/tables/convergence.parquet").exists());
}

#[test]
fn labels_are_found_beside_the_array() {
    let dir = pair();
    let found = featscope(
        dir.path(),
        &[
            "analyze",
            "pre.npy",
            "--metrics",
            "discriminative_ratio",
            "--format",
            "csv",
        ],
    );
    assert!(text(&found.stdout).lines().count() == 2, "{}", text(&found.stderr));
    std::fs::remove_file(dir.path().join("pre_labels.npy")).unwrap();
    let without = featscope(dir.path(), &["analyze", "pre.npy", "--format", "csv"]);
    assert_eq!(without.status.code(), Some(0));
    assert!(text(&without.stdout).contains("redundancy") && !text(&without.stdout).contains("discriminative_ratio"));
    let said = text(&without.stderr);
    assert!(
        said.contains("metrics of classes are left out") && said.contains("pre_labels.npy"),
        "{said}"
    );
    // Metrics that are named do not vanish, and the heading tells the set's size.
    let named = featscope(dir.path(), &["analyze", "pre.npy", "--metrics", "class-variation"]);
    assert_eq!(named.status.code(), Some(0));
    let (rows, _) = pre().data();
    let shown = text(&named.stdout);
    assert!(
        shown.contains(&format!("n = {}, d = {}", rows.nrows(), rows.ncols())),
        "{shown}"
    );
    assert!(
        shown.contains("intra_class_distance") && shown.contains("pre_labels.npy"),
        "{shown}"
    );
    assert!(named.stderr.is_empty(), "{}", text(&named.stderr));
}

#[test]
fn degenerate_input_gives_null_and_a_note() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "pre",
        &Formula {
            counts: vec![12],
            ..pre()
        },
    );
    let out = featscope(dir.path(), &["analyze", "pre.npy", "--format", "json"]);
    assert_eq!(out.status.code(), Some(0));
    let results: Value = serde_json::from_slice(&out.stdout).unwrap();
    let phi = results["records"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["metric"] == "discriminative_ratio")
        .unwrap();
    assert!(phi["value"].is_null() && phi["note"].as_str().unwrap().contains("two classes"));
}

#[test]
fn following_a_library_says_what_it_changed() {
    let dir = pair();
    let words = [
        "--metrics",
        "rankme,silhouette,cdnv",
        "--like",
        "stable-pretraining",
        "--format",
        "json",
    ];
    let out = featscope(dir.path(), &with(&["analyze", "pre.npy"], &words));
    let said = text(&out.stderr);
    assert!(
        said.contains("--like stable-pretraining chose rankme=epsilon-1e-5"),
        "{said}"
    );
    assert!(
        said.contains("not among what it computes, so the default stays: cdnv, silhouette"),
        "{said}"
    );
    let results: Value = serde_json::from_slice(&out.stdout).unwrap();
    let variant = |id: &str| {
        let records = results["records"].as_array().unwrap();
        records.iter().find(|r| r["metric"] == id).unwrap()["variant"].clone()
    };
    assert_eq!(
        (variant("rankme"), variant("cdnv")),
        ("epsilon-1e-5".into(), "default".into())
    );
    refused(
        dir.path(),
        &["analyze", "pre.npy", "--like", "numpy"],
        &["--like numpy", "torch-fidelity", "stable-pretraining"],
    );
    let verbose = text(&featscope(dir.path(), &["analyze", "pre.npy", "-v", "--metrics", "redundancy"]).stderr);
    assert!(
        verbose.contains("scatter, 10 of 6 x 6 (0.0 MB): redundancy"),
        "{verbose}"
    );
}
