//! Labels from files of any kind: one name per row.

use std::path::{Path, PathBuf};

use super::choice::labels_of;
use super::extension::extension;
use super::held::{held, id_columns, is_container};
use super::row_ids::LabelledIds;
use super::{label_text, table};
use crate::error::Result;
use crate::files::UnknownCalls;
use crate::store::refusal::malformed;

/// `STEM_labels.npy`.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push("_labels.npy");
    path.with_file_name(name)
}

/// The labels in a file, for features of so many rows (which tells a header line from a label). Adds to `calls` what loading
/// them elsewhere would call.
///
/// # Errors
/// When the file cannot be read, or holds none.
pub(super) fn read(file: &Path, rows: usize, calls: &mut UnknownCalls) -> Result<LabelledIds> {
    let extension = extension(file);
    match extension.as_str() {
        "csv" | "tsv" | "txt" => label_text::labels(file, &extension, rows),
        "parquet" => table::labels(file),
        other if is_container(other) => {
            let held = held(file, other)?;
            calls.extend(&held.calls);
            let (labels, ids) = labels_of(file, held)?;
            Ok(LabelledIds {
                labels: labels.column(file, calls)?,
                ids: id_columns(file, &ids, calls)?,
            })
        }
        _ => Err(malformed(
            file,
            "labels are read from .npy, .npz, .safetensors, .pt, .parquet, .csv, .tsv and .txt; save them so",
        )),
    }
}
