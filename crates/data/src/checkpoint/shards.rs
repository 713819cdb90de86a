//! A checkpoint in several files, and the index that says which tensor is where.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path};

use serde::Deserialize;

use super::container::{finish, open_file};
use super::folder::files_of;
use super::weights::Checkpoint;
use crate::error::{Error, Result};
use crate::files::{self, MAX_HEADER, Once};

#[derive(Deserialize)]
struct Index {
    weight_map: Once<String>,
}

/// Opens all shards of an index; `given` is what the user named.
pub(super) fn open(index: &Path, given: &Path) -> Result<Checkpoint> {
    let refused = |what: String| Error::input(format!("{}: {what}", index.display()));
    let text = files::read(index, MAX_HEADER)?;
    let Index {
        weight_map: Once(weights),
    } = serde_json::from_slice(&text).map_err(|e| {
        refused(format!(
            "no index of shards ({e}); expected JSON with a weight_map; fetch it again"
        ))
    })?;
    let mut promised: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (tensor, shard) in weights {
        promised.entry(shard).or_default().insert(tensor);
    }
    let folder = index.parent().unwrap_or(Path::new(""));
    if let Some(shard) = promised.keys().find(|shard| !is_plain(shard)) {
        return Err(refused(format!(
            "it names the shard {shard:?}, which is not a file beside it; nothing outside its folder is read"
        )));
    }
    let paths = files_of(match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })?;
    let beside: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.file_name().and_then(OsStr::to_str))
        .collect();
    // Only names that count their shards tell that one is too many: other files may lie there for other reasons.
    let families: BTreeSet<_> = promised.keys().filter_map(|shard| family(shard)).collect();
    let is_extra = |name: &&&str| !promised.contains_key(**name) && family(name).is_some_and(|f| families.contains(&f));
    if let Some(extra) = beside.iter().find(is_extra) {
        return Err(refused(format!(
            "the shard {extra} lies beside it and is not in its weight_map; fetch the index that belongs to the shards"
        )));
    }
    let mut kind = "";
    let (mut paths, mut parts) = (vec![index.to_path_buf()], Vec::new());
    for (shard, tensors) in promised {
        let path = folder.join(&shard);
        if !path.is_file() {
            let other = beside.iter().find(|name| name.eq_ignore_ascii_case(&shard));
            return Err(refused(match other {
                Some(other) => format!("its shard {shard} is called {other} here; give it the name of its weight_map"),
                None => format!("its shard {shard} is missing; fetch it too"),
            }));
        }
        let (file, part) = open_file(&path)?;
        let held: BTreeSet<&str> = part.arrays.iter().map(|array| array.name.as_str()).collect();
        if let Some(lost) = tensors.iter().find(|name| !held.contains(name.as_str())) {
            return Err(refused(format!(
                "tensor {lost} is not in {shard}, where its weight_map says it is; fetch all shards again"
            )));
        }
        if let Some(extra) = held.iter().find(|name| !tensors.contains(**name)) {
            return Err(refused(format!(
                "{shard} holds the tensor {extra}, which its weight_map does not place there; fetch all shards again"
            )));
        }
        kind = match part.kind {
            "safetensors" => "safetensors in shards",
            _ => "PyTorch files in shards",
        };
        paths.push(path);
        parts.push((file, part));
    }
    if parts.is_empty() {
        return Err(refused("its weight_map names no tensor; fetch it again".to_owned()));
    }
    finish(given, paths, parts, kind)
}

/// True if a name is a file of the folder itself.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!(parts.next(), Some(Component::Normal(part)) if part == OsStr::new(name)) && parts.next().is_none()
}

/// What shards of one checkpoint share: the name without `-00001-of-00002`.
fn family(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (stem, total) = stem.rsplit_once("-of-")?;
    let (stem, number) = stem.rsplit_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(total) && is_number(number)).then_some((stem, extension))
}
