//! A results folder is one result: mixtures, impossible records and full disks, through every command that reads or writes one.
#![cfg(feature = "analysis")]

#[path = "../common/mod.rs"]
mod common;
mod mixtures;
#[path = "../common/program.rs"]
mod program;
mod records;
mod writing;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::Formula;
use featscope::results::{Analysis, Results, TABLES};
use ndarray::Array1;
use program::{featscope, one_sentence, refused, text};
use serde_json::{Value, json};

fn done(dir: &Path, words: &[&str]) -> String {
    let out = featscope(dir, words);
    assert_eq!(out.status.code(), Some(0), "{words:?}: {}", text(&out.stderr));
    text(&out.stderr) + &text(&out.stdout)
}

/// Every command that reads results.
fn readers(path: &str) -> [Vec<&str>; 3] {
    [
        vec!["inspect", path],
        vec!["compare", path],
        vec!["report", path, "--out", "shown"],
    ]
}

fn refused_by_all(dir: &Path, path: &str, said: &[&str]) {
    for words in readers(path) {
        refused(dir, &words, said);
    }
    assert!(!dir.join("shown").exists());
}

fn accepted_by_all(dir: &Path, path: &str) {
    for words in readers(path) {
        done(dir, &words);
    }
    fs::remove_dir_all(dir.join("shown")).unwrap();
}

/// STEM.npy and STEM_labels.npy of two data sets that share some rows.
fn data() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (stem, seed, counts) in [("pre", 1, vec![20, 25, 30]), ("eval", 2, vec![24, 23, 22])] {
        let formula = Formula {
            seed,
            counts,
            d: 6,
            ..Formula::default()
        };
        let (rows, classes) = formula.data();
        ndarray_npy::write_npy(dir.path().join(format!("{stem}.npy")), &rows).unwrap();
        let labels: Array1<i64> = classes.iter().map(|&c| c as i64).collect();
        ndarray_npy::write_npy(dir.path().join(format!("{stem}_labels.npy")), &labels).unwrap();
    }
    dir
}

/// Analyzes both data sets into a folder.
fn analyzed(dir: &Path, seed: &str, out: &str) {
    let words = [
        "analyze",
        "pre.npy",
        "eval.npy",
        "--pre",
        "pre",
        "--eval",
        "eval",
        "--convergence",
        "--seed",
        seed,
        "-o",
        out,
    ];
    done(dir, &words);
}

/// Every file under a folder, by its path from there, with its bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                    found.push((name, fs::read(&path).unwrap()));
                }
            }
        }
    }
    found.sort();
    found
}

fn names(dir: &Path) -> Vec<String> {
    files(dir).into_iter().map(|(name, _)| name).collect()
}

/// Changes a results file by hand.
fn changed(file: &Path, change: impl FnOnce(&mut Value)) {
    let mut results: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    change(&mut results);
    fs::write(file, results.to_string()).unwrap();
}
