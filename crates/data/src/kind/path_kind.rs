//! Telling a path by its name and its first bytes.

use std::path::Path;

use serde::Serialize;

use super::json::Json;
use crate::checkpoint;
use crate::error::{Error, Result};
use crate::files;
use crate::images;
use crate::store::{self, OpenOptions, is_store, is_store_manifest, stores_in};

/// What kind of thing a path is, by its name and its first bytes; nothing is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathKind {
    /// A feature store.
    Store,
    /// A folder with feature stores in it, or in its folders.
    Stores,
    /// An array of features from elsewhere.
    Array,
    /// A results file, or the folder of one.
    Results,
    /// The folder of a run: features, results and report of an experiment.
    Run,
    /// A model checkpoint.
    Checkpoint,
    /// A folder of several checkpoints.
    Checkpoints,
    /// An experiment file.
    Experiment,
    /// Images, or something only the image readers may know.
    Images,
}

/// What `featscope run` knows of its folder.
const RUN: &str = "run.json";

/// What kind of thing a path is. Of a folder that is several at once, the most telling: a folder made here, a published
/// model, images, checkpoints.
///
/// # Errors
/// When there is nothing at the path.
pub fn kind(path: &Path) -> Result<PathKind> {
    let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input(format!("{}: no such file or folder; check the name", path.display()))
        }
        _ => Error::io(path)(e),
    })?;
    Ok(match metadata.is_dir() {
        true => of_folder(path),
        false => of_file(path),
    })
}

fn of_folder(path: &Path) -> PathKind {
    let is_run = path.join(RUN).is_file() && Json::of(&path.join(RUN)) == Json::Run;
    match path {
        _ if is_store(path) => PathKind::Store,
        _ if is_run => PathKind::Run,
        _ if path.join("results.json").is_file() => PathKind::Results,
        _ if store::has_stores(path) => PathKind::Stores,
        _ if checkpoint::named_in(path).is_some() => PathKind::Checkpoint,
        _ if !images::formats(path).is_empty() => PathKind::Images,
        _ if !stores_in(path).is_empty() => PathKind::Stores,
        _ => match checkpoint::weights_in(path).len() {
            0 => PathKind::Images,
            1 => PathKind::Checkpoint,
            _ => PathKind::Checkpoints,
        },
    }
}

fn of_file(path: &Path) -> PathKind {
    let extension = store::extension(path);
    match extension.as_str() {
        "npy" | "npz" => PathKind::Array,
        "toml" => PathKind::Experiment,
        "json" if is_store_manifest(path) => PathKind::Store,
        "json" if is_index(path) => PathKind::Checkpoint,
        "json" => match Json::of(path) {
            Json::Run if path.ends_with(RUN) => PathKind::Run,
            Json::Annotations => PathKind::Images,
            _ => PathKind::Results,
        },
        "csv" | "tsv" | "parquet" => {
            if opens(path) && !(extension != "parquet" && store::lists_files(path)) {
                PathKind::Array
            } else {
                PathKind::Images
            }
        }
        "safetensors" | "pt" | "pth" => {
            if store::holds_features(path, &extension) {
                PathKind::Array
            } else {
                PathKind::Checkpoint
            }
        }
        "bin" | "pkl" => PathKind::Checkpoint,
        // No tar archive, but what PyTorch writes.
        "tar" if files::is_zip_or_pickle(path) => PathKind::Checkpoint,
        "zip" => PathKind::Images,
        _ if checkpoint::is_named_as_weights(path) => PathKind::Checkpoint,
        _ if files::is_zip(path) || files::is_safetensors(path) => PathKind::Checkpoint,
        _ => PathKind::Images,
    }
}

/// True if a file is the index of a checkpoint in several files.
fn is_index(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(".index.json"))
}

fn opens(path: &Path) -> bool {
    store::open(path, &OpenOptions::default()).is_ok()
}
