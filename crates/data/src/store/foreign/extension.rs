//! Endings of file names.

use std::path::Path;

/// The lower-case extension of a path.
pub fn extension(path: &Path) -> String {
    path.extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}
