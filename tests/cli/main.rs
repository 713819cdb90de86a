//! The face of `featscope`: what comes out, where, and with which exit code.
#![cfg(feature = "analysis")]

mod commands;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/program.rs"]
mod program;
mod records;
mod refusals;

use std::path::Path;

use common::Formula;
use ndarray::Array1;

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
