//! What the rows of the catalogue hold, by the kind of their `Eval`: the functions that compute a metric, and what they are given.

use super::inputs::{
    Balls, Between, Canonical, ClassMeans, DomainScores, Duality, FromCentre, KernelScale, Lie, MatchedMoments,
    MatchedNeighbours, Mixing, NearRows, RowShares, RowView, SamplePair, Support,
};
use super::labelled::{Labelled, Score};
use crate::error::Result;
use crate::probes::logistic::PenaltyStrength;
use crate::probes::{Predictions, Probe};
use crate::stats::{
    CentredKernels, ChannelCorrelation, ChannelValues, ClassMoments, Moments, Residuals, SecondMoment, SecondPassNeeds,
    Spectrum, ViewScatter,
};
use crate::uncertainty::Groups;

/// The payload of `Eval::Classes`.
#[derive(Clone, Copy)]
pub struct FromClasses {
    /// The value.
    pub value: fn(&ClassMoments) -> Result<f64>,
    /// What it gives where labels mean nothing.
    pub null: Option<fn(&ClassMoments) -> f64>,
    /// Rows a class needs to take part (1 or 2).
    pub rows: u64,
    /// Whether the rows are l2-normalised first.
    pub normalised: bool,
}

/// The payload of `Eval::Residuals`.
#[derive(Clone, Copy)]
pub struct FromResiduals {
    /// The value.
    pub value: fn(&Residuals) -> Result<f64>,
    /// What the pass must collect.
    pub needs: SecondPassNeeds,
    /// Which share of the squared distances between class means must not be sampling noise for its jackknife to hold.
    pub resolved: f64,
    /// Rows a class needs to take part (1 or 2).
    pub rows: u64,
}

/// The payload of `Eval::EachClass`.
#[derive(Clone, Copy)]
pub struct FromEachClass {
    /// The value of one class.
    pub value: fn(&Spectrum) -> Result<f64>,
}

/// The payload of `Eval::Values`.
#[derive(Clone, Copy)]
pub struct FromValues {
    /// The value.
    pub value: fn(&ChannelValues) -> Result<f64>,
}

/// The payload of `Eval::Channels` and `Eval::Ranks`.
#[derive(Clone, Copy)]
pub struct FromCorrelation {
    /// The value.
    pub value: fn(&ChannelCorrelation) -> Result<f64>,
    /// What it gives for independent channels.
    pub null: fn(&ChannelCorrelation) -> f64,
}

/// The payload of `Eval::Spectrum`.
#[derive(Clone, Copy)]
pub struct FromSpectrum {
    /// Which matrix.
    pub matrix: SecondMoment,
    /// The value.
    pub value: fn(&Spectrum) -> Result<f64>,
    /// What the record says beside the value, by name.
    pub beside: Option<SpectrumNumber>,
    /// Whether the eigenvalues it looks at are equal within sampling error: it then has no interval.
    pub flat: fn(&Spectrum) -> bool,
}

/// A name, and the number of a spectrum that goes by it.
pub type SpectrumNumber = (&'static str, fn(&Spectrum) -> Result<f64>);

/// The payload of `Eval::UnitMoments`.
#[derive(Clone, Copy)]
pub struct FromUnitMoments {
    /// The value.
    pub value: fn(&Moments) -> Result<f64>,
    /// Whether their eigenvalues are equal within sampling error: it then has no interval.
    pub flat: fn(&Moments) -> bool,
}

/// The payload of `Eval::Within`.
#[derive(Clone, Copy)]
pub struct FromDistances {
    /// What one row adds.
    pub row: fn(&RowView) -> RowShares,
    /// The value, from the weighted mean over all rows.
    pub value: fn(f64) -> Result<f64>,
    /// Whether rows are told apart by their class.
    pub labelled: bool,
}

/// The payload of `Eval::ByClass`.
#[derive(Clone, Copy)]
pub struct FromClassDistances {
    /// Whether the distance of two rows is 1 - cos instead of the Euclidean one.
    pub cosine: bool,
    /// What one row gives, from its distance to the others of its class, where there are any, and to the nearest other class
    /// (infinite where there is none); `None` where it does not count.
    pub row: fn(own: Option<f64>, other: f64) -> Option<f64>,
    /// The value, from the mean over the rows that count.
    pub value: fn(f64) -> Result<f64>,
}

/// The payload of `Eval::Neighbours`.
#[derive(Clone, Copy)]
pub struct FromNeighbours {
    /// The value with `k` neighbours, of the rows of some jackknife groups.
    pub value: fn(&NearRows, k: usize, kept: Groups) -> Result<f64>,
    /// Neighbours looked at where the user sets no other number.
    pub k: usize,
    /// Whether the user may set another.
    pub settable: bool,
    /// Whether distances count, and not only which rows are near: rows that coincide with another one are then left out.
    pub distances: bool,
}

/// The payload of `Eval::Norms`.
#[derive(Clone, Copy)]
pub struct FromNorms {
    /// The value.
    pub value: fn(&[f64]) -> Result<f64>,
}

/// The payload of `Eval::Trees`.
#[derive(Clone, Copy)]
pub struct FromTrees {
    /// The value, from sizes of subsets and the mean lengths of their trees.
    pub value: fn(&[(f64, f64)]) -> Result<f64>,
    /// Rows looked at: as many drawn at random where there are more.
    pub most: usize,
}

/// The payload of `Eval::Views`.
#[derive(Clone, Copy)]
pub struct FromViews {
    /// The value.
    pub value: fn(&ViewScatter) -> Result<Score>,
    /// Rows looked at: those of as many images drawn at random where there are more.
    pub most: usize,
}

/// The payload of `Eval::Probe`.
#[derive(Clone, Copy)]
pub struct FromProbe {
    /// The probe: metrics with equal ones share its fit.
    pub probe: Probe,
    /// The value, of all scored rows or without those of one jackknife group.
    pub value: fn(&Predictions, Option<usize>) -> Result<f64>,
}

/// The payload of `Eval::Duality`.
#[derive(Clone, Copy)]
pub struct FromDuality {
    /// The value.
    pub value: fn(&Duality) -> Result<f64>,
    /// What a classifier orthogonal to the class means gives.
    pub null: Option<f64>,
    /// Whether the model's own classifier is taken where its logits tell it.
    pub own_head: bool,
    /// The penalty of the linear probe.
    pub strength: PenaltyStrength,
}

/// The payload of `Eval::Episodes`.
#[derive(Clone, Copy)]
pub struct FromEpisodes {
    /// Fitting rows of each class of an episode.
    pub shots: usize,
}

/// The products that one value takes, roughly, from rows, channels and classes.
pub type Work = fn(n: f64, d: f64, classes: f64) -> f64;

/// The payload of `Eval::Score`.
#[derive(Clone, Copy)]
pub struct FromScore {
    /// The value.
    pub value: fn(&Labelled) -> Result<Score>,
    /// Rows looked at: as many drawn at random where there are more.
    pub most: usize,
    /// Products of one value: where ten more would take minutes there is no interval.
    pub work: Work,
    /// Whether it draws at random in any case.
    pub seeded: bool,
    /// Whether it is of the layer `logits` alone.
    pub logits: bool,
}

/// The payload of `Eval::Moments`.
#[derive(Clone, Copy)]
pub struct FromMoments {
    /// The value.
    pub value: fn(&Moments, &Moments) -> Result<f64>,
    /// Whether it is carried on to infinitely many rows: the intercept of a line over 1/N.
    pub infinite: bool,
    /// Whether rounding leaves fewer than four digits of a value.
    pub blurred: fn(f64, &Moments, &Moments) -> bool,
}

/// The payload of `Eval::Means`.
#[derive(Clone, Copy)]
pub struct FromMeans {
    /// The value.
    pub value: fn(&ClassMeans, Mixing) -> Result<f64>,
    /// What it gives where domain labels mean nothing.
    pub null: fn(&ClassMeans, Mixing) -> Result<f64>,
    /// The convention.
    pub mixing: Mixing,
    /// Whether a permutation test of the domain labels goes with it.
    pub tested: bool,
}

/// The payload of `Eval::Samples`.
#[derive(Clone, Copy)]
pub struct FromSamples {
    /// The value of the rows of some jackknife groups.
    pub value: fn(&SamplePair, k: usize, kept: Groups) -> Result<f64>,
    /// What it gives for fully mixed sets, where that is known.
    pub null: Option<f64>,
    /// Neighbours looked at where the user sets no other number.
    pub k: usize,
}

/// The payload of `Eval::Support`.
#[derive(Clone, Copy)]
pub struct FromSupport {
    /// The value.
    pub value: fn(&Support) -> f64,
    /// The balls.
    pub balls: Balls,
    /// Whether those around the evaluation rows count, instead of those around the pretraining rows.
    pub around_eval: bool,
}

/// The payload of `Eval::Alike`.
#[derive(Clone, Copy)]
pub struct FromAlike {
    /// The cosine above which two rows look alike.
    pub level: f64,
}

/// A kernel of two rows, from where each lies and how they lie to each other.
pub type Kernel = fn(&KernelScale, FromCentre, FromCentre, Lie) -> f64;

/// The payload of `Eval::Kernel`.
#[derive(Clone, Copy)]
pub struct FromKernel {
    /// The kernel.
    pub kernel: Kernel,
    /// Whether it is the mean over many small random subsets instead of over all pairs.
    pub subsets: bool,
    /// Whether a permutation test of the domain labels goes with it.
    pub tested: bool,
}

/// The payload of `Eval::Slices`.
#[derive(Clone, Copy)]
pub struct FromSlices {
    /// The value.
    pub value: fn(&[f64]) -> Result<f64>,
}

/// The payload of `Eval::Domain`.
#[derive(Clone, Copy)]
pub struct FromDomain {
    /// The value.
    pub value: fn(&DomainScores) -> Result<f64>,
    /// What it gives where the data sets cannot be told apart.
    pub null: f64,
}

/// The payload of `Eval::MatchedMoments`.
#[derive(Clone, Copy)]
pub struct FromMatchedMoments {
    /// The value.
    pub value: fn(&MatchedMoments) -> Result<f64>,
    /// What unrelated rows give.
    pub null: Option<fn(&MatchedMoments) -> f64>,
}

/// The payload of `Eval::Canonical`.
#[derive(Clone, Copy)]
pub struct FromCanonical {
    /// The value.
    pub value: fn(&Canonical) -> Result<f64>,
    /// Share of each side's variance that the directions hold.
    pub share: f64,
}

/// The payload of `Eval::MatchedRanks`.
#[derive(Clone, Copy)]
pub struct FromMatchedRanks {
    /// The value, from the ranks of the pairs that are looked at (NaN for the others).
    pub value: fn(&[f64], &[f64]) -> Result<f64>,
    /// Which distance.
    pub between: Between,
}

/// The payload of `Eval::MatchedKernels`.
#[derive(Clone, Copy)]
pub struct FromMatchedKernels {
    /// The value.
    pub value: fn(&CentredKernels) -> Result<f64>,
    /// What unrelated rows give.
    pub null: fn(&CentredKernels) -> f64,
    /// The bandwidth of each side's Gaussian, as a fraction of its median distance, where the user sets no other.
    pub bandwidth: f64,
}

/// The payload of `Eval::MatchedNeighbours`.
#[derive(Clone, Copy)]
pub struct FromMatchedNeighbours {
    /// The value of the rows of some jackknife groups.
    pub value: fn(&MatchedNeighbours, kept: Groups) -> Result<f64>,
    /// What unrelated rows give, from the number of rows and k.
    pub null: fn(usize, usize) -> f64,
    /// Which distance.
    pub between: Between,
    /// Neighbours looked at where the user sets no other number.
    pub k: usize,
}
