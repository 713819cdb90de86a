//! A plain pickle: containers, texts, whole numbers and arrays of numpy, as old data sets are kept in.

use std::io::BufRead;
use std::sync::Arc;

use super::element::Element;
use super::pickle::{self, ArrayData, Failure, Keep, Persistent, Pickle, ValueId};
use super::strides::Strides;
use super::unknown::UnknownCalls;

/// A pickle that was read to its end; nothing was executed.
pub struct PlainPickle {
    pickle: Pickle,
    calls: UnknownCalls,
}

impl PlainPickle {
    /// Reads a pickle.
    ///
    /// # Errors
    /// A reason, in words that follow "not a readable pickle: ".
    pub fn read(input: &mut impl BufRead) -> Result<Self, String> {
        let mut calls = UnknownCalls::default();
        let read = pickle::read(input, &Persistent::Nobody, Keep::Data, &mut calls);
        match (read, calls.first_dangerous()) {
            (Ok(pickle), _) => Ok(Self { pickle, calls }),
            // A dangerous name is the reason, whatever else is wrong.
            (Err(_), Some(call)) => Err(format!("it {}, which is never done", call.describe())),
            (Err(Failure::Hostile(does)), None) => Err(format!("it {does}, which is never done")),
            (Err(Failure::Unsupported(what) | Failure::Damaged(what)), None) => Err(what),
        }
    }

    /// What loading it elsewhere would call.
    pub fn calls(&self) -> &UnknownCalls {
        &self.calls
    }

    /// The texts and whole numbers of the list, or of the array of numpy, that it is.
    pub fn rows(&self) -> Option<Vec<Option<String>>> {
        match self.pickle.ndarray(self.pickle.root) {
            Some(array) => match array.data {
                ArrayData::Objects(rows) => Some(rows),
                ArrayData::Bytes(_) => None,
            },
            None => self.pickle.list(self.pickle.root),
        }
    }

    /// The list under a key of the dictionary it is: texts and whole numbers.
    pub fn list(&self, key: &str) -> Option<Vec<Option<String>>> {
        self.pickle.list(self.entry(key)?)
    }

    /// The list of whole numbers under a key.
    pub fn integers(&self, key: &str) -> Option<Vec<Option<i64>>> {
        let list = self.pickle.items(self.entry(key)?)?;
        Some(list.iter().map(|&item| self.pickle.integer(item)).collect())
    }

    /// The array of bytes under a key: its shape, and its elements row after row.
    ///
    /// # Errors
    /// What is there instead.
    pub fn bytes(&self, key: &str) -> Result<(Vec<u64>, Vec<u8>), String> {
        let array = self.entry(key).and_then(|id| self.pickle.ndarray(id));
        let Some(array) = array else {
            return Err(format!("has no array {key:?}"));
        };
        let (Element::U8, ArrayData::Bytes(bytes)) = (array.element, array.data) else {
            return Err(format!(
                "its array {key:?} holds {}, expected bytes (uint8)",
                array.element
            ));
        };
        let bytes = match array.fortran {
            true => Strides::by_column(&array.shape).gather(&array.shape, &bytes, 1),
            false => Arc::unwrap_or_clone(bytes),
        };
        Ok((array.shape, bytes))
    }

    fn entry(&self, key: &str) -> Option<ValueId> {
        self.pickle.entry(self.pickle.root, key)
    }
}
