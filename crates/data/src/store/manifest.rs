//! The manifest of a feature store, and the fingerprints it holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::findings::{Deviation, Findings, Repeated, Skipped, StoreShard};
use crate::files::hex;

/// The schema every manifest names.
pub const SCHEMA: &str = "featscope/features/1";

/// The model that made the features.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its name, e.g. `SL-MLP`.
    pub name: String,
    /// Which run of it, e.g. its seed, where the model is a set of runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The step of training, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Its architecture, e.g. `resnet50`.
    pub arch: String,
    /// SHA-256 (hex) of the checkpoint file.
    pub sha256: String,
    /// The branch of the checkpoint that was used (student, teacher, query…), or empty.
    #[serde(default)]
    pub branch: String,
    /// What the loading audit said.
    #[serde(default)]
    pub audit: Value,
}

/// The images that were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Name of the data set.
    pub name: String,
    /// Its split, or empty.
    pub split: String,
    /// Fingerprint of the images.
    pub fingerprint: String,
    /// Class names; a label is an index into them. May name classes that have no row.
    pub classes: Vec<String>,
    /// [`ids_sha256`](crate::features::ids_sha256) of the rows. The writer fills it in.
    #[serde(default)]
    pub ids_sha256: String,
    /// Images that were left out. Known when the last one was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// Images that repeat an earlier one. Known when the last one was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Repeated>,
}

/// One layer: one column of the parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerInfo {
    /// Its name, e.g. `stage1`, `backbone`, `projector.0`.
    pub name: String,
    /// Channels.
    pub width: usize,
    /// How positions were pooled: `average`, `class token`, `none`…
    pub pooling: String,
}

/// One Parquet file of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// File name, without a folder.
    pub file: String,
    /// Rows in it.
    pub rows: usize,
    /// SHA-256 (hex) of the file.
    pub sha256: String,
}

/// What a store holds, known before the first row is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The model.
    pub model: ModelInfo,
    /// The data set.
    pub data: DataInfo,
    /// The part of the data set, where it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<StoreShard>,
    /// The preprocessing of the images, as written by extraction.
    pub preprocess: Value,
    /// The layers, in network order.
    pub layers: Vec<LayerInfo>,
    /// Precision of the forward pass: `f32`, `bf16`, `f16`.
    pub precision: String,
    /// Device of the forward pass.
    pub device: String,
    /// Versions of the libraries that took part.
    pub versions: BTreeMap<String, String>,
}

/// `manifest.json` of a feature store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The model.
    pub model: ModelInfo,
    /// The data set.
    pub data: DataInfo,
    /// The part of the data set, where it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<StoreShard>,
    /// The preprocessing of the images.
    pub preprocess: Value,
    /// [`value_sha256`] of `preprocess`.
    pub preprocess_sha256: String,
    /// The layers, in network order.
    pub layers: Vec<LayerInfo>,
    /// Precision of the forward pass.
    pub precision: String,
    /// How far that precision lies from f32, where it is not f32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<Deviation>,
    /// Device of the forward pass.
    pub device: String,
    /// Versions of the libraries that took part.
    pub versions: BTreeMap<String, String>,
    /// The Parquet files, in row order.
    pub parts: Vec<Part>,
}

impl Description {
    pub(super) fn into_manifest(self, ids_sha256: String, found: Findings, parts: Vec<Part>) -> Manifest {
        Manifest {
            schema: SCHEMA.to_owned(),
            model: self.model,
            data: DataInfo {
                ids_sha256,
                skipped: found.skipped,
                duplicates: found.duplicates,
                ..self.data
            },
            shard: self.shard,
            preprocess_sha256: value_sha256(&self.preprocess),
            preprocess: self.preprocess,
            layers: self.layers,
            precision: self.precision,
            deviation: found.deviation,
            device: self.device,
            versions: self.versions,
            parts,
        }
    }
}

impl Manifest {
    /// All rows.
    pub fn rows(&self) -> usize {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.rows))
    }

    /// What was known before the first row was written.
    pub(super) fn description(&self) -> Description {
        let this = self.clone();
        Description {
            model: this.model,
            data: DataInfo {
                ids_sha256: String::new(),
                skipped: None,
                duplicates: None,
                ..this.data
            },
            shard: this.shard,
            preprocess: this.preprocess,
            layers: this.layers,
            precision: this.precision,
            device: this.device,
            versions: this.versions,
        }
    }

    /// The split, and which shard of it this is: whoever names the data set names the shard with it, so that a shard is
    /// never taken for the whole.
    pub fn split(&self) -> String {
        match (&self.shard, self.data.split.as_str()) {
            (None, split) => split.to_owned(),
            (Some(shard), "") => shard.to_string(),
            (Some(shard), split) => format!("{split} {shard}"),
        }
    }

    pub(super) fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("a manifest holds only strings, counts and JSON values");
        text.push('\n');
        text
    }
}

/// SHA-256 (hex) of a JSON value in its compact form: the fingerprint of a preprocessing description.
pub fn value_sha256(value: &Value) -> String {
    hex(Sha256::new_with_prefix(value.to_string()))
}
