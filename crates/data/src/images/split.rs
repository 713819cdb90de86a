//! Names of splits, and the choice of one.

use crate::error::{Error, Result};

/// The splits a data set has.
pub(super) enum Splits {
    /// These, by canonical name.
    Named(Vec<String>),
    /// It cannot be divided: one part, whose name the path may give away.
    Whole {
        /// The name the path gives away, or empty.
        name: String,
        /// True if the user may name it.
        nameable: bool,
    },
}

impl Splits {
    /// The names, for listing; one empty name where there are none.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Named(names) => names.clone(),
            Self::Whole { name, .. } => vec![name.clone()],
        }
    }
}

/// The usual name of a split: `train`, `val`, `test`; others as they are, in lower case.
pub(super) fn canonical(name: &str) -> String {
    let name = name.to_lowercase();
    known(&name).map_or(name, str::to_owned)
}

/// The canonical name, if the word is one that splits go by.
pub(super) fn known(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "train" | "training" => Some("train"),
        "val" | "valid" | "validation" | "dev" => Some("val"),
        "test" | "testing" | "t10k" => Some("test"),
        _ => None,
    }
}

/// Takes a file name's stem apart at its split: `vehicles-test-00000` is (`vehicles`, `test`).
pub(super) fn in_name(stem: &str) -> Option<(&str, &'static str)> {
    let mut start = 0;
    for word in stem.split(|c: char| !c.is_alphanumeric()) {
        if let Some(split) = known(word) {
            return Some((stem[..start].trim_end_matches(|c: char| !c.is_alphanumeric()), split));
        }
        start += word.len();
        start += stem[start..].chars().next().map_or(0, char::len_utf8);
    }
    None
}

/// The split to open.
pub(super) fn choose(shown: &str, splits: &Splits, wanted: Option<&str>) -> Result<String> {
    let wanted = wanted.map(canonical).filter(|s| !s.is_empty());
    match (splits, wanted) {
        (Splits::Named(names), None) => match names.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(Error::input(format!(
                "{shown}: has the splits {}; say which one with --split",
                names.join(", ")
            ))),
        },
        (Splits::Named(names), Some(name)) if names.contains(&name) => Ok(name),
        (Splits::Named(names), Some(name)) => Err(Error::input(format!(
            "{shown}: has no split {name:?}; it has {}",
            names.join(", ")
        ))),
        (Splits::Whole { name, .. }, None) => Ok(name.clone()),
        (Splits::Whole { name, nameable }, Some(wanted)) => {
            if *name == wanted || (name.is_empty() && *nameable) {
                return Ok(wanted);
            }
            let is = if name.is_empty() {
                "is not divided into splits".to_owned()
            } else {
                format!("is the split {name}")
            };
            Err(Error::input(format!(
                "{shown}: {is}, but {wanted:?} was asked for; leave out --split, or give its path"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_found_in_a_file_name() {
        assert_eq!(in_name("vehicles-test"), Some(("vehicles", "test")));
        assert_eq!(in_name("train-00000-of-00002"), Some(("", "train")));
        assert_eq!(in_name("Bäume_validation.v2"), Some(("Bäume", "val")));
        assert_eq!(in_name("trainers"), None);
        assert_eq!(in_name("日本 test"), Some(("日本", "test")));
    }

    #[test]
    fn one_split_needs_no_name_and_several_do() {
        let named = |names: &[&str]| Splits::Named(names.iter().map(|s| (*s).to_owned()).collect());
        assert_eq!(choose("x", &named(&["test"]), None).unwrap(), "test");
        assert_eq!(
            choose("x", &named(&["train", "val"]), Some("Validation")).unwrap(),
            "val"
        );
        let error = choose("x", &named(&["train", "test"]), None).unwrap_err().to_string();
        assert_eq!(error, "x: has the splits train, test; say which one with --split");
        assert!(choose("x", &named(&["train"]), Some("test")).is_err());
        let whole = |name: &str, nameable| Splits::Whole {
            name: name.to_owned(),
            nameable,
        };
        assert_eq!(choose("x", &whole("", true), Some("test")).unwrap(), "test");
        assert!(choose("x", &whole("", false), Some("test")).is_err());
        assert!(choose("x", &whole("train", true), Some("test")).is_err());
    }
}
