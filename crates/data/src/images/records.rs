//! Images stored raw, one fixed-size record after another: CIFAR and IDX.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};

use super::raw::{Body, Raw};
use super::source::ImageSource;
use crate::error::{Error, Result};

/// How the pixels of every record lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelLayout {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 3 (planes of red, green, blue) or 1 (grey).
    pub(super) planes: u32,
}

impl PixelLayout {
    /// Bytes of pixels of one image.
    pub(super) fn bytes(self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * u64::from(self.planes)
    }
}

/// One file of records, its size already checked.
pub(super) struct RecordFile {
    pub(super) file: File,
    /// The file as messages show it.
    pub(super) shown: String,
    /// Number of records.
    pub(super) rows: usize,
    /// Where the first one's pixels start.
    pub(super) offset: u64,
    /// From one record to the next; at least the pixels' bytes.
    pub(super) stride: u64,
}

/// All records of one split.
pub(super) struct SplitRecords {
    files: Vec<(usize, Mutex<RecordFile>)>,
    layout: PixelLayout,
    split: String,
}

impl SplitRecords {
    /// The files one after the other.
    pub(super) fn new(files: Vec<RecordFile>, layout: PixelLayout, split: &str) -> Self {
        let mut first = 0;
        let files = files.into_iter().map(|file| {
            let start = first;
            first += file.rows;
            (start, Mutex::new(file))
        });
        Self {
            files: files.collect(),
            layout,
            split: split.to_owned(),
        }
    }

    /// Calls `each` with every row's pixels, reading neighbouring rows together.
    fn visit(&self, rows: &[usize], mut each: impl FnMut(usize, &str, &[u8])) -> Result<()> {
        /// Bytes read at once, or one record if that is larger.
        const BUFFER: usize = 1 << 20;
        let bytes = self.layout.bytes() as usize;
        let mut buffer = Vec::new();
        let mut rest = rows;
        while let Some(&first) = rest.first() {
            let index = self.files.partition_point(|(start, _)| *start <= first) - 1;
            let (start, file) = &self.files[index];
            let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let end = start + file.rows;
            let most = (BUFFER / file.stride as usize).max(1);
            let run = rest
                .iter()
                .take(most)
                .enumerate()
                .take_while(|&(i, &row)| row == first + i && row < end)
                .count();
            buffer.resize((run - 1) * file.stride as usize + bytes, 0);
            let at = file.offset + (first - start) as u64 * file.stride;
            let shown = file.shown.clone();
            file.file
                .seek(SeekFrom::Start(at))
                .and_then(|_| file.file.read_exact(&mut buffer))
                .map_err(Error::io(&shown))?;
            for (i, pixels) in buffer.chunks(file.stride as usize).enumerate() {
                each(first + i, &shown, &pixels[..bytes]);
            }
            rest = &rest[run..];
        }
        Ok(())
    }
}

impl ImageSource for SplitRecords {
    fn id(&self, row: usize) -> String {
        format!("{}/{row:05}", self.split)
    }

    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>> {
        let most = (budget / (self.layout.bytes() as usize).max(1)).max(1);
        let rows = &rows[..rows.len().min(most)];
        let mut images = Vec::with_capacity(rows.len());
        self.visit(rows, |row, shown, pixels| {
            let PixelLayout { width, height, .. } = self.layout;
            let body = Body::Planes {
                width,
                height,
                pixels: pixels.to_vec(),
            };
            images.push(Raw::new(self.id(row), format!("{shown}: image {row}"), body));
        })?;
        Ok(images)
    }

    fn digest(&self, rows: &[usize], hasher: &mut Sha256) -> Result<()> {
        let PixelLayout { width, height, planes } = self.layout;
        [width, height, planes]
            .iter()
            .for_each(|v| hasher.update(v.to_le_bytes()));
        self.visit(rows, |_, _, pixels| hasher.update(pixels))
    }
}
