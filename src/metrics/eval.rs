//! What a metric needs: the kinds of function a catalogue row can hold.

use crate::error::Result;
use crate::metrics::{
    Balls, Between, Canonical, ClassMeans, DomainScores, KernelScale, Lie, MatchedMoments, MatchedNeighbours, Mixing,
    NearRows, Place, RowView, SamplePair, Shares, Support,
};
use crate::stats::{Again, ChannelValues, ClassMoments, Correlation, Groups, Moments, Of, Residuals, Spectrum};

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
    /// From the correlations between the ranks of the channels of one data set.
    Ranks {
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
    /// From the moments of the l2-normalised rows of one data set, without their eigenvalues.
    UnitMoments {
        /// The value.
        value: fn(&Moments) -> Result<f64>,
        /// Whether their eigenvalues are equal within sampling error: it then has no interval.
        flat: fn(&Moments) -> bool,
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
        /// Whether the distance of two rows is 1 - cos instead of the Euclidean one.
        cosine: bool,
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
        /// Whether rounding leaves fewer than four digits of a value.
        blurred: fn(f64, &Moments, &Moments) -> bool,
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
        /// What it gives for fully mixed sets, where that is known.
        null: Option<f64>,
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
        /// Whether those around the evaluation rows count, instead of those around the pretraining rows.
        around_eval: bool,
    },
    /// From the evaluation rows that look like a pretraining row.
    Alike {
        /// The cosine above which two rows look alike.
        level: f64,
    },
    /// From the means of a kernel over pairs of rows of the pretraining data, of the evaluation data, and of both.
    Kernel {
        /// The kernel of two rows at these places, given their squared distance.
        kernel: fn(&KernelScale, Place, Place, Lie) -> f64,
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

    /// Whether it compares a pretraining with an evaluation data set.
    pub fn is_of_pairs(&self) -> bool {
        matches!(self, Self::Means { .. } | Self::Moments { .. } | Self::Samples { .. }) || self.needs_rows_of_pairs()
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
            | Self::Ranks { .. }
            | Self::Spectrum { .. }
            | Self::UnitMoments { .. }
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
        matches!(self, Self::Spectrum { of: Of::Unit, .. } | Self::UnitMoments { .. })
    }

    /// Whether it needs the scatter of both data sets of a pair.
    pub fn needs_scatter_of_pairs(&self) -> bool {
        matches!(self, Self::Moments { .. } | Self::Domain { .. })
    }

    /// Whether it looks at the rows of one data set.
    pub fn needs_rows(&self) -> bool {
        matches!(
            self,
            Self::Within { .. }
                | Self::ByClass { .. }
                | Self::Neighbours { .. }
                | Self::Norms { .. }
                | Self::Ranks { .. }
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
