//! How a path is to be opened.

use std::path::{Path, PathBuf};

/// How a path is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// A file with one label per row, for an array; a feature store has its own labels.
    pub labels: Option<PathBuf>,
    /// The model's name, where it is to be another than the store's, or `features` of an array.
    pub model: Option<String>,
    /// The data set's name, where it is to be another than the store's, or the stem of an array's file.
    pub dataset: Option<String>,
    /// The split, where it is to be another than the store's, or none of an array.
    pub split: Option<String>,
    /// The only columns of a table that are channels; `*` stands for any characters.
    pub columns: Option<Vec<String>>,
    /// Only these layers, in network order; default: all of them.
    pub layers: Option<Vec<String>>,
    /// Which rows belong together, where the user says so.
    pub groups: Option<GroupsFrom>,
    /// True if a file is accepted that would run code where it is loaded with Python's pickle; nothing of it runs here.
    pub allow_unknown_calls: bool,
}

/// Where the group of each row is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupsFrom {
    /// A file: ids and groups, or a group for each row.
    File(PathBuf),
    /// A column or list of the features' own file.
    Column(String),
}

impl GroupsFrom {
    /// What a user means: a file, where there is one of that name.
    pub fn parse(word: &str) -> Self {
        match Path::new(word).is_file() {
            true => Self::File(word.into()),
            false => Self::Column(word.to_owned()),
        }
    }
}

impl OpenOptions {
    /// The column of a table that has the groups, by its name.
    pub(super) fn groups_column(&self) -> Option<&str> {
        match &self.groups {
            Some(GroupsFrom::Column(name)) => Some(name),
            _ => None,
        }
    }
}
