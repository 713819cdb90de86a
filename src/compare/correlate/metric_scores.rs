//! The scores of one metric and the accuracies beside them, as tables of models and data sets.

use std::borrow::Cow;

use super::ncti_parts::{ScoreGrid, together};
use crate::compare::meaning::Direction;

/// An accuracy with its standard error, where each is known.
pub(super) type AccuracyCell = Option<(f64, Option<f64>)>;

/// The scores of one metric, (data sets) of (models).
pub(super) struct MetricScores {
    pub metric: String,
    pub scores: ScoreGrid,
    pub direction: Option<Direction>,
    /// What it is made of over all models together, where it is.
    pub parts: Option<[ScoreGrid; 3]>,
    /// What to bear in mind on each data set.
    pub notes: Vec<Option<String>>,
}

impl MetricScores {
    /// What the scores are where only these models are compared.
    pub fn among(&self, models: &[usize]) -> Cow<'_, ScoreGrid> {
        match &self.parts {
            Some(parts) => Cow::Owned(together(parts, models)),
            None => Cow::Borrowed(&self.scores),
        }
    }

    /// The same metric where the places that are not `kept` (data set, model) are empty.
    pub fn only(&self, kept: &dyn Fn(usize, usize) -> bool) -> Self {
        let thinned = |grid: &ScoreGrid| -> ScoreGrid {
            let row = |(d, row): (usize, &Vec<Option<f64>>)| {
                let cells = row.iter().enumerate();
                cells.map(|(m, cell)| cell.filter(|_| kept(d, m))).collect()
            };
            grid.iter().enumerate().map(row).collect()
        };
        let parts = self.parts.as_ref().map(|parts| parts.each_ref().map(thinned));
        let all: Vec<usize> = (0..self.scores.first().map_or(0, Vec::len)).collect();
        Self {
            metric: self.metric.clone(),
            scores: match &parts {
                Some(parts) => together(parts, &all),
                None => thinned(&self.scores),
            },
            direction: self.direction,
            parts,
            notes: self.notes.clone(),
        }
    }
}
