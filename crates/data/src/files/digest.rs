//! SHA-256 of bytes and files, in hex.

use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};

/// The digest of all that was given to a hasher.
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

/// The digest of what is read.
///
/// # Errors
/// When it cannot be read.
pub fn digest(from: &mut impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(from, &mut hash)?;
    Ok(hex(hash))
}

/// Feeds a file from byte `from` on to a hasher.
///
/// # Errors
/// When it cannot be read.
pub fn hash_from(path: &Path, from: u64, hash: &mut Sha256) -> Result<()> {
    let (mut file, _) = super::regular::open(path)?;
    file.seek(SeekFrom::Start(from)).map_err(Error::io(path))?;
    io::copy(&mut BufReader::with_capacity(1 << 18, file), hash).map_err(Error::io(path))?;
    Ok(())
}
