//! Where an array's bytes are in a file, and reading them.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _, SeekFrom};
use std::sync::Arc;

use flate2::read::DeflateDecoder;

/// Bytes inflated at a time.
const CHUNK: usize = 1 << 18;

/// How a run of bytes is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// As a deflated zip entry of so many bytes.
    Deflated(u64),
    /// Not in the file as they are: inside a pickle, from which they were taken.
    Held(SharedBytes),
}

/// Bytes in memory that several arrays may share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A run of bytes in a file; it was seen to lie within the file.
#[derive(Clone, Debug)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// Bytes, unpacked.
    pub len: u64,
    /// How they are stored.
    pub packing: Packing,
    /// Checksum of all of it, where there is one.
    pub crc: Option<u32>,
}

impl ByteRange {
    /// Plain bytes of a file.
    pub fn plain(start: u64, len: u64) -> Self {
        Self {
            start,
            len,
            packing: Packing::Plain,
            crc: None,
        }
    }

    /// Bytes that were taken from a pickle.
    pub fn held(bytes: Arc<Vec<u8>>) -> Self {
        Self {
            start: 0,
            len: bytes.len() as u64,
            packing: Packing::Held(SharedBytes(bytes)),
            crc: None,
        }
    }

    /// The bytes in order. What is read to its end is checked against the checksum.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn reader<'a>(&self, mut file: impl Read + io::Seek + 'a) -> io::Result<Box<dyn Read + 'a>> {
        file.seek(SeekFrom::Start(self.start))?;
        let content: Box<dyn Read + 'a> = match &self.packing {
            Packing::Held(bytes) => Box::new(Cursor::new(bytes.clone())),
            Packing::Plain => Box::new(file.take(self.len)),
            Packing::Deflated(packed) => {
                let packed = BufReader::with_capacity(CHUNK, file.take(*packed));
                Box::new(DeflateDecoder::new(packed).take(self.len))
            }
        };
        Ok(match self.crc {
            None => content,
            Some(expected) => Box::new(Checked {
                content,
                left: self.len,
                crc: flate2::Crc::new(),
                expected,
            }),
        })
    }

    /// `len` bytes from `skip` on. What is read whole is checked against its checksum.
    ///
    /// # Errors
    /// When the file cannot be read, ends too early, or its checksum is wrong.
    pub fn read(&self, file: &mut File, skip: u64, len: u64) -> io::Result<Vec<u8>> {
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "its bytes end too early");
        if skip.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(short());
        }
        let mut bytes = Vec::new();
        match self.packing {
            // Only a reading from the start to the end can be checked.
            Packing::Plain if (skip, len) != (0, self.len) => {
                file.seek(SeekFrom::Start(self.start + skip))?;
                // The place lies within the file, which was seen when it was opened.
                bytes.reserve_exact(len as usize);
                file.take(len).read_to_end(&mut bytes)?;
            }
            _ => {
                let mut content = self.reader(file)?;
                io::copy(&mut content.by_ref().take(skip), &mut io::sink())?;
                content.take(len).read_to_end(&mut bytes)?;
            }
        }
        if bytes.len() as u64 == len {
            Ok(bytes)
        } else {
            Err(short())
        }
    }
}

/// Compares the checksum of an archive member when its last byte has passed.
struct Checked<R> {
    content: R,
    left: u64,
    crc: flate2::Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(bytes)?;
        self.crc.update(&bytes[..n]);
        self.left = self.left.saturating_sub(n as u64);
        if n > 0 && self.left == 0 && self.expected != self.crc.sum() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"));
        }
        Ok(n)
    }
}
