//! Tables of other results beside a results file.

use super::*;

#[test]
fn a_folder_that_mixes_two_results_is_refused_and_written_again() {
    let dir = data();
    let at = dir.path();
    analyzed(at, "0", "a");
    analyzed(at, "1", "b");
    accepted_by_all(at, "a");
    let lists = Results::read(&at.join("a/results.json")).unwrap().tables.unwrap();
    let mut listed: Vec<&str> = lists.iter().map(|one| one.file.as_str()).collect();
    listed.sort_unstable();
    let expected: Vec<String> = TABLES.iter().map(|name| format!("tables/{name}.parquet")).collect();
    assert_eq!(listed, expected, "every table that an analysis may write, and no other");
    // New tables and old results, one at a time, and the other way round.
    done(
        at,
        &["analyze", "eval.npy", "--name", "other", "--convergence", "-o", "c"],
    );
    for name in TABLES {
        let table = format!("tables/{name}.parquet");
        let (old, new) = (at.join("a").join(&table), at.join("c").join(&table));
        let before = fs::read(&old).unwrap();
        let mixed = fs::read(new).unwrap_or_else(|_| b"no table".to_vec());
        assert_ne!(before, mixed, "{name}");
        fs::write(&old, mixed).unwrap();
        refused_by_all(at, "a", &["a/tables/", name, "a/results.json", "write it again"]);
        refused(at, &["compare", "a/results.json"], &[name]);
        fs::remove_file(&old).unwrap();
        refused_by_all(at, "a", &[name, "missing", "write it again"]);
        refused(at, &["compare", "b", "a/results.json"], &[name]);
        fs::write(&old, before).unwrap();
    }
    accepted_by_all(at, "a");
    fs::copy(at.join("c/results.json"), at.join("a/results.json")).unwrap();
    refused_by_all(at, "a", &["a/tables/", "write it again"]);
    analyzed(at, "0", "a");
    accepted_by_all(at, "a");
}

#[test]
fn results_that_list_no_tables_are_not_mixed_with_those_beside_them() {
    let dir = data();
    let at = dir.path();
    analyzed(at, "0", "out");
    done(at, &["analyze", "eval.npy", "-o", "out/other.json"]);
    accepted_by_all(at, "out/other.json");
    assert!(Analysis::read(&at.join("out/other.json")).unwrap().tables.is_empty());
    // From a version that listed none, or put there by hand.
    changed(&at.join("out/results.json"), |results| {
        results.as_object_mut().unwrap().remove("tables");
    });
    refused_by_all(
        at,
        "out",
        &["out/results.json", "lists no tables", "out/tables/", "analyze again"],
    );
    refused(at, &["compare", "out/results.json"], &["lists no tables"]);
    fs::remove_dir_all(at.join("out/tables")).unwrap();
    accepted_by_all(at, "out");
    accepted_by_all(at, "out/results.json");
}

#[test]
fn a_results_file_alone_is_read_without_its_tables_and_says_so() {
    let dir = data();
    let at = dir.path();
    analyzed(at, "0", "out");
    fs::copy(at.join("out/results.json"), at.join("copy.json")).unwrap();
    done(at, &["compare", "copy.json"]);
    assert!(done(at, &["inspect", "copy.json"]).contains("not beside it"));
    let said = done(at, &["report", "copy.json", "--out", "shown"]);
    assert!(
        said.contains("copy.json stands without the 14 tables it lists"),
        "{said}"
    );
    // What the report lists is its own.
    done(at, &["compare", "shown"]);
    done(at, &["report", "shown", "--out", "shown"]);
    fs::remove_dir_all(at.join("out/tables")).unwrap();
    refused(at, &["compare", "out"], &["missing"]);
    done(at, &["compare", "out/results.json"]);
}
