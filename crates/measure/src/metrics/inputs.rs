//! What the functions of metrics are given, beside what `stats` makes.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::stats::{Cross, Directions, Neighbours, Own, Rows, unit_apart};
use crate::uncertainty::{GROUPS, Groups};

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

impl SamplePair {
    /// The samples of both sides as the rows of one set.
    pub fn near(&self) -> NearRows<'_> {
        NearRows {
            groups: &self.groups,
            neighbours: &self.neighbours,
        }
    }
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
            return Err(Error::undefined("too few neighbours are left of some rows"));
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

/// What a kernel knows of the rows as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelScale {
    /// s², the median squared distance between pooled rows.
    pub bandwidth: f64,
    /// ‖c‖²/d + 1, c a point amid the rows of both data sets.
    pub level: f64,
    /// Channels, d.
    pub d: f64,
}

/// Where a row x lies from c, a point amid the rows of both data sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FromCentre {
    /// ‖x - c‖.
    pub norm: f64,
    /// c·(x - c)/d.
    pub along: f64,
}

/// Where two rows x and y lie from each other: neither number gives the other for rows of very different size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lie {
    /// ‖x - y‖².
    pub squared: f64,
    /// (x - c)·(y - c).
    pub product: f64,
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
}

impl RowView<'_> {
    /// The squared distance of the two l2-normalised rows; NaN where one of them is zero.
    pub fn unit_squared(&self, j: usize) -> f64 {
        let row = |i: usize| (self.rows, i, self.norms[i]);
        unit_apart(row(self.i), row(j), self.squared[j])
    }
}

/// What one row adds to a weighted mean over rows: with all rows, and without those of each jackknife group (the entry of
/// the row's own group is not read).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowShares {
    /// Weighted sum and weight with all rows.
    pub all: (f64, f64),
    /// The same without each group.
    pub without: [(f64, f64); GROUPS],
}

impl RowShares {
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

/// Which distance between two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// ‖x - y‖.
    Euclidean,
    /// 1 - cos(x, y).
    Cosine,
    /// 1 - Pearson's r across channels.
    Correlation,
}

/// Two sides of matched rows, each taken from its mean.
pub struct MatchedMoments<'a> {
    /// What the sides have in common.
    pub cross: &'a Cross,
    /// What the first has in common with itself.
    pub x: &'a Own,
    /// The same of the second.
    pub y: &'a Own,
}

/// Canonical correlations between two sides of matched rows.
pub struct Canonical<'a> {
    /// W_x XᵀY W_yᵀ (k1, k2), W the whitening of the kept directions: its singular values are the correlations.
    pub whitened: Array2<f64>,
    /// The directions of the first side, of which the first k1 are kept.
    pub x: &'a Directions,
    /// Those of the second side, of which the first k2 are kept.
    pub y: &'a Directions,
    /// Rows.
    pub n: u64,
}

/// The nearest neighbours of matched rows.
pub struct MatchedNeighbours<'a> {
    /// On the first side, with some to spare for those a resample takes away.
    pub x: &'a Neighbours,
    /// On the second side.
    pub y: &'a Neighbours,
    /// Jackknife group of each row.
    pub groups: &'a [u8],
    /// Neighbours looked at.
    pub k: usize,
}

/// A linear classifier and class means, class by class.
pub struct Duality {
    /// W (C, d), up to a factor.
    pub weights: Array2<f64>,
    /// Class means less their unweighted mean (C, d).
    pub means: Array2<f64>,
}
