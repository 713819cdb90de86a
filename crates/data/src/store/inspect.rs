//! What a path holds.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::file_names::MANIFEST;
use super::opening::{folder, open};
use super::options::OpenOptions;
use super::reader::FeatureStore;
use super::refusal::malformed;
use super::{findings, manifest};
use crate::error::Result;
use crate::features::Labels;

/// A class and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: usize,
}

/// How features are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureStorage {
    /// In a feature store.
    Store,
    /// In an array from elsewhere.
    Array,
}

/// What a feature store or an array of features holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoreSummary {
    /// How they are kept.
    pub kind: FeatureStorage,
    /// The path, as given.
    pub path: String,
    /// The model.
    pub model: manifest::ModelInfo,
    /// How far the training of its weights had come, where the loading audit says so.
    pub training: Option<String>,
    /// Name of the data set.
    pub dataset: String,
    /// Its split, or empty.
    pub split: String,
    /// Fingerprint of the images, or empty.
    pub fingerprint: String,
    /// Rows.
    pub rows: usize,
    /// The layers, in network order.
    pub layers: Vec<manifest::LayerInfo>,
    /// The classes that have rows.
    pub classes: Vec<ClassCount>,
    /// Rows without a label.
    pub unlabelled: usize,
    /// SHA-256 over the ids.
    pub ids_sha256: String,
    /// The preprocessing of the images, or null.
    pub preprocess: Value,
    /// The part of the data set, where it is not all of it.
    pub shard: Option<findings::StoreShard>,
    /// Images that were left out.
    pub skipped: Option<findings::Skipped>,
    /// Images that repeat an earlier one.
    pub duplicates: Option<findings::Repeated>,
    /// Precision of the forward pass, or empty.
    pub precision: String,
    /// How far that precision lies from f32, where it was measured.
    pub deviation: Option<findings::Deviation>,
    /// Device of the forward pass, or empty.
    pub device: String,
    /// Versions of the libraries that took part.
    pub versions: std::collections::BTreeMap<String, String>,
    /// What was made of an array's file, a sentence each.
    pub interpretation: Vec<String>,
    /// Files, or parts of the store.
    pub parts: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// True if every part was seen to have the SHA-256 that the manifest says; false for an array, which has none.
    pub verified: bool,
}

/// What the feature store or the array at `path` holds. Of an array the features themselves are not read; the parts of a
/// store are, to compare their SHA-256 with what the manifest says.
///
/// # Errors
/// As [`super::open`], and for a part that is not as it was written.
pub fn summary(path: &Path) -> Result<StoreSummary> {
    let path = folder(path);
    if path.is_dir() {
        let store = FeatureStore::open(path)?;
        store.verify()?;
        let manifest = store.manifest().clone();
        let rows = manifest.rows();
        let files = manifest.parts.iter().map(|p| p.file.as_str()).chain([MANIFEST]);
        let size = |file: &str| std::fs::metadata(path.join(file)).map_or(0, |m| m.len());
        let (classes, unlabelled) = counts(store.labels(), rows);
        return Ok(StoreSummary {
            kind: FeatureStorage::Store,
            path: path.display().to_string(),
            rows,
            classes,
            unlabelled,
            bytes: files.map(size).sum(),
            parts: manifest.parts.len(),
            verified: true,
            training: training(&manifest.model),
            interpretation: Vec::new(),
            model: manifest.model,
            dataset: manifest.data.name,
            split: manifest.data.split,
            fingerprint: manifest.data.fingerprint,
            ids_sha256: manifest.data.ids_sha256,
            layers: manifest.layers,
            preprocess: manifest.preprocess,
            shard: manifest.shard,
            skipped: manifest.data.skipped,
            duplicates: manifest.data.duplicates,
            precision: manifest.precision,
            deviation: manifest.deviation,
            device: manifest.device,
            versions: manifest.versions,
        });
    }
    let options = OpenOptions {
        allow_unknown_calls: true,
        ..OpenOptions::default()
    };
    let sets = open(path, &options)?;
    let Some(first) = sets.first() else {
        return Err(malformed(path, "holds no features"));
    };
    let provenance = first.provenance();
    let (classes, unlabelled) = counts(first.labels(), first.rows());
    let layer = |name: &str, width| manifest::LayerInfo {
        name: name.to_owned(),
        width,
        pooling: String::new(),
    };
    Ok(StoreSummary {
        kind: FeatureStorage::Array,
        path: path.display().to_string(),
        model: manifest::ModelInfo {
            name: provenance.subject.model.clone(),
            ..manifest::ModelInfo::default()
        },
        training: None,
        interpretation: first
            .interpretation()
            .arrays
            .iter()
            .chain(&first.interpretation().labels)
            .cloned()
            .collect(),
        dataset: provenance.subject.dataset.clone(),
        split: provenance.subject.split.clone(),
        fingerprint: String::new(),
        rows: first.rows(),
        layers: sets
            .iter()
            .map(|set| layer(&set.subject().layer, set.width()))
            .collect(),
        classes,
        unlabelled,
        ids_sha256: provenance.ids_sha256.clone(),
        preprocess: Value::Null,
        shard: None,
        skipped: None,
        duplicates: None,
        precision: String::new(),
        deviation: None,
        device: String::new(),
        versions: std::collections::BTreeMap::new(),
        parts: 1,
        verified: false,
        bytes: std::fs::metadata(path).map_or(0, |m| m.len()),
    })
}

/// What the loading audit of a model says of its training.
fn training(model: &manifest::ModelInfo) -> Option<String> {
    let training = model.audit.get("training")?;
    // Older stores call it `said`.
    let progress = training
        .get("progress")
        .or(training.get("said"))
        .and_then(Value::as_str)?;
    Some(match training.get("finished") {
        Some(Value::Bool(false)) => format!("{progress}, saved before the training ended"),
        _ => progress.to_owned(),
    })
}

fn counts(labels: Option<&Labels>, rows: usize) -> (Vec<ClassCount>, usize) {
    let Some(labels) = labels else {
        return (Vec::new(), rows);
    };
    let counts = labels.counts();
    let labelled: usize = counts.iter().sum();
    let class = |(name, rows): (&String, usize)| ClassCount {
        name: name.clone(),
        rows,
    };
    (labels.names().iter().zip(counts).map(class).collect(), rows - labelled)
}
