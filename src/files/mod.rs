//! Bytes nobody trusts: one layer that reads what users have, for feature stores, checkpoints and images alike.
//!
//! npy and npz, safetensors, torch's files and other pickles, zip directories, Parquet's guards, delimited text, digests; and
//! writing whole files or none.
//! No length is believed before the file was seen to hold it, of what is stated twice both must agree, and nothing is
//! ever executed.

mod array;
mod atomic;
mod container;
mod digest;
mod element;
mod npy;
pub mod parquet;
mod pickle;
mod place;
mod plain;
mod safetensors;
mod strides;
pub mod text;
mod torch;
mod unknown;
mod zip;

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::{Error, Result};

pub use array::{Array, Order, integral};
pub use atomic::{write_atomically, write_atomically_with};
pub use container::{Container, Opaque, one_line, one_sentence};
pub use digest::{digest, hash_from, hex, sha256_of};
pub use element::Element;
pub use npy::{npy, npz};
pub use plain::PlainPickle;
pub use safetensors::{MAX_HEADER, Once};
pub use unknown::{UnknownCall, UnknownCalls};
pub use zip::Directory;

/// Opens a file that is one: no folder, pipe or device. Gives its length too.
///
/// # Errors
/// When it cannot be opened, or is no regular file.
pub fn open(path: &Path) -> Result<(File, u64)> {
    // A pipe would be waited for before it could be told from a file.
    let about = std::fs::metadata(path).map_err(Error::io(path))?;
    if !about.is_file() {
        let what = if about.is_dir() {
            "a folder"
        } else {
            "not a regular file"
        };
        return Err(Error::input(format!("{}: is {what}; expected a file", path.display())));
    }
    Ok((File::open(path).map_err(Error::io(path))?, about.len()))
}

/// An error while reading the content of a file: ours passed through, the system's, or what the content is.
pub fn broken(path: &Path, error: io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::io(path)(error);
    }
    error.downcast::<Error>().unwrap_or_else(|error| {
        Error::input(format!(
            "{}: is damaged or truncated ({error}); make it again",
            path.display()
        ))
    })
}
