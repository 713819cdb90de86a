//! Opening any path that holds features.

use std::path::Path;

use super::options::OpenOptions;
use super::reader::FeatureStore;
use super::refusal::malformed;
use super::{file_names, folders, foreign, renamed};
use crate::error::{Error, Result};
use crate::features::FeatureSet;

/// Opens a feature store or a foreign array: one set of features per layer, in network order.
///
/// An array is data set STEM (the file's name without its extension), layer `features`, model `features`, no split. Several
/// arrays of as many rows in one file are layers by their own names, as list columns of Parquet always are. Row ids are those
/// inside the file, else the row numbers "0", "1", …. Labels are `options.labels`, else those inside the file, else
/// `STEM_labels.npy` beside it; they are joined by id where both sides have ids. What was taken for what says
/// [`FeatureSet::interpretation`].
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
        (Some(from), Some(set)) => Some(foreign::groups_of(path, set.as_ref(), from, options)?),
        _ => None,
    };
    let sets = renamed::renamed(sets, options, shard, groups);
    match &options.layers {
        None => Ok(sets),
        Some(wanted) => select(path, sets, wanted),
    }
}

/// The store whose manifest a path names; any other path as it is.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(store) if path.ends_with(file_names::MANIFEST) && path.is_file() => {
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
