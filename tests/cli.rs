//! The face of `featscope`: what comes out, where, and with which exit code.
#![cfg(feature = "analysis")]

mod common;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use common::Formula;
use ndarray::{Array1, Array2};
use serde_json::Value;

fn featscope(dir: &Path, words: &[&str]) -> Output {
    let mut command = Command::cargo_bin("featscope").unwrap();
    command.current_dir(dir).env_clear().args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes STEM.npy and STEM_labels.npy.
fn write(dir: &Path, stem: &str, formula: &Formula) {
    std::fs::create_dir_all(dir).unwrap();
    let (rows, classes) = formula.data();
    ndarray_npy::write_npy(dir.join(format!("{stem}.npy")), &rows).unwrap();
    let labels: Array1<i64> = classes.iter().map(|&c| 3 * c as i64 - 5).collect();
    ndarray_npy::write_npy(dir.join(format!("{stem}_labels.npy")), &labels).unwrap();
}

fn pre() -> Formula {
    Formula {
        seed: 1,
        counts: vec![20, 25, 30, 22, 21],
        d: 6,
        ..Formula::default()
    }
}

fn eval() -> Formula {
    Formula {
        seed: 2,
        counts: vec![24, 23, 22, 21],
        d: 6,
        ..Formula::default()
    }
}

fn pair() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "pre", &pre());
    write(dir.path(), "eval", &eval());
    dir
}

const PAIR: [&str; 11] = [
    "analyze",
    "pre.npy",
    "eval.npy",
    "--labels",
    "pre_labels.npy",
    "--labels",
    "eval_labels.npy",
    "--pre",
    "pre",
    "--eval",
    "eval",
];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

/// Fails, with exit code 2, nothing on standard output and one sentence that holds all of `said`.
fn refused(dir: &Path, words: &[&str], said: &[&str]) {
    let out = featscope(dir, words);
    let error = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
    assert!(out.stdout.is_empty(), "{words:?}: {}", text(&out.stdout));
    // What files were taken for may stand before it.
    let sentences = error.lines().filter(|line| line.starts_with("error: ")).count();
    assert!(
        sentences == 1 && error.lines().last().is_some_and(|line| line.starts_with("error: ")),
        "{words:?}: {error}"
    );
    for part in said {
        assert!(error.contains(part), "{words:?}: {error}");
    }
}

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
    assert_eq!(records.len(), common::records_of_a_pair());
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
fn results_of_another_schema_say_how_to_make_them_again() {
    let dir = pair();
    let out = featscope(dir.path(), &with(&PAIR, &["--metrics", "rankme", "-o", "old.json"]));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let path = dir.path().join("old.json");
    let old = std::fs::read_to_string(&path)
        .unwrap()
        .replace("featscope/results/2", "featscope/results/1");
    std::fs::write(&path, old).unwrap();
    for command in [["compare", "old.json"], ["report", "old.json"]] {
        let out = featscope(
            dir.path(),
            &with(&command, if command[0] == "report" { &["--out", "r"] } else { &[] }),
        );
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(
            said.contains(
                "schema featscope/results/1, expected featscope/results/2; make it again with: featscope analyze"
            ),
            "{said}"
        );
    }
    assert!(!dir.path().join("r").exists());
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
fn sides_of_different_width_are_refused_by_every_command_that_pairs_them() {
    let dir = pair();
    let at = dir.path();
    let (rows, classes) = eval().data();
    let names: Vec<i64> = classes.iter().map(|c| *c as i64).collect();
    for d in [1, rows.ncols() - 1] {
        let name = format!("of{d}");
        ndarray_npy::write_npy(
            at.join(format!("{name}.npy")),
            &rows.slice(ndarray::s![.., ..d]).to_owned(),
        )
        .unwrap();
        ndarray_npy::write_npy(at.join(format!("{name}_labels.npy")), &Array1::from(names.clone())).unwrap();
        let array = format!("{name}.npy");
        let (own, other) = (format!("has {} channels", rows.ncols()), format!("has {d}"));
        let said = ["pre.npy", array.as_str(), own.as_str(), other.as_str()];
        let sides = ["--pre", "pre", "--eval", name.as_str()];
        for words in [
            with(&["analyze", "pre.npy", &array], &sides),
            with(&["compare", "pre.npy", &array], &sides),
            with(&["metrics", "coral", "--on", "pre.npy", &array], &sides),
        ] {
            refused(at, &words, &said);
        }
        // Two layers or models may have any widths.
        let same = featscope(
            at,
            &[
                "similarity",
                "eval.npy",
                &array,
                "--metrics",
                "similarity",
                "--format",
                "csv",
            ],
        );
        assert_eq!(same.status.code(), Some(0), "{}", text(&same.stderr));
    }
    refused(
        at,
        &["analyze", "pre.npy", "--metrics", "kid"],
        &["kid compares", "--pre NAME and --eval NAME"],
    );
    refused(
        at,
        &["metrics", "kid", "--on", "pre.npy", "--pre", "pre"],
        &["--eval NAME"],
    );
}

#[test]
fn malformed_input_is_refused_in_one_sentence() {
    let dir = pair();
    let at = dir.path();
    let (mut rows, _) = pre().data();
    rows[[3, 2]] = f64::NAN;
    ndarray_npy::write_npy(at.join("nan.npy"), &rows).unwrap();
    ndarray_npy::write_npy(at.join("flat.npy"), &Array1::<f64>::zeros(5)).unwrap();
    ndarray_npy::write_npy(at.join("empty.npy"), &Array2::<f64>::zeros((0, 4))).unwrap();
    std::fs::write(at.join("text.npy"), "hello").unwrap();
    refused(at, &["analyze", "nan.npy"], &["nan.npy", "row 3", "channel 2"]);
    refused(at, &["analyze", "flat.npy"], &["flat.npy"]);
    refused(at, &["analyze", "empty.npy"], &["empty.npy", "no rows"]);
    refused(at, &["analyze", "text.npy"], &["text.npy"]);
    refused(at, &["analyze", "nowhere.npy"], &["nowhere.npy"]);
    refused(
        at,
        &["analyze", "pre.npy", "--labels", "eval_labels.npy"],
        &["118", "90"],
    );
    refused(
        at,
        &[
            "analyze",
            "pre.npy",
            "--labels",
            "pre_labels.npy",
            "--labels",
            "eval_labels.npy",
        ],
        &["--labels"],
    );
    refused(
        at,
        &["analyze", "pre.npy", "--pre", "pre", "--eval", "pre"],
        &["two different data sets"],
    );
    let mut both = ndarray_npy::NpzWriter::new(std::fs::File::create(at.join("short.npz")).unwrap());
    both.add_array("features", &eval().data().0).unwrap();
    both.add_array("labels", &Array1::<i64>::zeros(89)).unwrap();
    both.finish().unwrap();
    refused(at, &["analyze", "short.npz"], &["short.npz", "89", "90"]);
    refused(at, &["analyze", "pre.npy", "--pre", "post"], &["--pre post", "pre"]);
    refused(
        at,
        &["analyze", "pre.npy", "--metrics", "redundanzy"],
        &["did you mean redundancy?"],
    );
    refused(
        at,
        &["analyze", "pre.npy", "--convention", "redundancy=kendall"],
        &["redundancy=kendall"],
    );
    refused(at, &["analyze", "pre.npy", "pre.npy"], &["twice"]);
    refused(at, &["metrics", "fid"], &["fid"]);
    refused(at, &["compare", "pre_labels.json"], &["pre_labels.json"]);
    refused(at, &["run", "nothing.toml"], &["nothing.toml"]);
    assert!(!at.join("out").exists());
}

#[test]
fn a_failed_analysis_leaves_earlier_results_alone() {
    let dir = pair();
    featscope(dir.path(), &with(&PAIR, &["-o", "out"]));
    let before = std::fs::read(dir.path().join("out/results.json")).unwrap();
    refused(dir.path(), &["analyze", "nowhere.npy", "-o", "out"], &["nowhere.npy"]);
    assert_eq!(std::fs::read(dir.path().join("out/results.json")).unwrap(), before);
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
fn the_second_program_is_asked_for_where_it_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let alone = dir.path().join("featscope");
    // By another process: a file this one has open for writing could be inherited by a child of another test, and would then
    // be too busy to run.
    let copied = std::process::Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_featscope"))
        .arg(&alone)
        .status();
    assert!(copied.unwrap().success());
    let out = std::process::Command::new(&alone)
        .args(["extract", "--help"])
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("make build"), "{}", text(&out.stderr));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_featscope"))
        .args(["metrics", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
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
