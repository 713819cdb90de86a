//! Features and their labels, wherever they are kept: one (model, layer, data set, split) at a time, read in batches.

mod ids;
mod views;

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::files::hex;

pub use ids::{IdColumn, common};
pub use views::{view_id, view_of};

/// What is measured: a layer of a model, at one run and step of its training, on a split of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Name of the model, e.g. `SL-MLP`.
    pub model: String,
    /// Which run of it, e.g. its seed, where the model is a set of runs.
    pub run: Option<String>,
    /// The step of training, where there are several.
    pub step: Option<u64>,
    /// Name of the layer, e.g. `backbone`, `projector.0`.
    pub layer: String,
    /// Name of the data set, e.g. `animals`.
    pub dataset: String,
    /// Split of the data set, e.g. `test`; empty where there is none (foreign arrays).
    pub split: String,
}

/// What a data set is to the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// They were pretrained on it.
    Pre,
    /// They are evaluated on it.
    Eval,
}

impl Role {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pre => "pre",
            Self::Eval => "eval",
        }
    }
}

/// Where a set of features comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// What they are features of.
    pub subject: Subject,
    /// The path this was read from, as the user gave it.
    pub path: String,
    /// SHA-256 (hex) over the row ids in order: equal means "the same images in the same order".
    pub ids_sha256: String,
    /// SHA-256 (hex) over the preprocessing description; empty where unknown.
    pub preprocess_sha256: String,
}

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

    /// Whether there are no rows.
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

/// Batches of rows in order, each (rows, d) in f64 (stored f32 widened, f64 arrays kept as they are).
pub type Batches<'a> = Box<dyn Iterator<Item = Result<Array2<f64>>> + Send + 'a>;

/// What was found out where a file had to be made sense of, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Which arrays or columns were taken for what, and which were left out.
    pub arrays: Vec<String>,
    /// Where the labels are from and how they were joined, or where they were looked for.
    pub labels: Vec<String>,
}

/// One set of features of one layer, N rows of width d, read in batches so that memory never depends on N.
pub trait FeatureSet: Send + Sync {
    /// Where the features come from.
    fn provenance(&self) -> &Provenance;

    /// What they are features of.
    fn subject(&self) -> &Subject {
        &self.provenance().subject
    }

    /// The number of rows, N.
    fn rows(&self) -> usize;

    /// The number of channels, d.
    fn width(&self) -> usize;

    /// The labels, one per row, where there are any.
    fn labels(&self) -> Option<&Labels>;

    /// Which rows belong together and are never on both sides of a cut, where the user says so; `None` for a row that stands alone.
    fn groups(&self) -> Option<&Labels> {
        None
    }

    /// The loading audit of the model, where it is known.
    fn audit(&self) -> Option<&serde_json::Value> {
        None
    }

    /// The row ids, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    fn ids(&self) -> Result<Vec<String>>;

    /// Whether the rows have ids of their own; else they are numbered.
    fn has_ids(&self) -> bool {
        true
    }

    /// All that tells the rows apart, the most telling first; what [`FeatureSet::ids`] gives, where the rows have ids.
    ///
    /// # Errors
    /// When it cannot be read.
    fn id_columns(&self) -> Result<Vec<IdColumn>> {
        if !self.has_ids() {
            return Ok(Vec::new());
        }
        Ok(vec![IdColumn {
            name: "id".to_owned(),
            ids: self.ids()?,
            counts: false,
            trouble: None,
        }])
    }

    /// The names of the channels, where the file has some.
    fn channels(&self) -> Option<Vec<String>> {
        None
    }

    /// What was found out where a file had to be made sense of.
    fn said(&self) -> &Said {
        static NOTHING: Said = Said {
            arrays: Vec::new(),
            labels: Vec::new(),
        };
        &NOTHING
    }

    /// All rows in order, in batches of `batch_rows` (the last one may be shorter). Every value yielded is finite.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or holds NaN or an infinity (with row and channel named).
    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>>;
}

/// Features held in memory, with ids `0`, `1`, … where none are given.
#[derive(Clone, Debug)]
pub struct Matrix {
    provenance: Provenance,
    rows: Array2<f64>,
    labels: Option<Labels>,
}

impl Matrix {
    /// Features `rows` (N, d) of model `model` on data set `dataset`, layer `features`.
    ///
    /// # Errors
    /// Without rows or channels, for a value that is not finite, and for labels of another length.
    pub fn new(model: &str, dataset: &str, rows: Array2<f64>, labels: Option<Labels>) -> Result<Self> {
        let refuse = |what: String| Err(Error::input(format!("{dataset}: {what}")));
        if rows.is_empty() {
            return refuse(format!("features of shape {:?} hold no number", rows.dim()));
        }
        if let Some(((row, channel), value)) = rows.indexed_iter().find(|(_, x)| !x.is_finite()) {
            return refuse(format!(
                "row {row}, channel {channel} is {value}; features must be finite"
            ));
        }
        if let Some(labels) = labels.as_ref().filter(|l| l.len() != rows.nrows()) {
            return refuse(format!(
                "{} labels for {} rows; expected one for each",
                labels.len(),
                rows.nrows()
            ));
        }
        let provenance = Provenance {
            subject: Subject {
                model: model.to_owned(),
                layer: "features".to_owned(),
                dataset: dataset.to_owned(),
                ..Subject::default()
            },
            path: dataset.to_owned(),
            ids_sha256: ids_sha256((0..rows.nrows()).map(|i| i.to_string())),
            preprocess_sha256: String::new(),
        };
        Ok(Self {
            provenance,
            rows,
            labels,
        })
    }

    /// The same features under another subject.
    #[must_use]
    pub fn named(mut self, name: impl FnOnce(&mut Subject)) -> Self {
        name(&mut self.provenance.subject);
        self
    }
}

impl FeatureSet for Matrix {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn rows(&self) -> usize {
        self.rows.nrows()
    }

    fn width(&self) -> usize {
        self.rows.ncols()
    }

    fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn ids(&self) -> Result<Vec<String>> {
        Ok((0..self.rows.nrows()).map(|i| i.to_string()).collect())
    }

    fn has_ids(&self) -> bool {
        false
    }

    fn batches(&self, batch_rows: usize) -> Result<Batches<'_>> {
        Ok(Box::new(
            self.rows
                .axis_chunks_iter(ndarray::Axis(0), batch_rows.max(1))
                .map(|b| Ok(b.to_owned())),
        ))
    }
}

/// SHA-256 (hex) over row ids in order, each followed by a newline: equal means the same images in the same order.
pub fn ids_sha256<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> String {
    let mut hash = IdsHash::default();
    ids.into_iter().for_each(|id| hash.add(id.as_ref()));
    hash.finish()
}

/// [`ids_sha256`], one id at a time.
#[derive(Clone, Default)]
pub struct IdsHash(Sha256);

impl IdsHash {
    /// Takes in the next id.
    pub fn add(&mut self, id: &str) {
        self.0.update(id);
        self.0.update(b"\n");
    }

    /// The hash of the ids taken in.
    pub fn finish(self) -> String {
        hex(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf '0\n1\n' | sha256sum
    #[test]
    fn ids_hash_as_lines_of_text() {
        let found = ids_sha256(["0", "1"]);
        assert_eq!(
            found,
            "82c1315e6c757f33c4a77ca58b2a184f5a88614470c05ec77f3d28918db6b8ae"
        );
        assert_ne!(found, ids_sha256(["1", "0"]));
    }

    #[test]
    fn integer_names_are_ordered_by_value_and_others_as_text() {
        assert_eq!(Labels::from_names(&["10", "-5", "9"]).names(), ["-5", "9", "10"]);
        let mixed = Labels::from_optional(&[Some("10"), None, Some("b"), Some("9")]);
        assert_eq!(mixed.names(), ["10", "9", "b"]);
        assert_eq!(mixed.class_of(), [Some(0), None, Some(2), Some(1)]);
    }

    #[test]
    fn features_that_are_not_finite_or_do_not_fit_their_labels_are_refused() {
        let refused = |rows, labels| Matrix::new("m", "d", rows, labels).unwrap_err().to_string();
        let mut rows = Array2::zeros((2, 3));
        assert!(refused(rows.clone(), Some(Labels::from_names(&["a"]))).contains("1 labels for 2 rows"));
        rows[[1, 2]] = f64::INFINITY;
        assert!(refused(rows, None).contains("row 1, channel 2 is inf"));
        assert!(refused(Array2::zeros((0, 3)), None).contains("no number"));
    }
}
