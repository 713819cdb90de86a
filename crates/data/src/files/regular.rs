//! Regular files, the only ones that are opened, and the errors of reading them.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use crate::error::{Error, Result};

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

/// A text in UTF-8 of at most `most` bytes.
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
