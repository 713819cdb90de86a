//! What the reader of a format hands over: rows, and where their images come from.

use std::path::PathBuf;

use sha2::Sha256;

use super::raw::Raw;
use crate::error::Result;

/// Where the images of one split come from: rows in a fixed order, before any class filter.
pub(super) trait ImageSource: Send + Sync {
    /// The id of a row: unique, and the same whichever classes are kept.
    fn id(&self, row: usize) -> String;

    /// The rows (ascending) as they are stored, one [`Raw`] each, in order: at least the first, and no more once they take
    /// `budget` bytes.
    fn read(&self, rows: &[usize], budget: usize) -> Result<Vec<Raw>>;

    /// The folder of a row's image, where it was there when the set was opened and is no more.
    fn gone(&self, _row: usize) -> Option<PathBuf> {
        None
    }

    /// Feeds what tells the content of these rows apart to the hasher.
    fn digest(&self, rows: &[usize], hasher: &mut Sha256) -> Result<()>;
}

/// What a format's reader hands over: all rows of one split.
pub(super) struct SplitContents {
    pub(super) classes: Vec<String>,
    pub(super) labels: Vec<Option<u32>>,
    /// What was not taken, in words with a count.
    pub(super) left_out: Vec<String>,
    pub(super) source: Box<dyn ImageSource>,
}
