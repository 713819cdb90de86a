//! The numbers of a list column of a Parquet file, page by page.
//!
//! The general Parquet reader rebuilds lists from their repetition levels at some 0.4 GB/s. Lists of one fixed width in
//! which nothing can be missing need no rebuilding: their values follow each other in the pages as they do in the array.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageReader};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::guards::damaged;
use super::levels::EvenRows;
use crate::error::{Error, Result};
use crate::files::element::Element;

/// The leaf and the element type of the list column `name`, where its values can be taken straight from the pages.
pub fn plain_list(file: &SerializedFileReader<File>, name: &str) -> Option<(usize, Element)> {
    let metadata = file.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let leaf = schema
        .columns()
        .iter()
        .position(|c| c.path().parts().first().is_some_and(|root| root == name))?;
    let column = schema.column(leaf);
    let required = column.max_rep_level() == 1 && column.max_def_level() == 1;
    let element = match column.physical_type() {
        Type::FLOAT => Element::F32,
        Type::DOUBLE => Element::F64,
        _ => return None,
    };
    let plain = metadata.row_groups().iter().all(|group| {
        let chunk = group.column(leaf);
        chunk.dictionary_page_offset().is_none()
            && chunk.encodings().all(|e| matches!(e, Encoding::PLAIN | Encoding::RLE))
    });
    (required && plain).then_some((leaf, element))
}

/// The values of one leaf, in order, as bytes.
pub struct ListValues {
    path: PathBuf,
    size: usize,
    /// How far the rows are, none of which may have another length.
    rows: EvenRows,
    /// The pages of each row group.
    groups: VecDeque<Box<dyn PageReader>>,
    page: Option<Page>,
    /// Bytes of the page that have been given away.
    taken: usize,
}

impl ListValues {
    /// Reads rows of `width` values; `leaf` and `element` are as [`plain_list`] gave them.
    ///
    /// # Errors
    /// When the pages cannot be found.
    pub fn new(
        path: &Path,
        file: &SerializedFileReader<File>,
        (leaf, element): (usize, Element),
        width: usize,
    ) -> Result<Self> {
        let pages = |group| file.get_row_group(group)?.get_column_page_reader(leaf);
        let groups: parquet::errors::Result<_> = (0..file.num_row_groups()).map(pages).collect();
        let groups = groups.map_err(|e| damaged(path, &e))?;
        Ok(Self {
            path: path.to_path_buf(),
            size: element.size().unwrap_or(0),
            rows: EvenRows::new(width),
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
        self.rows.end().map_err(|what| self.uneven(&what))?;
        Ok(false)
    }

    /// Where the values of a page begin: behind its repetition and definition levels, of which the former say where rows
    /// begin.
    fn values_start(&mut self, page: &Page) -> io::Result<usize> {
        let (buffer, values, encoding, ends) = match page {
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
                let repetition = levels(0);
                let ends = repetition.zip(repetition.and_then(levels));
                (
                    buf,
                    *num_values,
                    *encoding,
                    ends.map(|(repetition, start)| (4..repetition, start)),
                )
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let repetition = *rep_levels_byte_len as usize;
                let start = (*def_levels_byte_len as usize).checked_add(repetition);
                (buf, *num_values, *encoding, start.map(|start| (0..repetition, start)))
            }
            Page::DictionaryPage { .. } => return Err(self.broken("a dictionary where plain values were promised")),
        };
        let bytes = (values as usize).saturating_mul(self.size);
        let whole = ends.filter(|(_, start)| *start <= buffer.len() && buffer.len() - start == bytes);
        let (Some((repetition, start)), Encoding::PLAIN) = (whole, encoding) else {
            // Empty lists have a place among the values, and none in the bytes.
            return Err(self.broken("a page does not hold the values it claims, or has empty lists"));
        };
        let levels = buffer.get(repetition).unwrap_or_default();
        self.rows
            .take(levels, values as usize)
            .map_err(|what| self.uneven(&what))?;
        Ok(start)
    }

    fn uneven(&self, what: &str) -> io::Error {
        let message = format!(
            "{}: {what}; features have as many values in every row",
            self.path.display()
        );
        io::Error::other(Error::input(message))
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
