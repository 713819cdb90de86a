//! An array in a file: npy, npz, safetensors and PyTorch files all give the same.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use super::element::{Element, OBJECTS, integral};
use super::place::{ByteRange, Packing};
use super::plain::PlainPickle;
use super::strides::Strides;
use super::unknown::UnknownCalls;
use crate::error::{Error, Result};

/// An array of any shape and type; nothing of it is read yet.
#[derive(Clone, Debug)]
pub struct Array {
    /// Its name in the file, those of the containers around it first; empty where the file is the array.
    pub name: String,
    /// Extents, outermost first.
    pub shape: Vec<u64>,
    /// What its elements are.
    pub element: Element,
    /// True if the most significant byte of an element comes first.
    pub(super) big_endian: bool,
    /// The bytes it is a part of.
    pub(super) place: ByteRange,
    /// Those before its first element.
    pub(super) skip: u64,
    /// How its elements follow each other.
    pub(super) strides: Strides,
}

/// How elements that lie without gaps between them follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Row after row.
    Rows,
    /// Column after column.
    Columns,
}

impl Array {
    /// `name (3, 4) f32`, for messages.
    pub fn describe(&self) -> String {
        let shape: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        let comma = if shape.len() == 1 { "," } else { "" };
        format!("{} ({}{comma}) {}", self.name, shape.join(", "), self.element)
            .trim_start()
            .to_owned()
    }

    /// Its extents without those of one element at the end, as pooled maps (N, d, 1, 1) have them; at least two are kept.
    pub fn extents(&self) -> &[u64] {
        let mut extents = self.shape.as_slice();
        while let [shorter @ .., 1] = extents
            && shorter.len() >= 2
        {
            extents = shorter;
        }
        extents
    }

    /// The number of values, where it is a list: one dimension, or a single column.
    pub fn list_length(&self) -> Option<u64> {
        match *self.extents() {
            [n] | [n, 1] => Some(n),
            _ => None,
        }
    }

    /// True if the most significant byte of an element comes first in what [`Array::reader`] gives.
    pub fn is_big_endian(&self) -> bool {
        self.big_endian && self.order().is_some()
    }

    /// How its elements follow each other; `None` where there are gaps between them.
    pub fn order(&self) -> Option<Order> {
        if self.strides.are_by_row(&self.shape) {
            Some(Order::Rows)
        } else if self.strides.are_by_column(&self.shape) {
            Some(Order::Columns)
        } else {
            None
        }
    }

    /// The file position of the first element, where every one can be reached directly.
    pub fn direct(&self) -> Option<u64> {
        let start = self.place.start + self.skip;
        (self.place.packing == Packing::Plain && self.order().is_some()).then_some(start)
    }

    /// The bytes of the elements one after the other: in the order they are stored in, or row after row and little-endian
    /// where there are gaps between them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn reader(&self, path: &Path) -> Result<Box<dyn Read>> {
        let (mut file, _) = super::regular::open(path)?;
        let failed = |e| super::regular::broken(path, e);
        if self.order().is_none() {
            return Ok(Box::new(Cursor::new(self.read(&mut file).map_err(failed)?)));
        }
        let mut content = self.place.reader(file).map_err(failed)?;
        let skipped = io::copy(&mut content.by_ref().take(self.skip), &mut io::sink()).map_err(failed)?;
        if skipped == self.skip {
            Ok(content)
        } else {
            Err(Error::input(format!("{}: is truncated; make it again", path.display())))
        }
    }

    /// All elements: row after row, little-endian.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn read(&self, file: &mut File) -> io::Result<Vec<u8>> {
        let size = self.element.size().unwrap_or(0);
        let extent = self.strides.extent(&self.shape);
        let window = self.place.read(file, self.skip, extent.saturating_mul(size as u64))?;
        let mut bytes = match self.strides.are_by_row(&self.shape) {
            true => window,
            false => self.strides.gather(&self.shape, &window, size),
        };
        if self.big_endian {
            let width = match self.element {
                Element::Bytes(_) => 1,
                // However many characters make a text.
                Element::Unicode(_) => 4,
                _ => size.max(1),
            };
            bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        Ok(bytes)
    }

    /// The list it is, as texts: whole numbers, booleans as 0 and 1, or texts. Adds to `calls` what loading it elsewhere would
    /// call, where it is a pickle.
    ///
    /// # Errors
    /// When it is none of these, and when the file cannot be read.
    pub fn texts(&self, path: &Path, calls: &mut UnknownCalls) -> Result<Vec<Option<String>>> {
        let wrong = |what: &str| {
            let described = self.describe();
            Error::input(format!(
                "{}: {described}: {what}; labels and ids are integers or text",
                path.display()
            ))
        };
        if self.list_length().is_none() {
            return Err(wrong("not a list of one dimension"));
        }
        let element = self.element;
        if element == Element::Other(OBJECTS, None) {
            let pickle = PlainPickle::read(&mut BufReader::new(self.reader(path)?));
            let pickle = pickle.map_err(|reason| wrong(&format!("not a readable pickle of objects ({reason})")))?;
            calls.extend(pickle.calls());
            let rows = pickle
                .rows()
                .filter(|rows| Some(rows.len() as u64) == self.list_length());
            return rows.ok_or_else(|| wrong("neither integers nor text"));
        }
        if element.size().is_none_or(|size| size == 0) {
            return Err(wrong("neither integers nor text"));
        }
        let (mut file, _) = super::regular::open(path)?;
        let bytes = self.read(&mut file).map_err(|e| super::regular::broken(path, e))?;
        if let Some(integers) = element.to_integers(&bytes) {
            return Ok(integers.iter().map(|i| Some(i.to_string())).collect());
        }
        if element.is_number() {
            let mut values = Vec::new();
            element.widen(false, &bytes, &mut values);
            let whole = values.into_iter().map(|v| integral(v).map(Some)).collect::<Option<_>>();
            return whole.ok_or_else(|| wrong("numbers that are not whole numbers"));
        }
        let texts = element.to_texts(&bytes).ok_or_else(|| match element {
            Element::Bytes(_) => wrong("text that is not UTF-8"),
            Element::Unicode(_) => wrong("text that is not Unicode"),
            _ => wrong("neither integers nor text"),
        });
        Ok(texts?.into_iter().map(Some).collect())
    }
}
