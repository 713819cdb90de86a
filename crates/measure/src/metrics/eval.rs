//! How a metric is computed: the kinds of function a catalogue row can hold, and what each of them needs.

use super::needs::{MatchedNeeds, Needs, Sides};
use crate::probes::Probe;
use crate::probes::logistic::PenaltyStrength;
use crate::stats::SecondMoment;

pub use super::payload::*;

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
