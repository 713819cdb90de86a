//! How long names and texts may be.

use std::path::Path;

use crate::error::{Error, Result};

/// The longest label, class or id, in bytes.
const MAX_NAME: usize = 1 << 16;

/// Refuses a label, class or id that is no name, but data; `what` says what it is.
///
/// # Errors
/// For a text of more than 65,536 bytes.
pub fn check_name(path: &Path, what: &str, name: &str) -> Result<()> {
    match name.len() > MAX_NAME {
        true => Err(Error::input(format!(
            "{}: {what} of {} bytes; expected a name of at most {MAX_NAME}",
            path.display(),
            name.len()
        ))),
        false => Ok(()),
    }
}

/// The largest file of one label a line, in bytes.
pub const MAX_LIST: u64 = 256 << 20;

/// The largest file of names, notes or settings, in bytes: those of data sets with a million classes fit.
pub const MAX_TEXT: u64 = 64 << 20;
