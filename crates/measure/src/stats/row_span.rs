//! Which rows of a set a pass takes in.

use std::ops::Range;

/// The fixed blocks of a set of so many rows: each of `most` rows, the last of what is left. Who computes which of them, and
/// when, changes no bit of what merging them gives.
pub fn blocks(rows: usize, most: usize) -> Vec<Range<usize>> {
    let most = most.max(1);
    (0..rows)
        .step_by(most)
        .map(|from| from..rows.min(from.saturating_add(most)))
        .collect()
}

/// Which rows of a set a pass takes in, and what is known of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSpan {
    /// Which rows, by their places in the set.
    pub rows: Range<usize>,
    /// Rows of the whole set.
    pub total: usize,
    /// Rows of each class that come before these, and of no class.
    pub before: Vec<u64>,
    /// What the set is and how it is looked at: parts of other sets, or looked at otherwise, are not merged with these.
    pub key: String,
}

impl RowSpan {
    /// All rows of a set.
    pub fn whole(rows: usize, classes: usize) -> Self {
        Self {
            rows: 0..rows,
            total: rows,
            before: vec![0; classes + 1],
            key: String::new(),
        }
    }

    /// Some rows of a set, of which the class of every row is known.
    pub fn of_classes(rows: Range<usize>, class_of: &[Option<u32>], classes: usize, key: &str) -> Self {
        let mut before = vec![0; classes + 1];
        for class in &class_of[..rows.start] {
            before[class.map_or(classes, |c| c as usize)] += 1;
        }
        Self {
            rows,
            total: class_of.len(),
            before,
            key: key.to_owned(),
        }
    }
}
