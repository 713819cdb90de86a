//! What a pickle builds: values by number, and the tensors among them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::failure::Failure;
use super::policy::PickleName;
use crate::files::element::Element;

/// A value's place in [`Pickle::values`].
pub(in crate::files) type ValueId = u32;

/// What a pickle builds. Containers hold places, so that a value which is used a thousand times is kept once.
#[derive(Debug)]
pub(in crate::files) enum PickleValue {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// Shared, since they may be most of the file.
    Bytes(Arc<Vec<u8>>),
    /// Bytes, a text or an integer too long to be kept: its Python type, without its contents.
    Bulk(&'static str),
    Tuple(Vec<ValueId>),
    /// A list or a set.
    List(Vec<ValueId>),
    /// Any mapping, in the order of the file; keys may repeat.
    Dict(Vec<(ValueId, ValueId)>),
    /// A class or function.
    Name(Rc<PickleName>),
    Storage(Rc<Storage>),
    Tensor(Rc<TensorRef>),
    Object(Box<PickleObject>),
}

impl PickleValue {
    /// The Python type, for messages.
    pub(in crate::files) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Float(_) => "a float",
            Self::Text(_) => "a str",
            Self::Bytes(_) => "bytes",
            Self::Bulk(kind) => kind,
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Name(_) => "a class",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
            Self::Object(_) => "an object",
        }
    }
}

/// An object of a class that is not interpreted.
#[derive(Debug)]
pub(in crate::files) struct PickleObject {
    /// Its class, or the function that would have made it.
    pub(in crate::files) class: Rc<PickleName>,
    /// What the class would have been called with, and what would have been put into it.
    pub(in crate::files) parts: Vec<ValueId>,
    /// Its attributes.
    pub(in crate::files) state: Option<ValueId>,
}

/// The bytes that tensors are views of.
#[derive(Debug)]
pub(in crate::files) struct Storage {
    pub(in crate::files) key: String,
    /// `None` where only the tensor knows.
    pub(in crate::files) element: Option<Element>,
    /// Where this view of the storage starts and ends, in bytes; old files have such views.
    pub(in crate::files) view: (u64, u64),
}

/// A tensor: a view of a storage that was checked to hold it.
#[derive(Debug)]
pub(in crate::files) struct TensorRef {
    pub(in crate::files) storage: String,
    pub(in crate::files) element: Element,
    /// Elements before the first one.
    pub(in crate::files) offset: u64,
    pub(in crate::files) shape: Vec<u64>,
    pub(in crate::files) strides: Vec<u64>,
}

/// A storage's size: bytes, and bytes of an element.
pub(in crate::files) type Sizes = BTreeMap<String, (u64, u64)>;

/// A pickle that was read to its end.
#[derive(Debug)]
pub(in crate::files) struct Pickle {
    pub(in crate::files) values: Vec<PickleValue>,
    pub(in crate::files) root: ValueId,
    /// Every storage it speaks of.
    pub(in crate::files) storages: Sizes,
}

impl Pickle {
    pub(in crate::files) fn get(&self, id: ValueId) -> &PickleValue {
        &self.values[id as usize]
    }

    pub(in crate::files) fn root(&self) -> &PickleValue {
        self.get(self.root)
    }

    /// A text or whole number as text: how storages and tensors are called.
    pub(in crate::files) fn key(&self, id: ValueId) -> Option<String> {
        key(self.get(id))
    }
}

/// A text or whole number as text.
pub(super) fn key(value: &PickleValue) -> Option<String> {
    match value {
        PickleValue::Text(text) => Some(text.to_string()),
        PickleValue::Int(i) => Some(i.to_string()),
        _ => None,
    }
}

/// Who answers persistent ids.
pub(in crate::files) enum Persistent<'a> {
    /// Nobody: a plain pickle.
    Nobody,
    /// Descriptions of storages.
    Storages,
    /// Names of tensors that are already known (the tar container).
    Tensors(&'a BTreeMap<String, Rc<TensorRef>>),
}

/// The view of `storage` that a tensor is, checked against the storage's size.
pub(in crate::files) fn view(
    storage: &Storage,
    element: Element,
    offset: u64,
    shape: Vec<u64>,
    strides: Vec<u64>,
) -> Result<TensorRef, Failure> {
    let absurd = || {
        Failure::damaged(format!(
            "a tensor claims the shape {shape:?}, which no memory could hold"
        ))
    };
    let size = element.bytes();
    if shape.len() != strides.len() {
        return Err(Failure::damaged(format!(
            "a tensor has {} extents and {} strides",
            shape.len(),
            strides.len()
        )));
    }
    let mut elements = 1u64;
    let mut last = 0u64;
    for (&extent, &stride) in shape.iter().zip(&strides) {
        elements = elements.checked_mul(extent).ok_or_else(absurd)?;
        last = extent
            .saturating_sub(1)
            .checked_mul(stride)
            .and_then(|step| last.checked_add(step))
            .ok_or_else(absurd)?;
    }
    elements
        .checked_mul(size)
        .filter(|&b| isize::try_from(b).is_ok())
        .ok_or_else(absurd)?;
    let (start, end) = storage.view;
    if !start.is_multiple_of(size) {
        return Err(Failure::damaged(format!(
            "storage {} starts within an element",
            storage.key
        )));
    }
    let needs = match elements {
        0 => Some(0),
        _ => offset.checked_add(last).and_then(|n| n.checked_add(1)),
    };
    let there = (end - start) / size;
    if needs.is_none_or(|n| n > there) {
        return Err(Failure::damaged(format!(
            "a tensor of shape {shape:?}, strides {strides:?} and offset {offset} reaches past the end of storage {}: it has \
             {elements} elements, the storage declares {there}",
            storage.key
        )));
    }
    Ok(TensorRef {
        storage: storage.key.clone(),
        element,
        // An empty tensor may start anywhere; nothing is read of it.
        offset: if elements == 0 { 0 } else { offset + start / size },
        shape,
        strides,
    })
}
