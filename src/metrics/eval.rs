//! What a metric needs: the kinds of function a catalogue row can hold, and what they are given.

use ndarray::Array2;

use crate::error::Result;
use crate::stats::{ClassMoments, Correlation, GROUPS, Moments, Neighbours, Of, Rows, Spectrum};

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
    /// From the moments of the pretraining and the evaluation data.
    Moments {
        /// The value.
        value: fn(&Moments, &Moments) -> Result<f64>,
        /// Whether it is carried on to infinitely many rows: the intercept of a line over 1/N.
        infinite: bool,
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
    /// From the means of a kernel over pairs of rows of the pretraining data, of the evaluation data, and of both.
    Kernel {
        /// The kernel of two rows at these places, given their squared distance.
        kernel: fn(&KernelScale, Place, Place, f64) -> f64,
        /// Whether it is the mean over many small random subsets instead of over all pairs.
        subsets: bool,
        /// Whether a permutation test of the domain labels goes with it.
        tested: bool,
    },
    /// From the squared Wasserstein distances of both data sets along random directions.
    Slices {
        /// The value.
        value: fn(&[f64]) -> Result<f64>,
    },
    /// From the held-out scores of a linear classifier that tells the data sets apart.
    Domain {
        /// The value.
        value: fn(&DomainScores) -> Result<f64>,
        /// What it gives where the data sets cannot be told apart.
        null: f64,
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
            | Self::Moments { .. }
            | Self::Samples { .. }
            | Self::Kernel { .. }
            | Self::Slices { .. }
            | Self::Domain { .. } => false,
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
        matches!(self, Self::Moments { .. } | Self::Domain { .. })
    }

    /// Whether it looks at pairs of rows of one data set.
    pub fn needs_rows(&self) -> bool {
        matches!(self, Self::Within { .. })
    }

    /// Whether it looks at the rows of both data sets of a pair.
    pub fn needs_rows_of_pairs(&self) -> bool {
        matches!(self, Self::Kernel { .. } | Self::Slices { .. } | Self::Domain { .. })
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

/// What a kernel knows of the rows as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelScale {
    /// s², the median squared distance between pooled rows.
    pub bandwidth: f64,
    /// ‖c‖²/d + 1, c the mean of the rows of both data sets.
    pub level: f64,
    /// Channels, d.
    pub d: f64,
}

/// Where a row x lies from c, the mean of the rows of both data sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// ‖x - c‖².
    pub square: f64,
    /// c·(x - c)/d.
    pub along: f64,
}

/// Sums of a kernel over pairs of rows, by the jackknife groups of the two.
#[derive(Clone, Debug, PartialEq)]
pub struct PairSums {
    /// Over ordered pairs of different rows of the pretraining data.
    pub pre: [[f64; GROUPS]; GROUPS],
    /// The same of the evaluation data.
    pub eval: [[f64; GROUPS]; GROUPS],
    /// Over a row of the pretraining data (first index) and one of the evaluation data.
    pub across: [[f64; GROUPS]; GROUPS],
    /// Rows of each group, of the pretraining and of the evaluation data.
    pub rows: [[u64; GROUPS]; 2],
}

/// Rows of two data sets, each scored by a classifier that was made without the rows of its group.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainScores {
    /// Score of each row: positive where it looks like the evaluation data.
    pub scores: Vec<f64>,
    /// Whether each row is of the evaluation data.
    pub is_eval: Vec<bool>,
    /// Jackknife group of each row.
    pub groups: Vec<u8>,
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
