//! What a metric needs: the kinds of function a catalogue row can hold, and what they are given.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::stats::{
    Again, ChannelValues, ClassMoments, Correlation, Cross, Directions, GROUPS, Groups, Moments, Neighbours, Of, Own,
    Residuals, Rows, Spectrum,
};

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
    /// From the rows of one data set around the means of their classes: a second pass.
    Residuals {
        /// The value.
        value: fn(&Residuals) -> Result<f64>,
        /// What the pass must collect.
        needs: Again,
        /// Which share of the squared distances between class means must not be sampling noise for its jackknife to hold.
        resolved: f64,
        /// Rows a class needs to take part (1 or 2).
        rows: u64,
    },
    /// From the spectrum of the covariance of each class, averaged over classes: computed only where it is named.
    EachClass {
        /// The value of one class.
        value: fn(&Spectrum) -> Result<f64>,
    },
    /// From the least and largest values and the zeros of each channel of one data set.
    Values {
        /// The value.
        value: fn(&ChannelValues) -> Result<f64>,
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
        /// What the record says beside the value, by name.
        beside: Option<Beside>,
        /// Whether the eigenvalues it looks at are equal within sampling error: it then has no interval.
        flat: fn(&Spectrum) -> bool,
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
    /// From each row's mean distances to the classes of its set.
    ByClass {
        /// The distance of two rows, from the squared Euclidean one and the norms of both.
        distance: fn(squared: f64, norm: f64, other: f64) -> f64,
        /// What one row gives, from its distance to the others of its class, where there are any, and to the nearest other class
        /// (infinite where there is none); `None` where it does not count.
        row: fn(own: Option<f64>, other: f64) -> Option<f64>,
        /// The value, from the mean over the rows that count.
        value: fn(f64) -> Result<f64>,
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
        /// The value of the rows of some jackknife groups.
        value: fn(&SamplePair, k: usize, kept: Groups) -> Result<f64>,
        /// What it gives for fully mixed sets.
        null: f64,
        /// Neighbours looked at where the user sets no other number.
        k: usize,
    },
    /// From the rows of two layers or models on the same images.
    Matched(Matched),
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

/// A name, and the number of a spectrum that goes by it.
pub type Beside = (&'static str, fn(&Spectrum) -> Result<f64>);

impl Eval {
    /// Whether it compares two layers or models on the same images: `featscope similarity` computes it, an analysis does not.
    pub fn is_matched(&self) -> bool {
        matches!(self, Self::Matched(_))
    }

    /// Whether it is computed from labels.
    pub fn needs_labels(&self) -> bool {
        match self {
            Self::Classes { .. }
            | Self::Residuals { .. }
            | Self::EachClass { .. }
            | Self::ByClass { .. }
            | Self::Means { .. } => true,
            Self::Within { labelled, .. } => *labelled,
            Self::Values { .. }
            | Self::Channels { .. }
            | Self::Spectrum { .. }
            | Self::Neighbours { .. }
            | Self::Norms { .. }
            | Self::Moments { .. }
            | Self::Samples { .. }
            | Self::Support { .. }
            | Self::Alike { .. }
            | Self::Matched(_)
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

    /// Whether it looks at the rows of one data set.
    pub fn needs_rows(&self) -> bool {
        matches!(
            self,
            Self::Within { .. } | Self::ByClass { .. } | Self::Neighbours { .. } | Self::Norms { .. }
        )
    }

    /// Whether it looks at the rows of both data sets of a pair.
    pub fn needs_rows_of_pairs(&self) -> bool {
        matches!(
            self,
            Self::Support { .. } | Self::Alike { .. } | Self::Kernel { .. } | Self::Slices { .. } | Self::Domain { .. }
        )
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
            Self::Samples { k, .. }
            | Self::Neighbours { k, settable: true, .. }
            | Self::Matched(Matched::Neighbours { k, .. }) => *k = chosen,
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

/// What a metric of matched rows is computed from.
#[derive(Clone, Copy)]
pub enum Matched {
    /// The moments of both sides and their cross products.
    Moments {
        /// The value.
        value: fn(&MatchedMoments) -> Result<f64>,
        /// What unrelated rows give.
        null: Option<fn(&MatchedMoments) -> f64>,
    },
    /// Canonical correlations between the principal directions of both sides.
    Canonical {
        /// The value.
        value: fn(&Canonical) -> Result<f64>,
        /// Share of each side's variance that the directions hold.
        share: f64,
    },
    /// The ranks of the distances between rows, on each side.
    Ranks {
        /// The value, from the ranks of the pairs that are looked at (NaN for the others).
        value: fn(&[f64], &[f64]) -> Result<f64>,
        /// Which distance.
        between: Between,
    },
    /// The nearest neighbours of each row, on each side.
    Neighbours {
        /// The value of the rows of some jackknife groups.
        value: fn(&MatchedNeighbours, kept: Groups) -> Result<f64>,
        /// What unrelated rows give, from the number of rows and k.
        null: fn(usize, usize) -> f64,
        /// Which distance.
        between: Between,
        /// Neighbours looked at where the user sets no other number.
        k: usize,
    },
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
