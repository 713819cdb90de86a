//! Metrics that need the same things are computed together: one list for each kind of [`Eval`], each with its own payload.

use super::planned_metric::PlannedMetric;
use crate::metrics::{
    Eval, FromAlike, FromCanonical, FromClassDistances, FromClasses, FromCorrelation, FromDistances, FromDomain,
    FromDuality, FromEachClass, FromEpisodes, FromKernel, FromMatchedKernels, FromMatchedMoments,
    FromMatchedNeighbours, FromMatchedRanks, FromMeans, FromMoments, FromNeighbours, FromNorms, FromProbe,
    FromResiduals, FromSamples, FromScore, FromSlices, FromSpectrum, FromSupport, FromTrees, FromUnitMoments,
    FromValues, FromViews,
};

/// What is made of second moments.
#[derive(Clone, Copy)]
pub enum SecondMoments {
    /// From eigenvalues.
    Spectrum(FromSpectrum),
    /// Without them, of l2-normalised rows.
    Unit(FromUnitMoments),
}

/// What is made of the pairs of rows of both sides.
#[derive(Clone, Copy)]
pub enum Overlap {
    /// From balls around rows.
    Support(FromSupport),
    /// From rows that look alike.
    Alike(FromAlike),
}

/// What is made of the moments of matched rows.
#[derive(Clone, Copy)]
pub enum Crossed {
    /// From cross products.
    Moments(FromMatchedMoments),
    /// From canonical correlations.
    Canonical(FromCanonical),
}

/// Metrics of one data set.
#[derive(Default)]
pub struct OneSided {
    pub classes: Vec<PlannedMetric<FromClasses>>,
    pub residuals: Vec<PlannedMetric<FromResiduals>>,
    pub each_class: Vec<PlannedMetric<FromEachClass>>,
    pub values: Vec<PlannedMetric<FromValues>>,
    pub channels: Vec<PlannedMetric<FromCorrelation>>,
    pub ranks: Vec<PlannedMetric<FromCorrelation>>,
    pub spectra: Vec<PlannedMetric<SecondMoments>>,
    pub within: Vec<PlannedMetric<FromDistances>>,
    pub by_class: Vec<PlannedMetric<FromClassDistances>>,
    pub neighbours: Vec<PlannedMetric<FromNeighbours>>,
    pub norms: Vec<PlannedMetric<FromNorms>>,
    pub trees: Vec<PlannedMetric<FromTrees>>,
    pub views: Vec<PlannedMetric<FromViews>>,
    pub probes: Vec<PlannedMetric<FromProbe>>,
    pub duality: Vec<PlannedMetric<FromDuality>>,
    pub episodes: Vec<PlannedMetric<FromEpisodes>>,
    pub scores: Vec<PlannedMetric<FromScore>>,
}

/// Metrics of a pretraining and an evaluation data set.
#[derive(Default)]
pub struct OfPairs {
    pub means: Vec<PlannedMetric<FromMeans>>,
    pub moments: Vec<PlannedMetric<FromMoments>>,
    pub samples: Vec<PlannedMetric<FromSamples>>,
    pub overlap: Vec<PlannedMetric<Overlap>>,
    pub kernels: Vec<PlannedMetric<FromKernel>>,
    pub slices: Vec<PlannedMetric<FromSlices>>,
    pub domain: Vec<PlannedMetric<FromDomain>>,
}

/// Metrics of two layers or models on the same images.
#[derive(Default)]
pub struct OfMatched {
    pub crossed: Vec<PlannedMetric<Crossed>>,
    pub ranks: Vec<PlannedMetric<FromMatchedRanks>>,
    pub kernels: Vec<PlannedMetric<FromMatchedKernels>>,
    pub neighbours: Vec<PlannedMetric<FromMatchedNeighbours>>,
}

/// The metrics of a plan, by what computes them. Who takes a group apart names each of its lists: one that nobody computes is
/// an unused variable.
#[derive(Default)]
pub struct Kinds {
    pub one_sided: OneSided,
    pub of_pairs: OfPairs,
    pub of_matched: OfMatched,
}

impl Kinds {
    /// The only place that looks at which kind a metric is.
    pub fn new(asked: impl Iterator<Item = PlannedMetric<Eval>>) -> Self {
        let mut kinds = Self::default();
        let Self {
            one_sided: one,
            of_pairs: pair,
            of_matched: matched,
        } = &mut kinds;
        for asked in asked {
            match asked.eval {
                Eval::Classes(e) => one.classes.push(asked.by(e)),
                Eval::Residuals(e) => one.residuals.push(asked.by(e)),
                Eval::EachClass(e) => one.each_class.push(asked.by(e)),
                Eval::Values(e) => one.values.push(asked.by(e)),
                Eval::Channels(e) => one.channels.push(asked.by(e)),
                Eval::Ranks(e) => one.ranks.push(asked.by(e)),
                Eval::Spectrum(e) => one.spectra.push(asked.by(SecondMoments::Spectrum(e))),
                Eval::UnitMoments(e) => one.spectra.push(asked.by(SecondMoments::Unit(e))),
                Eval::Within(e) => one.within.push(asked.by(e)),
                Eval::ByClass(e) => one.by_class.push(asked.by(e)),
                Eval::Neighbours(e) => one.neighbours.push(asked.by(e)),
                Eval::Norms(e) => one.norms.push(asked.by(e)),
                Eval::Trees(e) => one.trees.push(asked.by(e)),
                Eval::Views(e) => one.views.push(asked.by(e)),
                Eval::Probe(e) => one.probes.push(asked.by(e)),
                Eval::Duality(e) => one.duality.push(asked.by(e)),
                Eval::Episodes(e) => one.episodes.push(asked.by(e)),
                Eval::Score(e) => one.scores.push(asked.by(e)),
                Eval::Means(e) => pair.means.push(asked.by(e)),
                Eval::Moments(e) => pair.moments.push(asked.by(e)),
                Eval::Samples(e) => pair.samples.push(asked.by(e)),
                Eval::Support(e) => pair.overlap.push(asked.by(Overlap::Support(e))),
                Eval::Alike(e) => pair.overlap.push(asked.by(Overlap::Alike(e))),
                Eval::Kernel(e) => pair.kernels.push(asked.by(e)),
                Eval::Slices(e) => pair.slices.push(asked.by(e)),
                Eval::Domain(e) => pair.domain.push(asked.by(e)),
                Eval::MatchedMoments(e) => matched.crossed.push(asked.by(Crossed::Moments(e))),
                Eval::Canonical(e) => matched.crossed.push(asked.by(Crossed::Canonical(e))),
                Eval::MatchedRanks(e) => matched.ranks.push(asked.by(e)),
                Eval::MatchedKernels(e) => matched.kernels.push(asked.by(e)),
                Eval::MatchedNeighbours(e) => matched.neighbours.push(asked.by(e)),
            }
        }
        kinds
    }
}
