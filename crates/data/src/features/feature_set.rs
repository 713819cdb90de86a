//! A set of features of one layer.

use ndarray::Array2;

use super::ids::IdColumn;
use super::labels::Labels;
use super::subject::{Provenance, Subject};
use crate::error::Result;

/// Batches of rows in order, each (rows, d) in f64 (stored f32 widened, f64 arrays kept as they are).
pub type Batches<'a> = Box<dyn Iterator<Item = Result<Array2<f64>>> + Send + 'a>;

/// How an ambiguous file was interpreted, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpretation {
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

    /// True if the rows have ids of their own; else they are numbered.
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

    /// What was made of a file that had to be made sense of.
    fn interpretation(&self) -> &Interpretation {
        static NOTHING: Interpretation = Interpretation {
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
