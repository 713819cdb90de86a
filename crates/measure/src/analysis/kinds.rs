//! Metrics that need the same things are computed together: one list for each kind of [`Eval`], each with its own payload.

use std::time::Instant;

use super::Plan;
use super::outcome::Outcome;
use crate::error::{Error, Result};
use crate::metrics::{
    Eval, FromAlike, FromCanonical, FromClassDistances, FromClasses, FromCorrelation, FromDistances, FromDomain,
    FromDuality, FromEachClass, FromEpisodes, FromKernel, FromMatchedKernels, FromMatchedMoments,
    FromMatchedNeighbours, FromMatchedRanks, FromMeans, FromMoments, FromNeighbours, FromNorms, FromProbe,
    FromResiduals, FromSamples, FromScore, FromSlices, FromSpectrum, FromSupport, FromTrees, FromUnitMoments,
    FromValues, FromViews, Metric, Sides, Variant,
};
use crate::uncertainty::leave_one_out;

/// Neighbours up to which tables are kept: 50,000 rows of so many take 600 MB.
pub const MOST_NEIGHBOURS: usize = 1_000;

/// A metric of the plan in one of its conventions, with what its kind is handed.
#[derive(Clone, Copy)]
pub struct Asked<E> {
    /// Its place in the plan.
    pub place: usize,
    /// Which metric.
    pub metric: &'static Metric,
    /// In which convention; `None` is the default.
    pub variant: Option<&'static Variant>,
    /// How it is computed.
    pub eval: E,
}

impl<E> Asked<E> {
    /// The same metric, computed like this.
    pub fn by<F>(&self, eval: F) -> Asked<F> {
        Asked {
            place: self.place,
            metric: self.metric,
            variant: self.variant,
            eval,
        }
    }

    /// Whether it has replicates.
    pub fn resamples(&self) -> bool {
        self.metric.error.resamples()
    }
}

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
    pub classes: Vec<Asked<FromClasses>>,
    pub residuals: Vec<Asked<FromResiduals>>,
    pub each_class: Vec<Asked<FromEachClass>>,
    pub values: Vec<Asked<FromValues>>,
    pub channels: Vec<Asked<FromCorrelation>>,
    pub ranks: Vec<Asked<FromCorrelation>>,
    pub spectra: Vec<Asked<SecondMoments>>,
    pub within: Vec<Asked<FromDistances>>,
    pub by_class: Vec<Asked<FromClassDistances>>,
    pub neighbours: Vec<Asked<FromNeighbours>>,
    pub norms: Vec<Asked<FromNorms>>,
    pub trees: Vec<Asked<FromTrees>>,
    pub views: Vec<Asked<FromViews>>,
    pub probes: Vec<Asked<FromProbe>>,
    pub duality: Vec<Asked<FromDuality>>,
    pub episodes: Vec<Asked<FromEpisodes>>,
    pub scores: Vec<Asked<FromScore>>,
}

/// Metrics of a pretraining and an evaluation data set.
#[derive(Default)]
pub struct OfPairs {
    pub means: Vec<Asked<FromMeans>>,
    pub moments: Vec<Asked<FromMoments>>,
    pub samples: Vec<Asked<FromSamples>>,
    pub overlap: Vec<Asked<Overlap>>,
    pub kernels: Vec<Asked<FromKernel>>,
    pub slices: Vec<Asked<FromSlices>>,
    pub domain: Vec<Asked<FromDomain>>,
}

/// Metrics of two layers or models on the same images.
#[derive(Default)]
pub struct OfMatched {
    pub crossed: Vec<Asked<Crossed>>,
    pub ranks: Vec<Asked<FromMatchedRanks>>,
    pub kernels: Vec<Asked<FromMatchedKernels>>,
    pub neighbours: Vec<Asked<FromMatchedNeighbours>>,
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
    pub fn new(asked: impl Iterator<Item = Asked<Eval>>) -> Self {
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

/// What an input has that some metrics are of.
#[derive(Clone, Copy, Default)]
pub struct Has {
    /// Rows that probes look at.
    pub probed: bool,
    /// The scores of a classifier's own classes.
    pub logits: bool,
    /// Views of the same images.
    pub views: bool,
}

/// The outcomes of a plan's metrics on one input, as its kinds are computed one after the other.
pub struct Run {
    found: Vec<(Asked<()>, Outcome, f64)>,
}

impl Run {
    /// For the metrics of these sides, with the lists to compute. Where metrics of classes do not apply, being `unlabelled`,
    /// those that the user named say why, and the others are left out. Probes are left out of what is not `probed`, metrics of
    /// logits of other layers, and those of views where rows are none.
    pub fn start(plan: &Plan, sides: Sides, unlabelled: Option<&str>, has: Has) -> (Self, Kinds) {
        let (possible, impossible): (Vec<_>, Vec<_>) = plan
            .asked()
            .filter(|asked| asked.eval.needs().sides == sides)
            .filter(|asked| has.logits || !asked.eval.needs().logits || plan.names(asked.metric))
            .filter(|asked| has.views || asked.eval.needs().views.is_none() || plan.names(asked.metric))
            .filter(|asked| has.probed || !asked.eval.needs().probed || unlabelled.is_some())
            .partition(|asked| unlabelled.is_none() || !asked.eval.needs().labels);
        let found = impossible
            .into_iter()
            .filter(|asked| plan.names(asked.metric))
            .map(|asked| {
                let reason = Error::undefined(unlabelled.unwrap_or_default());
                (asked.by(()), Outcome::new(Err(reason)), 0.0)
            })
            .collect();
        (Self { found }, Kinds::new(possible.into_iter()))
    }

    /// Computes one kind: one outcome for each of its metrics, in their order. What is shared is shared out.
    pub fn kind<E>(&mut self, asked: &[Asked<E>], outcomes: impl FnOnce(&[Asked<E>]) -> Vec<Outcome>) {
        if asked.is_empty() {
            return;
        }
        let start = Instant::now();
        let outcomes = outcomes(asked);
        assert_eq!(outcomes.len(), asked.len(), "one outcome for each metric");
        let each = start.elapsed().as_secs_f64() / asked.len() as f64;
        let found = asked.iter().zip(outcomes);
        self.found
            .extend(found.map(|(asked, outcome)| (asked.by(()), outcome, each)));
    }

    /// All outcomes in the plan's order, each with its seconds.
    pub fn finish(mut self) -> Vec<(Asked<()>, Outcome, f64)> {
        self.found.sort_by_key(|(asked, ..)| asked.place);
        self.found
    }
}

/// The values of metrics of one kind without each jackknife group, where they have an interval: `without` makes what they are
/// computed from, for one group and thread at a time. Those of the others are empty; for too few `rows` the reason.
pub fn replicates<E: Copy + Sync, T>(
    asked: &[Asked<E>],
    rows: u64,
    without: impl Fn(usize) -> Result<T> + Sync,
    value: impl Fn(E, &T) -> Result<f64> + Sync,
) -> Vec<Result<Vec<f64>>> {
    if !asked.iter().any(Asked::resamples) {
        return asked.iter().map(|_| Ok(Vec::new())).collect();
    }
    let values = |group: usize| {
        let made = without(group);
        Ok(values(asked, made, &value))
    };
    transposed(asked, leave_one_out(rows, values))
}

/// The values of the metrics that have an interval from what was made for one group; the others' are zero and not used.
pub fn values<E: Copy, T>(
    asked: &[Asked<E>],
    made: Result<T>,
    value: impl Fn(E, &T) -> Result<f64>,
) -> Vec<Result<f64>> {
    let of_one = |asked: &Asked<E>| match &made {
        _ if !asked.resamples() => Ok(0.0),
        Ok(made) => value(asked.eval, made),
        Err(error) => Err(error.clone()),
    };
    asked.iter().map(of_one).collect()
}

/// From the values of all metrics for each group the values of each metric for all groups.
pub fn transposed<E>(asked: &[Asked<E>], by_group: Result<Vec<Vec<Result<f64>>>>) -> Vec<Result<Vec<f64>>> {
    let of_metric = |(i, asked): (usize, &Asked<E>)| match &by_group {
        _ if !asked.resamples() => Ok(Vec::new()),
        Ok(groups) => groups.iter().map(|group| group[i].clone()).collect(),
        Err(error) => Err(error.clone()),
    };
    asked.iter().enumerate().map(of_metric).collect()
}
