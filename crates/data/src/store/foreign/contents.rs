//! What the file of an array holds.

use super::row_ids::TextColumn;
use super::{column, text_rows};
use crate::features::{IdColumn, Interpretation};
use crate::store::raw::RawArray;

/// The layer of an array.
pub(super) const LAYER: &str = "features";

/// Where the numbers of a set come from.
pub(super) enum NumberSource {
    Raw(RawArray),
    Delimited(text_rows::DelimitedTable),
    Column(column::LayerColumn),
}

/// What a format finds out about a file.
pub(super) struct ForeignContents {
    /// Layer name and numbers.
    pub(super) layers: Vec<(String, NumberSource)>,
    pub(super) rows: usize,
    /// Labels inside the file.
    pub(super) labels: Option<TextColumn>,
    /// Ids inside the file, the most telling first.
    pub(super) ids: Vec<IdColumn>,
    /// What is called labels inside the file and cannot be, in words.
    pub(super) unread_labels: Vec<String>,
    /// What was taken for what, in words.
    pub(super) interpretation: Interpretation,
}
