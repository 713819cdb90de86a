//! Arrays and scalars of numpy inside a pickle, and texts and bytes however they were spelled.

use std::sync::Arc;

use super::value::{Pickle, PickleObject, PickleValue, ValueId};
use crate::files::element::{Element, integral};

/// An array of numpy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::files) struct NdArray {
    pub(in crate::files) shape: Vec<u64>,
    pub(in crate::files) element: Element,
    pub(in crate::files) big_endian: bool,
    pub(in crate::files) fortran: bool,
    pub(in crate::files) data: ArrayData,
}

/// What an array holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::files) enum ArrayData {
    /// Its elements' bytes, as many as its shape needs.
    Bytes(Arc<Vec<u8>>),
    /// Python objects: texts or whole numbers; `None` for None.
    Objects(Vec<Option<String>>),
}

impl Pickle {
    /// Bytes: as such, as a text of Python 2, or as Python 3 spells them in old protocols.
    pub(in crate::files) fn bytes(&self, id: ValueId) -> Option<Arc<Vec<u8>>> {
        let latin = |text: &str| {
            text.chars()
                .map(|c| u8::try_from(u32::from(c)).ok())
                .collect::<Option<Vec<_>>>()
        };
        match self.get(id) {
            PickleValue::Bytes(bytes) => Some(bytes.clone()),
            PickleValue::Text(text) => latin(text).map(Arc::new),
            PickleValue::Object(object) if matches!(&**object.class, "_codecs.encode" | "codecs.encode") => {
                // Only a text is encoded: calls within calls would be followed as deep as a file nests them.
                match self.arguments(object) {
                    [text, encoding] if self.key(*encoding).as_deref() == Some("latin1") => match self.get(*text) {
                        PickleValue::Text(text) => latin(text).map(Arc::new),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A text, or bytes that are UTF-8.
    pub(in crate::files) fn text(&self, id: ValueId) -> Option<String> {
        match self.get(id) {
            PickleValue::Text(text) => Some(text.to_string()),
            PickleValue::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok(),
            PickleValue::Object(_) => {
                let (element, bytes) = self.scalar(id)?;
                element.to_texts(&bytes)?.pop()
            }
            _ => None,
        }
    }

    /// A scalar of numpy: what it is, and its bytes, the least significant first.
    fn scalar(&self, id: ValueId) -> Option<(Element, Vec<u8>)> {
        let PickleValue::Object(object) = self.get(id) else {
            return None;
        };
        let [dtype, bytes] = self.arguments(object) else {
            return None;
        };
        let (element, big_endian) = self.dtype(*dtype)?;
        let bytes = self.bytes(*bytes).filter(|_| is_from_numpy(&object.class, "scalar"))?;
        let mut bytes = bytes.to_vec();
        if big_endian {
            let width = if matches!(element, Element::Unicode(_)) {
                4
            } else {
                bytes.len().max(1)
            };
            bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        Some((element, bytes))
    }

    /// A whole number, Python's or numpy's.
    pub(in crate::files) fn integer(&self, id: ValueId) -> Option<i64> {
        match self.get(id) {
            PickleValue::Int(i) => Some(*i),
            PickleValue::Bool(b) => Some((*b).into()),
            PickleValue::Object(_) => {
                let (element, bytes) = self.scalar(id)?;
                let one = element.to_integers(&bytes)?;
                one.first().and_then(|&i| i64::try_from(i).ok())
            }
            _ => None,
        }
    }

    /// The items of a list or tuple as texts: texts and whole numbers, `None` for None. `None` for anything else.
    pub(in crate::files) fn list(&self, id: ValueId) -> Option<Vec<Option<String>>> {
        self.items(id)?.iter().map(|&item| self.item(item)).collect()
    }

    /// The items of a list or tuple.
    pub(in crate::files) fn items(&self, id: ValueId) -> Option<&[ValueId]> {
        match self.get(id) {
            PickleValue::List(items) | PickleValue::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn item(&self, id: ValueId) -> Option<Option<String>> {
        match self.get(id) {
            PickleValue::None => Some(None),
            // A float that is whole, and a list of one, as columns are.
            PickleValue::Float(value) => integral(*value).map(Some),
            PickleValue::List(items) | PickleValue::Tuple(items)
                if items.len() == 1 && self.items(items[0]).is_none() =>
            {
                self.item(items[0])
            }
            _ => self.text(id).or_else(|| Some(self.integer(id)?.to_string())).map(Some),
        }
    }

    /// The value under a key of a dictionary; of several the last, as in Python.
    pub(in crate::files) fn entry(&self, id: ValueId, key: &str) -> Option<ValueId> {
        let PickleValue::Dict(pairs) = self.get(id) else {
            return None;
        };
        let named = |&&(name, _): &&(ValueId, ValueId)| self.text(name).as_deref() == Some(key);
        pairs.iter().rev().find(named).map(|&(_, value)| value)
    }

    /// The array of numpy that a value is.
    pub(in crate::files) fn ndarray(&self, id: ValueId) -> Option<NdArray> {
        let PickleValue::Object(object) = self.get(id) else {
            return None;
        };
        let (shape, dtype, fortran, data) = if is_from_numpy(&object.class, "_reconstruct") {
            let PickleValue::Tuple(state) = self.get(object.state?) else {
                return None;
            };
            let &[_, shape, dtype, fortran, data] = state.as_slice() else {
                return None;
            };
            (shape, dtype, matches!(self.get(fortran), PickleValue::Bool(true)), data)
        } else if is_from_numpy(&object.class, "_frombuffer") {
            let &[data, dtype, shape, order] = self.arguments(object) else {
                return None;
            };
            (shape, dtype, self.text(order).as_deref() == Some("F"), data)
        } else {
            return None;
        };
        let (element, big_endian) = self.dtype(dtype)?;
        let extent = |&id: &ValueId| u64::try_from(self.integer(id)?).ok();
        let shape: Vec<u64> = self.items(shape)?.iter().map(extent).collect::<Option<_>>()?;
        let elements = shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n))?;
        let data = match element.size() {
            Some(size) => {
                let bytes = self.bytes(data)?;
                let needed = elements.checked_mul(size as u64);
                ArrayData::Bytes(Some(bytes).filter(|bytes| needed == Some(bytes.len() as u64))?)
            }
            None => ArrayData::Objects(self.list(data).filter(|items| items.len() as u64 == elements)?),
        };
        Some(NdArray {
            shape,
            element,
            big_endian,
            fortran,
            data,
        })
    }

    /// What the elements are, and whether their most significant byte comes first.
    fn dtype(&self, id: ValueId) -> Option<(Element, bool)> {
        let PickleValue::Object(object) = self.get(id) else {
            return None;
        };
        if !matches!(&**object.class, "numpy.dtype" | "numpy.dtype.dtype") {
            return None;
        }
        let name = self.text(*self.arguments(object).first()?)?;
        let order = match object.state.map(|state| self.get(state)) {
            Some(PickleValue::Tuple(state)) => state.get(1).and_then(|&order| self.text(order)),
            _ => None,
        };
        let code = name.trim_start_matches(['<', '>', '|', '=']);
        let big_endian = order.as_deref() == Some(">") || name.starts_with('>');
        Some((Element::from_numpy(code), big_endian))
    }

    /// What a class or function would have been called with.
    fn arguments(&self, object: &PickleObject) -> &[ValueId] {
        match object.parts.first().map(|&parts| self.get(parts)) {
            Some(PickleValue::Tuple(arguments)) => arguments,
            _ => &[],
        }
    }
}

/// True if a name is this function of numpy, wherever its versions keep it.
fn is_from_numpy(class: &str, function: &str) -> bool {
    let rest = class.strip_prefix("numpy.");
    rest.and_then(|rest| rest.rsplit_once('.'))
        .is_some_and(|(module, name)| {
            let module = module.strip_prefix("_core.").or(module.strip_prefix("core."));
            name == function && matches!(module, Some("multiarray" | "numeric"))
        })
}
