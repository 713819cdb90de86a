//! What must hold before a Parquet file from anywhere is read.

use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::pages;
use crate::error::{Error, Result};
use crate::files::regular::open;

/// Opens a Parquet file for its pages.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn parquet(path: &Path) -> Result<SerializedFileReader<File>> {
    let (file, length) = open(path)?;
    let reader = SerializedFileReader::new(file).map_err(|e| damaged(path, &e))?;
    check_ranges(path, reader.metadata(), length)?;
    largest_page(path, reader.metadata())?;
    Ok(reader)
}

/// Opens a Parquet file for its arrays.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn arrays(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    with(path, ArrowReaderOptions::new())
}

/// Opens a Parquet file for arrays of simple types: dictionaries, views and large variants all arrive as plain ones.
///
/// # Errors
/// As [`arrays`].
pub fn simple_arrays(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    with(path, ArrowReaderOptions::new().with_skip_arrow_metadata(true))
}

fn with(path: &Path, options: ArrowReaderOptions) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let (file, length) = open(path)?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| damaged(path, &e))?;
    check_ranges(path, builder.metadata(), length)?;
    largest_page(path, builder.metadata())?;
    Ok(builder)
}

/// The largest page of a file, in bytes, unpacked: what a cell of it can have.
///
/// # Errors
/// As [`arrays`], and for pages that unpack to more than any page is: none was unpacked.
pub fn largest_page(path: &Path, metadata: &ParquetMetaData) -> Result<u64> {
    let (file, _) = open(path)?;
    pages::largest(&file, metadata).map_err(|what| damaged(path, &what))
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
///
/// # Errors
/// Those of `read`, and one for a panic.
pub fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(damaged(path, &"its content makes no sense")))
}

/// The error for a file that is damaged, or no Parquet file.
pub fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    let reason = error.to_string().replace('\n', " ");
    Error::input(format!(
        "{}: not a readable Parquet file ({reason}); it may be truncated or damaged, make it again",
        path.display()
    ))
}
