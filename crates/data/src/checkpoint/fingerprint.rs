//! What a checkpoint is by its bytes.

use std::path::Path;

use super::claim::DESCRIPTIONS;
use super::folder::is_index;
use super::weights::Checkpoint;
use crate::error::Result;
use crate::files::sha256_of;

/// What a checkpoint is by its bytes, without opening a single file: an index stands for its shards, and the descriptions beside a
/// published model tell what its network computes and how its images are prepared.
///
/// # Errors
/// When a file cannot be read, and for an index whose shards are not those that it names.
pub fn fingerprint(path: &Path) -> Result<String> {
    let weights = match is_index(path) {
        true => Checkpoint::open(path)?.sha256()?.to_owned(),
        false => sha256_of(path)?,
    };
    let mut print = weights;
    for name in DESCRIPTIONS {
        let beside = path.with_file_name(name);
        if beside.is_file() {
            print = format!("{print} {}", sha256_of(&beside)?);
        }
    }
    Ok(print)
}
