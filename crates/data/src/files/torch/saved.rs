//! Opening what torch.save wrote, each of its containers in turn.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use flate2::CrcReader;

use super::contents::{Parsed, TorchContents, damaged, failed, is_big_endian, position};
use super::tar;
use crate::error::{Error, Result};
use crate::files::array::Array;
use crate::files::container::Container;
use crate::files::pickle::{
    self, ArrayData, Failure, Keep, Persistent, Pickle, PickleContents, PickleValue, TensorRef,
};
use crate::files::place::ByteRange;
use crate::files::strides::Strides;
use crate::files::unknown::UnknownCalls;
use crate::files::zip;

/// A tensor larger than its file is refused, unless it is small anyway (compressed files, broadcast views).
const ALWAYS_PLAUSIBLE: u64 = 64 << 20;

/// The largest pickle of a zip file: names, shapes and settings, never the weights.
const MAX_PICKLE: u64 = 1 << 30;

/// The number a legacy file starts with, as protocols from 2 on write it, and in decimal.
const MAGIC: [&[u8]; 2] = [
    &[0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19],
    b"119547037146038801333356",
];

/// Where in the file that number is at the latest.
const MAGIC_WITHIN: usize = 64;

/// Reads everything but the tensors' bytes of a file of `len` bytes that begins with `head`.
pub(in crate::files) fn open(path: &Path, file: &mut File, len: u64, head: &[u8], keep: Keep) -> Result<Container> {
    let magic = &head[..head.len().min(MAGIC_WITHIN)];
    let has = |number: &[u8]| magic.windows(number.len()).any(|bytes| bytes == number);
    // All its pickles count: each of them is loaded.
    let mut calls = UnknownCalls::default();
    let (container, parsed) = if head.starts_with(b"PK") {
        ("PyTorch zip", zipped(file, len, keep, &mut calls))
    } else if head.get(257..262) == Some(b"ustar") {
        ("PyTorch tar", tar::contents(file, len, &mut calls))
    } else if MAGIC.iter().any(|number| has(number)) {
        ("PyTorch legacy", legacy(file, len, keep, &mut calls))
    } else {
        ("pickle", plain(file, keep, &mut calls))
    };
    let opened = parsed.and_then(|contents| opened(container, contents, len, keep));
    match opened {
        Ok(container) => Ok(Container { calls, ..container }),
        Err(failure) => Err({
            // A dangerous name is the reason, whatever else is wrong with the file.
            let failure = match calls.first_dangerous() {
                Some(call) => Failure::Hostile(call.describe()),
                None => failure,
            };
            let sentence = match failure {
                Failure::Hostile(does) => format!(
                    "it {does}, which no checkpoint needs; nothing was executed; do not open this file with other programs \
                     either, and get the weights from a source you trust"
                ),
                Failure::Unsupported(sentence) => sentence,
                Failure::Damaged(_) if container == "pickle" && !is_pickle(head) => {
                    "not a checkpoint; expected safetensors or a file written by torch.save".to_owned()
                }
                Failure::Damaged(what) => {
                    let kind = if container == "pickle" { "PyTorch" } else { container };
                    format!("damaged {kind} file ({what}); fetch it again")
                }
            };
            Error::input(format!("{}: {sentence}", path.display()))
        }),
    }
}

/// True if a file says that it is a pickle, as all but the oldest do.
fn is_pickle(head: &[u8]) -> bool {
    matches!(head, [0x80, 0..=5, ..])
}

fn opened(kind: &'static str, contents: TorchContents, len: u64, keep: Keep) -> Parsed<Container> {
    let TorchContents {
        pickle,
        places,
        big_endian,
    } = contents;
    let PickleContents {
        tensors,
        metadata,
        nests,
        ndarrays,
        lists,
        unread,
        opaque,
    } = pickle::walk(&pickle, keep)?;
    let mut container = Container {
        metadata,
        nests: nests.into_iter().collect(),
        opaque,
        lists,
        unread,
        root: match pickle.root() {
            PickleValue::Dict(_) => None,
            PickleValue::Object(object) => Some(format!("an object of type {}", object.class)),
            other => Some(other.kind().to_owned()),
        },
        ..Container::new(kind)
    };
    for (name, tensor) in tensors {
        let size = tensor.element.bytes();
        let bytes = size * tensor.shape.iter().product::<u64>();
        if bytes > len.max(ALWAYS_PLAUSIBLE) {
            return Err(damaged(format!(
                "tensor {name} claims {bytes} bytes in a file of {len}"
            )));
        }
        let TensorRef {
            storage,
            element,
            offset,
            shape,
            strides,
        } = &*tensor;
        let place = places
            .get(storage)
            .ok_or_else(|| damaged(format!("the storage {storage} of tensor {name} is not in the file")))?;
        container.arrays.push(Array {
            name,
            shape: shape.clone(),
            element: *element,
            big_endian,
            place: place.clone(),
            skip: offset * size,
            strides: Strides::new(strides.clone()),
        });
    }
    for (name, array) in ndarrays {
        match array.data {
            ArrayData::Objects(items) => container.lists.push((name, items)),
            ArrayData::Bytes(bytes) => container.arrays.push(Array {
                name,
                strides: match array.fortran {
                    true => Strides::by_column(&array.shape),
                    false => Strides::by_row(&array.shape),
                },
                shape: array.shape,
                element: array.element,
                big_endian: array.big_endian,
                place: ByteRange::held(bytes),
                skip: 0,
            }),
        }
    }
    Ok(container)
}

fn zipped(file: &mut File, len: u64, keep: Keep, calls: &mut UnknownCalls) -> Parsed<TorchContents> {
    let directory = zip::Directory::read(file, len).map_err(damaged)?;
    let mut roots = directory
        .names()
        .filter_map(|name| name.strip_suffix("data.pkl"))
        .filter(|root| root.is_empty() || root.ends_with('/'))
        .map(str::to_owned);
    let root = match (roots.next(), roots.next()) {
        (Some(root), None) => root,
        (None, _) => {
            return Err(Failure::Unsupported(
                "a zip file, but not a PyTorch checkpoint (it has no data.pkl); expected a file written by torch.save"
                    .to_owned(),
            ));
        }
        (Some(one), Some(other)) => {
            return Err(damaged(format!(
                "it has two pickles, {one}data.pkl and {other}data.pkl, and programs differ in which they read"
            )));
        }
    };
    if directory
        .names()
        .any(|name| name.eq_ignore_ascii_case(&format!("{root}constants.pkl")))
    {
        return Err(Failure::Unsupported(
            "a TorchScript module: a program, of which nothing was run; save model.state_dict() instead, or extract its \
             features with featscope extract --trust-code if you trust its origin"
                .to_owned(),
        ));
    }
    let order = match directory.place(file, &format!("{root}byteorder")).map_err(damaged)? {
        Some(place) => place.read(file, 0, place.len.min(16)).map_err(failed)?,
        None => b"little".to_vec(),
    };
    let big_endian = match order.trim_ascii() {
        b"little" => false,
        b"big" => true,
        _ => return Err(damaged("its byte order is neither little nor big")),
    };
    let missing = || damaged("its data.pkl is gone");
    let place = directory.place(file, &format!("{root}data.pkl")).map_err(damaged)?;
    let pickle = read_entry(file, &place.ok_or_else(missing)?, keep, calls)?;
    let mut places = BTreeMap::new();
    for (key, &(bytes, _)) in &pickle.storages {
        let place = directory.place(file, &format!("{root}data/{key}")).map_err(damaged)?;
        let place = place.ok_or_else(|| damaged(format!("its storage {key} is missing")))?;
        if place.len != bytes {
            return Err(damaged(format!(
                "its storage {key} has {} bytes and is said to have {bytes}",
                place.len
            )));
        }
        places.insert(key.clone(), place);
    }
    Ok(TorchContents {
        pickle,
        places,
        big_endian,
    })
}

/// Reads the pickle of a zip file, and to the end of its entry for the checksum.
fn read_entry(file: &mut File, place: &ByteRange, keep: Keep, calls: &mut UnknownCalls) -> Parsed<Pickle> {
    if place.len > MAX_PICKLE {
        return Err(damaged(format!("its data.pkl claims {} bytes", place.len)));
    }
    file.seek(SeekFrom::Start(place.start)).map_err(failed)?;
    let unchecked = ByteRange {
        crc: None,
        ..place.clone()
    };
    let bytes = unchecked.reader(file).map_err(failed)?;
    let mut bytes = CrcReader::new(BufReader::new(bytes));
    let pickle = pickle::read(&mut bytes, &Persistent::Storages, keep, calls)?;
    std::io::copy(&mut bytes, &mut std::io::sink())
        .map_err(|e| damaged(format!("its data.pkl cannot be read: {e}")))?;
    if u64::from(bytes.crc().amount()) != place.len & u64::from(u32::MAX) {
        return Err(damaged("its data.pkl is shorter than it claims"));
    }
    if place.crc.is_some_and(|crc| crc != bytes.crc().sum()) {
        return Err(damaged("the checksum of its data.pkl is wrong"));
    }
    Ok(pickle)
}

/// A stream of pickles (a magic number, a version, the machine, the object, the storages' keys), then the storages.
fn legacy(file: &mut File, len: u64, keep: Keep, calls: &mut UnknownCalls) -> Parsed<TorchContents> {
    let mut input = rewound(file)?;
    let mut next = |input: &mut BufReader<&mut File>| pickle::read(input, &Persistent::Nobody, Keep::Names, calls);
    next(&mut input)?;
    match next(&mut input)?.root() {
        PickleValue::Int(1001) => {}
        other => {
            return Err(damaged(format!(
                "its version is {}, expected the number 1001",
                match other {
                    PickleValue::Int(number) => number.to_string(),
                    other => other.kind().to_owned(),
                }
            )));
        }
    }
    let big_endian = is_big_endian(&next(&mut input)?)?;
    let pickle = pickle::read(&mut input, &Persistent::Storages, keep, calls)?;
    let keys = pickle::read(&mut input, &Persistent::Nobody, Keep::Names, calls)?;
    let PickleValue::List(listed) = keys.root() else {
        return Err(damaged("the keys of its storages are not a list"));
    };
    let mut places = BTreeMap::new();
    let mut at = position(&mut input)?;
    for &id in listed {
        let key = keys.key(id).unwrap_or_default();
        let &(bytes, size) = pickle
            .storages
            .get(&key)
            .ok_or_else(|| damaged(format!("its storage {key:?} belongs to no tensor")))?;
        let mut count = [0; 8];
        input
            .seek(SeekFrom::Start(at))
            .and_then(|_| input.read_exact(&mut count))
            .map_err(|_| damaged(format!("it ends before its storage {key}")))?;
        let count = if big_endian {
            u64::from_be_bytes(count)
        } else {
            u64::from_le_bytes(count)
        };
        if count.checked_mul(size) != Some(bytes) {
            return Err(damaged(format!(
                "its storage {key} has {count} elements and is said to have {}",
                bytes / size
            )));
        }
        let start = at + 8;
        at = start.checked_add(bytes).filter(|&end| end <= len).ok_or_else(|| {
            damaged(format!(
                "its storage {key} needs {bytes} bytes, {} are there: it is cut short",
                len - start
            ))
        })?;
        if places.insert(key.clone(), ByteRange::plain(start, bytes)).is_some() {
            return Err(damaged(format!("its storage {key} is there twice")));
        }
    }
    Ok(TorchContents {
        pickle,
        places,
        big_endian,
    })
}

fn plain(file: &mut File, keep: Keep, calls: &mut UnknownCalls) -> Parsed<TorchContents> {
    Ok(TorchContents {
        pickle: pickle::read(&mut rewound(file)?, &Persistent::Nobody, keep, calls)?,
        places: BTreeMap::new(),
        big_endian: false,
    })
}

fn rewound(file: &mut File) -> Parsed<BufReader<&mut File>> {
    file.rewind().map_err(failed)?;
    Ok(BufReader::new(file))
}
