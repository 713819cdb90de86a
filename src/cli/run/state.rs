//! What a run notes about what it made, so that the next one does only what changed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files::{hex, sha256_of, write_atomically};

/// What the files of a run were made from, and which they are, so that the next run knows what changed: a file that another
/// command wrote in its place is not taken for it.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::cli) struct State {
    /// What each feature store was made from, by its folder.
    pub(in crate::cli) stores: BTreeMap<String, String>,
    /// The program that made the stores.
    #[serde(default)]
    pub(super) extractor: String,
    /// What the pieces measured of each model, run and step were made from, by their folders.
    #[serde(default)]
    pub(in crate::cli) parts: BTreeMap<String, String>,
    /// Which layers of each model, run and step are others by another name.
    #[serde(default)]
    pub(super) same: BTreeMap<String, Equal>,
    /// What the results were made from.
    pub(super) analysis: String,
    /// What the report was made from.
    #[serde(default)]
    pub(super) report: String,
}

/// Layers that equal others, in these stores.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Equal {
    pub(super) stores: String,
    /// (layer, the one that it equals).
    pub(super) layers: Vec<(String, String)>,
}

pub(in crate::cli) const STATE: &str = "run.json";

/// What the state notes of files that were made of something: what it was, and the files by their bytes.
pub(super) fn made(source: &str, files: &[&Path]) -> anyhow::Result<String> {
    let mut parts = vec![source.to_owned()];
    for file in files {
        parts.push(sha256_of(file)?);
    }
    Ok(key(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Checks that the files are those that were noted, made from the same.
pub(super) fn holds(noted: &str, source: &str, files: &[&Path]) -> bool {
    made(source, files).is_ok_and(|found| found == noted)
}

pub(super) fn save(state: &State, out: &Path) -> anyhow::Result<()> {
    Ok(write_atomically(
        &out.join(STATE),
        format!("{:#}\n", serde_json::to_value(state)?).as_bytes(),
    )?)
}

pub(super) fn key(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(hash)
}
