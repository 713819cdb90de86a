//! Features on disk: the feature store that extraction writes, and arrays that other programs wrote.
//!
//! [`open`] takes any path that holds features and gives one [`FeatureSet`] per layer, whatever the format. All of them
//! are read in batches, without mapping; every value is checked finite at this door, so that nothing behind it has to.
//!
//! What is held in memory while reading: the labels and, of arrays that cannot be streamed, the array in its stored type
//! (tensors with gaps in `.pt` files, *compressed* column-order arrays of `.npz` and `.pt`). Everything else needs
//! memory for a few batches, whatever the number of rows.

mod batches;
mod channels;
mod choice;
mod columns;
mod delimited;
mod findings;
mod folders;
mod foreign;
mod groups;
mod inspect;
mod journal;
mod label_text;
mod labels;
mod manifest;
mod names;
mod places;
mod raw;
mod reader;
mod renamed;
mod rows;
mod sample;
mod sides;
mod sound;
mod standing;
mod table;
mod writer;

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::features::FeatureSet;

pub use delimited::lists_files;
pub use findings::{Deviation, Findings, LayerDeviation, Repeated, Shard, Skipped, SkippedImage};
pub use folders::{has_stores, is_store, is_store_manifest, stores_in};
pub use foreign::{extension, holds_features};
pub use groups::GroupsFrom;
pub use inspect::{ClassCount, Kept, StoreSummary, summary};
pub use manifest::{DataInfo, Description, LayerInfo, Manifest, ModelInfo, Part, SCHEMA, value_sha256};
pub use reader::FeatureStore;
pub use sample::gather;
pub use standing::{Standing, standing};
pub use writer::{PART_ROWS, TakenUp, Writer};

/// How a path is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// A file with one label per row, for an array; a feature store has its own labels.
    pub labels: Option<PathBuf>,
    /// The model's name, where it is to be another than the store's, or `features` of an array.
    pub model: Option<String>,
    /// The data set's name, where it is to be another than the store's, or the stem of an array's file.
    pub dataset: Option<String>,
    /// The split, where it is to be another than the store's, or none of an array.
    pub split: Option<String>,
    /// Of a table, only these columns are channels; `*` stands for any characters.
    pub columns: Option<Vec<String>>,
    /// Only these layers, in network order; default: all of them.
    pub layers: Option<Vec<String>>,
    /// Which rows belong together, where the user says so.
    pub groups: Option<GroupsFrom>,
    /// Whether a file is accepted that would run code where it is loaded with Python's pickle; nothing of it runs here.
    pub allow_unknown_calls: bool,
}

/// Opens a feature store or a foreign array: one set of features per layer, in network order.
///
/// An array is data set STEM (the file's name without its extension), layer `features`, model `features`, no split. Several
/// arrays of as many rows in one file are layers by their own names, as list columns of Parquet always are. Row ids are those
/// inside the file, else the row numbers "0", "1", …. Labels are `options.labels`, else those inside the file, else
/// `STEM_labels.npy` beside it; they are joined by id where both sides have ids. What was taken for what says
/// [`FeatureSet::said`].
///
/// # Errors
/// When the path holds no features, is damaged, lies about its size, has no rows or duplicate ids, would run code elsewhere and
/// that is not accepted, or when labels and rows differ in number.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Vec<Box<dyn FeatureSet>>> {
    let path = folder(path);
    let shown = path.display();
    let mut shard = None;
    let sets: Vec<Box<dyn FeatureSet>> = match std::fs::metadata(path) {
        Ok(m) if !m.is_dir() => foreign::open(path, options)?,
        _ if folders::is_folder_of_stores(path) => {
            let names = folders::stores_in(path);
            let example = path.join(names.first().map_or("", String::as_str));
            return Err(Error::input(format!(
                "{shown}: a folder of {} feature stores, not a store; name them one by one, e.g. {}",
                names.len(),
                example.display()
            )));
        }
        _ => {
            let store = FeatureStore::open(path)?;
            if let Some(labels) = &options.labels {
                return Err(Error::input(format!(
                    "{}: labels are for arrays, and {shown} is a feature store with labels of its own; leave them out",
                    labels.display()
                )));
            }
            if options.columns.is_some() {
                return Err(malformed(
                    path,
                    "--columns picks columns of a table (.csv, .tsv, .parquet); pick a layer of a store with --layer",
                ));
            }
            shard = store.manifest().shard;
            let layers: Vec<String> = store.layers().iter().map(|l| l.name.clone()).collect();
            let set = |name: &String| Ok(Box::new(store.features(name)?) as Box<dyn FeatureSet>);
            layers.iter().map(set).collect::<Result<_>>()?
        }
    };
    let groups = match (&options.groups, sets.first()) {
        (Some(from), Some(set)) => Some(groups::read(path, set.as_ref(), from, options)?),
        _ => None,
    };
    let sets = renamed::renamed(sets, options, shard, groups);
    match &options.layers {
        None => Ok(sets),
        Some(wanted) => select(path, sets, wanted),
    }
}

/// The store whose manifest a path names; any other path as it is.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(store) if path.ends_with(manifest::FILE) && path.is_file() => {
            if store.as_os_str().is_empty() {
                Path::new(".")
            } else {
                store
            }
        }
        _ => path,
    }
}

/// The sets whose layer is wanted.
fn select(path: &Path, sets: Vec<Box<dyn FeatureSet>>, wanted: &[String]) -> Result<Vec<Box<dyn FeatureSet>>> {
    let have: Vec<String> = sets.iter().map(|s| s.subject().layer.clone()).collect();
    if let Some(missing) = wanted.iter().find(|w| !have.contains(w)) {
        let have = have.join(", ");
        return Err(Error::input(format!(
            "{}: no layer {missing:?}; it has {have}",
            path.display()
        )));
    }
    Ok(sets
        .into_iter()
        .filter(|s| wanted.contains(&s.subject().layer))
        .collect())
}

/// Malformed input at `path`.
fn malformed(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::input(format!("{}: {what}", path.display()))
}
