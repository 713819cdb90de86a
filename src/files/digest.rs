//! SHA-256 of bytes and files, in hex.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// The digest of what a hasher took in.
pub fn hex(hash: Sha256) -> String {
    format!("{:x}", hash.finalize())
}

/// The digest of a file.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_of(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash_from(path, 0, &mut hash)?;
    Ok(hex(hash))
}

/// Feeds a file from byte `from` on to a hasher.
///
/// # Errors
/// When it cannot be read.
pub fn hash_from(path: &Path, from: u64, hash: &mut Sha256) -> Result<()> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    file.seek(SeekFrom::Start(from)).map_err(Error::io(path))?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => return Ok(()),
            n => hash.update(&buffer[..n]),
        }
    }
}
