//! Kills and refusals at every move, and files of others.

use std::fs::{self, File};
use std::path::Path;

use super::folder::{FolderWriter, Move};
use crate::results::analysis::Analysis;
use crate::results::earlier_results::TEMPORARY;
use crate::results::file::{FILE, Results};
use crate::results::listed::Listed;
use crate::results::record::Record;
use crate::results::table::{Column, Table};

/// Results of one number, with a spectrum that holds it, and other tables.
fn analysis(value: f64, others: &[&str]) -> Analysis {
    let mut results = Results::new("featscope analyze", 0);
    results.records.push(Record {
        metric: "x".into(),
        value: Some(value),
        n: 1,
        d: 1,
        ..Record::default()
    });
    let table = |name: &&str| Table {
        name: (*name).to_owned(),
        columns: vec![
            ("model".into(), Column::Text(vec!["m".into()])),
            ("layer".into(), Column::Text(vec!["l".into()])),
            ("value".into(), Column::Float(vec![value])),
        ],
    };
    Analysis {
        results,
        tables: ["spectrum"].iter().chain(others).map(table).collect(),
    }
}

fn staged(analysis: &Analysis, dir: &Path) -> FolderWriter {
    let mut writer = FolderWriter::start(dir).unwrap();
    for table in &analysis.tables {
        writer.table(table).unwrap();
    }
    let value = analysis.results.records[0].value.unwrap();
    for file in ["tables/records.csv", "figures/axes.svg", "index.html"] {
        writer.of_report(file, value.to_string().as_bytes()).unwrap();
    }
    writer
}

/// Every file under a folder with its bytes, temporary ones of killed writers left out.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(dir: &Path, root: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with(TEMPORARY) {
                walk(&path, root, found);
            } else if path.is_file() {
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(dir, dir, &mut found);
    found.sort();
    found
}

fn names(dir: &Path) -> Vec<String> {
    files(dir).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_writer_killed_at_any_move_leaves_no_mixture_and_the_next_one_mends_it() {
    let first = analysis(1.0, &["classes", "hubs"]);
    let second = analysis(2.0, &["classes", "convergence"]);
    let third = analysis(3.0, &[]);
    let mut outcomes = Vec::new();
    for kill in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        staged(&first, dir).finish(&first.results).unwrap();
        fs::write(dir.join("tables/mine.csv"), "mine").unwrap();
        let writer = staged(&second, dir);
        let moves = writer.moves(&second.results).unwrap();
        if kill > moves.len() {
            break;
        }
        let _made = writer.make_folders().unwrap();
        writer.carry_out(&moves[..kill]).unwrap();
        // A process that is killed leaves its folder and loses its lock.
        let left = writer.temporary.keep();
        drop(writer.lock);
        outcomes.push(match Analysis::read(dir) {
            Ok(read) if read == first => "first",
            Ok(read) if read == second => "second",
            Ok(_) => panic!("a mixture after {kill} moves"),
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("tables/") && text.contains("write it again"), "{text}");
                "refused"
            }
        });
        staged(&third, dir).finish(&third.results).unwrap();
        assert_eq!(Analysis::read(dir).unwrap(), third, "after {kill} moves");
        assert_eq!(
            names(dir),
            [
                "figures/axes.svg",
                "index.html",
                FILE,
                "tables/mine.csv",
                "tables/records.csv",
                "tables/spectrum.parquet"
            ]
        );
        assert!(!left.exists());
    }
    assert_eq!((outcomes[0], *outcomes.last().unwrap()), ("first", "second"));
    assert!(outcomes.contains(&"refused"));
}

#[test]
fn a_move_that_fails_is_undone_with_those_before_it() {
    let first = analysis(1.0, &["classes", "hubs"]);
    let second = analysis(2.0, &["convergence"]);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    staged(&first, dir).finish(&first.results).unwrap();
    let before = files(dir);
    let count = staged(&second, dir).moves(&second.results).unwrap().len();
    for failing in 0..count {
        let writer = staged(&second, dir);
        let mut moves = writer.moves(&second.results).unwrap();
        moves.insert(failing, Move::In("tables/nothing.csv".to_owned()));
        let error = writer.finish_with(&moves).unwrap_err().to_string();
        assert!(error.contains("nothing.csv: cannot be written"), "{error}");
        assert!(files(dir) == before, "move {failing}");
    }
    assert_eq!(names(dir).len(), before.len());
}

#[test]
fn what_no_results_list_is_neither_replaced_nor_removed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = analysis(1.0, &[]);
    fs::write(dir.join("index.html"), "mine").unwrap();
    let error = staged(&first, dir).finish(&first.results).unwrap_err().to_string();
    assert!(
        error.contains("index.html: not of results that featscope wrote"),
        "{error}"
    );
    assert_eq!(names(dir), ["index.html"]);
    assert!(!dir.join("tables").exists());
    fs::remove_file(dir.join("index.html")).unwrap();
    first.write(dir).unwrap();
    // Changed since: nobody else's to remove.
    fs::write(dir.join("tables/spectrum.parquet"), "mine").unwrap();
    Analysis {
        tables: Vec::new(),
        ..first.clone()
    }
    .write(dir)
    .unwrap();
    assert_eq!(names(dir), [FILE, "tables/spectrum.parquet"]);
    assert_eq!(Analysis::read(dir).unwrap().tables, []);
    // Another program's results.
    fs::write(dir.join(FILE), "{\"accuracy\": 0.9}").unwrap();
    let error = first.write(dir).unwrap_err().to_string();
    assert!(
        error.contains("results.json: not results that featscope wrote"),
        "{error}"
    );
}

#[test]
fn a_list_cannot_reach_outside_the_folder() {
    let around = tempfile::tempdir().unwrap();
    let dir = around.path().join("out");
    let first = analysis(1.0, &[]);
    first.write(&dir).unwrap();
    let outside = around.path().join("index.html");
    fs::write(&outside, "mine").unwrap();
    let mut results = Results::read(&dir.join(FILE)).unwrap();
    results.report.push(Listed::new("../index.html".into(), b"mine"));
    fs::write(dir.join(FILE), results.to_json()).unwrap();
    first.write(&dir).unwrap();
    assert!(outside.exists());
    results.tables = Some(vec![Listed::new("../index.html".into(), b"mine")]);
    fs::write(dir.join(FILE), results.to_json()).unwrap();
    let error = Analysis::read(&dir).unwrap_err().to_string();
    assert!(error.contains("no file of a results folder"), "{error}");
}

#[test]
fn tables_of_an_earlier_version_go_and_other_files_stay() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = analysis(1.0, &["hubs", "mine"]);
    first.write(dir).unwrap();
    // As it was before results listed their tables.
    fs::write(dir.join(FILE), first.results.to_json()).unwrap();
    let error = Analysis::read(dir).unwrap_err().to_string();
    assert!(
        error.contains("lists no tables") && error.contains("hubs.parquet"),
        "{error}"
    );
    let second = analysis(2.0, &[]);
    second.write(dir).unwrap();
    assert_eq!(names(dir), [FILE, "tables/mine.parquet", "tables/spectrum.parquet"]);
    assert_eq!(Analysis::read(dir).unwrap(), second);
}

#[test]
fn leftovers_of_killed_commands_go_and_those_of_others_at_work_stay() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (name, hours) in [
        (".featscope-aB3xYz", 2),
        (".featscope-Young1", 0),
        (".featscope-mine", 2),
    ] {
        let file = File::create(dir.join(name)).unwrap();
        let age = std::time::Duration::from_secs(3600 * hours);
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
    }
    fs::create_dir(dir.join(".featscope-Folder")).unwrap();
    fs::create_dir(dir.join(".featscope-Folde2")).unwrap();
    fs::write(dir.join(".featscope-Folde2/new"), "").unwrap();
    analysis(1.0, &[]).write(dir).unwrap();
    let mut left: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".featscope-Young1", ".featscope-mine", FILE, "tables"]);
}

#[test]
fn writers_of_one_folder_wait_for_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<Analysis> = (0..4)
        .map(|i| analysis(f64::from(i), &[["classes", "hubs"][i as usize % 2]]))
        .collect();
    std::thread::scope(|scope| {
        for one in &all {
            scope.spawn(|| (0..5).for_each(|_| one.write(dir.path()).unwrap()));
        }
    });
    let left = Analysis::read(dir.path()).unwrap();
    assert!(all.contains(&left));
    assert_eq!(names(dir.path()).len(), 3);
}
