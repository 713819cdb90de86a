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
pub enum Kind {
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
pub fn kind(path: &Path) -> Result<Kind> {
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

fn of_folder(path: &Path) -> Kind {
    let is_run = path.join(RUN).is_file() && Json::of(&path.join(RUN)) == Json::Run;
    match path {
        _ if is_store(path) => Kind::Store,
        _ if is_run => Kind::Run,
        _ if path.join("results.json").is_file() => Kind::Results,
        _ if store::has_stores(path) => Kind::Stores,
        _ if checkpoint::named_in(path).is_some() => Kind::Checkpoint,
        _ if !images::formats(path).is_empty() => Kind::Images,
        _ if !stores_in(path).is_empty() => Kind::Stores,
        _ => match checkpoint::weights_in(path).len() {
            0 => Kind::Images,
            1 => Kind::Checkpoint,
            _ => Kind::Checkpoints,
        },
    }
}

fn of_file(path: &Path) -> Kind {
    let extension = store::extension(path);
    match extension.as_str() {
        "npy" | "npz" => Kind::Array,
        "toml" => Kind::Experiment,
        "json" if is_store_manifest(path) => Kind::Store,
        "json" if is_index(path) => Kind::Checkpoint,
        "json" => match Json::of(path) {
            Json::Run if path.ends_with(RUN) => Kind::Run,
            Json::Annotations => Kind::Images,
            _ => Kind::Results,
        },
        "csv" | "tsv" | "parquet" => {
            if opens(path) && !(extension != "parquet" && store::lists_files(path)) {
                Kind::Array
            } else {
                Kind::Images
            }
        }
        "safetensors" | "pt" | "pth" => {
            if store::holds_features(path, &extension) {
                Kind::Array
            } else {
                Kind::Checkpoint
            }
        }
        "bin" | "pkl" => Kind::Checkpoint,
        // No tar archive, but what PyTorch writes.
        "tar" if files::is_zip_or_pickle(path) => Kind::Checkpoint,
        "zip" => Kind::Images,
        _ if checkpoint::is_named_as_weights(path) => Kind::Checkpoint,
        _ if files::is_zip(path) || files::is_safetensors(path) => Kind::Checkpoint,
        _ => Kind::Images,
    }
}

/// Whether a file is the index of a checkpoint in several files.
fn is_index(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(".index.json"))
}

fn opens(path: &Path) -> bool {
    store::open(path, &OpenOptions::default()).is_ok()
}
