//! The tensors of a PyTorch file as plain arrays, for those who keep features and labels in such files.

use std::fs::File;
use std::io;
use std::path::Path;

use super::super::element::Element;
use super::source::{Packing, Stored};
use super::{one_sentence, read_torch};
use crate::error::Result;

/// A tensor of a PyTorch file; its elements are not read yet.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    /// Its name, those of the containers around it first; empty where the file is the tensor.
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    stored: Stored,
}

/// Where elements without gaps between them lie in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// First byte of the storage they belong to.
    pub(crate) start: u64,
    /// Bytes of the storage.
    pub(crate) size: u64,
    /// Bytes of it in the file, where it is deflated.
    pub(crate) deflated: Option<u64>,
    /// Checksum of the storage, where there is one.
    pub(crate) crc: Option<u32>,
    /// Bytes of the storage before the first element.
    pub(crate) skip: u64,
    /// Whether they lie column after column.
    pub(crate) by_column: bool,
}

impl Array {
    pub(crate) fn element(&self) -> Element {
        self.stored.element
    }

    /// Whether [`Array::run`] has its elements' most significant byte first.
    pub(crate) fn is_big_endian(&self) -> bool {
        self.stored.big_endian
    }

    /// Where the elements lie; `None` where there are gaps between them.
    pub(crate) fn run(&self) -> Option<Run> {
        let place = self.stored.place;
        let (offset, by_column) = match &self.stored.view {
            None => (0, false),
            Some(view) if view.is_contiguous() => (view.offset, false),
            Some(view) if view.is_contiguous_by_column() => (view.offset, true),
            Some(_) => return None,
        };
        Some(Run {
            start: place.start,
            size: place.len,
            deflated: match place.packing {
                Packing::Plain => None,
                Packing::Deflated(packed) => Some(packed),
            },
            crc: place.crc,
            skip: offset * self.stored.element.size(),
            by_column,
        })
    }

    /// All elements: row after row, little-endian.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.stored.read(&mut File::open(path)?)
    }
}

/// Every tensor of a PyTorch file, by name; read as carefully as a checkpoint.
///
/// # Errors
/// When the file cannot be read, is no PyTorch file, or is damaged or hostile.
pub(crate) fn arrays(path: &Path) -> Result<Vec<Array>> {
    let (_, mut opened) = read_torch(path).map_err(one_sentence)?;
    let tensors = std::mem::take(&mut opened.tensors);
    let array = |(name, info): (String, super::TensorInfo)| {
        let stored = opened.stored.remove(&name)?;
        let shape = info.shape;
        Some(Array { name, shape, stored })
    };
    Ok(tensors.into_iter().filter_map(array).collect())
}
