//! How a metric is computed: the kinds of function a catalogue row can hold, and what each of them needs.

use super::inputs::{
    Balls, Between, Canonical, ClassMeans, DomainScores, Duality, FromCentre, KernelScale, Lie, MatchedMoments,
    MatchedNeighbours, Mixing, NearRows, RowShares, RowView, SamplePair, Support,
};
use super::labelled::{Labelled, Score};
use super::needs::{MatchedNeeds, Needs, Sides};
use crate::error::Result;
use crate::probes::logistic::PenaltyStrength;
use crate::probes::{Predictions, Probe};
use crate::stats::{
    CentredKernels, ChannelCorrelation, ChannelValues, ClassMoments, Moments, Residuals, SecondMoment, SecondPassNeeds,
    Spectrum, ViewScatter,
};
use crate::uncertainty::Groups;

/// How a metric is computed: each variant holds what the one place that computes its kind is handed.
#[derive(Clone, Copy)]
pub enum Eval {
    /// From the class moments of one data set.
    Classes(FromClasses),
    /// From the rows of one data set around the means of their classes: a second pass.
    Residuals(FromResiduals),
    /// From the spectrum of the covariance of each class, averaged over classes: computed only where it is named.
    EachClass(FromEachClass),
    /// From the least and largest values and the zeros of each channel of one data set.
    Values(FromValues),
    /// From the correlations between the channels of one data set.
    Channels(FromCorrelation),
    /// From the correlations between the ranks of the channels of one data set.
    Ranks(FromCorrelation),
    /// From the eigenvalues of a matrix of second moments of one data set.
    Spectrum(FromSpectrum),
    /// From the moments of the l2-normalised rows of one data set, without their eigenvalues.
    UnitMoments(FromUnitMoments),
    /// From each row's distances to all rows of its set.
    Within(FromDistances),
    /// From each row's mean distances to the classes of its set.
    ByClass(FromClassDistances),
    /// From the nearest neighbours of each row within its set.
    Neighbours(FromNeighbours),
    /// From the Euclidean norms of the rows of one data set.
    Norms(FromNorms),
    /// From the lengths of minimum spanning trees of random subsets of rows.
    Trees(FromTrees),
    /// From the scatters of views of the same images.
    Views(FromViews),
    /// From what a probe, fitted on some rows, says of others.
    Probe(FromProbe),
    /// From a linear classifier and the class means.
    Duality(FromDuality),
    /// From few-shot episodes.
    Episodes(FromEpisodes),
    /// From the features and classes of the rows that a probe would be fitted on.
    Score(FromScore),
    /// From the moments of the pretraining and the evaluation data.
    Moments(FromMoments),
    /// From the class means of the pretraining and the evaluation data, pooled.
    Means(FromMeans),
    /// From the nearest neighbours among samples of both data sets.
    Samples(FromSamples),
    /// From the rows of each set that lie within the balls around the rows of the other.
    Support(FromSupport),
    /// From the evaluation rows that look like a pretraining row.
    Alike(FromAlike),
    /// From the means of a kernel over pairs of rows of the pretraining data, of the evaluation data, and of both.
    Kernel(FromKernel),
    /// From the squared Wasserstein distances of both data sets along random directions.
    Slices(FromSlices),
    /// From the held-out scores of a linear classifier that tells the data sets apart.
    Domain(FromDomain),
    /// From the moments of two layers or models on the same images, and their cross products.
    MatchedMoments(FromMatchedMoments),
    /// From canonical correlations between the principal directions of two layers or models on the same images.
    Canonical(FromCanonical),
    /// From the ranks of the distances between rows, in two layers or models.
    MatchedRanks(FromMatchedRanks),
    /// From kernels of the distances between rows, in two layers or models.
    MatchedKernels(FromMatchedKernels),
    /// From the nearest neighbours of each row, in two layers or models.
    MatchedNeighbours(FromMatchedNeighbours),
}

/// For [`Eval::Classes`].
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

/// For [`Eval::Residuals`].
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

/// For [`Eval::EachClass`].
#[derive(Clone, Copy)]
pub struct FromEachClass {
    /// The value of one class.
    pub value: fn(&Spectrum) -> Result<f64>,
}

/// For [`Eval::Values`].
#[derive(Clone, Copy)]
pub struct FromValues {
    /// The value.
    pub value: fn(&ChannelValues) -> Result<f64>,
}

/// For [`Eval::Channels`] and [`Eval::Ranks`].
#[derive(Clone, Copy)]
pub struct FromCorrelation {
    /// The value.
    pub value: fn(&ChannelCorrelation) -> Result<f64>,
    /// What it gives for independent channels.
    pub null: fn(&ChannelCorrelation) -> f64,
}

/// For [`Eval::Spectrum`].
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

/// For [`Eval::UnitMoments`].
#[derive(Clone, Copy)]
pub struct FromUnitMoments {
    /// The value.
    pub value: fn(&Moments) -> Result<f64>,
    /// Whether their eigenvalues are equal within sampling error: it then has no interval.
    pub flat: fn(&Moments) -> bool,
}

/// For [`Eval::Within`].
#[derive(Clone, Copy)]
pub struct FromDistances {
    /// What one row adds.
    pub row: fn(&RowView) -> RowShares,
    /// The value, from the weighted mean over all rows.
    pub value: fn(f64) -> Result<f64>,
    /// Whether rows are told apart by their class.
    pub labelled: bool,
}

/// For [`Eval::ByClass`].
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

/// For [`Eval::Neighbours`].
#[derive(Clone, Copy)]
pub struct FromNeighbours {
    /// The value with `k` neighbours, of the rows of some jackknife groups.
    pub value: fn(&NearRows, k: usize, kept: Groups) -> Result<f64>,
    /// Neighbours looked at where the user sets no other number.
    pub k: usize,
    /// Whether the user may set another.
    pub settable: bool,
    /// Whether distances count, and not only who is near: rows that coincide with another one are then left out.
    pub distances: bool,
}

/// For [`Eval::Norms`].
#[derive(Clone, Copy)]
pub struct FromNorms {
    /// The value.
    pub value: fn(&[f64]) -> Result<f64>,
}

/// For [`Eval::Trees`].
#[derive(Clone, Copy)]
pub struct FromTrees {
    /// The value, from sizes of subsets and the mean lengths of their trees.
    pub value: fn(&[(f64, f64)]) -> Result<f64>,
    /// Rows looked at: as many drawn at random where there are more.
    pub most: usize,
}

/// For [`Eval::Views`].
#[derive(Clone, Copy)]
pub struct FromViews {
    /// The value.
    pub value: fn(&ViewScatter) -> Result<Score>,
    /// Rows looked at: those of as many images drawn at random where there are more.
    pub most: usize,
}

/// For [`Eval::Probe`].
#[derive(Clone, Copy)]
pub struct FromProbe {
    /// The probe: metrics with equal ones share its fit.
    pub probe: Probe,
    /// The value, of all scored rows or without those of one jackknife group.
    pub value: fn(&Predictions, Option<usize>) -> Result<f64>,
}

/// For [`Eval::Duality`].
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

/// For [`Eval::Episodes`].
#[derive(Clone, Copy)]
pub struct FromEpisodes {
    /// Fitting rows of each class of an episode.
    pub shots: usize,
}

/// The products that one value takes, roughly, from rows, channels and classes.
pub type Work = fn(n: f64, d: f64, classes: f64) -> f64;

/// For [`Eval::Score`].
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

/// For [`Eval::Moments`].
#[derive(Clone, Copy)]
pub struct FromMoments {
    /// The value.
    pub value: fn(&Moments, &Moments) -> Result<f64>,
    /// Whether it is carried on to infinitely many rows: the intercept of a line over 1/N.
    pub infinite: bool,
    /// Whether rounding leaves fewer than four digits of a value.
    pub blurred: fn(f64, &Moments, &Moments) -> bool,
}

/// For [`Eval::Means`].
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

/// For [`Eval::Samples`].
#[derive(Clone, Copy)]
pub struct FromSamples {
    /// The value of the rows of some jackknife groups.
    pub value: fn(&SamplePair, k: usize, kept: Groups) -> Result<f64>,
    /// What it gives for fully mixed sets, where that is known.
    pub null: Option<f64>,
    /// Neighbours looked at where the user sets no other number.
    pub k: usize,
}

/// For [`Eval::Support`].
#[derive(Clone, Copy)]
pub struct FromSupport {
    /// The value.
    pub value: fn(&Support) -> f64,
    /// The balls.
    pub balls: Balls,
    /// Whether those around the evaluation rows count, instead of those around the pretraining rows.
    pub around_eval: bool,
}

/// For [`Eval::Alike`].
#[derive(Clone, Copy)]
pub struct FromAlike {
    /// The cosine above which two rows look alike.
    pub level: f64,
}

/// A kernel of two rows, from where each lies and how they lie to each other.
pub type Kernel = fn(&KernelScale, FromCentre, FromCentre, Lie) -> f64;

/// For [`Eval::Kernel`].
#[derive(Clone, Copy)]
pub struct FromKernel {
    /// The kernel.
    pub kernel: Kernel,
    /// Whether it is the mean over many small random subsets instead of over all pairs.
    pub subsets: bool,
    /// Whether a permutation test of the domain labels goes with it.
    pub tested: bool,
}

/// For [`Eval::Slices`].
#[derive(Clone, Copy)]
pub struct FromSlices {
    /// The value.
    pub value: fn(&[f64]) -> Result<f64>,
}

/// For [`Eval::Domain`].
#[derive(Clone, Copy)]
pub struct FromDomain {
    /// The value.
    pub value: fn(&DomainScores) -> Result<f64>,
    /// What it gives where the data sets cannot be told apart.
    pub null: f64,
}

/// For [`Eval::MatchedMoments`].
#[derive(Clone, Copy)]
pub struct FromMatchedMoments {
    /// The value.
    pub value: fn(&MatchedMoments) -> Result<f64>,
    /// What unrelated rows give.
    pub null: Option<fn(&MatchedMoments) -> f64>,
}

/// For [`Eval::Canonical`].
#[derive(Clone, Copy)]
pub struct FromCanonical {
    /// The value.
    pub value: fn(&Canonical) -> Result<f64>,
    /// Share of each side's variance that the directions hold.
    pub share: f64,
}

/// For [`Eval::MatchedRanks`].
#[derive(Clone, Copy)]
pub struct FromMatchedRanks {
    /// The value, from the ranks of the pairs that are looked at (NaN for the others).
    pub value: fn(&[f64], &[f64]) -> Result<f64>,
    /// Which distance.
    pub between: Between,
}

/// For [`Eval::MatchedKernels`].
#[derive(Clone, Copy)]
pub struct FromMatchedKernels {
    /// The value.
    pub value: fn(&CentredKernels) -> Result<f64>,
    /// What unrelated rows give.
    pub null: fn(&CentredKernels) -> f64,
    /// The bandwidth of each side's Gaussian, as a fraction of its median distance, where the user sets no other.
    pub bandwidth: f64,
}

/// For [`Eval::MatchedNeighbours`].
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

impl Eval {
    /// What it needs: of one data set, of each of a pair, or of two layers or models on the same images.
    pub fn needs(&self) -> Needs {
        let one = Needs::default();
        let pair = Needs::of(Sides::Pair);
        match self {
            Self::Classes(e) => Needs {
                labels: true,
                classes: !e.normalised,
                unit_classes: e.normalised,
                ..one
            },
            Self::Residuals(e) => Needs {
                labels: true,
                classes: true,
                second_pass: e.needs,
                fitted: e.needs.nearest,
                ..one
            },
            Self::EachClass(_) => Needs {
                labels: true,
                class_spectra: true,
                ..one
            },
            Self::Values(_) => Needs { values: true, ..one },
            Self::Channels(_) => Needs { scatter: true, ..one },
            Self::Ranks(_) => Needs {
                rows: true,
                orders: true,
                ..one
            },
            Self::Spectrum(e) => Needs {
                scatter: e.matrix != SecondMoment::Unit,
                unit_scatter: e.matrix == SecondMoment::Unit,
                ..one
            },
            Self::UnitMoments(_) => Needs {
                unit_scatter: true,
                ..one
            },
            Self::Within(e) => Needs {
                labels: e.labelled,
                rows: true,
                sweep: true,
                ..one
            },
            Self::ByClass(_) => Needs {
                labels: true,
                rows: true,
                sweep: true,
                ..one
            },
            Self::Neighbours(e) => Needs {
                rows: true,
                neighbours: Some(e.k),
                ..one
            },
            Self::Views(e) => Needs {
                views: Some(e.most),
                ..one
            },
            Self::Norms(_) | Self::Trees(_) => Needs { rows: true, ..one },
            Self::Score(e) => Needs {
                labels: true,
                fitted: true,
                probed: true,
                logits: e.logits,
                ..one
            },
            Self::Duality(e) => Needs {
                labels: true,
                fitted: true,
                probed: true,
                head: e.own_head,
                ..one
            },
            Self::Probe(_) | Self::Episodes(_) => Needs {
                labels: true,
                fitted: true,
                probed: true,
                ..one
            },
            Self::Moments(_) => Needs { scatter: true, ..pair },
            Self::Means(_) => Needs {
                labels: true,
                classes: true,
                ..pair
            },
            Self::Samples(_) => Needs { sample: true, ..pair },
            Self::Support(e) => Needs {
                rows: true,
                neighbours: Some(e.balls.k),
                crossed: true,
                ..pair
            },
            Self::Alike(_) | Self::Kernel(_) => Needs {
                rows: true,
                crossed: true,
                ..pair
            },
            Self::Slices(_) => Needs { rows: true, ..pair },
            Self::Domain(_) => Needs {
                scatter: true,
                rows: true,
                ..pair
            },
            Self::MatchedMoments(_) => Needs::of_matched(MatchedNeeds {
                moments: true,
                ..MatchedNeeds::default()
            }),
            Self::Canonical(_) => Needs::of_matched(MatchedNeeds {
                moments: true,
                directions: true,
                ..MatchedNeeds::default()
            }),
            Self::MatchedRanks(e) => Needs::of_matched(MatchedNeeds {
                ranks: Some(e.between),
                ..MatchedNeeds::default()
            }),
            Self::MatchedKernels(_) => Needs::of_matched(MatchedNeeds {
                distances: true,
                ..MatchedNeeds::default()
            }),
            Self::MatchedNeighbours(e) => Needs::of_matched(MatchedNeeds {
                neighbours: Some((e.between, e.k)),
                ..MatchedNeeds::default()
            }),
        }
    }

    /// Sets the number of neighbours; false where it has none to set.
    pub fn set_k(&mut self, chosen: usize) -> bool {
        match self {
            Self::Means(e) => e.mixing.k = Some(chosen),
            Self::Samples(e) => e.k = chosen,
            Self::Neighbours(e) if e.settable => e.k = chosen,
            Self::MatchedNeighbours(e) => e.k = chosen,
            Self::Support(e) => e.balls.k = chosen,
            Self::Probe(FromProbe {
                probe: Probe::Votes { k, .. },
                ..
            }) => *k = chosen,
            _ => return false,
        }
        true
    }

    /// Sets the bandwidth of a kernel; false where there is none to set.
    pub fn set_bandwidth(&mut self, chosen: f64) -> bool {
        match self {
            Self::MatchedKernels(e) => e.bandwidth = chosen,
            _ => return false,
        }
        true
    }

    /// Fixes the strength of a penalty; false where there is none to fix.
    pub fn set_strength(&mut self, chosen: PenaltyStrength) -> bool {
        match self {
            Self::Probe(FromProbe {
                probe: Probe::Linear { strength, .. },
                ..
            }) => *strength = chosen,
            Self::Duality(e) => e.strength = chosen,
            _ => return false,
        }
        true
    }
}
