//! What metrics need, as data: from it an analysis knows what to read, hold and share before it reads anything.

use super::inputs::Between;
use crate::stats::SecondPassNeeds;

/// What is measured together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sides {
    /// One data set.
    #[default]
    One,
    /// A pretraining and an evaluation data set.
    Pair,
    /// Two layers or models on the same images.
    Matched,
}

/// What a metric needs of each data set that it looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Which data sets those are.
    pub sides: Sides,
    /// Class labels.
    pub labels: bool,
    /// First pass: class moments of the rows as they are.
    pub classes: bool,
    /// First pass: class moments of the l2-normalised rows.
    pub unit_classes: bool,
    /// First pass: least and largest values and zeros of each channel.
    pub values: bool,
    /// First pass: the d x d scatter of the rows as they are.
    pub scatter: bool,
    /// First pass: the d x d scatter of the l2-normalised rows.
    pub unit_scatter: bool,
    /// First pass: a small random sample of rows.
    pub sample: bool,
    /// First pass: the rows themselves, or as many as can be looked at in pairs.
    pub rows: bool,
    /// Their order in each channel.
    pub orders: bool,
    /// Their distances among themselves.
    pub sweep: bool,
    /// So many nearest neighbours of each among themselves.
    pub neighbours: Option<usize>,
    /// Distances to the rows of the other data set.
    pub crossed: bool,
    /// A second pass around class means.
    pub second_pass: SecondPassNeeds,
    /// The split of the same data that is fitted on, where there is one: a pass over it.
    pub fitted: bool,
    /// Labelled rows that a probe is fitted on, and those it is scored on: a pass over each.
    pub probed: bool,
    /// The layer `logits`: of others there is no value.
    pub logits: bool,
    /// The model's own classifier, where the logits of the same rows are there: a pass over both layers.
    pub head: bool,
    /// At most so many rows that are views of the same images: a pass over them.
    pub views: Option<usize>,
    /// The spectrum of each class: further passes.
    pub class_spectra: bool,
    /// What two layers or models on the same images need.
    pub matched: MatchedNeeds,
}

/// What a metric of two layers or models on the same images needs of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchedNeeds {
    /// Moments, and cross products with the other side.
    pub moments: bool,
    /// Principal directions.
    pub directions: bool,
    /// The ranks of the distances between rows.
    pub ranks: Option<Between>,
    /// The distances between rows.
    pub distances: bool,
    /// So many nearest neighbours by a distance.
    pub neighbours: Option<(Between, usize)>,
}

impl Needs {
    /// Nothing yet, of these data sets.
    pub(super) fn of(sides: Sides) -> Self {
        Self {
            sides,
            ..Self::default()
        }
    }

    pub(super) fn of_matched(matched: MatchedNeeds) -> Self {
        Self {
            matched,
            ..Self::of(Sides::Matched)
        }
    }

    /// Whether the rows of both data sets of a pair are looked at.
    pub fn rows_of_pairs(&self) -> bool {
        self.sides == Sides::Pair && self.rows
    }
}
