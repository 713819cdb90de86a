//! What is known of a network beside its tensors.

use crate::checkpoint::recipe::Recipe;

/// What is known of a network beside its tensors.
#[derive(Clone, Debug, Default)]
pub(in crate::checkpoint) struct Told {
    /// True if the number of attention heads is more than a guess by the width.
    pub(in crate::checkpoint) heads: bool,
    /// Why its features cannot be computed as they should be.
    pub(in crate::checkpoint) refused: Option<String>,
    /// Why nothing is computed without an activation named by `--arch`.
    pub(in crate::checkpoint) undecided: Option<String>,
    /// Where what no tensor shows comes from, to read.
    pub(in crate::checkpoint) notes: Vec<String>,
    /// The preparation of images that is usual for it.
    pub(in crate::checkpoint) recipe: Option<Recipe>,
}
