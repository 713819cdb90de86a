//! The arrays in a file: npy, npz, safetensors and PyTorch files all give the same list.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use safetensors::tensor::{Dtype as StDtype, Metadata};
use zip::{CompressionMethod, ZipArchive};

use super::dtype::{Dtype, Number};
use super::malformed;
use super::npy::{Element, Header};
use super::raw::{Place, RawArray, broken};
use crate::checkpoint::{Array, Element as Pt, arrays};
use crate::error::{Error, Result};

/// An array in a file, of any shape and type; nothing of it is read yet.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its name in the file; empty where the file is the array.
    pub(super) name: String,
    pub(super) shape: Vec<u64>,
    pub(super) element: Element,
    fortran: bool,
    place: Place,
}

impl Member {
    /// `name (3, 4) f32`, for errors.
    pub(super) fn describe(&self) -> String {
        let shape: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        let comma = if shape.len() == 1 { "," } else { "" };
        let element = match &self.element {
            Element::Number(dtype) => dtype.to_string(),
            Element::Bool => "bool".to_owned(),
            Element::Bytes(_) | Element::Unicode { .. } => "text".to_owned(),
            Element::Other(descr) => descr.clone(),
        };
        format!("{} ({}{comma}) {element}", self.name, shape.join(", "))
            .trim_start()
            .to_owned()
    }

    /// Whether this could be features: two dimensions of numbers.
    pub(super) fn is_matrix(&self) -> bool {
        self.shape.len() == 2 && matches!(self.element, Element::Number(_))
    }

    /// The number of values, if this could be labels: one dimension, or a single column.
    pub(super) fn as_list(&self) -> Option<u64> {
        match self.shape[..] {
            [n] | [n, 1] => Some(n),
            _ => None,
        }
    }

    /// The array as features, or why it cannot be.
    pub(super) fn matrix(&self, path: &Path) -> Result<RawArray> {
        let wrong = |what: String| Err(malformed(path, what));
        let described = self.describe();
        let Element::Number(dtype) = self.element else {
            return wrong(format!(
                "{described}: features are numbers; save it as an array of f32 or f64"
            ));
        };
        let &[rows, width] = &self.shape[..] else {
            let advice = if self.shape.len() < 2 {
                "reshape it to (rows, 1), or to (1, channels)"
            } else {
                "pool or reshape it"
            };
            return wrong(format!(
                "{described}: features have two dimensions, (rows, channels); {advice}"
            ));
        };
        if rows == 0 || width == 0 {
            let what = if rows == 0 { "rows" } else { "channels" };
            return wrong(format!("{described}: has no {what}; features need at least one"));
        }
        let (Ok(rows), Ok(width)) = (usize::try_from(rows), usize::try_from(width)) else {
            return wrong(format!("{described}: too large for this machine"));
        };
        let (path, place, fortran) = (path.to_path_buf(), self.place.clone(), self.fortran);
        Ok(RawArray {
            path,
            place,
            dtype,
            rows,
            width,
            fortran,
        })
    }

    /// All bytes of the array, of which the file was seen to hold as many as it claims.
    pub(super) fn bytes(&self, path: &Path) -> Result<Vec<u8>> {
        let size = self
            .element
            .size()
            .and_then(|size| byte_count(size as u64, &self.shape))
            .unwrap_or(0);
        let mut bytes = Vec::new();
        self.place
            .reader(path)?
            .take(size)
            .read_to_end(&mut bytes)
            .map_err(|e| broken(path, e))?;
        if bytes.len() as u64 == size {
            Ok(bytes)
        } else {
            Err(malformed(path, "is truncated; make it again"))
        }
    }
}

fn byte_count(size: u64, shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(size, |product, &n| product.checked_mul(n))
}

/// Whether [`members`] knows the extension.
pub(super) fn is_container(extension: &str) -> bool {
    matches!(extension, "npy" | "npz" | "safetensors" | "pt" | "pth")
}

/// The arrays in a file, in its order (by name for PyTorch files). What their headers claim was held against the file's length.
pub(super) fn members(path: &Path, extension: &str) -> Result<Vec<Member>> {
    match extension {
        "npy" => Ok(vec![npy(path)?]),
        "npz" => npz(path),
        "safetensors" => safetensors(path),
        _ => pytorch(path),
    }
}

fn open(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path).map_err(Error::io(path))?;
    let length = file.metadata().map_err(Error::io(path))?.len();
    Ok((file, length))
}

fn npy(path: &Path) -> Result<Member> {
    let (file, length) = open(path)?;
    let header = Header::read(&mut BufReader::new(file)).map_err(|e| malformed(path, e))?;
    let place = Place::File { start: header.length };
    member(path, String::new(), header, length, place)
}

/// A member with an npy header, in `length` bytes that include the header.
fn member(path: &Path, name: String, header: Header, length: u64, place: Place) -> Result<Member> {
    let bytes = header.bytes();
    let member = Member {
        name,
        shape: header.shape,
        element: header.element,
        fortran: header.fortran,
        place,
    };
    if let Element::Other(descr) = &member.element {
        if descr.contains('O') {
            let message = format!(
                "{}: an array of Python objects, which is not opened; save numbers",
                member.describe()
            );
            return Err(malformed(path, message));
        }
        return Ok(member);
    }
    let there = length.saturating_sub(header.length);
    if bytes != Some(there) {
        let claimed = bytes.map_or("more than any file".to_owned(), |b| format!("{b} bytes"));
        let message = format!(
            "{}: its header claims {claimed}, but {there} bytes follow; it is damaged or truncated, save it again",
            member.describe()
        );
        return Err(malformed(path, message));
    }
    Ok(member)
}

fn npz(path: &Path) -> Result<Vec<Member>> {
    let damaged =
        |e: zip::result::ZipError| malformed(path, format!("not a readable npz archive ({e}); save it again"));
    let (file, length) = open(path)?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let Some(name) = entry.name().strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let deflated = match entry.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => {
                return Err(malformed(
                    path,
                    format!("{name}: compressed by {other}; save it with numpy.savez"),
                ));
            }
        };
        let (start, packed, size, crc) = (entry.data_start(), entry.compressed_size(), entry.size(), entry.crc32());
        // Deflate gains at most a factor of 1,032.
        let possible = if deflated {
            packed.saturating_mul(1032).saturating_add(1024)
        } else {
            packed
        };
        let fits = start.checked_add(packed).is_some_and(|end| end <= length);
        if entry.encrypted() || !fits || size > possible || (!deflated && size != packed) {
            return Err(malformed(
                path,
                format!("{name}: its size does not fit the archive; it is damaged, save it again"),
            ));
        }
        let place = |skip| Place::Member {
            start,
            packed,
            size,
            deflated,
            crc: Some(crc),
            skip,
        };
        let header = Header::read(&mut place(0).reader(path)?).map_err(|e| malformed(path, format!("{name}: {e}")))?;
        let place = place(header.length);
        members.push(member(path, name, header, size, place)?);
    }
    Ok(members)
}

fn safetensors(path: &Path) -> Result<Vec<Member>> {
    let damaged =
        |e: &dyn std::fmt::Display| malformed(path, format!("not a readable safetensors file ({e}); save it again"));
    let (mut file, length) = open(path)?;
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(|_| damaged(&"too short"))?;
    let size = u64::from_le_bytes(size);
    if size > length.saturating_sub(8) {
        return Err(damaged(&"its header claims to be longer than the file"));
    }
    let mut header = Vec::new();
    file.take(size).read_to_end(&mut header).map_err(Error::io(path))?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| damaged(&e))?;
    let start = 8 + size;
    let mut members = Vec::new();
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        let number = |number| Element::Number(Dtype::little(number));
        let element = match info.dtype {
            StDtype::BOOL => Element::Bool,
            StDtype::F16 => number(Number::F16),
            StDtype::BF16 => number(Number::Bf16),
            StDtype::F32 => number(Number::F32),
            StDtype::F64 => number(Number::F64),
            StDtype::I8 => number(Number::I8),
            StDtype::I16 => number(Number::I16),
            StDtype::I32 => number(Number::I32),
            StDtype::I64 => number(Number::I64),
            StDtype::U8 => number(Number::U8),
            StDtype::U16 => number(Number::U16),
            StDtype::U32 => number(Number::U32),
            StDtype::U64 => number(Number::U64),
            other => Element::Other(format!("{other:?}")),
        };
        let shape: Vec<u64> = info.shape.iter().map(|&n| n as u64).collect();
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let claimed = element.size().map(|size| byte_count(size as u64, &shape));
        let fits = from <= to && start.checked_add(to).is_some_and(|end| end <= length);
        if !fits || claimed.is_some_and(|bytes| bytes != Some(to - from)) {
            return Err(malformed(
                path,
                format!("{name}: its header claims more than the file holds; save it again"),
            ));
        }
        members.push(Member {
            name,
            shape,
            element,
            fortran: false,
            place: Place::File { start: start + from },
        });
    }
    Ok(members)
}

fn pytorch(path: &Path) -> Result<Vec<Member>> {
    let member = |array: Array| {
        let number = |number| {
            let big_endian = array.is_big_endian();
            Element::Number(Dtype { number, big_endian })
        };
        let element = match array.element() {
            Pt::F64 => number(Number::F64),
            Pt::F32 => number(Number::F32),
            Pt::F16 => number(Number::F16),
            Pt::Bf16 => number(Number::Bf16),
            Pt::I64 => number(Number::I64),
            Pt::I32 => number(Number::I32),
            Pt::I16 => number(Number::I16),
            Pt::I8 => number(Number::I8),
            Pt::U64 => number(Number::U64),
            Pt::U32 => number(Number::U32),
            Pt::U16 => number(Number::U16),
            Pt::U8 => number(Number::U8),
            Pt::Bool => Element::Bool,
            Pt::Other(bytes) => Element::Other(format!("something of {bytes} bytes")),
        };
        let name = array.name.clone();
        let shape = array.shape.iter().map(|&n| n as u64).collect();
        let Some(run) = array.run() else {
            // Gathered when it is read, and little-endian then.
            let element = match element {
                Element::Number(dtype) => Element::Number(Dtype::little(dtype.number)),
                other => other,
            };
            let (fortran, place) = (false, Place::Tensor(Box::new(array)));
            return Member {
                name,
                shape,
                element,
                fortran,
                place,
            };
        };
        Member {
            name,
            shape,
            element,
            fortran: run.by_column,
            place: Place::Member {
                start: run.start,
                packed: run.deflated.unwrap_or(run.size),
                size: run.size,
                deflated: run.deflated.is_some(),
                crc: run.crc,
                skip: run.skip,
            },
        }
    };
    Ok(arrays(path)?.into_iter().map(member).collect())
}
