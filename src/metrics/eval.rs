//! What a metric needs: the kinds of function a catalogue row can hold, and what they are given.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::stats::{ClassMoments, Correlation, GROUPS, Groups, Moments, Neighbours, Of, Rows, Spectrum};

/// How a metric is computed; the variant declares its needs, and the analysis computes the union of them once.
#[derive(Clone, Copy)]
pub enum Eval {
    /// From the class moments of one data set.
    Classes {
        /// The value.
        value: fn(&ClassMoments) -> Result<f64>,
        /// What it gives where labels mean nothing.
        null: Option<fn(&ClassMoments) -> f64>,
        /// Rows a class needs to take part (1 or 2).
        rows: u64,
        /// Whether the rows are l2-normalised first.
        normalised: bool,
    },
    /// From the correlations between the channels of one data set.
    Channels {
        /// The value.
        value: fn(&Correlation) -> Result<f64>,
        /// What it gives for independent channels.
        null: fn(&Correlation) -> f64,
    },
    /// From the eigenvalues of a matrix of second moments of one data set.
    Spectrum {
        /// Which matrix.
        of: Of,
        /// The value.
        value: fn(&Spectrum) -> Result<f64>,
    },
    /// From each row's distances to all rows of its set.
    Within {
        /// What one row adds.
        row: fn(&RowView) -> Shares,
        /// The value, from the weighted mean over all rows.
        value: fn(f64) -> Result<f64>,
        /// Whether rows are told apart by their class.
        labelled: bool,
    },
    /// From the nearest neighbours of each row within its set.
    Neighbours {
        /// The value with `k` neighbours, of the rows of some jackknife groups.
        value: fn(&NearRows, k: usize, kept: Groups) -> Result<f64>,
        /// Neighbours looked at where the user sets no other number.
        k: usize,
        /// Whether the user may set another.
        settable: bool,
        /// Whether distances count, and not only who is near: rows that coincide with another one are then left out.
        distances: bool,
    },
    /// From the Euclidean norms of the rows of one data set.
    Norms {
        /// The value.
        value: fn(&[f64]) -> Result<f64>,
    },
    /// From the moments of the pretraining and the evaluation data.
    Moments {
        /// The value.
        value: fn(&Moments, &Moments) -> Result<f64>,
    },
    /// From the class means of the pretraining and the evaluation data, pooled.
    Means {
        /// The value.
        value: fn(&ClassMeans, Mixing) -> Result<f64>,
        /// What it gives where domain labels mean nothing.
        null: fn(&ClassMeans, Mixing) -> Result<f64>,
        /// The convention.
        mixing: Mixing,
        /// Whether a permutation test of the domain labels goes with it.
        tested: bool,
    },
    /// From the nearest neighbours among samples of both data sets.
    Samples {
        /// The value, without the rows of one jackknife group if one is named.
        value: fn(&SamplePair, k: usize, without: Option<u8>) -> Result<f64>,
        /// What it gives for fully mixed sets.
        null: f64,
        /// Neighbours looked at where the user sets no other number.
        k: usize,
    },
    /// From the rows of each set that lie within the balls around the rows of the other.
    Support {
        /// The value.
        value: fn(&Support) -> f64,
        /// The balls.
        balls: Balls,
    },
    /// From the evaluation rows that look like a pretraining row.
    Alike {
        /// The cosine above which two rows look alike.
        level: f64,
    },
}

impl Eval {
    /// Whether it is computed from labels.
    pub fn needs_labels(&self) -> bool {
        match self {
            Self::Classes { .. } | Self::Means { .. } => true,
            Self::Within { labelled, .. } => *labelled,
            Self::Channels { .. }
            | Self::Spectrum { .. }
            | Self::Neighbours { .. }
            | Self::Norms { .. }
            | Self::Moments { .. }
            | Self::Samples { .. }
            | Self::Support { .. }
            | Self::Alike { .. } => false,
        }
    }

    /// Whether it needs the scatter of one data set.
    pub fn needs_scatter(&self) -> bool {
        matches!(self, Self::Channels { .. })
            || matches!(self, Self::Spectrum { of, .. } if matches!(of, Of::Covariance | Of::Uncentred))
    }

    /// Whether it needs the scatter of the l2-normalised rows of one data set.
    pub fn needs_unit_scatter(&self) -> bool {
        matches!(self, Self::Spectrum { of: Of::Unit, .. })
    }

    /// Whether it needs the scatter of both data sets of a pair.
    pub fn needs_scatter_of_pairs(&self) -> bool {
        matches!(self, Self::Moments { .. })
    }

    /// Whether it looks at the rows of one data set.
    pub fn needs_rows(&self) -> bool {
        matches!(self, Self::Within { .. } | Self::Neighbours { .. } | Self::Norms { .. })
    }

    /// Whether it looks at the rows of both data sets of a pair.
    pub fn needs_rows_of_pairs(&self) -> bool {
        matches!(self, Self::Support { .. } | Self::Alike { .. })
    }

    /// The neighbours of each row in the table of its own set that it looks at.
    pub fn neighbours(&self) -> Option<usize> {
        match self {
            Self::Neighbours { k, .. } => Some(*k),
            Self::Support { balls, .. } => Some(balls.k),
            _ => None,
        }
    }

    /// Sets the number of neighbours; false where it has none to set.
    pub fn set_k(&mut self, chosen: usize) -> bool {
        match self {
            Self::Means { mixing, .. } => mixing.k = Some(chosen),
            Self::Samples { k, .. } | Self::Neighbours { k, settable: true, .. } => *k = chosen,
            Self::Support { balls, .. } => balls.k = chosen,
            _ => return false,
        }
        true
    }
}

/// Conventions of feature mixtureness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mixing {
    /// Neighbours looked at; `None` for min(5, min(C_pre, C_eval) - 1).
    pub k: Option<usize>,
    /// Cosine distance instead of Euclidean.
    pub cosine: bool,
    /// Expected share among the *other* means, (C_eval - \[i is eval\]) / (M - 1), instead of C_eval / M.
    pub others_only: bool,
}

/// The class means of two data sets, pooled: those of the pretraining data first.
pub struct ClassMeans {
    /// (M, d).
    pub means: Array2<f64>,
    /// Whether each is of the evaluation data.
    pub is_eval: Vec<bool>,
    /// Each mean's nearest other means, Euclidean.
    pub euclidean: Neighbours,
    /// The same by cosine.
    pub cosine: Neighbours,
}

impl ClassMeans {
    /// Classes of the pretraining and of the evaluation data.
    pub fn sizes(&self) -> (usize, usize) {
        let eval = self.is_eval.iter().filter(|e| **e).count();
        (self.is_eval.len() - eval, eval)
    }
}

/// Samples of two data sets, equally many of each, with their nearest neighbours.
pub struct SamplePair {
    /// Whether each row is of the evaluation data.
    pub is_eval: Vec<bool>,
    /// Jackknife group of each row.
    pub groups: Vec<u8>,
    /// Whether squared distances between the samples are ordinary numbers.
    pub measurable: bool,
    /// Neighbours, with some to spare for those a resample takes away.
    pub neighbours: Neighbours,
}

/// Rows of a set and their nearest neighbours among them.
pub struct NearRows<'a> {
    /// Jackknife group of each row.
    pub groups: &'a [u8],
    /// Neighbours, with some to spare for those a resample takes away.
    pub neighbours: &'a Neighbours,
}

impl NearRows<'_> {
    /// The rows of some jackknife groups.
    pub fn of(&self, kept: Groups) -> impl Iterator<Item = usize> {
        (0..self.groups.len()).filter(move |&i| kept.has(self.groups[i]))
    }

    /// The `k` nearest neighbours of row `i` among the rows of some jackknife groups: (row, squared distance).
    ///
    /// # Errors
    /// Undefined where the table holds fewer.
    pub fn nearest(&self, i: usize, k: usize, kept: Groups) -> Result<Vec<(usize, f64)>> {
        let all = self
            .neighbours
            .of(i)
            .iter()
            .map(|&j| j as usize)
            .zip(self.neighbours.squared(i).iter().copied());
        let left: Vec<_> = all.filter(|(j, _)| kept.has(self.groups[*j])).take(k).collect();
        if left.len() < k {
            return Err(Error::undefined("too few neighbours are left in a half of the rows"));
        }
        Ok(left)
    }
}

/// Balls around rows, each reaching to its row's k-th nearest neighbour in its own set (the row itself is none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balls {
    /// Which neighbour they reach to.
    pub k: usize,
    /// Whether a row at exactly that distance lies within.
    pub closed: bool,
}

/// Rows of each set within the balls around the rows of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Support {
    /// Neighbours the balls reach to.
    pub k: usize,
    /// Rows of the pretraining data.
    pub pre: u64,
    /// Rows of the evaluation data.
    pub eval: u64,
    /// Evaluation rows within the ball of any pretraining row.
    pub eval_within: u64,
    /// Pretraining rows within the ball of any evaluation row.
    pub pre_within: u64,
    /// Pretraining rows whose ball holds any evaluation row.
    pub pre_reached: u64,
    /// Pairs of a pretraining row and an evaluation row within its ball.
    pub pairs: u64,
}

/// One row of a set and its distances to all of them.
pub struct RowView<'a> {
    /// Its place among the rows.
    pub i: usize,
    /// Squared Euclidean distances to every row (its own is 0).
    pub squared: &'a [f64],
    /// All rows, with their groups and classes.
    pub rows: &'a Rows,
    /// Euclidean norms of all rows as they are.
    pub norms: &'a [f64],
    /// Rows of each class in each jackknife group (C, groups).
    pub counts: &'a Array2<u64>,
}

/// What one row adds to a weighted mean over rows: with all rows, and without those of each jackknife group (the entry of
/// the row's own group is not read).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Weighted sum and weight with all rows.
    pub all: (f64, f64),
    /// The same without each group.
    pub without: [(f64, f64); GROUPS],
}

impl Shares {
    /// From the sums and weights of the rows of each group: what is left without a group is all less its own.
    pub fn of_groups(groups: &[(f64, f64); GROUPS]) -> Self {
        let all = groups
            .iter()
            .fold((0.0, 0.0), |(sum, weight), g| (sum + g.0, weight + g.1));
        Self {
            all,
            without: groups.map(|g| (all.0 - g.0, all.1 - g.1)),
        }
    }
}
