//! `featscope` as users call it.

#![allow(dead_code)] // each test program uses its own part

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// Runs it in a folder, with none of the environment.
pub fn featscope(dir: &Path, words: &[&str]) -> Output {
    let mut command = Command::cargo_bin("featscope").unwrap();
    command.current_dir(dir).env_clear().args(words).output().unwrap()
}

/// What a program wrote.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Fails, with exit code 2, nothing on standard output and one sentence that holds all of `said`; gives what was written.
pub fn refused(dir: &Path, words: &[&str], said: &[&str]) -> String {
    let out = featscope(dir, words);
    assert!(out.stdout.is_empty(), "{words:?}: {}", text(&out.stdout));
    one_sentence(&out, said)
}

/// Exit code 2, and one sentence on standard error that holds all of `said`; gives what was written.
pub fn one_sentence(out: &Output, said: &[&str]) -> String {
    let error = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{error}");
    // What files were taken for may stand before it.
    let sentences = error.lines().filter(|line| line.starts_with("error: ")).count();
    assert!(
        sentences == 1 && error.lines().last().is_some_and(|line| line.starts_with("error: ")),
        "{error}"
    );
    for part in said {
        assert!(error.contains(part), "{part}: {error}");
    }
    error
}
