//! What goes, what stays, and full disks.

use super::*;

#[test]
fn a_smaller_analysis_takes_the_place_of_a_larger_one_and_leaves_other_files() {
    let dir = data();
    let at = dir.path();
    analyzed(at, "0", "out");
    for own in [
        "notes.txt",
        "tables/mine.parquet",
        "tables/overview.tex",
        "tables/classes.csv",
    ] {
        fs::write(at.join("out").join(own), own).unwrap();
    }
    done(at, &["analyze", "pre.npy", "--metrics", "redundancy", "-o", "out"]);
    let expected = [
        "channel_pairs.parquet",
        "channels.parquet",
        "classes.csv",
        "classes.parquet",
        "hubs.parquet",
        "mine.parquet",
        "overview.tex",
        "spectrum.parquet",
    ];
    assert_eq!(names(&at.join("out/tables")), expected);
    assert!(at.join("out/notes.txt").exists());
    let read = Analysis::read(&at.join("out")).unwrap();
    assert_eq!(read.tables.len(), 5);
    assert!(
        read.table("mine").is_none(),
        "what the results do not list is not picked up"
    );
    // Results without tables.
    let words = "similarity pre.npy pre.npy --name A --name B -o out";
    done(at, &words.split(' ').collect::<Vec<_>>());
    assert_eq!(
        names(&at.join("out/tables")),
        ["classes.csv", "mine.parquet", "overview.tex"]
    );
    accepted_by_all(at, "out");
}

#[test]
fn what_is_not_of_featscope_is_refused_before_the_work() {
    let dir = data();
    let at = dir.path();
    fs::create_dir_all(at.join("other/tables/spectrum.parquet")).unwrap();
    refused(
        at,
        &["analyze", "pre.npy", "-o", "other"],
        &["other/tables/spectrum.parquet", "a folder"],
    );
    fs::create_dir_all(at.join("paper/tables")).unwrap();
    fs::write(at.join("paper/tables/hubs.parquet"), "mine").unwrap();
    refused(
        at,
        &["analyze", "nowhere.npy", "-o", "paper"],
        &["paper/tables/hubs.parquet", "another folder"],
    );
    fs::create_dir(at.join("theirs")).unwrap();
    fs::write(at.join("theirs/results.json"), "{\"accuracy\": 0.9}").unwrap();
    fs::write(at.join("file"), "").unwrap();
    analyzed(at, "0", "out");
    let before = files(at);
    for out in ["theirs", "file"] {
        refused(at, &["analyze", "nowhere.npy", "-o", out], &[out, "name another"]);
        refused(
            at,
            &["similarity", "pre.npy", "pre.npy", "-o", out],
            &[out, "name another"],
        );
        refused(at, &["report", "out", "--out", out], &[out, "name another"]);
    }
    assert!(files(at) == before);
    fs::rename(at.join("paper/tables/hubs.parquet"), at.join("paper/index.html")).unwrap();
    let before = files(at);
    refused(
        at,
        &["report", "out", "--out", "paper"],
        &["paper/index.html", "another folder"],
    );
    assert!(files(at) == before);
}

#[test]
fn a_report_folder_is_bound_to_its_results_too() {
    let dir = data();
    let at = dir.path();
    analyzed(at, "0", "large");
    done(at, &["analyze", "eval.npy", "--metrics", "rankme", "-o", "small"]);
    done(at, &["report", "large", "--out", "r"]);
    done(at, &["report", "small", "--out", "s"]);
    accepted_by_all(at, "r");
    let report = Results::read(&at.join("r/results.json")).unwrap().report;
    let tables = Results::read(&at.join("r/results.json")).unwrap().tables.unwrap();
    let there = names(&at.join("r"));
    assert_eq!(
        there.len(),
        report.len() + tables.len() + 1,
        "every file is listed: {there:?}"
    );
    for table in ["records.csv", "comparison.parquet", "overview.tex", "spectrum.parquet"] {
        let file = at.join("r/tables").join(table);
        let before = fs::read(&file).unwrap();
        fs::write(&file, fs::read(at.join("s/tables").join(table)).unwrap_or_default()).unwrap();
        refused_by_all(at, "r", &[table, "write it again"]);
        fs::write(&file, before).unwrap();
    }
    // Pages are the user's to write on.
    fs::write(at.join("r/report.md"), "with remarks").unwrap();
    accepted_by_all(at, "r");
    fs::write(at.join("r/tables/mine.tex"), "mine").unwrap();
    done(at, &["report", "small", "--out", "r"]);
    let mut expected = names(&at.join("s"));
    expected.push("tables/mine.tex".to_owned());
    expected.sort();
    assert_eq!(names(&at.join("r")), expected, "nothing of the larger report is left");
    // A report of reports holds no table twice, and no derived one as the analysis's.
    done(at, &["report", "r", "large", "--out", "both"]);
    let both = Analysis::read(&at.join("both")).unwrap();
    assert_eq!(both.tables.len(), TABLES.len());
    done(at, &["report", "both", "--out", "both"]);
    accepted_by_all(at, "both");
    // An analysis into the folder of a report is no report.
    done(at, &["analyze", "eval.npy", "--metrics", "rankme", "-o", "s"]);
    let left = names(&at.join("s"));
    assert!(
        left.iter()
            .all(|name| name == "results.json" || name.ends_with(".parquet")),
        "{left:?}"
    );
}

/// A disk that takes no more than a few kilobytes of a file.
#[cfg(unix)]
fn on_a_full_disk(dir: &Path, words: &str) -> Output {
    std::process::Command::new("sh")
        .current_dir(dir)
        .args(["-c", &format!("trap '' XFSZ; ulimit -f 8; exec \"$0\" {words}")])
        .arg(env!("CARGO_BIN_EXE_featscope"))
        .output()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn a_full_disk_changes_nothing() {
    let dir = data();
    let at = dir.path();
    analyzed(at, "0", "out");
    done(at, &["report", "out", "--out", "shown"]);
    let before = files(at);
    for words in [
        "analyze pre.npy -o out",
        "analyze pre.npy -o new/folder",
        "report out --out shown",
        "report out --out new/folder",
        "report out --out out",
    ] {
        let out = on_a_full_disk(at, words);
        one_sentence(
            &out,
            &["cannot be written", "nothing in its folder was changed", "make room"],
        );
        assert!(files(at) == before, "{words}");
        assert!(!at.join("new").exists(), "{words}");
    }
}
