//! The headers of a Parquet file's pages, read before any page is: a few bytes can claim, and unpack to, gigabytes.
//!
//! A header is a Thrift struct in the compact protocol; of its fields two matter, and the others are passed over.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};

use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// The largest page, unpacked: one cell of it is at most as large. Writers make pages of a megabyte, or of some images.
const MAX_PAGE: u64 = 256 << 20;

/// The longest header: statistics hold two values.
const MAX_HEADER: u64 = 1 << 20;

/// Structs within structs; those of a header are two deep.
const MAX_DEPTH: usize = 8;

/// Why a page is not read.
pub(super) type Refused = String;

/// The largest page of a file whose footer was seen to stay within it, in bytes, unpacked.
pub(super) fn largest(file: &File, metadata: &ParquetMetaData) -> Result<u64, Refused> {
    largest_of_all(file, metadata, MAX_PAGE)
}

/// The largest page in bytes, unpacked; one of more than `most` is refused.
fn largest_of_all(file: &File, metadata: &ParquetMetaData, most: u64) -> Result<u64, Refused> {
    let mut file = BufReader::with_capacity(1 << 12, file);
    let mut largest = 0;
    for (group, about) in metadata.row_groups().iter().enumerate() {
        for chunk in about.columns() {
            let of_column = largest_of(&mut file, chunk, most).map_err(|what| {
                let name = chunk.column_path().string();
                format!("column {name}, row group {group}: {what}")
            })?;
            largest = of_column.max(largest);
        }
    }
    Ok(largest)
}

fn largest_of(file: &mut BufReader<&File>, chunk: &ColumnChunkMetaData, most: u64) -> Result<u64, Refused> {
    let (start, size) = chunk.byte_range();
    let mut at = start;
    let end = start + size;
    let mut largest = 0;
    while at < end {
        file.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
        let header = Header::read(file, end - at)?;
        if header.unpacked > most {
            return Err(format!(
                "a page of {} MB, more than {} MB; write fewer rows in a page, or smaller cells",
                header.unpacked.div_ceil(1 << 20),
                most >> 20
            ));
        }
        largest = header.unpacked.max(largest);
        at += header.length + header.packed;
    }
    Ok(largest)
}

/// What a page's header says.
struct Header {
    /// Its own bytes.
    length: u64,
    /// Bytes of the page, unpacked.
    unpacked: u64,
    /// Bytes of the page in the file.
    packed: u64,
}

impl Header {
    fn read(file: &mut BufReader<&File>, most: u64) -> Result<Self, Refused> {
        let mut fields = Thrift {
            content: file.take(most.min(MAX_HEADER)),
            read: 0,
        };
        let (mut unpacked, mut packed) = (None, None);
        let mut id = 0;
        while let Some(kind) = fields.field(&mut id)? {
            match (id, kind) {
                (2, I32) => unpacked = Some(fields.integer()?),
                (3, I32) => packed = Some(fields.integer()?),
                _ => fields.skip(kind, 0)?,
            }
        }
        let size = |value: Option<i64>| value.and_then(|v| u64::try_from(v).ok());
        match (size(unpacked), size(packed)) {
            (Some(unpacked), Some(packed)) => Ok(Self {
                length: fields.read,
                unpacked,
                packed,
            }),
            _ => Err(damaged()),
        }
    }
}

fn damaged() -> Refused {
    "the header of a page makes no sense".to_owned()
}

// Types of the compact protocol.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

struct Thrift<R> {
    content: R,
    read: u64,
}

impl<R: std::io::Read> Thrift<R> {
    fn byte(&mut self) -> Result<u8, Refused> {
        let mut byte = [0];
        self.content.read_exact(&mut byte).map_err(|_| damaged())?;
        self.read += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> Result<u64, Refused> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged())
    }

    fn integer(&mut self) -> Result<i64, Refused> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// The type of the next field, and its number in `id`; `None` at the end of the struct.
    fn field(&mut self, id: &mut i64) -> Result<Option<u8>, Refused> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if kind == 0 {
            return Ok(None);
        }
        *id = match byte >> 4 {
            0 => self.integer()?,
            step => id.checked_add(i64::from(step)).ok_or_else(damaged)?,
        };
        Ok(Some(kind))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Refused> {
        if depth > MAX_DEPTH {
            return Err(damaged());
        }
        match kind {
            TRUE | FALSE => {}
            BYTE => drop(self.byte()?),
            I16 | I32 | I64 => drop(self.varint()?),
            DOUBLE => (0..8).try_for_each(|_| self.byte().map(drop))?,
            BINARY => {
                let length = self.varint()?;
                let passed = std::io::copy(&mut self.content.by_ref().take(length), &mut std::io::sink());
                self.read += passed.ok().filter(|&n| n == length).ok_or_else(damaged)?;
            }
            LIST | SET => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    few => few.into(),
                };
                for _ in 0..count {
                    match head & 0x0f {
                        // A byte each, in a list.
                        TRUE | FALSE => drop(self.byte()?),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            _ => return Err(damaged()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    #[test]
    fn the_largest_page_is_known_before_one_is_unpacked() {
        let small = vec![0_u8; 10];
        let large = vec![0_u8; 3 << 20];
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for (cell, dictionary) in [(&small, true), (&large, false), (&large, true)] {
                let cells: ArrayRef = Arc::new(BinaryArray::from_vec(vec![&small, cell, &small]));
                let labels: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
                let batch = RecordBatch::try_from_iter([("image", cells), ("label", labels)]).unwrap();
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_dictionary_enabled(dictionary)
                    .set_writer_version(version)
                    .build();
                let mut file = tempfile::tempfile().unwrap();
                let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
                writer.write(&batch).unwrap();
                writer.close().unwrap();
                assert!(file.metadata().unwrap().len() < 1 << 14);
                let reader = SerializedFileReader::new(file.try_clone().unwrap()).unwrap();
                let found = largest(&file, reader.metadata()).unwrap();
                let expected = cell.len() as u64;
                assert!((expected..expected + 100).contains(&found), "{found} for {expected}");
                let refused = largest_of_all(&file, reader.metadata(), 1 << 20);
                match cell.len() > 1 << 20 {
                    true => assert!(
                        refused
                            .unwrap_err()
                            .starts_with("column image, row group 0: a page of 4 MB")
                    ),
                    false => assert_eq!(refused, Ok(found)),
                }
            }
        }
    }
}
