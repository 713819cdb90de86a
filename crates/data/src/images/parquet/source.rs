//! The images of Parquet files, read batch by batch.

use std::path::Path;
use std::sync::Mutex;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray, StructArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use sha2::{Digest as _, Sha256};

use super::labels;
use super::shard::{ParquetShard, damaged};
use crate::error::{Error, Result};
use crate::files::parquet::guarded;
use crate::files::{self, hash_from};
use crate::images::files::{HASH_WHOLE, MAX_FILE, within};
use crate::images::located::Located;
use crate::images::raw::{Body, Raw};
use crate::images::shards;
use crate::images::source::{ImageSource, SplitContents};

/// What the files' names end in.
pub(in crate::images) const ENDING: &str = "parquet";

pub(in crate::images) fn open(at: &Located, split: &str) -> Result<SplitContents> {
    let paths = shards::paths(at, ENDING, split)?;
    let prefix = match at.path.file_stem().filter(|_| at.path.is_file()) {
        Some(stem) => stem.to_string_lossy().into_owned(),
        None if split.is_empty() => "row".to_owned(),
        None => split.to_owned(),
    };
    let (mut shards, mut columns) = (Vec::new(), Vec::new());
    let mut first = 0;
    for path in paths {
        let at = path.clone();
        let (shard, column) = guarded(&at, || {
            let shard = ParquetShard::open(path, first)?;
            let column = labels::read(&shard)?;
            Ok((shard, column))
        })?;
        columns.push(column);
        first += shard.rows;
        shards.push(shard);
    }
    let (classes, labels) = labels::join(columns, &shards)?;
    Ok(SplitContents {
        classes,
        labels,
        left_out: Vec::new(),
        source: Box::new(ParquetImages {
            shards,
            prefix,
            cursor: Mutex::new(None),
        }),
    })
}

/// A file being read in order.
struct Cursor {
    shard: usize,
    reader: ParquetRecordBatchReader,
    /// Row of the file that `batch` starts at.
    start: usize,
    batch: Images,
}

/// The image column of one batch.
struct Images {
    bytes: BinaryArray,
    paths: Option<StringArray>,
    rows: Option<StructArray>,
}

impl Images {
    fn new(batch: &RecordBatch, shown: &str) -> Result<Self> {
        let column: &ArrayRef = batch
            .columns()
            .first()
            .ok_or_else(|| damaged(shown, "a batch has no column"))?;
        let wrong = || damaged(shown, "its image column changes type");
        if let Some(bytes) = column.as_binary_opt::<i32>() {
            return Ok(Self {
                bytes: bytes.clone(),
                paths: None,
                rows: None,
            });
        }
        let rows = column.as_struct_opt().ok_or_else(wrong)?;
        let bytes = rows
            .column_by_name("bytes")
            .and_then(|c| c.as_binary_opt::<i32>())
            .ok_or_else(wrong)?
            .clone();
        let paths = rows
            .column_by_name("path")
            .and_then(|c| c.as_string_opt::<i32>())
            .cloned();
        Ok(Self {
            bytes,
            paths,
            rows: Some(rows.clone()),
        })
    }

    fn body(&self, i: usize) -> Body {
        if self.rows.as_ref().is_some_and(|r| r.is_null(i)) {
            return Body::Missing("the row has no image".to_owned());
        }
        let size = self.bytes.value_length(i) as u64;
        if size > MAX_FILE {
            return Body::Missing(format!("{size} bytes are too many for an image"));
        }
        if self.bytes.is_valid(i) {
            return Body::Encoded(self.bytes.value(i).to_vec());
        }
        match self.paths.as_ref().filter(|p| p.is_valid(i)) {
            Some(paths) => Body::Missing(format!("the row has no bytes, only the path {:?}", paths.value(i))),
            None => Body::Missing("the row has no bytes".to_owned()),
        }
    }
}

struct ParquetImages {
    shards: Vec<ParquetShard>,
    prefix: String,
    cursor: Mutex<Option<Cursor>>,
}

impl ParquetImages {
    /// Moves the cursor to the batch that holds a row: onwards where it can, else from the start of a file.
    fn seek<'a>(&self, cursor: &'a mut Option<Cursor>, row: usize) -> Result<(&'a Cursor, usize)> {
        let shard = self.shards.partition_point(|s| s.first <= row) - 1;
        let at = &self.shards[shard];
        let wanted = row - at.first;
        let mut current = match cursor.take() {
            Some(c) if c.shard == shard && c.start <= wanted => c,
            _ => {
                let mut reader = at.column(at.image_column, at.batch, wanted)?;
                let batch = next(&mut reader, at)?;
                Cursor {
                    shard,
                    reader,
                    start: wanted,
                    batch,
                }
            }
        };
        while current.start + current.batch.bytes.len() <= wanted {
            current.start += current.batch.bytes.len();
            current.batch = next(&mut current.reader, at)?;
        }
        let current = cursor.insert(current);
        Ok((current, wanted - current.start))
    }
}

fn next(reader: &mut ParquetRecordBatchReader, at: &ParquetShard) -> Result<Images> {
    let batch = reader
        .next()
        .ok_or_else(|| damaged(&at.shown, format!("it claims {} rows but has fewer", at.rows)))?;
    Images::new(&batch.map_err(|e| damaged(&at.shown, e))?, &at.shown)
}

impl ImageSource for ParquetImages {
    fn id(&self, row: usize) -> String {
        format!("{}/{row:05}", self.prefix)
    }

    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>> {
        let mut cursor = self.cursor.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        within(rows, budget, |row| {
            let shard = &self.shards[self.shards.partition_point(|s| s.first <= row) - 1];
            let (current, i) = guarded(&shard.path, || self.seek(&mut cursor, row))?;
            let body = current.batch.body(i);
            Ok(Raw::new(
                self.id(row),
                format!("{}: row {}", shard.shown, row - shard.first),
                body,
            ))
        })
    }

    fn digest(&self, _rows: &[usize], hasher: &mut Sha256) -> Result<()> {
        let size = |s: &ParquetShard| std::fs::metadata(&s.path).map(|m| m.len()).map_err(Error::io(&s.path));
        let sizes = self.shards.iter().map(size).collect::<Result<Vec<u64>>>()?;
        let whole = sizes.iter().sum::<u64>() <= HASH_WHOLE;
        for (shard, size) in self.shards.iter().zip(sizes) {
            hasher.update(size.to_le_bytes());
            // The footer holds every column chunk's size, offset and statistics.
            let from = if whole {
                0
            } else {
                size.saturating_sub(footer(&shard.path)?)
            };
            hash_from(&shard.path, from, hasher)?;
        }
        Ok(())
    }
}

/// Bytes of a Parquet file's footer, its length and magic included.
fn footer(path: &Path) -> Result<u64> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut end = [0; 8];
    let (mut file, _) = files::open(path)?;
    file.seek(SeekFrom::End(-8))
        .and_then(|_| file.read_exact(&mut end))
        .map_err(Error::io(path))?;
    Ok(u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]])) + 8)
}
