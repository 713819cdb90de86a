//! What a file of tensors holds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::array::Array;
use super::opaque::Opaque;
use super::unknown::UnknownCalls;

/// What one file holds.
#[derive(Debug, Default)]
pub struct Container {
    /// `safetensors`, `PyTorch zip`, `PyTorch legacy`, `PyTorch tar` or `pickle`.
    pub kind: &'static str,
    /// Its tensors, and arrays of numpy where they are wanted: by name, or as they lie in a safetensors file.
    pub arrays: Vec<Array>,
    /// Lists and tuples of texts and whole numbers (`None` for None), where they are wanted.
    pub lists: Vec<(String, Vec<Option<String>>)>,
    /// What its dictionary holds beside these where they are wanted, and what that is.
    pub unread: Vec<(String, &'static str)>,
    /// What else it says: metadata, or the plain values beside the tensors.
    pub metadata: BTreeMap<String, Value>,
    /// The dictionaries (dotted) that tensors are nested in, the root left out.
    pub nests: Vec<String>,
    /// What was not interpreted.
    pub opaque: Vec<Opaque>,
    /// What loading it elsewhere would call. Who uses what it holds decides whether that matters.
    pub calls: UnknownCalls,
    /// What its pickle makes, in words, where that is no dictionary.
    pub root: Option<String>,
}

impl Container {
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }
}
