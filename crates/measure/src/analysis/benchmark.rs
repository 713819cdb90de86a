//! What the user declares to belong together: splits, layers, and data sets of one benchmark.

/// Which splits and layers belong together: declared by the user, else as is usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together {
    /// The split that is fitted on, for what is fitted on one split and scored on another.
    pub fit: String,
    /// The split of an evaluation data set that is scored and compared, in this order of preference.
    pub score: Vec<String>,
    /// The layer whose rows go with the same rows of every other layer.
    pub logits: String,
}

impl Together {
    /// How far down a split stands in the order in which splits are scored.
    pub(super) fn preference(&self, split: &str) -> usize {
        let known = self.score.iter().position(|known| known == split);
        known.unwrap_or(self.score.len())
    }
}

impl Default for Together {
    fn default() -> Self {
        Self {
            fit: "train".to_owned(),
            score: vec!["test".to_owned(), "val".to_owned()],
            logits: "logits".to_owned(),
        }
    }
}

/// Several evaluation data sets as one benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its data sets, by name.
    pub datasets: Vec<String>,
}
