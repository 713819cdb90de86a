//! Arrays of plain numbers in a file: their element types, and reading them as rows of f64.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::batches::{Recut, ahead};
use super::dtype::Dtype;
use super::malformed;
use crate::checkpoint::Array;
use crate::error::{Error, Result};
use crate::features::Batches;

/// Bytes read and converted at a time: they stay in the cache in between.
const CHUNK: usize = 1 << 18;

/// Numbers a batch may claim before they are there; beyond it grows with what is read.
const CLAIM: usize = 1 << 24;

/// Where the bytes of an array are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In a file, from `start` on.
    File {
        /// First byte.
        start: u64,
    },
    /// In a member of a zip archive, after `skip` bytes of its content.
    Member {
        /// First byte of the stored or deflated content.
        start: u64,
        /// Bytes of it.
        packed: u64,
        /// Bytes of the content.
        size: u64,
        deflated: bool,
        /// Checksum of the content, where there is one.
        crc: Option<u32>,
        /// Header bytes before the numbers.
        skip: u64,
    },
    /// A tensor of a PyTorch file that is a view with gaps; it is gathered in memory.
    Tensor(Box<Array>),
}

impl Place {
    /// The bytes in order.
    pub(super) fn reader(&self, path: &Path) -> Result<Box<dyn Read>> {
        let open = |start| -> Result<File> {
            let mut file = File::open(path).map_err(Error::io(path))?;
            file.seek(SeekFrom::Start(start)).map_err(Error::io(path))?;
            Ok(file)
        };
        match self {
            Self::File { start } => Ok(Box::new(open(*start)?)),
            &Self::Member {
                start,
                packed,
                size,
                deflated,
                crc,
                skip,
            } => {
                let packed = open(start)?.take(packed);
                let content: Box<dyn Read> = match deflated {
                    true => Box::new(flate2::read::DeflateDecoder::new(BufReader::with_capacity(
                        CHUNK, packed,
                    ))),
                    false => Box::new(packed),
                };
                let mut content = Checked {
                    content,
                    left: size,
                    crc: flate2::Crc::new(),
                    expected: crc,
                };
                let skipped = io::copy(&mut (&mut content).take(skip), &mut io::sink()).map_err(|e| broken(path, e))?;
                if skipped == skip {
                    Ok(Box::new(content))
                } else {
                    Err(malformed(path, "is truncated"))
                }
            }
            Self::Tensor(tensor) => {
                let bytes = tensor.read(path).map_err(|e| broken(path, e))?;
                Ok(Box::new(Cursor::new(bytes)))
            }
        }
    }

    /// The file position of the first byte, where every byte of the array can be reached directly.
    fn direct(&self) -> Option<u64> {
        match self {
            Self::File { start } => Some(*start),
            Self::Member {
                start,
                deflated: false,
                skip,
                ..
            } => Some(start + skip),
            Self::Member { .. } | Self::Tensor(_) => None,
        }
    }
}

/// Checks the checksum of an archive member when its last byte has passed.
struct Checked {
    content: Box<dyn Read>,
    left: u64,
    crc: flate2::Crc,
    expected: Option<u32>,
}

impl Read for Checked {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.content.read(bytes)?;
        self.crc.update(&bytes[..n]);
        self.left = self.left.saturating_sub(n as u64);
        if n > 0 && self.left == 0 && self.expected.is_some_and(|crc| crc != self.crc.sum()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its checksum does not match its content",
            ));
        }
        Ok(n)
    }
}

/// An error while reading the content of a file: ours passed through, the system's, or what the content is.
pub(super) fn broken(path: &Path, error: io::Error) -> Error {
    if error.raw_os_error().is_some() {
        return Error::io(path)(error);
    }
    error
        .downcast::<Error>()
        .unwrap_or_else(|error| malformed(path, format!("is damaged or truncated ({error}); make it again")))
}

/// The value that is not finite, in words.
pub(super) fn not_finite(path: &Path, row: usize, channel: impl fmt::Display, value: f64) -> Error {
    let value = if value.is_nan() { "NaN" } else { "infinite" };
    malformed(
        path,
        format!(
            "row {row}, channel {channel} is {value}; features must be finite (both counted from 0): \
             leave such rows out, or find out what made them"
        ),
    )
}

/// Reads rows of `width` numbers from `content` until it ends or `rows` are there.
pub(super) struct Rows<R> {
    pub(super) path: PathBuf,
    pub(super) content: R,
    pub(super) dtype: Dtype,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) batch_rows: usize,
    /// Rows read.
    pub(super) done: usize,
}

impl<R: Read> Rows<R> {
    fn batch(&mut self, rows: usize) -> Result<Array2<f64>> {
        // A width times a row count that overflows never gets past the size checks of the formats.
        let numbers = rows.saturating_mul(self.width);
        let mut values = Vec::with_capacity(numbers.min(CLAIM));
        let mut buffer = vec![0; CHUNK.min(numbers.saturating_mul(self.dtype.size()))];
        while values.len() < numbers {
            let bytes = buffer
                .len()
                .min((numbers - values.len()).saturating_mul(self.dtype.size()));
            self.content
                .read_exact(&mut buffer[..bytes])
                .map_err(|e| broken(&self.path, e))?;
            let from = values.len();
            self.dtype.widen(&buffer[..bytes], &mut values);
            if let Some(bad) = first_not_finite(&values[from..]) {
                let at = from + bad;
                return Err(not_finite(
                    &self.path,
                    self.done + at / self.width,
                    at % self.width,
                    values[at],
                ));
            }
        }
        self.done += rows;
        Array2::from_shape_vec((rows, self.width), values).map_err(|e| malformed(&self.path, e))
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Array2<f64>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.batch_rows.max(1).min(self.rows - self.done);
        if rows == 0 {
            return None;
        }
        let batch = self.batch(rows);
        if batch.is_err() {
            self.done = self.rows;
        }
        Some(batch)
    }
}

/// The first value that is not finite. Looks at all values without branching first: nearly always there is none.
pub(super) fn first_not_finite(values: &[f64]) -> Option<usize> {
    let finite = values.iter().fold(true, |finite, v| finite & v.is_finite());
    if finite {
        None
    } else {
        values.iter().position(|v| !v.is_finite())
    }
}

/// A two-dimensional array of numbers in a file.
#[derive(Clone, Debug)]
pub(super) struct RawArray {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) dtype: Dtype,
    pub(super) rows: usize,
    pub(super) width: usize,
    /// Column after column.
    pub(super) fortran: bool,
}

impl RawArray {
    /// The rows in batches, read ahead.
    pub(super) fn batches(&self, batch_rows: usize) -> Result<Batches<'static>> {
        let array = self.clone();
        ahead(self.path.display().to_string(), self.rows, move || {
            array.read(batch_rows)
        })
    }

    fn read(self, batch_rows: usize) -> Result<Box<dyn Iterator<Item = Result<Array2<f64>>>>> {
        let Self {
            path,
            place,
            dtype,
            rows,
            width,
            fortran,
        } = self;
        if !fortran {
            let content = place.reader(&path)?;
            return Ok(Box::new(Rows {
                path,
                content,
                dtype,
                rows,
                width,
                batch_rows,
                done: 0,
            }));
        }
        let blocks = |content: Box<dyn ReadSeek>, start| {
            // At least 4,096 rows at once, or 64 MB: a column's piece of a block should be worth its read.
            let block = batch_rows.max(4096.min((1 << 23) / width)).max(1);
            Columns {
                path: path.clone(),
                content,
                start,
                dtype,
                rows,
                width,
                block,
                done: 0,
            }
        };
        let columns = match place.direct() {
            Some(start) => blocks(Box::new(File::open(&path).map_err(Error::io(&path))?), start),
            None => {
                let mut bytes = Vec::new();
                place
                    .reader(&path)?
                    .read_to_end(&mut bytes)
                    .map_err(|e| broken(&path, e))?;
                if bytes.len() != rows.saturating_mul(width).saturating_mul(dtype.size()) {
                    return Err(malformed(&path, "is damaged or truncated; make it again"));
                }
                blocks(Box::new(Cursor::new(bytes)), 0)
            }
        };
        Ok(Box::new(Recut::new(columns, batch_rows)))
    }
}

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Reads blocks of rows of an array kept column after column.
struct Columns {
    path: PathBuf,
    content: Box<dyn ReadSeek>,
    start: u64,
    dtype: Dtype,
    rows: usize,
    width: usize,
    block: usize,
    done: usize,
}

impl Columns {
    fn block(&mut self, rows: usize) -> Result<Array2<f64>> {
        /// Columns turned at once: two cache lines of every row.
        const TILE: usize = 16;
        let size = self.dtype.size();
        let mut block = Array2::zeros((rows, self.width));
        let mut bytes = vec![0; rows * size];
        let mut values = Vec::with_capacity(rows * TILE);
        for first in (0..self.width).step_by(TILE) {
            let columns = TILE.min(self.width - first);
            values.clear();
            for column in first..first + columns {
                let at = (column as u64 * self.rows as u64 + self.done as u64) * size as u64;
                self.content
                    .seek(SeekFrom::Start(self.start + at))
                    .map_err(|e| broken(&self.path, e))?;
                self.content.read_exact(&mut bytes).map_err(|e| broken(&self.path, e))?;
                self.dtype.widen(&bytes, &mut values);
            }
            if let Some(bad) = first_not_finite(&values) {
                return Err(not_finite(
                    &self.path,
                    self.done + bad % rows,
                    first + bad / rows,
                    values[bad],
                ));
            }
            for (row, mut out) in block.outer_iter_mut().enumerate() {
                for column in 0..columns {
                    out[first + column] = values[column * rows + row];
                }
            }
        }
        self.done += rows;
        Ok(block)
    }
}

impl Iterator for Columns {
    type Item = Result<Array2<f64>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.block.min(self.rows - self.done);
        if rows == 0 {
            return None;
        }
        let block = self.block(rows);
        if block.is_err() {
            self.done = self.rows;
        }
        Some(block)
    }
}
