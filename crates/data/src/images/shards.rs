//! Data sets in several files of one kind: which there are, and which split each belongs to.

use std::path::{Path, PathBuf};

use super::files;
use super::located::Located;
use super::split::{self, Splits};
use crate::error::{Error, Result};

/// One file.
pub(super) struct ShardFile {
    /// What its name has before the split.
    before: String,
    split: String,
    pub(super) path: PathBuf,
}

impl ShardFile {
    /// A file whose split is told by its folder, or else by its own name.
    pub(super) fn new(path: PathBuf, of_folder: Option<&'static str>) -> Self {
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let (before, split) = match (of_folder, split::in_name(stem)) {
            (Some(split), _) => ("", split),
            (None, Some(found)) => found,
            (None, None) => ("", ""),
        };
        Self {
            before: before.to_owned(),
            split: split.to_owned(),
            path,
        }
    }
}

/// The files of a folder that end in `.ending`, directly or under `data` or folders named as splits, in order of their
/// paths.
pub(super) fn list(path: &Path, ending: &str) -> Result<Vec<ShardFile>> {
    let mut files = Vec::new();
    let mut folders = vec![(path.to_path_buf(), None)];
    for entry in std::fs::read_dir(path).map_err(Error::io(path))?.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|_| entry.path().is_dir()) else {
            continue;
        };
        if let Some(split) = split::known(name) {
            folders.push((entry.path(), Some(split)));
        } else if name == "data" {
            folders.push((entry.path(), None));
        }
    }
    for (folder, of_folder) in folders {
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))?.flatten() {
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if path.extension().is_some_and(|e| e == ending) && !hidden && !path.is_dir() {
                files.push(ShardFile::new(path, of_folder));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// True if a folder holds such files. Checkpoints that are called tar archives come together: one of them tells.
pub(super) fn is_in(path: &Path, ending: &str) -> bool {
    list(path, ending).is_ok_and(|parts| parts.first().is_some_and(|part| !files::is_checkpoint(&part.path)))
}

/// The splits of one file, or of the files of a folder.
pub(super) fn splits(at: &Located, ending: &str) -> Result<Splits> {
    if at.path.is_file() {
        let name = ShardFile::new(at.path.clone(), None).split;
        return Ok(Splits::Whole { name, nameable: true });
    }
    of_parts(at, list(&at.path, ending)?)
}

/// The splits of several files.
pub(super) fn of_parts(at: &Located, parts: Vec<ShardFile>) -> Result<Splits> {
    let (shown, kind) = (&at.shown, at.format);
    let mut data_sets: Vec<&str> = parts.iter().map(|p| p.before.as_str()).collect();
    data_sets.sort_unstable();
    data_sets.dedup();
    if data_sets.len() > 1 {
        return Err(Error::input(format!(
            "{shown}: its {kind} files belong to several data sets ({}); give the path of one file",
            data_sets.join(", ")
        )));
    }
    let mut names: Vec<String> = parts.into_iter().map(|p| p.split).collect();
    names.sort();
    names.dedup();
    if names == [""] {
        return Ok(Splits::Whole {
            name: String::new(),
            nameable: false,
        });
    }
    if names.iter().any(String::is_empty) {
        return Err(Error::input(format!(
            "{shown}: some {kind} files name a split and some do not; give the path of one"
        )));
    }
    Ok(Splits::Named(names))
}

/// The one file, or those files of the folder that belong to the split.
pub(super) fn paths(at: &Located, ending: &str, split: &str) -> Result<Vec<PathBuf>> {
    if at.path.is_file() {
        return Ok(vec![at.path.clone()]);
    }
    Ok(of_split(list(&at.path, ending)?, split))
}

/// Those files that belong to the split.
pub(super) fn of_split(parts: Vec<ShardFile>, split: &str) -> Vec<PathBuf> {
    let of_split = parts.into_iter().filter(|part| part.split == split);
    of_split.map(|part| part.path).collect()
}
