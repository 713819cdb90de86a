//! Where a data set lies, and in which layout.

use std::path::PathBuf;

use super::format::DatasetFormat;

/// A data set found: where, and in which layout.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) format: DatasetFormat,
    /// The folder or file that holds it.
    pub(super) path: PathBuf,
    /// The path as messages show it.
    pub(super) shown: String,
    /// Where the images of annotations lie, if the user says so.
    pub(super) pictures: Option<PathBuf>,
}
