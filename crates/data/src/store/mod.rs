//! Features on disk: the feature store that extraction writes, and arrays that other programs wrote.
//!
//! [`open`] takes any path that holds features and gives one [`FeatureSet`](crate::features::FeatureSet) per layer, whatever the format. All of them
//! are read in batches, without mapping; every value is checked to be finite on reading, so that later code need not check.
//!
//! What is held in memory while reading: the labels and, of arrays that cannot be streamed, the array in its stored type
//! (tensors with gaps in `.pt` files, *compressed* column-order arrays of `.npz` and `.pt`). Everything else needs
//! memory for a few batches, whatever the number of rows.

mod batches;
mod columns;
mod file_names;
mod findings;
mod folders;
mod foreign;
mod inspect;
mod journal;
mod manifest;
mod manifest_file;
mod opening;
mod options;
mod places;
mod raw;
mod reader;
mod refusal;
mod renamed;
mod sample;
mod seen_ids;
mod sides;
mod sound;
mod standing;
mod writer;

pub use findings::{Deviation, Findings, LayerDeviation, Repeated, Skipped, SkippedImage, StoreShard};
pub use folders::{has_stores, is_store, is_store_manifest, stores_in};
pub use foreign::{extension, holds_features, lists_files};
pub use inspect::{ClassCount, FeatureStorage, StoreSummary, summary};
pub use manifest::{DataInfo, Description, LayerInfo, Manifest, ModelInfo, Part, SCHEMA, value_sha256};
pub use opening::open;
pub use options::{GroupsFrom, OpenOptions};
pub use reader::FeatureStore;
pub use sample::gather;
pub use standing::{Standing, standing};
pub use writer::{PART_ROWS, TakenUp, Writer};
