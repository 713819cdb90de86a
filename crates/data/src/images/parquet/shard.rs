//! One Parquet file of images, its footer checked.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::error::{Error, Result};
use crate::files;
use crate::files::parquet::simple_arrays;

/// Rows decoded from Parquet at once: bounds memory by this many encoded images.
const BATCH: usize = 64;

/// Bytes of a batch, if each of its cells is as large as the largest page.
const BATCH_BYTES: u64 = 256 << 20;

const IMAGE_NAMES: [&str; 6] = ["image", "img", "images", "picture", "jpg", "png"];

/// One file, its footer checked.
pub(super) struct ParquetShard {
    pub(super) path: PathBuf,
    pub(super) shown: String,
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) image_column: usize,
    pub(super) batch: usize,
}

pub(super) fn damaged(shown: &str, reason: impl std::fmt::Display) -> Error {
    files::parquet::damaged(Path::new(shown), &reason)
}

impl ParquetShard {
    pub(super) fn open(path: PathBuf, first: usize) -> Result<Self> {
        let shown = path.display().to_string();
        let mut shard = Self {
            path,
            shown,
            first,
            rows: 0,
            image_column: 0,
            batch: 1,
        };
        let builder = shard.builder()?;
        let largest = files::parquet::largest_page(&shard.path, builder.metadata())?;
        shard.batch = (BATCH_BYTES / largest.max(1)).clamp(1, BATCH as u64) as usize;
        let rows = builder.metadata().file_metadata().num_rows();
        shard.rows = usize::try_from(rows).map_err(|_| damaged(&shard.shown, format!("it claims {rows} rows")))?;
        let fields = builder.schema().fields();
        let is_image = |kind: &DataType| match kind {
            DataType::Binary => true,
            DataType::Struct(inner) => inner
                .iter()
                .any(|f| f.name() == "bytes" && *f.data_type() == DataType::Binary),
            _ => false,
        };
        let candidates: Vec<usize> = (0..fields.len()).filter(|&i| is_image(fields[i].data_type())).collect();
        let usual = candidates
            .iter()
            .copied()
            .find(|&i| IMAGE_NAMES.contains(&fields[i].name().as_str()));
        shard.image_column = match (usual, candidates.as_slice()) {
            (Some(column), _) => column,
            (None, &[only]) => only,
            (None, _) => {
                let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
                return Err(Error::input(format!(
                    "{}: no image column found among {}; expected a struct image {{bytes, path}} or a binary column image",
                    shard.shown,
                    names.join(", ")
                )));
            }
        };
        Ok(shard)
    }

    /// A reader of the file with plain types: dictionaries, views and large variants all arrive as the simple ones.
    pub(super) fn builder(&self) -> Result<ParquetRecordBatchReaderBuilder<File>> {
        simple_arrays(&self.path)
    }

    /// Reads one column from row `skip` of the file on.
    pub(super) fn column(&self, column: usize, batch: usize, skip: usize) -> Result<ParquetRecordBatchReader> {
        let builder = self.builder()?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), [column]);
        let builder = builder.with_projection(mask).with_batch_size(batch).with_offset(skip);
        builder.build().map_err(|e| damaged(&self.shown, e))
    }
}
