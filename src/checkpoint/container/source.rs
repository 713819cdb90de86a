//! Where tensors' bytes are, and reading them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Mutex;

use flate2::read::DeflateDecoder;

use super::super::element::Element;

/// How a run of bytes is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// As it is.
    Plain,
    /// As a deflated zip entry of so many bytes.
    Deflated(u64),
}

/// A run of bytes in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: u64,
    /// Bytes, unpacked.
    pub(super) len: u64,
    pub(super) packing: Packing,
    /// Checksum of all of it, where there is one.
    pub(super) crc: Option<u32>,
}

/// A view of a place that is not simply all of it.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Elements before the first.
    pub(super) offset: u64,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<u64>,
}

impl View {
    /// Elements from the first to behind the last.
    fn extent(&self) -> u64 {
        if self.shape.contains(&0) {
            return 0;
        }
        let last: u64 = self
            .shape
            .iter()
            .zip(&self.strides)
            .map(|(&n, s)| (n as u64 - 1) * s)
            .sum();
        last + 1
    }

    /// Whether the elements lie row after row, without gaps.
    pub(super) fn is_contiguous(&self) -> bool {
        self.follows(self.shape.iter().zip(&self.strides).rev())
    }

    /// Whether the elements lie column after column, without gaps.
    pub(super) fn is_contiguous_by_column(&self) -> bool {
        self.follows(self.shape.iter().zip(&self.strides))
    }

    fn follows<'a>(&self, mut axes: impl Iterator<Item = (&'a usize, &'a u64)>) -> bool {
        let mut expected = 1;
        self.shape.contains(&0)
            || axes.all(|(&extent, &stride)| {
                // An axis of length one may have any stride.
                let fits = extent == 1 || stride == expected;
                expected *= extent as u64;
                fits
            })
    }

    /// The elements of the view in row-major order, from the bytes of its extent. The stride of an axis with one element
    /// may be anything, so the position may pass through numbers that are none.
    fn gather(&self, bytes: &[u8], size: usize) -> Vec<u8> {
        let elements: usize = self.shape.iter().product();
        let mut gathered = Vec::with_capacity(elements * size);
        let mut index = vec![0; self.shape.len()];
        let mut at = 0u64;
        for _ in 0..elements {
            gathered.extend_from_slice(&bytes[at as usize * size..][..size]);
            for (axis, i) in index.iter_mut().enumerate().rev() {
                at = at.wrapping_add(self.strides[axis]);
                *i += 1;
                if *i < self.shape[axis] {
                    break;
                }
                at = at.wrapping_sub(self.strides[axis].wrapping_mul(self.shape[axis] as u64));
                *i = 0;
            }
        }
        gathered
    }
}

/// A tensor's bytes.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) file: usize,
    pub(super) place: Place,
    pub(super) element: Element,
    pub(super) view: Option<View>,
    pub(super) big_endian: bool,
}

/// The bytes of all tensors of a checkpoint.
#[derive(Debug)]
pub(in crate::checkpoint) struct Source {
    pub(super) files: Vec<Mutex<File>>,
    pub(super) tensors: HashMap<String, Stored>,
}

impl Source {
    /// The bytes of one tensor: contiguous, row-major, little-endian.
    pub(in crate::checkpoint) fn read(&self, name: &str) -> io::Result<(Element, Vec<u8>)> {
        let stored = self
            .tensors
            .get(name)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such tensor"))?;
        // A panic cannot leave a file in a state that matters: every read seeks first.
        let mut file = self.files[stored.file].lock().unwrap_or_else(|e| e.into_inner());
        Ok((stored.element, stored.read(&mut file)?))
    }
}

impl Stored {
    /// The bytes: contiguous, row-major, little-endian.
    pub(super) fn read(&self, file: &mut File) -> io::Result<Vec<u8>> {
        let size = self.element.size();
        let mut bytes = match &self.view {
            None => self.place.read(file, 0, self.place.len)?,
            Some(view) => {
                let window = self.place.read(file, view.offset * size, view.extent() * size)?;
                if view.is_contiguous() {
                    window
                } else {
                    view.gather(&window, size as usize)
                }
            }
        };
        if self.big_endian {
            bytes.chunks_exact_mut(size as usize).for_each(<[u8]>::reverse);
        }
        Ok(bytes)
    }
}

impl Place {
    /// `len` bytes from `skip` on. What is read whole is checked against its checksum.
    pub(super) fn read(&self, file: &mut File, skip: u64, len: u64) -> io::Result<Vec<u8>> {
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "its bytes end too early");
        if skip.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(short());
        }
        let mut bytes = Vec::new();
        match self.packing {
            Packing::Plain => {
                file.seek(SeekFrom::Start(self.start + skip))?;
                // The place lies within the file, which was checked when it was opened.
                bytes.reserve_exact(len as usize);
                file.take(len).read_to_end(&mut bytes)?;
            }
            Packing::Deflated(packed) => {
                file.seek(SeekFrom::Start(self.start))?;
                let mut unpacked = DeflateDecoder::new(file.take(packed));
                io::copy(&mut unpacked.by_ref().take(skip), &mut io::sink())?;
                unpacked.take(len).read_to_end(&mut bytes)?;
            }
        }
        if bytes.len() as u64 != len {
            return Err(short());
        }
        if let Some(crc) = self.crc.filter(|_| len == self.len) {
            let mut found = flate2::Crc::new();
            found.update(&bytes);
            if found.sum() != crc {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"));
            }
        }
        Ok(bytes)
    }
}
