//! Features held in memory.

use ndarray::Array2;

use super::feature_set::{Batches, FeatureSet};
use super::ids_hash::ids_sha256;
use super::labels::Labels;
use super::subject::{Provenance, Subject};
use crate::error::{Error, Result};

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

#[cfg(test)]
mod tests {
    use super::*;

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
