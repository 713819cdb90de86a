//! Rows of a batch with their classes, and the centres that rows are assigned to.

use ndarray::Array2;

/// Centres that rows are assigned to, where they are those of another set.
#[derive(Clone, Debug)]
pub struct Centres {
    /// (centres, d).
    pub means: Array2<f64>,
    /// For each class of the rows, its centre, where it has one.
    pub of_class: Vec<Option<usize>>,
}

/// A row of a batch that has a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchMember {
    /// Its place in the batch.
    pub place: usize,
    pub class: usize,
    pub group: usize,
}
