//! Feature stores and arrays as a command line names them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::style;
use crate::error::{Error, Result};
use crate::features::FeatureSet;
use crate::store::{GroupsFrom, OpenOptions, open};

/// A feature store or an array: `PATH`, or `[MODEL:]DATASET[/SPLIT]=PATH` to give it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedInput {
    /// Where it is.
    pub path: PathBuf,
    /// The model's name, where one is given.
    pub model: Option<String>,
    /// The data set's name, where one is given.
    pub dataset: Option<String>,
    /// The split, where one is given.
    pub split: Option<String>,
}

impl From<PathBuf> for NamedInput {
    fn from(path: PathBuf) -> Self {
        Self {
            path,
            ..Self::default()
        }
    }
}

impl NamedInput {
    /// Takes a word of the command line apart. What exists under the whole word is a path.
    ///
    /// # Errors
    /// When a name is empty.
    pub fn parse(word: OsString) -> std::result::Result<Self, String> {
        let path = PathBuf::from(&word);
        let named = word
            .to_str()
            .filter(|_| !path.exists())
            .and_then(|text| text.split_once('='));
        let Some((names, path)) = named.filter(|(names, _)| !names.starts_with(['.', '/'])) else {
            return Ok(path.into());
        };
        let (model, data) = match names.split_once(':') {
            Some((model, data)) => (Some(model), data),
            None => (None, names),
        };
        let (dataset, split) = match data.rsplit_once('/') {
            Some((dataset, split)) => (dataset, Some(split)),
            None => (data, None),
        };
        if path.is_empty() || dataset.is_empty() || model == Some("") || split == Some("") {
            return Err("expected [MODEL:]DATASET[/SPLIT]=PATH, none of them empty".to_owned());
        }
        Ok(Self {
            path: path.into(),
            model: model.map(str::to_owned),
            dataset: Some(dataset.to_owned()),
            split: split.map(str::to_owned),
        })
    }

    /// How it is opened.
    fn options(&self) -> OpenOptions {
        OpenOptions {
            model: self.model.clone(),
            dataset: self.dataset.clone(),
            split: self.split.clone(),
            ..OpenOptions::default()
        }
    }

    /// Opens it: one set for each layer.
    ///
    /// # Errors
    /// When it cannot be read, or holds no features.
    pub fn open(&self, more: OpenOptions) -> Result<Vec<Box<dyn FeatureSet>>> {
        let own = self.options();
        open(
            &self.path,
            &OpenOptions {
                model: own.model.or(more.model),
                dataset: own.dataset,
                split: own.split,
                ..more
            },
        )
    }
}

/// Says what was made of the files of some sets: which arrays are what, and with `labels` where those are from.
pub fn say(sets: &[Box<dyn FeatureSet>], labels: bool) {
    let mut lines: Vec<String> = Vec::new();
    for set in sets {
        let (path, interpretation) = (&set.provenance().path, set.interpretation());
        let of_labels = interpretation.labels.iter().filter(|_| labels);
        let all = interpretation.arrays.iter().chain(of_labels);
        let missing = set
            .labels()
            .map_or(0, |l| l.class_of().iter().filter(|class| class.is_none()).count());
        let unlabelled = (labels && missing > 0).then(|| {
            let rows = set.rows();
            format!("{path}: {missing} of {rows} rows have no label; metrics of classes leave them out")
        });
        for line in all.map(|line| format!("{path}: {line}")).chain(unlabelled) {
            // The layers of a file say the same.
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    style::say_all(&lines);
}

/// The parser of such words.
pub fn parser() -> impl clap::builder::TypedValueParser<Value = NamedInput> {
    use clap::builder::TypedValueParser as _;
    clap::builder::OsStringValueParser::new().try_map(NamedInput::parse)
}

/// What opening arrays is told for all of them.
#[derive(Clone, Debug, Default)]
pub struct ArrayOptions<'a> {
    /// Label files: once for each array, in their order.
    pub labels: &'a [PathBuf],
    /// Model name for arrays.
    pub name: Option<&'a str>,
    /// Only these layers.
    pub layers: &'a [String],
    /// Only these columns of tables.
    pub columns: &'a [String],
    /// Which rows belong together: a file or a column, once for all inputs or once for each.
    pub groups: &'a [String],
    /// Whether files are accepted that would run code where they are loaded with Python's pickle.
    pub allow_unknown_calls: bool,
}

/// Opens stores and arrays.
///
/// # Errors
/// When one cannot be read, or label files are left over.
pub fn open_all(inputs: &[NamedInput], options: &ArrayOptions) -> Result<Vec<Box<dyn FeatureSet>>> {
    if options.groups.len() > 1 && options.groups.len() != inputs.len() {
        return Err(Error::input(format!(
            "--groups is given {} times for {} inputs; give it once, or once for each input, in their order",
            options.groups.len(),
            inputs.len()
        )));
    }
    let mut labels = options.labels.iter();
    let mut sets = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        let is_array = !input.path.is_dir();
        let given = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        sets.extend(
            input.open(OpenOptions {
                labels: if is_array { labels.next().cloned() } else { None },
                model: options.name.filter(|_| is_array).map(str::to_owned),
                layers: given(options.layers),
                columns: given(options.columns).filter(|_| is_array),
                groups: options
                    .groups
                    .get(i)
                    .or(options.groups.first())
                    .map(|word| GroupsFrom::parse(word)),
                allow_unknown_calls: options.allow_unknown_calls,
                ..OpenOptions::default()
            })?,
        );
    }
    let unused = labels.count();
    if unused > 0 {
        return Err(Error::input(format!(
            "--labels is given {} times for {} arrays; give one file for each array, in their order",
            options.labels.len(),
            options.labels.len() - unused
        )));
    }
    Ok(sets)
}

/// Checks that [`NamedInput::parse`] would take a path: for commands that take other files too.
pub fn is_store(path: &Path) -> bool {
    use crate::kind::{PathKind, kind};
    matches!(kind(path), Ok(PathKind::Store | PathKind::Array))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(word: &str) -> std::result::Result<NamedInput, String> {
        NamedInput::parse(word.into())
    }

    #[test]
    fn names_stand_before_the_path() {
        let named = |path: &str, names: [Option<&str>; 3]| {
            let [model, dataset, split] = names.map(|name| name.map(str::to_owned));
            NamedInput {
                path: path.into(),
                model,
                dataset,
                split,
            }
        };
        for (word, expected) in [
            ("a/tr.npy", named("a/tr.npy", [None, None, None])),
            ("cars=a/tr.npy", named("a/tr.npy", [None, Some("cars"), None])),
            (
                "A:cars/train=a/tr.npy",
                named("a/tr.npy", [Some("A"), Some("cars"), Some("train")]),
            ),
            (
                "cars/test=a=b.npy",
                named("a=b.npy", [None, Some("cars"), Some("test")]),
            ),
            ("./x=y.npy", named("./x=y.npy", [None, None, None])),
            ("/x=y.npy", named("/x=y.npy", [None, None, None])),
        ] {
            assert_eq!(parse(word).unwrap(), expected, "{word}");
        }
        for word in ["=x.npy", "a=", ":a=x.npy", "a/=x.npy", "A:=x.npy"] {
            assert!(parse(word).is_err(), "{word}");
        }
    }

    #[test]
    fn a_file_of_that_very_name_is_a_path() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a=b.npy");
        std::fs::write(&path, "").unwrap();
        assert_eq!(NamedInput::parse(path.clone().into()).unwrap(), path.into());
    }
}
