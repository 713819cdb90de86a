//! Pickles, read without running anything.
//!
//! A pickle is a program for a small stack machine. This one knows every opcode, builds plain values and torch's
//! tensors, and has no way to import or to call: a class or function is only ever a name. What another name would have
//! made becomes an opaque [`Value::Object`]. What would be called where the file is loaded and is not known to be harmless
//! (`allowed`, `judge`) is noted, and so is every name that is dangerous by itself (`policy`): however it was spelled,
//! wherever it is hidden and whether or not its result is used. Who reads the file decides what follows from that.

mod allowed;
mod calls;
mod input;
mod judge;
mod machine;
mod numpy;
mod policy;
mod walk;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::element::Element;

pub(super) use machine::{Keep, read};
pub(super) use numpy::{Data, NdArray};
pub(super) use walk::{PickleContents, walk};

/// A value's place in [`Pickle::values`].
pub(super) type Id = u32;

/// What a pickle builds. Containers hold places, so that a value which is used a thousand times is kept once.
#[derive(Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// Shared, since they may be most of the file.
    Bytes(Arc<Vec<u8>>),
    /// Bytes, a text or an integer too long to be kept: its Python type, without its contents.
    Bulk(&'static str),
    Tuple(Vec<Id>),
    /// A list or a set.
    List(Vec<Id>),
    /// Any mapping, in the order of the file; keys may repeat.
    Dict(Vec<(Id, Id)>),
    /// A class or function.
    Name(Rc<policy::Name>),
    Storage(Rc<Storage>),
    Tensor(Rc<TensorRef>),
    Object(Box<Object>),
}

impl Value {
    /// The Python type, for messages.
    pub(super) fn kind(&self) -> &'static str {
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
pub(super) struct Object {
    /// Its class, or the function that would have made it.
    pub(super) class: Rc<policy::Name>,
    /// What the class would have been called with, and what would have been put into it.
    pub(super) parts: Vec<Id>,
    /// Its attributes.
    pub(super) state: Option<Id>,
}

/// The bytes that tensors are views of.
#[derive(Debug)]
pub(super) struct Storage {
    pub(super) key: String,
    /// `None` where only the tensor knows.
    pub(super) element: Option<Element>,
    /// Where this view of the storage starts and ends, in bytes; old files have such views.
    pub(super) view: (u64, u64),
}

/// A tensor: a view of a storage that was checked to hold it.
#[derive(Debug)]
pub(super) struct TensorRef {
    pub(super) storage: String,
    pub(super) element: Element,
    /// Elements before the first one.
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// A storage's size: bytes, and bytes of an element.
pub(super) type Sizes = BTreeMap<String, (u64, u64)>;

/// A pickle that was read to its end.
#[derive(Debug)]
pub(super) struct Pickle {
    pub(super) values: Vec<Value>,
    pub(super) root: Id,
    /// Every storage it speaks of.
    pub(super) storages: Sizes,
}

impl Pickle {
    pub(super) fn get(&self, id: Id) -> &Value {
        &self.values[id as usize]
    }

    pub(super) fn root(&self) -> &Value {
        self.get(self.root)
    }

    /// A text or whole number as text: how storages and tensors are called.
    pub(super) fn key(&self, id: Id) -> Option<String> {
        key(self.get(id))
    }
}

/// A text or whole number as text.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(i) => Some(i.to_string()),
        _ => None,
    }
}

/// Who answers persistent ids.
pub(super) enum Persistent<'a> {
    /// Nobody: a plain pickle.
    Nobody,
    /// Descriptions of storages.
    Storages,
    /// Names of tensors that are already known (the tar container).
    Tensors(&'a BTreeMap<String, Rc<TensorRef>>),
}

/// Why a pickle is not read.
#[derive(Debug)]
pub(super) enum Failure {
    /// It would run code that no name tells, or change a class.
    Hostile(String),
    /// It is sound, but cannot be read here.
    Unsupported(String),
    /// It is not a whole pickle.
    Damaged(String),
}

impl Failure {
    fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }
}

/// The view of `storage` that a tensor is, checked against the storage's size.
pub(super) fn view(
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
