//! The checkpoints in a folder, and which of them the folder stands for.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;

/// How the names of indices end.
const INDEX: &str = ".index.json";

/// What the weights of a published model are called, the first that is there.
const NAMED: [&str; 4] = [
    "model.safetensors",
    "pytorch_model.bin",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
];

/// How files of weights end. Many other things end in `.bin`.
const ENDINGS: [&str; 6] = ["safetensors", "pth", "pt", "ckpt", "pyth", "torch"];

/// True if the name says that this is a file of weights: `NAME.pth.tar` is no archive, but what many training scripts call
/// their checkpoints.
pub fn is_named_as_weights(path: &Path) -> bool {
    let extension = |path: &Path| path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let known = |path: &Path| extension(path).is_some_and(|e| ENDINGS.contains(&e.as_str()));
    let is_tar = || extension(path).is_some_and(|e| e == "tar");
    known(path) || (is_tar() && known(&path.with_extension("")))
}

/// The files of weights in a folder, sorted.
pub fn weights_in(folder: &Path) -> Vec<PathBuf> {
    let is_weights = |path: &PathBuf| {
        let is_hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        let is_tar = || path.extension() == Some(OsStr::new("tar"));
        let named = is_named_as_weights(path) || NAMED.iter().any(|name| path.ends_with(name));
        !is_hidden && path.is_file() && (named || (is_tar() && files::is_zip_or_pickle(path)))
    };
    files_of(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(is_weights)
        .collect()
}

/// The file that a folder stands for by its name: the index of shards, or the weights of a published model.
pub fn named_in(folder: &Path) -> Option<PathBuf> {
    let index = || files_of(folder).ok()?.into_iter().find(|path| is_index(path));
    let weights = || {
        NAMED
            .map(|name| folder.join(name))
            .into_iter()
            .find(|path| path.is_file())
    };
    index().or_else(weights)
}

/// The one checkpoint in a folder: the index of its shards, or a file.
pub(super) fn one_in(folder: &Path) -> Result<PathBuf> {
    let shown = folder.display();
    let mut indices: Vec<PathBuf> = files_of(folder)?.into_iter().filter(|path| is_index(path)).collect();
    match (indices.pop(), indices.is_empty()) {
        (Some(index), true) => return Ok(index),
        (Some(index), false) => {
            return Err(Error::input(format!(
                "{shown}: a folder with several indices of shards; name the one that is meant, for example {}",
                index.display()
            )));
        }
        (None, _) => {}
    }
    if let Some(named) = named_in(folder) {
        return Ok(named);
    }
    match weights_in(folder).as_slice() {
        [one] => Ok(one.clone()),
        [first, ..] => Err(Error::input(format!(
            "{shown}: a folder of {} checkpoints; name one of them, for example {}",
            weights_in(folder).len(),
            first.display()
        ))),
        [] => Err(Error::input(format!(
            "{shown}: a folder; expected a checkpoint file, or a folder with model.safetensors or the index of its shards \
             (NAME.safetensors{INDEX})"
        ))),
    }
}

/// What lies in a folder, sorted.
pub(super) fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        files.push(entry.map_err(Error::io(folder))?.path());
    }
    files.sort();
    Ok(files)
}

/// True if a file is the index of shards, by its name.
pub(super) fn is_index(path: &Path) -> bool {
    path.file_name()
        .and_then(OsStr::to_str)
        .is_some_and(|name| name.ends_with(INDEX))
}
