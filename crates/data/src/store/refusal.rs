//! Errors about what lies at a path.

use std::path::Path;

use crate::error::Error;

/// Malformed input at `path`.
pub(super) fn malformed(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::input(format!("{}: {what}", path.display()))
}
