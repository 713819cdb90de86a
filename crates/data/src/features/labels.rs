//! Class labels of rows.

use std::collections::BTreeMap;

/// Class labels of the rows: a dense class index per row (`None` where unlabelled) and the class names.
///
/// Classes are ordered by name (integers by value), so that the order of rows never matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    class_of: Vec<Option<u32>>,
    names: Vec<String>,
}

impl Labels {
    /// Labels from one name per row. Names that are all integers are ordered by value, else as text.
    pub fn from_names<S: AsRef<str>>(rows: &[S]) -> Self {
        Self::from_optional(&rows.iter().map(|s| Some(s.as_ref())).collect::<Vec<_>>())
    }

    /// As [`Labels::from_names`], with `None` for rows that have no label.
    pub fn from_optional(rows: &[Option<&str>]) -> Self {
        let mut index: BTreeMap<&str, u32> = rows.iter().flatten().map(|&name| (name, 0)).collect();
        let mut names: Vec<&str> = index.keys().copied().collect();
        if names.iter().all(|n| n.parse::<i128>().is_ok()) {
            names.sort_by_key(|n| n.parse::<i128>().unwrap_or(0));
        }
        for (i, name) in names.iter().enumerate() {
            index.insert(name, i as u32);
        }
        Self {
            class_of: rows.iter().map(|row| row.map(|name| index[name])).collect(),
            names: names.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The class of each row, an index into [`Labels::names`].
    pub fn class_of(&self) -> &[Option<u32>] {
        &self.class_of
    }

    /// The class names; every one has at least one row.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.names.len()
    }

    /// The number of rows, labelled or not.
    pub fn len(&self) -> usize {
        self.class_of.len()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.class_of.is_empty()
    }

    /// The number of rows of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        for &c in self.class_of.iter().flatten() {
            counts[c as usize] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_names_are_ordered_by_value_and_others_as_text() {
        assert_eq!(Labels::from_names(&["10", "-5", "9"]).names(), ["-5", "9", "10"]);
        let mixed = Labels::from_optional(&[Some("10"), None, Some("b"), Some("9")]);
        assert_eq!(mixed.names(), ["10", "9", "b"]);
        assert_eq!(mixed.class_of(), [Some(0), None, Some(2), Some(1)]);
    }
}
