//! The tar files torch.save wrote before 0.1.10: storages, then tensors, then the pickle that names them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::rc::Rc;

use super::contents::{Parsed, TorchContents, damaged, failed, is_big_endian, position};
use crate::files::element::Element;
use crate::files::pickle::{self, Failure, Keep, Persistent, Pickle, PickleValue, Storage, TensorRef, ValueId, view};
use crate::files::place::ByteRange;
use crate::files::unknown::UnknownCalls;

/// The most extents a tensor may have; torch itself stops there.
const MAX_RANK: i32 = 64;

/// The parts every such file has.
const PARTS: [&str; 3] = ["storages", "tensors", "pickle"];

/// Where the parts are.
struct Parts(BTreeMap<String, Range<u64>>);

pub(super) fn contents(file: &mut File, len: u64, calls: &mut UnknownCalls) -> Parsed<TorchContents> {
    let parts = Parts::find(file, len)?;
    let big_endian = match parts.enter(file, "sys_info")? {
        Some(mut part) => is_big_endian(&part.pickle(calls)?)?,
        None => false,
    };
    if big_endian {
        return Err(Failure::Unsupported(
            "a PyTorch tar file of a big-endian machine, which no PyTorch reads; load and save it on such a machine"
                .to_owned(),
        ));
    }
    let (storages, places) = parts.need(file, "storages")?.storages(calls)?;
    let tensors = parts.need(file, "tensors")?.tensors(&storages, calls)?;
    let mut part = parts.need(file, "pickle")?;
    let pickle = pickle::read(&mut part.input, &Persistent::Tensors(&tensors), Keep::Names, calls)?;
    Ok(TorchContents {
        pickle,
        places,
        big_endian,
    })
}

impl Parts {
    fn find(file: &mut File, len: u64) -> Parsed<Self> {
        file.rewind().map_err(failed)?;
        let mut archive = ::tar::Archive::new(&mut *file);
        let mut parts = BTreeMap::new();
        for entry in archive.entries_with_seek().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let start = entry.raw_file_position();
            // A sparse entry may claim more than it has.
            let end = start.checked_add(entry.size()).filter(|&end| end <= len);
            let Some(end) = end.filter(|_| !entry.header().entry_type().is_gnu_sparse()) else {
                return Err(damaged(format!(
                    "its entry {name} claims {} bytes in a file of {len}",
                    entry.size()
                )));
            };
            let name = name.trim_start_matches("./").to_owned();
            if entry.header().entry_type().is_file() && parts.insert(name.clone(), start..end).is_some() {
                return Err(damaged(format!("it has two entries named {name}")));
            }
        }
        Ok(Self(parts))
    }

    fn enter<'a>(&self, file: &'a mut File, name: &str) -> Parsed<Option<PartReader<'a>>> {
        let Some(range) = self.0.get(name) else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
        Ok(Some(PartReader {
            input: BufReader::new(file),
            end: range.end,
        }))
    }

    fn need<'a>(&self, file: &'a mut File, name: &str) -> Parsed<PartReader<'a>> {
        let is_ours = PARTS.iter().any(|part| self.0.contains_key(*part));
        self.enter(file, name)?.ok_or_else(|| {
            if is_ours {
                return damaged(format!("it has no entry named {name}: it is cut short"));
            }
            Failure::Unsupported(
                "a tar file, but not a PyTorch checkpoint; unpack it and give the checkpoint in it".to_owned(),
            )
        })
    }
}

/// Reads one part.
struct PartReader<'a> {
    input: BufReader<&'a mut File>,
    end: u64,
}

/// Storages by key, with their element types.
type Storages = BTreeMap<String, (Element, u64)>;

impl PartReader<'_> {
    fn pickle(&mut self, calls: &mut UnknownCalls) -> Parsed<Pickle> {
        let pickle = pickle::read(&mut self.input, &Persistent::Nobody, Keep::Names, calls)?;
        if position(&mut self.input)? > self.end {
            return Err(damaged("one of its parts is cut short"));
        }
        Ok(pickle)
    }

    fn bytes<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let mut bytes = [0; N];
        let read = self.input.read_exact(&mut bytes);
        read.map_err(|_| damaged("one of its parts is cut short"))?;
        Ok(bytes)
    }

    fn natural(&mut self, what: &str) -> Parsed<u64> {
        let number = i64::from_le_bytes(self.bytes()?);
        u64::try_from(number).map_err(|_| damaged(format!("the {what} is negative ({number})")))
    }

    fn count(&mut self, calls: &mut UnknownCalls) -> Parsed<i64> {
        match self.pickle(calls)?.root() {
            &PickleValue::Int(count) => Ok(count),
            other => Err(damaged(format!("a number of things in it is {}", other.kind()))),
        }
    }

    /// Per storage its key, device and class, the number of elements and the elements; then the views of them.
    fn storages(mut self, calls: &mut UnknownCalls) -> Parsed<(Storages, BTreeMap<String, ByteRange>)> {
        let (mut storages, mut places) = (Storages::new(), BTreeMap::new());
        for _ in 0..self.count(calls)? {
            let about = self.pickle(calls)?;
            let [key, _, about_class] = fields(&about, about.root)?;
            let key = text(&about, key)?;
            let PickleValue::Name(class) = about.get(about_class) else {
                return Err(damaged(format!("the type of storage {key} is missing")));
            };
            note_class(&about, about_class, calls);
            let element = class.rsplit('.').next().and_then(Element::from_storage);
            let element = element
                .ok_or_else(|| Failure::Unsupported(format!("it holds tensors of type {class}, which is not known")))?;
            let elements = self.natural("size of a storage")?;
            let start = position(&mut self.input)?;
            let len = elements.checked_mul(element.bytes());
            let end = len
                .and_then(|len| start.checked_add(len))
                .filter(|&end| end <= self.end);
            let (Some(len), Some(end)) = (len, end) else {
                return Err(damaged(format!(
                    "its storage {key} claims {elements} elements, and the file is cut short before them"
                )));
            };
            self.input.seek(SeekFrom::Start(end)).map_err(failed)?;
            add(&mut storages, &mut places, key, element, start, len)?;
        }
        let views = self.pickle(calls)?;
        let PickleValue::List(listed) = views.root() else {
            return Err(damaged("the views of its storages are not a list"));
        };
        for &id in listed {
            let [key, root, offset, elements] = fields(&views, id)?;
            let (key, root) = (text(&views, key)?, text(&views, root)?);
            let outside = || damaged(format!("the view {key} lies outside storage {root}"));
            let (&(element, _), place) = storages.get(&root).zip(places.get(&root)).ok_or_else(outside)?;
            let natural = |id| match views.get(id) {
                &PickleValue::Int(i) => u64::try_from(i).ok().and_then(|n| n.checked_mul(element.bytes())),
                _ => None,
            };
            let (offset, len) = natural(offset).zip(natural(elements)).ok_or_else(outside)?;
            if offset.checked_add(len).is_none_or(|end| end > place.len) {
                return Err(outside());
            }
            let start = place.start + offset;
            add(&mut storages, &mut places, key, element, start, len)?;
        }
        Ok((storages, places))
    }

    /// Per tensor its key, its storage and class, then extents, strides and offset.
    fn tensors(mut self, storages: &Storages, calls: &mut UnknownCalls) -> Parsed<BTreeMap<String, Rc<TensorRef>>> {
        let mut tensors = BTreeMap::new();
        for _ in 0..self.count(calls)? {
            let about = self.pickle(calls)?;
            let [key, storage, class] = fields(&about, about.root)?;
            note_class(&about, class, calls);
            let (key, storage) = (text(&about, key)?, text(&about, storage)?);
            let rank = i32::from_le_bytes(self.bytes()?);
            if !(0..=MAX_RANK).contains(&rank) {
                return Err(damaged(format!("a tensor has {rank} extents")));
            }
            // The number of extents once had eight bytes.
            self.bytes::<4>()?;
            let many = |part: &mut Self, what| (0..rank).map(|_| part.natural(what)).collect::<Parsed<Vec<_>>>();
            let shape = many(&mut self, "extent of a tensor")?;
            let strides = many(&mut self, "stride of a tensor")?;
            let offset = self.natural("offset of a tensor")?;
            let &(element, len) = storages
                .get(&storage)
                .ok_or_else(|| damaged(format!("the storage {storage} of a tensor is not in the file")))?;
            let storage = Storage {
                key: storage,
                element: Some(element),
                view: (0, len),
            };
            let tensor = view(&storage, element, offset, shape, strides)?;
            if tensors.insert(key, Rc::new(tensor)).is_some() {
                return Err(damaged("it has two tensors of one name"));
            }
        }
        Ok(tensors)
    }
}

fn add(
    storages: &mut Storages,
    places: &mut BTreeMap<String, ByteRange>,
    key: String,
    element: Element,
    start: u64,
    len: u64,
) -> Parsed<()> {
    if places.insert(key.clone(), ByteRange::plain(start, len)).is_some() {
        return Err(damaged(format!("its storage {key} is there twice")));
    }
    storages.insert(key, (element, len));
    Ok(())
}

/// Notes a class of storages or tensors that is none of torch's: it is called with what the file holds.
fn note_class(about: &Pickle, class: ValueId, calls: &mut UnknownCalls) {
    if let PickleValue::Name(class) = about.get(class)
        && !class.is_callable()
    {
        calls.called(class, class.dangerous);
    }
}

/// The fields of a tuple of so many.
fn fields<const N: usize>(pickle: &Pickle, id: ValueId) -> Parsed<[ValueId; N]> {
    match pickle.get(id) {
        PickleValue::Tuple(fields) => fields.as_slice().try_into().ok(),
        _ => None,
    }
    .ok_or_else(|| damaged(format!("a description in it has not {N} parts")))
}

fn text(pickle: &Pickle, id: ValueId) -> Parsed<String> {
    pickle
        .key(id)
        .ok_or_else(|| damaged("a name in it is neither text nor number"))
}
