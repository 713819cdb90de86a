//! The directory of a zip file, read strictly: a file that says two things about itself is refused.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::place::{ByteRange, Packing};

/// Bytes of the record at the end, and of its longest comment.
const END: usize = 22;
const MAX_COMMENT: usize = 0xffff;

/// Deflate cannot shrink anything further than this.
const MAX_RATIO: u64 = 1032;

/// A file in the archive.
#[derive(Debug)]
struct Entry {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    /// Where its own header is.
    header: u64,
}

/// All files of the archive.
#[derive(Debug)]
pub struct Directory {
    entries: BTreeMap<String, Entry>,
    /// Where the directory starts, and with it the end of all files.
    start: u64,
}

type Read<T> = Result<T, String>;

impl Directory {
    /// Reads the directory of a file of `len` bytes.
    pub fn read(file: &mut File, len: u64) -> Read<Self> {
        let (count, start, size) = end_record(file, len)?;
        if start.checked_add(size).is_none_or(|end| end > len) {
            return Err("its directory lies outside the file".to_owned());
        }
        // Bounded by the file's own length.
        let bytes = read_at(file, start, size)?;
        let mut rest = Fields(&bytes);
        let mut entries = BTreeMap::new();
        let mut total = 0u64;
        while !rest.0.is_empty() {
            let (name, entry) = rest.entry().ok_or("its directory is cut short")?;
            total = total.saturating_add(entry.packed);
            if total > start || entry.header >= start {
                return Err(format!("its entry {name} claims more bytes than the file has"));
            }
            if entry.method == 0 && entry.packed != entry.size || entry.size > entry.packed.saturating_mul(MAX_RATIO) {
                return Err(format!(
                    "its entry {name} claims {} bytes and has {}",
                    entry.size, entry.packed
                ));
            }
            if entries.contains_key(&name) {
                return Err(format!("it has two entries named {name}"));
            }
            entries.insert(name, entry);
        }
        if entries.len() as u64 != count {
            return Err(format!(
                "its directory claims {count} entries and has {}",
                entries.len()
            ));
        }
        Ok(Self { entries, start })
    }

    /// The names of all entries, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The names of all entries, as they lie in the file.
    pub fn in_order(&self) -> impl Iterator<Item = &str> {
        let mut entries: Vec<_> = self.entries.iter().map(|(name, entry)| (entry.header, name)).collect();
        entries.sort();
        entries.into_iter().map(|(_, name)| name.as_str())
    }

    /// Where the bytes of an entry are; `None` where there is no such entry.
    pub fn place(&self, file: &mut File, name: &str) -> Read<Option<ByteRange>> {
        let Some(entry) = self.entries.get(name) else {
            return Ok(None);
        };
        let packing = match entry.method {
            _ if entry.flags & 1 != 0 => return Err(format!("its entry {name} is encrypted")),
            0 => Packing::Plain,
            8 => Packing::Deflated(entry.packed),
            other => {
                return Err(format!(
                    "its entry {name} is compressed by method {other}, which is not read: expected none, or deflate"
                ));
            }
        };
        let header = read_at(file, entry.header, 30)?;
        let mut fields = Fields(&header);
        let differs = || format!("its entry {name} is another one in the directory than in the file");
        if fields.u32() != Some(0x0403_4b50) {
            return Err(differs());
        }
        let method = fields.skip(4).and_then(|()| fields.u16());
        let lengths = fields.skip(16).and_then(|()| Some((fields.u16()?, fields.u16()?)));
        let (Some(method), Some((named, extra))) = (method, lengths) else {
            return Err(differs());
        };
        let own_name = read_at(file, entry.header + 30, named.into())?;
        if method != entry.method || own_name != name.as_bytes() {
            return Err(differs());
        }
        let start = entry.header + 30 + u64::from(named) + u64::from(extra);
        if start.checked_add(entry.packed).is_none_or(|end| end > self.start) {
            return Err(format!("its entry {name} reaches past the end of the file"));
        }
        Ok(Some(ByteRange {
            start,
            len: entry.size,
            packing,
            // Files written without checksums say zero.
            crc: Some(entry.crc).filter(|&crc| crc != 0),
        }))
    }
}

/// Entries, place and size of the directory, from the record at the end of the file.
fn end_record(file: &mut File, len: u64) -> Read<(u64, u64, u64)> {
    let tail_len = len.min((END + MAX_COMMENT) as u64);
    let tail = read_at(file, len - tail_len, tail_len)?;
    let at = (0..=tail.len().saturating_sub(END))
        .rev()
        .find(|&i| {
            let comment = tail
                .get(i + 20..i + 22)
                .map(|b| usize::from(b[0]) | usize::from(b[1]) << 8);
            tail[i..].starts_with(b"PK\x05\x06") && comment.is_some_and(|n| i + END + n == tail.len())
        })
        .ok_or("it has no directory at its end: it is cut short")?;
    let mut fields = Fields(&tail[at..]);
    let parse = |f: &mut Fields| {
        f.skip(8)?;
        let (here, all) = (f.u16()?, f.u16()?);
        Some((here, all, f.u32()?, f.u32()?))
    };
    let (here, count, size, start) = parse(&mut fields).ok_or("its last record is cut short")?;
    let end = len - tail_len + at as u64;
    let small = (u64::from(count), u64::from(start), u64::from(size));
    let locator = match end.checked_sub(20) {
        Some(at) => read_at(file, at, 20)?,
        None => Vec::new(),
    };
    if !locator.starts_with(b"PK\x06\x07") {
        if here != count {
            return Err("it is one part of several".to_owned());
        }
        return Ok(small);
    }
    let large_at = Fields(&locator[8..]).u64().unwrap_or(u64::MAX);
    if large_at.checked_add(56).is_none_or(|e| e > end) {
        return Err("its last record points outside the file".to_owned());
    }
    let record = read_at(file, large_at, 56)?;
    let mut fields = Fields(&record);
    let parse = |f: &mut Fields| {
        f.skip(32)?;
        let (count, size, start) = (f.u64()?, f.u64()?, f.u64()?);
        Some((count, start, size))
    };
    let large = parse(&mut fields).filter(|_| record.starts_with(b"PK\x06\x06"));
    let large = large.ok_or("its last record is damaged")?;
    let agrees = |small: u64, all_ones: u64, large: u64| small == all_ones || small == large;
    if agrees(small.0, 0xffff, large.0)
        && agrees(small.1, 0xffff_ffff, large.1)
        && agrees(small.2, 0xffff_ffff, large.2)
    {
        Ok(large)
    } else {
        Err("it has two directories that disagree".to_owned())
    }
}

fn read_at(file: &mut File, start: u64, len: u64) -> Read<Vec<u8>> {
    let read = |file: &mut File| -> io::Result<Vec<u8>> {
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read(file) {
        Ok(bytes) if bytes.len() as u64 == len => Ok(bytes),
        Ok(_) => Err("it is cut short".to_owned()),
        Err(e) => Err(format!("it cannot be read: {e}")),
    }
}

/// Little-endian fields, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.take(len).map(drop)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|b| u16::from_le_bytes(*b))
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|b| u32::from_le_bytes(*b))
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.first_chunk().map(|b| u64::from_le_bytes(*b))
    }

    /// One entry of the directory.
    fn entry(&mut self) -> Option<(String, Entry)> {
        if self.u32()? != 0x0201_4b50 {
            return None;
        }
        self.skip(4)?;
        let (flags, method) = (self.u16()?, self.u16()?);
        self.skip(4)?;
        let crc = self.u32()?;
        let (packed, size) = (self.u32()?, self.u32()?);
        let (named, extra, comment) = (self.u16()?, self.u16()?, self.u16()?);
        self.skip(8)?;
        let header = self.u32()?;
        let name = String::from_utf8_lossy(self.take(named.into())?).into_owned();
        let mut large = Fields(large_fields(self.take(extra.into())?));
        self.skip(comment.into())?;
        // In this order, and only those that do not fit.
        let mut wide = |small: u32| match small {
            u32::MAX => large.u64(),
            fits => Some(fits.into()),
        };
        let (size, packed, header) = (wide(size)?, wide(packed)?, wide(header)?);
        Some((
            name,
            Entry {
                flags,
                method,
                crc,
                packed,
                size,
                header,
            },
        ))
    }
}

/// The extra field with 64-bit sizes; empty where there is none.
fn large_fields(extra: &[u8]) -> &[u8] {
    let mut rest = Fields(extra);
    loop {
        let (Some(kind), Some(len)) = (rest.u16(), rest.u16()) else {
            return &[];
        };
        match rest.take(len.into()) {
            Some(field) if kind == 1 => return field,
            Some(_) => {}
            None => return &[],
        }
    }
}
