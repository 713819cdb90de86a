//! Arrays of plain numbers in a file, read as rows of f64.

use std::fmt;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::Array2;

use super::batches::{Recut, ahead};
use super::refusal::malformed;
use crate::error::{Error, Result};
use crate::features::Batches;
use crate::files::{self, Array, Element, Order, broken};

/// Bytes read and converted at a time: they stay in the cache in between.
const CHUNK: usize = 1 << 18;

/// Numbers a batch may claim before they are there; beyond it grows with what is read.
const CLAIM: usize = 1 << 24;

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

/// What the numbers of an array are.
#[derive(Clone, Copy, Debug)]
pub(super) struct NumberKind {
    pub(super) element: Element,
    pub(super) big_endian: bool,
}

impl NumberKind {
    pub(super) fn little(element: Element) -> Self {
        Self {
            element,
            big_endian: false,
        }
    }

    fn size(self) -> usize {
        self.element.size().unwrap_or(1)
    }

    fn widen(self, bytes: &[u8], out: &mut Vec<f64>) {
        self.element.widen(self.big_endian, bytes, out);
    }
}

/// Reads rows of `width` numbers from `content` until it ends or `rows` are there.
pub(super) struct RowReader<R> {
    pub(super) path: PathBuf,
    pub(super) content: R,
    pub(super) kind: NumberKind,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) batch_rows: usize,
    /// Rows read.
    pub(super) done: usize,
}

impl<R: Read> RowReader<R> {
    fn batch(&mut self, rows: usize) -> Result<Array2<f64>> {
        // A width times a row count that overflows never gets past the size checks of the formats.
        let numbers = rows.saturating_mul(self.width);
        let mut values = Vec::with_capacity(numbers.min(CLAIM));
        let mut buffer = vec![0; CHUNK.min(numbers.saturating_mul(self.kind.size()))];
        while values.len() < numbers {
            let bytes = buffer
                .len()
                .min((numbers - values.len()).saturating_mul(self.kind.size()));
            self.content
                .read_exact(&mut buffer[..bytes])
                .map_err(|e| broken(&self.path, e))?;
            let from = values.len();
            self.kind.widen(&buffer[..bytes], &mut values);
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

impl<R: Read> Iterator for RowReader<R> {
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
    path: PathBuf,
    array: Array,
    rows: usize,
    pub(super) width: usize,
}

impl RawArray {
    /// The array as features, or why it cannot be.
    pub(super) fn new(path: &Path, array: Array) -> Result<Self> {
        let described = array.describe();
        let wrong = |what: String| Err(malformed(path, format!("{described}: {what}")));
        if !array.element.is_number() {
            return wrong("features are numbers; save it as an array of f32 or f64".to_owned());
        }
        let &[rows, width] = array.extents() else {
            let advice = if array.shape.len() < 2 {
                "reshape it to (rows, 1), or to (1, channels)"
            } else {
                "pool or reshape it"
            };
            return wrong(format!("features have two dimensions, (rows, channels); {advice}"));
        };
        if rows == 0 || width == 0 {
            let what = if rows == 0 { "rows" } else { "channels" };
            return wrong(format!("has no {what}; features need at least one"));
        }
        let (Ok(rows), Ok(width)) = (usize::try_from(rows), usize::try_from(width)) else {
            return wrong("too large for this machine".to_owned());
        };
        let path = path.to_path_buf();
        Ok(Self {
            path,
            array,
            rows,
            width,
        })
    }

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
            array,
            rows,
            width,
        } = self;
        let kind = NumberKind {
            element: array.element,
            big_endian: array.is_big_endian(),
        };
        if array.order() != Some(Order::Columns) {
            let content = array.reader(&path)?;
            return Ok(Box::new(RowReader {
                path,
                content,
                kind,
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
                kind,
                rows,
                width,
                block,
                done: 0,
            }
        };
        let columns = match array.direct() {
            Some(start) => blocks(Box::new(files::open(&path)?.0), start),
            None => {
                let mut bytes = Vec::new();
                let content = array.reader(&path)?;
                let needed = rows.saturating_mul(width).saturating_mul(kind.size());
                content
                    .take(needed as u64)
                    .read_to_end(&mut bytes)
                    .map_err(|e| broken(&path, e))?;
                if bytes.len() != needed {
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
    kind: NumberKind,
    rows: usize,
    width: usize,
    block: usize,
    done: usize,
}

impl Columns {
    fn block(&mut self, rows: usize) -> Result<Array2<f64>> {
        /// Columns turned at once: two cache lines of every row.
        const TILE: usize = 16;
        let size = self.kind.size();
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
                self.kind.widen(&bytes, &mut values);
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
