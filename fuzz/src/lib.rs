//! What the targets share: bytes become a file, and what is said of it is one sentence.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use featscope_data::features::FeatureSet;
use tempfile::TempDir;

/// In memory where there is such a place: a target reads thousands of files a second.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a folder for the files that are tried")
});

/// Where the files are.
pub fn folder() -> &'static Path {
    FOLDER.path()
}

/// A file of this name with these bytes, below [`folder`].
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, bytes).expect("room for the file");
    path
}

/// What was read, if it could be; panics where the refusal is not one line that names a file below [`folder`].
pub fn told<T, E: Display>(read: Result<T, E>) -> Option<T> {
    let sentence = match read {
        Ok(read) => return Some(read),
        Err(error) => error.to_string(),
    };
    let names = sentence.contains(&folder().display().to_string());
    assert!(names && !sentence.contains('\n'), "not one sentence: {sentence:?}");
    None
}

/// Reads all rows of these features, as far as they can be read.
pub fn read_all(sets: Vec<Box<dyn FeatureSet>>) {
    for set in sets {
        let batches = told(set.batches(64)).into_iter().flatten();
        let rows: usize = batches.map_while(told).map(|batch| batch.nrows()).sum();
        assert!(rows <= set.rows());
    }
}
