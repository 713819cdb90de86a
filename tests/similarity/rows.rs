//! Which rows are compared with which.

use std::path::Path;
use std::process::Output;

use featscope::results::Results;
use ndarray::{Array2, Axis};

use super::common::{matched, plan, similar};
use super::program::{featscope, refused, text};
use super::{data, has_interval_or_reason, numbers};

/// A table of rows with ids, every digit kept.
fn write_csv(path: &Path, ids: &[usize], rows: &Array2<f64>) {
    let mut lines = vec![format!(
        "id,{}",
        (0..rows.ncols()).map(|j| format!("f{j}")).collect::<Vec<_>>().join(",")
    )];
    for (id, row) in ids.iter().zip(rows.outer_iter()) {
        let numbers: Vec<String> = row.iter().map(f64::to_string).collect();
        lines.push(format!("image-{id},{}", numbers.join(",")));
    }
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

fn json(out: &Output) -> Results {
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn rows_are_matched_by_id_in_any_order() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let x = data().0;
    let y = matched(&x);
    let all: Vec<usize> = (0..80).collect();
    let shuffled: Vec<usize> = (0..80).map(|i| (i * 27 + 5) % 80).collect();
    write_csv(&at.join("x.csv"), &all, &x);
    write_csv(&at.join("y.csv"), &all, &y);
    std::fs::create_dir(at.join("other")).unwrap();
    write_csv(&at.join("other/y.csv"), &shuffled, &y.select(Axis(0), &shuffled));
    let run = |b: &str| {
        json(&featscope(
            at,
            &["similarity", "x.csv", b, "--rows", "60", "--format", "json"],
        ))
    };
    let (straight, crossed) = (run("y.csv"), run("other/y.csv"));
    assert_eq!(straight.records.len(), 8);
    assert_eq!(straight.records[0].found.get("rows_left_out"), None);
    for (a, b) in numbers(straight).iter().zip(numbers(crossed)) {
        assert!(
            a.value.is_some() && has_interval_or_reason(a),
            "{}: {:?}",
            a.metric,
            a.note
        );
        assert_eq!(a, &b);
    }
    // The exchanged sides draw the same rows and leave out the same groups.
    let exchanged = json(&featscope(
        at,
        &[
            "similarity",
            "other/y.csv",
            "x.csv",
            "--metrics",
            "cka,rsa",
            "--rows",
            "60",
            "--format",
            "json",
        ],
    ));
    for r in exchanged.records {
        let same = run("y.csv").records.into_iter().find(|o| o.metric == r.metric).unwrap();
        assert!((r.value.unwrap() - same.value.unwrap()).abs() < 1e-12);
        assert!((r.std_error.unwrap() / same.std_error.unwrap() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn rows_without_a_match_are_left_out_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let x = data().0;
    let y = matched(&x);
    let some: Vec<usize> = (15..80).chain(900..903).collect();
    let kept: Vec<usize> = (15..80).collect();
    write_csv(&at.join("x.csv"), &(0..80).collect::<Vec<_>>(), &x);
    let more = ndarray::concatenate![Axis(0), y.select(Axis(0), &kept), Array2::ones((3, y.ncols()))];
    write_csv(&at.join("y.csv"), &some, &more);
    write_csv(&at.join("few.csv"), &kept, &x.select(Axis(0), &kept));
    write_csv(&at.join("same.csv"), &kept, &y.select(Axis(0), &kept));
    write_csv(&at.join("none.csv"), &[200, 201], &x.select(Axis(0), &[0, 1]));
    let out = featscope(at, &["similarity", "x.csv", "y.csv", "--format", "json"]);
    assert!(text(&out.stderr).contains("65 rows matched by id (\"id\"); left out: 15 of x.csv and 3 of y.csv"));
    let partly = json(&out);
    assert_eq!(partly.records[0].found["rows_left_out"], 15);
    assert_eq!(partly.records[0].found["other_rows_left_out"], 3);
    let whole = json(&featscope(
        at,
        &["similarity", "few.csv", "same.csv", "--format", "json"],
    ));
    for (a, b) in partly.records.iter().zip(&whole.records) {
        assert_eq!((a.n, b.n), (65, 65));
        let (a, b) = (a.value.unwrap(), b.value.unwrap());
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
    let shown = text(&featscope(at, &["similarity", "x.csv", "y.csv"]).stdout);
    assert!(shown.contains("n = 65, left out: 15 and 3 without a match"), "{shown}");
    refused(
        at,
        &["similarity", "x.csv", "none.csv"],
        &["no row in common", "image-0", "image-200"],
    );
    refused(at, &["similarity", "x.csv", "nowhere.csv"], &["nowhere.csv"]);
    refused(at, &["similarity", "x.csv"], &["x.csv", "single layer"]);
    refused(at, &["similarity", "x.csv", "x.csv"], &["both sides", "--name"]);
    refused(
        at,
        &["similarity", "x.csv", "y.csv", "--metrics", "ckaa"],
        &["did you mean cka?"],
    );
    refused(
        at,
        &["similarity", "x.csv", "y.csv", "--metrics", "redundancy"],
        &["featscope analyze"],
    );
    refused(at, &["analyze", "x.csv", "--metrics", "cka"], &["featscope similarity"]);
    refused(
        at,
        &["analyze", "x.csv", "--metrics", "similarity"],
        &["featscope similarity"],
    );
    refused(
        at,
        &["similarity", "x.csv", "y.csv", "--layers", "backbone"],
        &["no layer"],
    );
}

#[test]
fn arrays_are_matched_by_position() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let x = data().0;
    let y = matched(&x);
    ndarray_npy::write_npy(at.join("x.npy"), &x).unwrap();
    ndarray_npy::write_npy(at.join("y.npy"), &y).unwrap();
    ndarray_npy::write_npy(at.join("short.npy"), &y.slice(ndarray::s![..79, ..]).to_owned()).unwrap();
    write_csv(&at.join("ids.csv"), &(0..80).collect::<Vec<_>>(), &x);
    let found = json(&featscope(at, &["similarity", "x.npy", "y.npy", "--format", "json"]));
    let direct = similar(data(), y.clone(), &plan(&["similarity"], &[]));
    for (a, b) in found.records.iter().zip(&direct.records) {
        assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-12, "{}", a.metric);
    }
    let first = &found.records[0];
    assert_eq!((first.layer.as_str(), first.dataset.as_str()), ("features", "x"));
    assert_eq!(first.other_dataset.as_deref(), Some("y"));
    assert_eq!(first.other_layer.as_deref(), Some("features"));
    assert_eq!((first.n, first.d, &first.found["other_d"]), (80, 7, &6.into()));
    refused(
        at,
        &["similarity", "x.npy", "short.npy"],
        &["80 rows", "79", "position"],
    );
    // Where only one side has ids, position counts too, and that is said.
    let out = featscope(at, &["similarity", "x.npy", "ids.csv", "--metrics", "cka"]);
    assert!(text(&out.stderr).contains("80 rows matched by position: x.npy has no ids"));
    refused(
        at,
        &["similarity", "short.npy", "ids.csv"],
        &["short.npy has 79 rows and ids.csv has 80", "no ids in common"],
    );
    // One and the same file under two names, into a folder and back.
    let words = [
        "similarity",
        "x.npy",
        "x.npy",
        "--name",
        "A",
        "--name",
        "B",
        "-o",
        "out",
    ];
    assert_eq!(featscope(at, &words).status.code(), Some(0));
    let kept = Results::read(&at.join("out/results.json")).unwrap();
    assert_eq!(kept.records[0].other_model.as_deref(), Some("B"));
    for r in &kept.records {
        // A row whose neighbours all have others nearer than it does not come back.
        let least = if r.metric == "cycle_knn" { 0.95 } else { 1.0 - 1e-12 };
        assert!(r.value.unwrap() >= least, "{}", r.metric);
    }
    assert_eq!(serde_json::from_str::<Results>(&kept.to_json()).unwrap(), kept);
    let again = featscope(at, &["similarity", "x.npy", "y.npy", "-o", "out.csv"]);
    assert_eq!(again.status.code(), Some(0));
    let csv = std::fs::read_to_string(at.join("out.csv")).unwrap();
    assert!(csv.contains(&format!(",{},", found.records[0].value.unwrap())));
}
