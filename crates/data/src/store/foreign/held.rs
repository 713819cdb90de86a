//! What a file of arrays holds: arrays, and lists of texts.

use std::path::Path;

use super::names::IdName;
use super::row_ids::{self, TextColumn, Texts};
use crate::error::Result;
use crate::features::IdColumn;
use crate::files::{self, Array, Container, Element, UnknownCalls, npy, npz};

/// The arrays and lists of a file.
pub(super) struct FileArrays {
    pub(super) arrays: Vec<Array>,
    pub(super) lists: Vec<(String, Texts)>,
    /// What a pickle holds beside them, and what that is.
    pub(super) unread: Vec<(String, &'static str)>,
    /// What loading them elsewhere would call.
    pub(super) calls: UnknownCalls,
}

/// True if [`held`] knows the extension.
pub(super) fn is_container(extension: &str) -> bool {
    matches!(extension, "npy" | "npz" | "safetensors" | "pt" | "pth")
}

/// The arrays and lists in a file. What their headers claim was held against the file's length.
pub(super) fn held(path: &Path, extension: &str) -> Result<FileArrays> {
    let (arrays, lists, unread, calls) = match extension {
        "npy" => (vec![npy(path)?], Vec::new(), Vec::new(), UnknownCalls::default()),
        "npz" => (npz(path)?, Vec::new(), Vec::new(), UnknownCalls::default()),
        _ => {
            let held = Container::of_data(path)?;
            (held.arrays, held.lists, held.unread, held.calls)
        }
    };
    Ok(FileArrays {
        arrays,
        lists,
        unread,
        calls,
    })
}

/// True if an array could be features: numbers of two dimensions.
pub(super) fn is_matrix(array: &Array) -> bool {
    array.extents().len() == 2 && array.element.is_number()
}

/// True if an array could be one-hot labels: numbers or booleans of two dimensions.
pub(super) fn is_table(array: &Array) -> bool {
    array.extents().len() == 2 && (array.element.is_number() || array.element == Element::Bool)
}

/// The number of its rows.
pub(super) fn rows_of(array: &Array) -> u64 {
    array.extents().first().copied().unwrap_or(0)
}

/// A list in a file: an array, or a list of Python.
pub(super) enum List {
    Array(Array),
    Texts(String, Texts),
    /// A matrix with a single one in each row.
    OneHot(Array),
}

impl List {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Array(array) | Self::OneHot(array) => &array.name,
            Self::Texts(name, _) => name,
        }
    }

    /// What it is, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Array(array) | Self::OneHot(array) => array.describe(),
            Self::Texts(name, texts) => format!("{name} ({},) list", texts.len()),
        }
    }

    fn texts(&self, path: &Path, calls: &mut UnknownCalls) -> Result<Texts> {
        match self {
            Self::Array(array) => array.texts(path, calls),
            Self::Texts(_, texts) => Ok(texts.clone()),
            Self::OneHot(array) => {
                let hot = one_hot(path, array)?;
                Ok(hot
                    .unwrap_or_default()
                    .into_iter()
                    .map(|class| Some(class.to_string()))
                    .collect())
            }
        }
    }

    /// Its name and the texts of its rows. Adds to `calls` what loading them elsewhere would call.
    pub(super) fn column(&self, path: &Path, calls: &mut UnknownCalls) -> Result<TextColumn> {
        Ok(TextColumn {
            name: self.name().to_owned(),
            values: self.texts(path, calls)?,
        })
    }
}

/// The columns of ids among the lists of a file. Adds to `calls` what loading them elsewhere would call.
pub(super) fn id_columns(path: &Path, ids: &[(IdName, List)], calls: &mut UnknownCalls) -> Result<Vec<IdColumn>> {
    ids.iter()
        .map(|(kind, list)| row_ids::ids(path, *kind, list.column(path, calls)?))
        .collect()
}

/// The place of the one in each row of a matrix of zeros and ones; `None` for any other matrix.
pub(super) fn one_hot(path: &Path, array: &Array) -> Result<Option<Vec<usize>>> {
    let width = array.extents().get(1).map_or(0, |&width| width as usize);
    if width < 2 {
        return Ok(None);
    }
    let (mut file, _) = files::open(path)?;
    let bytes = array.read(&mut file).map_err(|e| files::broken(path, e))?;
    let mut values = Vec::new();
    match array.element.to_integers(&bytes) {
        Some(integers) => values.extend(integers.into_iter().map(|i| i as f64)),
        None => array.element.widen(false, &bytes, &mut values),
    }
    let hot = |row: &[f64]| {
        let mut ones = row.iter().enumerate().filter(|(_, v)| **v != 0.0);
        match (ones.next(), ones.next()) {
            (Some((class, 1.0)), None) => Some(class),
            _ => None,
        }
    };
    Ok(values.chunks_exact(width).map(hot).collect())
}
