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
mod lock;
mod npy;
mod numbers;
pub mod parquet;
mod pickle;
mod place;
mod plain;
mod safetensors;
mod start;
mod strides;
mod temporary;
pub mod text;
mod torch;
mod unknown;
mod zip;

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use crate::error::{Error, Result};

pub use array::{Array, Order, integral};
/// What a label, a class or an id has at most, in bytes.
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

/// What a file of a label in each line has at most, in bytes.
pub const MAX_LIST: u64 = 256 << 20;

/// What a file of names, notes or settings has at most, in bytes: those of data sets with a million classes fit.
pub const MAX_TEXT: u64 = 64 << 20;

pub use atomic::{write_atomically, write_atomically_with};
pub use container::{Container, Opaque};
pub use digest::{digest, hash_from, hex, sha256_of};
pub use element::Element;
pub use lock::{Lock, lock};
pub use npy::{npy, npz};
pub use numbers::Numbers;
pub use plain::PlainPickle;
pub use safetensors::{MAX_HEADER, Once};
pub use start::{is_safetensors, is_zip, is_zip_or_pickle};
pub use temporary::{is_temporary, sweep, temporary_folder};
pub use torch::Script;
pub use unknown::{UnknownCall, UnknownCalls};
pub use zip::Directory;

/// Opens a file that is one: no folder, pipe or device. Gives its length too. Every file that is read is opened here.
///
/// # Errors
/// When it cannot be opened, or is no regular file.
pub fn open(path: &Path) -> Result<(File, u64)> {
    // A pipe would be waited for before it could be told from a file.
    length(path, &std::fs::metadata(path).map_err(Error::io(path))?)?;
    let file = File::open(path).map_err(Error::io(path))?;
    // What has its name by now.
    let length = length(path, &file.metadata().map_err(Error::io(path))?)?;
    Ok((file, length))
}

fn length(path: &Path, about: &Metadata) -> Result<u64> {
    if about.is_file() {
        return Ok(about.len());
    }
    let what = match about.is_dir() {
        true => "a folder",
        false => "not a regular file",
    };
    Err(Error::input(format!("{}: is {what}; expected a file", path.display())))
}

/// The bytes of a file that has at most `most` of them.
///
/// # Errors
/// As [`open`], and for a longer file.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let (file, length) = open(path)?;
    let mut bytes = Vec::with_capacity(length.min(most) as usize);
    // It may be growing.
    file.take(most + 1).read_to_end(&mut bytes).map_err(Error::io(path))?;
    match bytes.len() as u64 > most {
        true => Err(Error::input(format!(
            "{}: has {} bytes; expected such a file of at most {most}",
            path.display(),
            length.max(most + 1)
        ))),
        false => Ok(bytes),
    }
}

/// The same of a text in UTF-8.
///
/// # Errors
/// As [`read`], and for bytes that are no such text.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    String::from_utf8(read(path, most)?)
        .map_err(|_| Error::input(format!("{}: is no text in UTF-8; save it as that", path.display())))
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
