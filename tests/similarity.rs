//! `featscope similarity`: which rows are matched, what comes out, and what is refused.
#![cfg(feature = "analysis")]

mod common;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use common::{Formula, matched, noise, plan, set, similar};
use featscope::analysis::similarity;
use featscope::features::{FeatureSet, Matrix};
use featscope::report::{TableFormat, render_similarity};
use featscope::results::{Record, Results};
use ndarray::{Array2, Axis};

fn featscope(dir: &Path, words: &[&str]) -> Output {
    let mut command = Command::cargo_bin("featscope").unwrap();
    command.current_dir(dir).env_clear().args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn refused(dir: &Path, words: &[&str], said: &[&str]) {
    let out = featscope(dir, words);
    let error = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
    assert!(
        out.stdout.is_empty() && error.trim_end().lines().count() == 1,
        "{error}"
    );
    for part in said {
        assert!(error.contains(part), "{words:?}: {error}");
    }
}

fn data() -> (Array2<f64>, Vec<usize>) {
    Formula {
        seed: 41,
        counts: vec![22, 30, 28],
        d: 7,
        ..Formula::default()
    }
    .data()
}

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

fn numbers(results: Results) -> Vec<Record> {
    let clean = |mut r: Record| {
        r.seconds = 0.0;
        r
    };
    results.records.into_iter().map(clean).collect()
}

/// Whether a record has an interval, or says why not.
fn has_interval_or_reason(record: &Record) -> bool {
    record.ci_low.is_some() || record.note.as_ref().is_some_and(|note| note.contains("no interval"))
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

#[test]
fn the_records_are_the_same_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let x = data();
        let y = matched(&x.0);
        numbers(pool.install(|| similar(x, y, &plan(&["similarity"], &[]))))
    };
    let one = run(1);
    for threads in [2, 3] {
        assert_eq!(run(threads), one);
    }
}

#[test]
fn rows_fewer_than_channels_give_what_a_gram_matrix_gives() {
    // The same rows with channels of zeros behind them: the one form goes through channels, the other through rows.
    let (x, classes) = data();
    let y = matched(&x);
    let widened = |m: &Array2<f64>| ndarray::concatenate![Axis(1), m.view(), Array2::zeros((80, 90))];
    let p = plan(&["cka", "cka_debiased", "procrustes", "svcca", "rsa"], &[]);
    let narrow = similar((x.clone(), classes.clone()), y.clone(), &p);
    let wide = similar((widened(&x), classes), widened(&y), &p);
    for (a, b) in narrow.records.iter().zip(&wide.records) {
        let pairs = [
            (a.value, b.value),
            (a.std_error, b.std_error),
            (a.null_value, b.null_value),
        ];
        for (a_number, b_number) in pairs {
            assert_eq!(a_number.is_some(), b_number.is_some());
            if let (Some(a_number), Some(b_number)) = (a_number, b_number) {
                assert!(
                    (a_number - b_number).abs() < 1e-10,
                    "{}: {a_number} {b_number}",
                    a.metric
                );
            }
        }
    }
    assert!(wide.records[0].note.as_ref().unwrap().contains("below 5 d = 485"));
}

#[test]
fn degenerate_sides_give_null_and_a_reason() {
    let one = |x: Array2<f64>, y: Array2<f64>| {
        let classes = vec![0; x.nrows()];
        similar((x, classes), y, &plan(&["similarity"], &[])).records
    };
    let (x, _) = data();
    for (side, what) in [
        (Array2::from_elem((80, 3), 0.3), "constant"),
        (Array2::zeros((80, 3)), "zero"),
        (Array2::from_elem((80, 200), 0.3), "constant and wide"),
    ] {
        for r in one(x.clone(), side.clone()).into_iter().chain(one(side, x.clone())) {
            assert_eq!(
                (r.value, r.std_error, r.null_value),
                (None, None, None),
                "{} of {what}",
                r.metric
            );
            let note = r.note.unwrap();
            assert!(
                ["constant", "same", "zeros", "fewer than"]
                    .iter()
                    .any(|word| note.contains(word)),
                "{}: {note}",
                r.metric
            );
        }
    }
    for (n, d) in [(1, 1), (1, 4), (2, 2), (3, 1), (3, 40), (5, 2)] {
        let rows = Array2::from_shape_fn((n, d), |(i, j)| noise(&[7, i as u64, j as u64]));
        for r in one(rows.clone(), matched(&rows)) {
            assert!(r.value.is_none_or(f64::is_finite));
            assert!(r.value.is_some() || r.note.is_some(), "{}", r.metric);
        }
    }
    // Sizes that would leave 64 bits when squared are brought near 1 by a power of two, which changes no digit.
    for scale in [1e-160, 1e200] {
        for (a, b) in one(&x * scale, matched(&x)).iter().zip(one(x.clone(), matched(&x))) {
            assert!(
                (a.value.unwrap() - b.value.unwrap()).abs() < 1e-12,
                "{} at {scale:e}",
                a.metric
            );
        }
    }
    // Means far away and one huge outlier cost few digits.
    let far = one(&x + 4096.0, matched(&x));
    for (a, b) in far.iter().zip(one(x.clone(), matched(&x))) {
        if !a.metric.ends_with("knn") {
            assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-9, "{}", a.metric);
        }
    }
}

/// The nearest of whole-numbered rows by angle, equal ones by row: by (x·y)² / ‖y‖², which has the cosine's sign.
fn by_angle(rows: &Array2<f64>, k: usize) -> Vec<Vec<usize>> {
    let whole = rows.mapv(|x| x as i128);
    let product = |i: usize, j: usize| whole.row(i).dot(&whole.row(j));
    let of_row = |i: usize| {
        let mut order: Vec<usize> = (0..rows.nrows()).filter(|&j| j != i).collect();
        order.sort_by(|&a, &b| {
            let side = |j: usize, other: usize| product(i, j) * product(i, j).abs() * product(other, other);
            side(b, a).cmp(&side(a, b)).then(a.cmp(&b))
        });
        order.truncate(k);
        order
    };
    (0..rows.nrows()).map(of_row).collect()
}

#[test]
fn neighbours_of_binary_rows_go_by_row_where_they_are_equally_near() {
    let mut p = plan(&["mutual_knn", "cycle_knn"], &[]);
    for (seed, levels) in [(3, 2.0), (4, 3.0), (5, 4.0)] {
        let binary = |side: u64, d: usize| {
            let mut rows = Array2::from_shape_fn((90, d), |(i, j)| {
                let x = noise(&[seed, side, i as u64, j as u64]);
                ((x + 2.0) * levels / 4.0).floor().min(levels - 1.0)
            });
            rows.column_mut(0).fill(1.0);
            rows
        };
        let (x, y) = (binary(1, 12), binary(2, 15));
        // Rows alike in part, so that something is shared.
        let y = ndarray::concatenate![Axis(1), y, x.slice(ndarray::s![.., ..6])];
        p.seed = seed;
        let records = similar((x.clone(), vec![0; 90]), y.clone(), &p).records;
        let (near_x, near_y) = (by_angle(&x, 10), by_angle(&y, 10));
        let shared = |i: usize| near_x[i].iter().filter(|j| near_y[i].contains(j)).count() as f64 / 10.0;
        let mutual = (0..90).map(shared).sum::<f64>() / 90.0;
        let comes_back = |i: &usize| near_y[*i].iter().any(|j| near_x[*j].contains(i));
        let cycle = (0..90).filter(comes_back).count() as f64 / 90.0;
        for (r, expected) in records.iter().zip([mutual, cycle]) {
            assert!(
                (r.value.unwrap() - expected).abs() < 1e-12,
                "{}: {:?} for {expected}",
                r.metric,
                r.value
            );
            assert!(
                r.note.as_ref().unwrap().contains("as far away as the next"),
                "{:?}",
                r.note
            );
        }
    }
}

fn layers(count: usize) -> Vec<Box<dyn FeatureSet>> {
    let (x, classes) = data();
    (0..count)
        .map(|i| {
            let rows = Array2::from_shape_fn(x.dim(), |(r, j)| {
                x[[r, j]] + 0.4 * i as f64 * noise(&[i as u64, r as u64, j as u64])
            });
            common::named((rows, classes.clone()), |subject| {
                subject.model = "SL".to_owned();
                subject.layer = format!("stage{}", i + 1);
                subject.dataset = "animals".to_owned();
            })
        })
        .collect()
}

#[test]
fn layers_of_one_store_make_a_matrix() {
    let p = plan(&["cka_debiased", "pwcca", "mutual_knn"], &["mutual_knn.k=5"]);
    let few = similarity(&layers(4), None, &p, &|_| ()).unwrap();
    assert_eq!(few.records.len(), 3 * 6);
    insta::assert_snapshot!("matrix_of_four_layers", render_similarity(&few, TableFormat::Text));
    insta::assert_snapshot!("matrix_as_markdown", render_similarity(&few, TableFormat::Markdown));
    let p = plan(&["cka"], &[]);
    let eight = render_similarity(&similarity(&layers(8), None, &p, &|_| ()).unwrap(), TableFormat::Text);
    insta::assert_snapshot!("matrix_of_eight_layers", eight);
    let many = render_similarity(&similarity(&layers(13), None, &p, &|_| ()).unwrap(), TableFormat::Text);
    assert!(
        eight
            .lines()
            .chain(many.lines())
            .skip(1)
            .all(|line| line.chars().count() <= 100)
    );
    assert!(many.contains("other layer"), "{many}");
    let of_a_pair = |line: &&str| line.trim_start().starts_with("stage") && !line.contains("no interval");
    assert_eq!(many.lines().filter(of_a_pair).count(), 78, "{many}");
}

#[test]
fn two_models_make_a_rectangle() {
    let p = plan(&["cka"], &[]);
    let (x, classes) = data();
    let other = [set("SimCLR", "animals", (matched(&x), classes))];
    let results = similarity(&layers(3), Some(&other), &p, &|_| ()).unwrap();
    let names: Vec<_> = results
        .records
        .iter()
        .map(|r| (r.layer.as_str(), r.other_layer.as_deref()))
        .collect();
    assert_eq!(
        names,
        ["stage1", "stage2", "stage3"].map(|layer| (layer, Some("features")))
    );
    assert_eq!(results.inputs.len(), 2);
    insta::assert_snapshot!("two_models", render_similarity(&results, TableFormat::Text));
}

#[test]
fn unlabelled_sides_are_compared_too() {
    let (x, _) = data();
    let unlabelled: Box<dyn FeatureSet> = Box::new(Matrix::new("m", "d", x.clone(), None).unwrap());
    let other: Box<dyn FeatureSet> = Box::new(Matrix::new("o", "d", matched(&x), None).unwrap());
    let results = similarity(&[unlabelled], Some(&[other]), &plan(&["similarity"], &[]), &|_| ()).unwrap();
    assert!(
        results
            .records
            .iter()
            .all(|r| r.value.is_some() && has_interval_or_reason(r))
    );
    let intervals = results.records.iter().filter(|r| r.ci_low.is_some()).count();
    assert!(intervals >= 4, "{intervals}");
}

#[test]
fn a_gaussian_kernel_has_a_bandwidth_and_the_laws_of_a_linear_one() {
    let with = |x: (Array2<f64>, Vec<usize>), y: Array2<f64>, choice: &str| {
        similar(x, y, &plan(&["cka"], &[choice])).records.remove(0)
    };
    let (x, classes) = data();
    let y = matched(&x);
    let r = with((x.clone(), classes.clone()), y.clone(), "cka.bandwidth=0.5");
    assert_eq!(
        (r.variant.as_str(), r.method["bandwidth"].as_f64(), r.n),
        ("rbf", Some(0.5), 80)
    );
    assert!(has_interval_or_reason(&r) && r.null_value.unwrap() < r.value.unwrap());
    // Rotated, moved and scaled; sides swapped; rows in another order.
    let turned = x.dot(&featscope::selftest::laws::rotation(7, 3)) * 40.0 + 5.0;
    let order: Vec<usize> = (0..80).map(|i| i * 33 % 80).collect();
    let (a, b) = (x.select(Axis(0), &order), y.select(Axis(0), &order));
    for other in [
        with((turned, classes.clone()), y.clone(), "cka.bandwidth=0.5"),
        with((y.clone(), classes.clone()), x.clone(), "cka.bandwidth=0.5"),
        with((a, vec![0; 80]), b, "cka.bandwidth=0.5"),
    ] {
        assert!((other.value.unwrap() - r.value.unwrap()).abs() < 1e-11);
    }
    // A wide kernel sees distances as the linear one sees products; a narrow one sees no two rows alike.
    let linear = with((x.clone(), classes.clone()), y.clone(), "cka.bandwidth=300");
    let own = similar((x.clone(), classes.clone()), y.clone(), &plan(&["cka"], &[]))
        .records
        .remove(0);
    assert!(
        (linear.value.unwrap() - own.value.unwrap()).abs() < 1e-4,
        "{linear:?} {own:?}"
    );
    let narrow = with((x.clone(), classes.clone()), y, "cka.bandwidth=0.001");
    assert!((narrow.value.unwrap() - 1.0).abs() < 1e-12 && (narrow.null_value.unwrap() - 1.0).abs() < 1e-12);
    assert!((with((x.clone(), classes.clone()), x.clone(), "cka=rbf").value.unwrap() - 1.0).abs() < 1e-12);
    // Rows of which most are the same, all are, or there is one.
    let mut most = x.clone();
    for i in 0..70 {
        let first = x.row(0).to_owned();
        most.row_mut(i).assign(&first);
    }
    for (side, why) in [(most, "half of the rows"), (Array2::from_elem((80, 3), 0.3), "same")] {
        let r = with((x.clone(), classes.clone()), side, "cka=rbf");
        assert!(r.value.is_none() && r.note.as_ref().unwrap().contains(why), "{r:?}");
    }
    for (n, d) in [(1, 1), (2, 2), (3, 1), (3, 40)] {
        let rows = Array2::from_shape_fn((n, d), |(i, j)| noise(&[7, i as u64, j as u64]));
        let r = with((rows.clone(), vec![0; n]), matched(&rows), "cka=rbf");
        assert!(r.value.is_none_or(f64::is_finite) && (r.value.is_some() || r.note.is_some()));
    }
}

#[test]
fn a_gaussian_kernel_looks_at_a_draw_of_many_rows() {
    let rows = Array2::from_shape_fn((2_100, 3), |(i, j)| noise(&[8, i as u64, j as u64]));
    let r = similar(
        (rows.clone(), vec![0; 2_100]),
        matched(&rows),
        &plan(&["cka"], &["cka=rbf"]),
    )
    .records
    .remove(0);
    assert_eq!(
        (r.n, r.method["rows_drawn"].as_u64(), r.method["rows_of"].as_u64()),
        (2_000, Some(2_000), Some(2_100))
    );
    assert_eq!(r.method["seed"], 0);
    assert!(r.value.is_some());
}
