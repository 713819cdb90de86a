//! What is refused, and what is left alone then.

use ndarray::{Array1, Array2};

use super::program::{featscope, refused, text};
use super::{PAIR, eval, pair, pre, with};

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
