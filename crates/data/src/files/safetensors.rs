//! safetensors: a JSON header, then the tensors' bytes.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::marker::PhantomData;
use std::path::Path;

use ::safetensors::tensor::{Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::array::Array;
use super::container::Container;
use super::element::Element;
use super::place::ByteRange;
use super::strides::Strides;
use crate::error::{Error, Result};

/// The largest header, as the format defines it.
pub const MAX_HEADER: u64 = 100_000_000;

/// The most tensors of a file, and entries of its metadata: large language models in one file have some thousands.
pub const MAX_TENSORS: usize = 100_000;

/// Reads the header of a file of `len` bytes that begins with `head`.
pub(super) fn open(path: &Path, file: &mut File, len: u64, head: &[u8]) -> Result<Container> {
    let damaged = |what: String| {
        Error::input(format!(
            "{}: damaged safetensors file ({what}); fetch it again",
            path.display()
        ))
    };
    let Some(size) = head.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else {
        return Err(damaged("it ends inside its first 8 bytes".to_owned()));
    };
    if size > MAX_HEADER || size > len.saturating_sub(8) {
        return Err(damaged(format!("its header claims {size} bytes, the file has {len}")));
    }
    // Bounded by the file's own length, checked above.
    let mut header = vec![0; size as usize];
    file.seek(SeekFrom::Start(8))
        .and_then(|_| file.read_exact(&mut header))
        .map_err(Error::io(path))?;
    let Once(_) = serde_json::from_slice::<Once<Few>>(&header).map_err(|e| damaged(e.to_string()))?;
    // Checks that shapes, types and ranges agree, and that the ranges neither overlap nor leave gaps.
    let parsed: Metadata =
        serde_json::from_slice(&header).map_err(|e| damaged(disagreeing(&header).unwrap_or_else(|| e.to_string())))?;
    let data_start = 8 + size;
    if parsed.data_len() as u64 != len - data_start {
        return Err(damaged(format!(
            "its tensors need {} bytes, {} are there",
            parsed.data_len(),
            len - data_start
        )));
    }
    let mut container = Container::new("safetensors");
    for (name, info) in parsed.tensors() {
        let (start, end) = info.data_offsets;
        if end < start || end > parsed.data_len() {
            return Err(damaged(format!("tensor {name} lies outside the file")));
        }
        let shape: Vec<u64> = info.shape.iter().map(|&n| n as u64).collect();
        container.arrays.push(Array {
            name,
            strides: Strides::by_row(&shape),
            shape,
            element: Element::from_safetensors(info.dtype),
            big_endian: false,
            place: ByteRange::plain(data_start + start as u64, (end - start) as u64),
            skip: 0,
        });
    }
    // As they lie in the file.
    container.arrays.sort_by_key(|array| array.place.start);
    let metadata = parsed.metadata().iter().flatten();
    container.metadata = metadata.map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
    Ok(container)
}

/// The first tensor whose type and shape need other bytes than it is given.
fn disagreeing(header: &[u8]) -> Option<String> {
    let Once(tensors) = serde_json::from_slice::<Once<Value>>(header).ok()?;
    tensors.into_iter().find_map(|(name, value)| {
        let TensorInfo {
            dtype,
            shape,
            data_offsets: (start, end),
        } = serde_json::from_value(value).ok()?;
        let bits = shape
            .iter()
            .try_fold(dtype.bitsize(), |n, &extent| n.checked_mul(extent))?;
        let given = end.checked_sub(start)?;
        (bits.div_ceil(8) != given).then(|| {
            format!(
                "tensor {name} of type {dtype:?} and shape {shape:?} needs {} bytes, and {given} are its own",
                bits.div_ceil(8)
            )
        })
    })
}

/// What a header says of a tensor, or its metadata: an object that is passed over, and is no longer than it may be.
struct Few;

impl<'de> Deserialize<'de> for Few {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Few;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("the description of a tensor")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Few, A::Error> {
                let mut count = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    count += 1;
                    if count > MAX_TENSORS {
                        return Err(A::Error::custom(format!(
                            "its metadata has more than {MAX_TENSORS} entries"
                        )));
                    }
                }
                Ok(Few)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A JSON object none of whose names is there twice.
pub struct Once<T>(pub Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Once<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Once<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object of tensors by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let (mut seen, mut members) = (HashSet::new(), Vec::new());
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("two tensors are named {name}")));
                    }
                    members.push((name, value));
                    if members.len() > MAX_TENSORS {
                        return Err(A::Error::custom(format!(
                            "it has more than {MAX_TENSORS} tensors, which no checkpoint has"
                        )));
                    }
                }
                Ok(Once(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}
