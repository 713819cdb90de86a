//! How the command line reads what it is given: names of the user's own, and what is said of files it had to make sense of.
#![cfg(feature = "analysis")]

#[path = "common/program.rs"]
mod program;

use std::path::Path;
use std::process::Output;

use ndarray::{Array1, Array2};
use serde_json::Value;

fn featscope(dir: &Path, words: &str) -> Output {
    program::featscope(dir, &words.split_whitespace().collect::<Vec<_>>())
}

/// Exit code 2, and all of these words; what the command line itself refuses comes with its usage.
fn refused(dir: &Path, words: &str, parts: &[&str]) {
    let out = featscope(dir, words);
    let said = said(&out);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{words}: {said}");
    for part in parts {
        assert!(said.contains(part), "{words}: {said}");
    }
}

fn said(out: &Output) -> String {
    String::from_utf8(out.stderr.clone()).unwrap()
}

fn records(dir: &Path, words: &str) -> Vec<Value> {
    let out = featscope(dir, &format!("{words} --format json"));
    assert!(out.status.success(), "{words}: {}", said(&out));
    let results: Value = serde_json::from_slice(&out.stdout).unwrap();
    results["records"].as_array().unwrap().clone()
}

/// Three classes of 20 rows in no order, apart by their first channels.
fn rows() -> (Array2<f64>, Array1<i64>) {
    let class = |i: usize| (i * 7 % 60) / 20;
    let rows = Array2::from_shape_fn((60, 5), |(i, j)| {
        let noise = ((i * 37 + j * 101) % 97) as f64 / 97.0;
        noise + if class(i) == j { 3.0 } else { 0.0 }
    });
    (rows, (0..60).map(|i| class(i) as i64).collect())
}

/// The order the other side has its rows in.
fn shuffled() -> Vec<usize> {
    (0..60).map(|i| i * 23 % 60).collect()
}

fn csv(path: &Path, rows: &Array2<f64>, order: &[usize], id: Option<&str>) {
    let header: Vec<String> = (0..rows.ncols()).map(|j| format!("f{j}")).collect();
    let mut text = format!(
        "{}{}\n",
        id.map_or(String::new(), |id| format!("{id},")),
        header.join(",")
    );
    for &i in order {
        let numbers: Vec<String> = rows.row(i).iter().map(f64::to_string).collect();
        let id = id.map_or(String::new(), |_| format!("img{i}.png,"));
        text.push_str(&format!("{id}{}\n", numbers.join(",")));
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn names_of_ones_own_go_before_the_path() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let (x, y) = rows();
    for folder in ["a", "b"] {
        std::fs::create_dir(dir.join(folder)).unwrap();
        ndarray_npy::write_npy(dir.join(folder).join("x.npy"), &x).unwrap();
    }
    ndarray_npy::write_npy(dir.join("y.npy"), &y).unwrap();
    let found = records(
        dir,
        "analyze A:cars/test=a/x.npy B:cars/test=b/x.npy birds=a/x.npy --labels y.npy --labels y.npy --labels y.npy \
         --name C --metrics discriminative_ratio",
    );
    let names = |r: &Value| ["model", "dataset", "split"].map(|key| r[key].as_str().unwrap().to_owned());
    let names: Vec<_> = found.iter().map(names).collect();
    let expected = [["A", "cars", "test"], ["B", "cars", "test"], ["C", "birds", ""]];
    assert_eq!(names, expected.map(|n| n.map(str::to_owned)));
    // Without names the two files of one stem are one and the same.
    refused(
        dir,
        "analyze a/x.npy b/x.npy",
        &["given twice", "name the models apart"],
    );
    let found = records(dir, "similarity A:cars=a/x.npy B:cars=b/x.npy --metrics cka");
    assert_eq!(
        (&found[0]["model"], &found[0]["other_model"]),
        (&"A".into(), &"B".into())
    );
    let out = featscope(
        dir,
        "compare A:cars=a/x.npy B:cars=b/x.npy --labels y.npy --labels y.npy --metrics discriminative_ratio",
    );
    assert!(
        out.status.success() && String::from_utf8_lossy(&out.stdout).contains('B'),
        "{}",
        said(&out)
    );
    let out = featscope(dir, "metrics rankme --on A:cars=a/x.npy");
    assert!(
        out.status.success() && String::from_utf8_lossy(&out.stdout).contains("cars"),
        "{}",
        said(&out)
    );
    refused(dir, "analyze A:=a/x.npy", &["[MODEL:]DATASET[/SPLIT]=PATH"]);
    refused(dir, "compare A:cars=y.json", &["y.json"]);
    // A file of that very name is a path.
    std::fs::copy(dir.join("a/x.npy"), dir.join("q=x.npy")).unwrap();
    assert_eq!(records(dir, "analyze q=x.npy --metrics rankme")[0]["dataset"], "q=x");
}

#[test]
fn rows_of_two_sides_are_joined_by_id_and_else_by_position_and_it_is_said() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let (x, _) = rows();
    let straight: Vec<usize> = (0..60).collect();
    csv(&dir.join("a.csv"), &x, &straight, Some("filename"));
    csv(&dir.join("b.csv"), &x, &shuffled(), Some("image_path"));
    csv(&dir.join("none.csv"), &x, &shuffled(), None);
    csv(&dir.join("few.csv"), &x, &straight[..40], None);
    let value = |words: &str| records(dir, words)[0]["value"].as_f64().unwrap();
    let joined = value("similarity A:d=a.csv B:d=b.csv --metrics cka");
    assert!((joined - 1.0).abs() < 1e-12, "{joined}");
    let by_position = value("similarity A:d=a.csv B:d=none.csv --metrics cka");
    assert!(by_position < 0.9, "{by_position}");
    let out = featscope(dir, "similarity A:d=a.csv B:d=b.csv --metrics cka");
    assert!(said(&out).contains("60 rows matched by id"), "{}", said(&out));
    assert!(
        said(&out).contains("a.csv: 5 channels (f0 … f4); ids are \"filename\""),
        "{}",
        said(&out)
    );
    let out = featscope(dir, "similarity A:d=a.csv B:d=none.csv --metrics cka");
    assert!(
        said(&out).contains("60 rows matched by position: none.csv has no ids"),
        "{}",
        said(&out)
    );
    refused(
        dir,
        "similarity A:d=a.csv B:d=few.csv",
        &["a.csv has 60 rows and few.csv has 40, and they have no ids in common"],
    );
}

#[test]
fn what_a_file_was_taken_for_is_said_and_what_is_unlabelled_is_counted() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let (x, y) = rows();
    let mut npz = ndarray_npy::NpzWriter::new(std::fs::File::create(dir.join("x.npz")).unwrap());
    npz.add_array("features", &x).unwrap();
    npz.add_array("steps", &Array1::from_iter(0..60_i64)).unwrap();
    npz.finish().unwrap();
    let labels: Array1<i64> = y.mapv(|class| if class == 2 { -1 } else { class });
    ndarray_npy::write_npy(dir.join("l.npy"), &labels).unwrap();
    let out = featscope(dir, "analyze x.npz --metrics rankme");
    assert!(
        said(&out).contains("features are features (60, 5) f64; left out: steps (60,) i64"),
        "{}",
        said(&out)
    );
    let out = featscope(dir, "analyze x.npz --labels l.npy --metrics rankme");
    for part in [
        "labels of l.npy joined by position",
        "20 rows with label \"-1\" count as unlabelled",
        "20 of 60 rows have no label",
    ] {
        assert!(said(&out).contains(part), "{}", said(&out));
    }
    let out = featscope(dir, "inspect x.npz");
    assert!(
        String::from_utf8_lossy(&out.stdout).contains("left out: steps (60,) i64"),
        "{out:?}"
    );
}

#[test]
fn columns_asked_for_are_the_channels_of_a_table_alone() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let (x, _) = rows();
    csv(&dir.join("x.csv"), &x, &(0..60).collect::<Vec<_>>(), Some("id"));
    ndarray_npy::write_npy(dir.join("x.npy"), &x).unwrap();
    assert_eq!(
        records(dir, "analyze x.csv --columns f0,f3 --metrics rankme")[0]["d"],
        2
    );
    assert_eq!(records(dir, "analyze x.csv --columns f* --metrics rankme")[0]["d"], 5);
    refused(dir, "analyze x.csv --columns g*", &["no such column", "\"f0\""]);
    refused(
        dir,
        "analyze x.npy --columns f0",
        &["--columns picks columns of a table"],
    );
}

#[test]
fn arrays_in_pickles_that_would_run_code_elsewhere_are_read_only_where_that_is_accepted() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    // Features of 6 x 2 in {"features": array, "net": my.models.Net()}; labels ["a", "b", "a", …] with the same beside.
    let array =
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x06K\x02\x86cnumpy\n\
        dtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x0c\
        \x01\x02\x03\x04\x09\x06\x07\x05\x02\x01\x08\x03tb";
    let net = b"U\x03netcmy.models\nNet\n)\x81";
    std::fs::write(
        dir.join("x.pt"),
        [b"\x80\x02}(U\x08features".as_slice(), array, net, b"u."].concat(),
    )
    .unwrap();
    std::fs::write(
        dir.join("plain.pt"),
        [b"\x80\x02}(U\x08features".as_slice(), array, b"u."].concat(),
    )
    .unwrap();
    // An array of objects, one of them of another call; numpy unpickles them.
    let objects = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x06\x85\
        cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89\
        ](cgzip\nopen\nU\x01x\x85R0U\x01aU\x01bU\x01aU\x01bU\x01aU\x01betb.";
    let mut header = b"{'descr': '|O', 'fortran_order': False, 'shape': (6,), }".to_vec();
    header.resize(117, b' ');
    header.push(b'\n');
    let length = (header.len() as u16).to_le_bytes();
    let npy = [b"\x93NUMPY\x01\x00".as_slice(), &length, &header, objects].concat();
    std::fs::write(dir.join("y.npy"), npy).unwrap();
    let net = ["x.pt: it would run code where it is loaded: my.models.Net (1 time); pass --allow-unknown-calls"];
    let gzip = ["y.npy: it would run code where it is loaded: gzip.open (1 time); pass --allow-unknown-calls"];
    for (words, reason) in [
        ("analyze x.pt --metrics rankme", net),
        ("analyze plain.pt --labels y.npy --metrics discriminative_ratio", gzip),
        ("similarity A:d=x.pt B:d=plain.pt --metrics cka", net),
        ("compare A:d=x.pt B:d=plain.pt --metrics rankme", net),
        ("metrics rankme --on x.pt", net),
    ] {
        refused(dir, words, &reason);
        let out = featscope(dir, &format!("{words} --allow-unknown-calls"));
        assert!(out.status.success(), "{words}: {}", said(&out));
        if !words.starts_with("similarity") {
            let told = said(&out);
            assert!(told.contains("would run code where it is loaded: "), "{words}: {told}");
        }
    }
    let out = featscope(dir, "inspect x.pt");
    let sheet = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        out.status.success() && sheet.contains("would run code where it is loaded: my.models.Net (1 time)"),
        "{sheet}"
    );
}
