//! How strong the penalty is: fixed, or chosen on fitting rows that are held out.

use super::basis::Basis;
use super::lbfgs::{Optimum, first_gradient, from_strong, minimise, minimise_roughly};
use super::objective::{LabelledSubset, Weights};
use super::protocol::{Protocol, Tried};
use crate::error::Result;
use crate::probes::folds::{Fold, Strata};
use crate::probes::scaled::ScaledRows;

/// Rises of the held-out loss in a row after which the walk ends.
const RISES: usize = 3;

/// λ where no row can be held out to choose it.
pub const UNTRIED: f64 = 1e-2;

/// How λ is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PenaltyStrength {
    /// Chosen by how many held-out rows are right.
    Chosen(Protocol),
    /// scikit-learn's C, on features as they are: λ = 1 / (n C r²).
    Fixed(f64),
    /// λ itself, on scaled features.
    Penalty(f64),
}

/// A fit and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The fit on all rows.
    pub optimum: Optimum,
    /// λ that the user or the held-out rows chose, as a share of the mean square of the rows fitted on.
    pub lambda: f64,
    /// r, the root mean square of the rows fitted on.
    pub rms: f64,
    /// scikit-learn's C of the same objective, on features as they are.
    pub strength: f64,
    /// The held-out loss (or share that is wrong), where λ was chosen.
    pub held_out: Option<f64>,
    /// Values of λ tried.
    pub tried: usize,
    /// Passes over the rows, of all fits.
    pub passes: usize,
}

/// Rows that are all scaled alike, with their classes and what belongs together among them.
#[derive(Clone, Copy)]
pub struct Scaled<'a> {
    /// Scaled features (N, d).
    pub rows: ScaledRows<'a>,
    /// What cuts go by.
    pub strata: Strata<'a>,
}

/// Fits on some of the rows of a set, measured by the principal directions of all that are fitted on.
pub struct Solver<'a> {
    rows: Scaled<'a>,
    places: &'a [usize],
    basis: Basis,
}

impl<'a> Solver<'a> {
    /// A solver for the rows at these places.
    ///
    /// # Errors
    /// When the eigenvalue iteration does not converge.
    pub fn new(rows: Scaled<'a>, places: &'a [usize]) -> Result<Self> {
        Ok(Self {
            rows,
            places,
            basis: Basis::new(rows.rows, places)?,
        })
    }

    /// Fits. λ counts on rows divided by their own root mean square, whichever rows are left in.
    pub fn fit(&self, strength: PenaltyStrength, seed: u64) -> Fitted {
        match strength {
            PenaltyStrength::Fixed(c) => self.cold(Tried::C(c)),
            PenaltyStrength::Penalty(lambda) => self.cold(Tried::Lambda(lambda)),
            PenaltyStrength::Chosen(protocol) => {
                let cuts = protocol.cuts(&self.rows.strata, self.places, seed);
                let walked = self.walk(&cuts, protocol);
                let fitted = self.refit(self.places, walked.best, walked.weights);
                Fitted {
                    held_out: Some(walked.loss),
                    tried: walked.tried,
                    passes: walked.passes + fitted.passes,
                    ..fitted
                }
            }
        }
    }

    /// Fits on all rows by a strength, from nowhere.
    fn cold(&self, strength: Tried) -> Fitted {
        let rows = self.at(self.places);
        let square = self.rows.rows.mean_square(self.places);
        let rms = self.rows.rows.rms() * square.sqrt();
        let lambda = strength.lambda(self.places.len() as f64, rms);
        let (start, passes) = from_strong(&rows, &self.basis, lambda * square, first_gradient(&rows));
        let fitted = self.refit(self.places, strength, start);
        Fitted {
            passes: passes + 1 + fitted.passes,
            ..fitted
        }
    }

    /// Fits on the rows at these places by a strength, from a start.
    pub fn refit(&self, places: &[usize], strength: Tried, start: Weights) -> Fitted {
        let rows = self.at(places);
        let square = self.rows.rows.mean_square(places);
        let rms = self.rows.rows.rms() * square.sqrt();
        let n = places.len() as f64;
        let lambda = strength.lambda(n, rms);
        let optimum = minimise(&rows, &self.basis, lambda * square, start, first_gradient(&rows));
        Fitted {
            lambda,
            rms,
            strength: 1.0 / (n * lambda * rms * rms),
            held_out: None,
            tried: 0,
            passes: optimum.passes + 1,
            optimum,
        }
    }

    fn zero(&self) -> Weights {
        Weights::zeros(self.rows.strata.count, self.rows.rows.width())
    }

    fn at<'s>(&'s self, places: &'s [usize]) -> LabelledSubset<'s> {
        LabelledSubset {
            rows: self.rows.rows,
            classes: self.rows.strata.classes,
            places,
            count: self.rows.strata.count,
        }
    }

    /// Walks from strong to weak, each fit started at the last. A walk that may end early does so when what is held out has been
    /// worse three times in a row, and goes beyond an end of its values, by as many as the protocol has there, where the best is
    /// the last. Of equals the protocol says who wins.
    fn walk(&self, cuts: &[Fold], protocol: Protocol) -> Walked {
        let mut inner: Vec<Inner> = cuts
            .iter()
            .filter(|cut| !cut.held.is_empty() && !cut.fit.is_empty())
            .map(|cut| Inner::new(self, cut))
            .collect();
        let mut best = Walked {
            best: Tried::Lambda(UNTRIED),
            place: 0,
            loss: f64::NAN,
            weights: self.zero(),
            tried: 0,
            passes: inner.len(),
        };
        if inner.is_empty() {
            // Classes of one row each, or rows that all belong together: nothing can be held out.
            return best;
        }
        let (mut rises, mut last) = (0, f64::INFINITY);
        let mut first: Vec<Weights> = Vec::new();
        for place in 0..protocol.values() + protocol.beyond() {
            // Beyond the weak end only as long as the best is the last one tried.
            if place >= protocol.values() && best.place != place - 1 {
                break;
            }
            let loss = self.try_at(&mut inner, protocol, place, &mut best);
            if place == 0 {
                first = inner.iter().map(|one| one.at.clone()).collect();
            }
            rises = if loss > last { rises + 1 } else { 0 };
            last = loss;
            if rises == RISES && protocol.ends_early() {
                break;
            }
        }
        if best.place == 0 {
            inner.iter_mut().zip(first).for_each(|(one, first)| {
                one.at = first;
                one.before = None;
            });
            for place in 1..=protocol.beyond() {
                self.try_at(&mut inner, protocol, -place, &mut best);
                if best.place != -place {
                    break;
                }
            }
        }
        best
    }

    /// Fits every cut at a place of the grid, and keeps it where it is best.
    fn try_at(&self, inner: &mut [Inner], protocol: Protocol, place: i32, best: &mut Walked) -> f64 {
        let strength = protocol.at(place);
        let (mut sum, mut held) = (0.0, 0.0);
        for one in inner.iter_mut() {
            let n = one.cut.fit.len() as f64;
            let lambda = strength.lambda(n, self.rows.rows.rms() * one.square.sqrt());
            let rows = self.at(&one.cut.fit);
            let start = one.next_start();
            let fitted = match protocol.is_rough() {
                true => minimise_roughly,
                false => minimise,
            };
            let found = fitted(&rows, &self.basis, lambda * one.square, start, one.scale);
            best.passes += found.passes;
            one.at = found.weights;
            let rows = self.at(&one.cut.held);
            sum += one.cut.held.len() as f64
                * match protocol.by_accuracy() {
                    true => rows.share_wrong(&one.at),
                    false => rows.nll(&one.at),
                };
            held += one.cut.held.len() as f64;
        }
        let loss = sum / held;
        best.tried += 1;
        let is_better = match best.loss.total_cmp(&loss) {
            _ if best.loss.is_nan() => true,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => (place < best.place) == protocol.prefers_strong(),
            std::cmp::Ordering::Less => false,
        };
        if is_better {
            best.best = strength;
            best.place = place;
            best.loss = loss;
            best.weights = inner[0].at.clone();
        }
        loss
    }
}

/// One cut on the walk.
struct Inner<'c> {
    cut: &'c Fold,
    /// The mean square of the rows left in.
    square: f64,
    /// See [`first_gradient`].
    scale: f64,
    at: Weights,
    /// The optimum before that one.
    before: Option<Weights>,
}

impl<'c> Inner<'c> {
    fn new(solver: &Solver, cut: &'c Fold) -> Self {
        Self {
            cut,
            square: solver.rows.rows.mean_square(&cut.fit),
            scale: first_gradient(&solver.at(&cut.fit)),
            at: solver.zero(),
            before: None,
        }
    }

    /// Where the next fit starts: as far beyond the last optimum as that was from the one before. Along a grid of equal steps of
    /// log λ the optima lie on a smooth path.
    fn next_start(&mut self) -> Weights {
        let mut start = self.at.clone();
        if let Some(before) = self
            .before
            .replace(std::mem::replace(&mut self.at, Weights::zeros(0, 0)))
        {
            start.scale(2.0);
            start.add(-1.0, &before);
        }
        start
    }
}

/// Where the walk along the grid ended.
struct Walked {
    best: Tried,
    place: i32,
    loss: f64,
    weights: Weights,
    tried: usize,
    passes: usize,
}
