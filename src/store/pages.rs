//! The numbers of a list column of a Parquet file, page by page.
//!
//! The general Parquet reader rebuilds lists from their repetition levels at some 0.4 GB/s. Lists of one fixed width in
//! which nothing can be missing need no rebuilding: their values follow each other in the pages as they do in the array.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::dtype::{Dtype, Number};
use super::malformed;
use crate::error::{Error, Result};

/// Opens a Parquet file for its pages.
pub(super) fn parquet(path: &Path) -> Result<SerializedFileReader<File>> {
    let (file, length) = open(path)?;
    let reader = SerializedFileReader::new(file).map_err(|e| damaged(path, &e))?;
    check_ranges(path, reader.metadata(), length)?;
    Ok(reader)
}

/// Opens a Parquet file for its arrays.
pub(super) fn arrays(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let (file, length) = open(path)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(path, &e))?;
    check_ranges(path, builder.metadata(), length)?;
    Ok(builder)
}

fn open(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path).map_err(Error::io(path))?;
    let length = file.metadata().map_err(Error::io(path))?.len();
    Ok((file, length))
}

/// Refuses a footer that points outside the file, before anything is allocated or read by it.
fn check_ranges(path: &Path, metadata: &ParquetMetaData, length: u64) -> Result<()> {
    let fits = |chunk: &ColumnChunkMetaData| {
        let start = u64::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset()));
        let size = u64::try_from(chunk.compressed_size());
        let end = start
            .ok()
            .zip(size.ok())
            .and_then(|(start, size)| start.checked_add(size));
        end.is_some_and(|end| end <= length) && chunk.num_values() >= 0
    };
    let groups = metadata.row_groups();
    if groups
        .iter()
        .all(|group| group.num_rows() >= 0 && group.columns().iter().all(fits))
    {
        return Ok(());
    }
    Err(damaged(path, &"its footer points outside the file"))
}

/// Runs what reads a Parquet file; on some damaged files the Parquet reader panics, which is an error like any other.
pub(super) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(damaged(path, &"its content makes no sense")))
}

pub(super) fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    malformed(
        path,
        format!("not a readable Parquet file ({error}); it may be truncated or damaged, make it again"),
    )
}

/// The leaf and the element type of the list column `name`, where its values can be taken straight from the pages.
pub(super) fn plain_list(file: &SerializedFileReader<File>, name: &str) -> Option<(usize, Dtype)> {
    let metadata = file.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let leaf = schema
        .columns()
        .iter()
        .position(|c| c.path().parts().first().is_some_and(|root| root == name))?;
    let column = schema.column(leaf);
    let required = column.max_rep_level() == 1 && column.max_def_level() == 1;
    let number = match column.physical_type() {
        Type::FLOAT => Number::F32,
        Type::DOUBLE => Number::F64,
        _ => return None,
    };
    let plain = metadata.row_groups().iter().all(|group| {
        let chunk = group.column(leaf);
        chunk.dictionary_page_offset().is_none()
            && chunk.encodings().all(|e| matches!(e, Encoding::PLAIN | Encoding::RLE))
    });
    (required && plain).then_some((leaf, Dtype::little(number)))
}

/// The values of one leaf, in order, as bytes.
pub(super) struct ListValues {
    path: PathBuf,
    size: usize,
    /// The pages of each row group.
    groups: VecDeque<Box<dyn PageReader>>,
    page: Option<Page>,
    /// Bytes of the page that have been given away.
    taken: usize,
}

impl ListValues {
    /// `leaf` and `dtype` as [`plain_list`] gave them.
    pub(super) fn new(path: &Path, file: &SerializedFileReader<File>, leaf: usize, dtype: Dtype) -> Result<Self> {
        let pages = |group| file.get_row_group(group)?.get_column_page_reader(leaf);
        let groups: parquet::errors::Result<_> = (0..file.num_row_groups()).map(pages).collect();
        let groups = groups.map_err(|e| damaged(path, &e))?;
        Ok(Self {
            path: path.to_path_buf(),
            size: dtype.size(),
            groups,
            page: None,
            taken: 0,
        })
    }

    /// Moves to the next page; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        while let Some(pages) = self.groups.front_mut() {
            match pages.get_next_page().map_err(|e| self.broken(&e.to_string()))? {
                Some(page) => {
                    self.taken = self.values_start(&page)?;
                    self.page = Some(page);
                    return Ok(true);
                }
                None => drop(self.groups.pop_front()),
            }
        }
        Ok(false)
    }

    /// Where the values of a page begin: behind its repetition and definition levels.
    fn values_start(&self, page: &Page) -> io::Result<usize> {
        let (buffer, values, encoding, start) = match page {
            Page::DataPage {
                buf,
                num_values,
                encoding,
                ..
            } => {
                // Each kind of level: a length in four bytes, then as many bytes.
                let levels = |at: usize| -> Option<usize> {
                    let length = buf.get(at..at.checked_add(4)?)?;
                    let length = u32::from_le_bytes(length.try_into().ok()?);
                    at.checked_add(4)?.checked_add(length as usize)
                };
                (buf, *num_values, *encoding, levels(0).and_then(levels))
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let levels = (*def_levels_byte_len as usize).checked_add(*rep_levels_byte_len as usize);
                (buf, *num_values, *encoding, levels)
            }
            Page::DictionaryPage { .. } => return Err(self.broken("a dictionary where plain values were promised")),
        };
        let start = start.unwrap_or(usize::MAX);
        let bytes = (values as usize).saturating_mul(self.size);
        if encoding == Encoding::PLAIN && start <= buffer.len() && buffer.len() - start == bytes {
            return Ok(start);
        }
        Err(self.broken("a page does not hold the values it claims"))
    }

    fn broken(&self, what: &str) -> io::Error {
        io::Error::other(damaged(&self.path, &what))
    }
}

impl Read for ListValues {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(page) = &self.page {
                let left = page.buffer().get(self.taken..).unwrap_or_default();
                if !left.is_empty() {
                    let n = left.len().min(out.len());
                    out[..n].copy_from_slice(&left[..n]);
                    self.taken += n;
                    return Ok(n);
                }
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}
