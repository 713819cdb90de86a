//! Objects and the images they are cut out of.

use std::fmt;

use serde::Deserialize;

use crate::images::raw::Area;

/// An id: a number, or a word in files of other tools.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub(super) enum CocoId {
    Number(i64),
    Word(String),
}

impl fmt::Display for CocoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

/// An object to be cut out.
pub(super) struct CocoObject {
    pub(super) image: u32,
    pub(super) class: u32,
    pub(super) id: CocoId,
    pub(super) area: Area,
}

pub(super) struct Image {
    pub(super) id: CocoId,
    pub(super) file_name: String,
}
