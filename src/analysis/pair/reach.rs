//! Which rows lie within the balls around the rows of the other side, of all rows and of each half-sample of them.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::{Array2, ArrayView1};

use super::super::kinds::MOST_NEIGHBOURS;
use crate::error::{Error, Result};
use crate::metrics::{Balls, NearRows, Support};
use crate::stats::{GROUPS, Groups, SPLITS, Screened, half_samples};

/// Half-samples, and all rows as the last resample.
const RESAMPLES: usize = 2 * SPLITS + 1;

/// The resample of all rows.
const ALL: usize = RESAMPLES - 1;

/// One bit for each resample.
const EVERY: u64 = (1 << RESAMPLES) - 1;

/// The jackknife groups of each resample.
pub struct Resamples {
    kept: Vec<Groups>,
    /// For each group the bits of the resamples that have it.
    bits: [u64; GROUPS],
}

impl Resamples {
    pub fn new() -> Self {
        let kept: Vec<Groups> = half_samples().into_iter().flatten().chain([Groups::ALL]).collect();
        let has = |group: usize| kept.iter().enumerate().filter(move |(_, kept)| kept.has(group as u8));
        let bits = std::array::from_fn(|group| has(group).fold(0, |bits, (place, _)| bits | 1 << place));
        Self { kept, bits }
    }

    /// The bits of the resamples that have rows of both groups.
    pub fn with(&self, group: u8, other: u8) -> u64 {
        self.bits[usize::from(group)] & self.bits[usize::from(other)]
    }

    /// The place of the resample of these groups.
    fn place(&self, kept: Groups) -> usize {
        self.kept
            .iter()
            .position(|k| *k == kept)
            .expect("a half-sample, or all")
    }

    /// How many of a resample's rows have its bit.
    pub fn count(&self, bits: &[AtomicU64], groups: &[u8], kept: Groups) -> u64 {
        let bit = 1 << self.place(kept);
        let rows = bits.iter().zip(groups).filter(|(_, group)| kept.has(**group));
        rows.filter(|(bits, _)| bits.load(Ordering::Relaxed) & bit != 0).count() as u64
    }
}

/// Adds bits to a row's; looks first, since most are there already.
pub fn add(to: &AtomicU64, bits: u64) {
    if to.load(Ordering::Relaxed) & bits != bits {
        to.fetch_or(bits, Ordering::Relaxed);
    }
}

/// A pair of rows, whose distance is computed only where its bounds leave a question open.
pub struct Distance<'s> {
    screened: &'s Screened<'s>,
    j: usize,
    low: f64,
    high: f64,
    exact: Cell<Option<f64>>,
}

impl<'s> Distance<'s> {
    pub fn new(screened: &'s Screened<'s>, j: usize, low: f64) -> Self {
        Self {
            screened,
            j,
            low,
            high: screened.high(j),
            exact: Cell::new(None),
        }
    }

    /// The squared distance.
    pub fn squared(&self) -> f64 {
        self.exact.get().unwrap_or_else(|| {
            let squared = self.screened.squared(self.j);
            self.exact.set(Some(squared));
            squared
        })
    }

    /// Whether the squared distance is below a number, or equal to it if `closed`.
    pub fn within(&self, squared: f64, closed: bool) -> bool {
        if self.low > squared {
            false
        } else if self.high < squared {
            true
        } else {
            self.squared() < squared || closed && self.squared() == squared
        }
    }

    /// The bits of the balls of these squared radii that it is within.
    fn bits(&self, radii: ArrayView1<f64>, closed: bool) -> u64 {
        // Among fewer rows neighbours are farther away: no radius is smaller than that of all rows.
        if self.high < radii[ALL] {
            return EVERY;
        }
        let mut bits = 0;
        for (place, &radius) in radii.iter().enumerate() {
            bits |= u64::from(self.within(radius, closed)) << place;
        }
        bits
    }
}

/// Squared radii of the balls around the rows of one side in each resample (n, resamples); those of rows that a resample
/// lacks are not read.
fn radii(near: &NearRows, k: usize, resamples: Option<&Resamples>) -> Result<Array2<f64>> {
    let n = near.groups.len();
    if k == 0 || k >= n || k > MOST_NEIGHBOURS {
        return Err(Error::undefined(format!(
            "needs 1 <= k < the rows of each side, and at most {MOST_NEIGHBOURS}; here k = {k} and {n} rows"
        )));
    }
    let mut radii = Array2::zeros((n, RESAMPLES));
    for (i, mut row) in radii.outer_iter_mut().enumerate() {
        row.fill(near.neighbours.squared(i)[k - 1]);
        for (place, kept) in resamples.iter().flat_map(|r| r.kept.iter().enumerate()) {
            if kept.has(near.groups[i]) {
                row[place] = near.nearest(i, k, *kept)?[k - 1].1;
            }
        }
    }
    Ok(radii)
}

/// Pairs counted for each resample.
#[derive(Clone)]
pub struct PairCounts([u64; RESAMPLES]);

impl PairCounts {
    pub fn new() -> Self {
        Self([0; RESAMPLES])
    }

    /// Counts a pair for each of these bits.
    pub fn add(&mut self, mut bits: u64) {
        while bits != 0 {
            self.0[bits.trailing_zeros() as usize] += 1;
            bits &= bits - 1;
        }
    }
}

/// What the pairs of rows say of one kind of balls.
pub struct Tally {
    pub balls: Balls,
    radii: [Array2<f64>; 2],
    eval_within: Vec<AtomicU64>,
    pre_within: Vec<AtomicU64>,
    pre_reached: Vec<AtomicU64>,
    pairs: [AtomicU64; RESAMPLES],
}

impl Tally {
    /// For the rows of both sides, and for their `resamples` if there are any.
    ///
    /// # Errors
    /// Undefined where a side has no k-th neighbour.
    pub fn new(balls: Balls, pre: &NearRows, eval: &NearRows, resamples: Option<&Resamples>) -> Result<Self> {
        let bits = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        Ok(Self {
            balls,
            radii: [radii(pre, balls.k, resamples)?, radii(eval, balls.k, resamples)?],
            eval_within: bits(eval.groups.len()),
            pre_within: bits(pre.groups.len()),
            pre_reached: bits(pre.groups.len()),
            pairs: std::array::from_fn(|_| AtomicU64::new(0)),
        })
    }

    /// The largest squared radius of each row of a side (0 for pre, 1 for eval): pairs farther apart than both rows' do not
    /// matter.
    pub fn largest(&self, side: usize) -> impl Iterator<Item = f64> {
        self.radii[side]
            .outer_iter()
            .map(|row| row.iter().fold(0.0f64, |most, r| most.max(*r)))
    }

    /// Takes in a pair; `left` are the bits of the resamples that have both rows. Gives the bits of the pretraining row's
    /// balls.
    pub fn take(&self, i: usize, j: usize, distance: &Distance, left: u64) -> u64 {
        let of_pre = distance.bits(self.radii[0].row(i), self.balls.closed) & left;
        let of_eval = distance.bits(self.radii[1].row(j), self.balls.closed) & left;
        add(&self.eval_within[j], of_pre);
        add(&self.pre_reached[i], of_pre);
        add(&self.pre_within[i], of_eval);
        of_pre
    }

    /// Adds pairs, counted for each bit.
    pub fn add_pairs(&self, counts: &PairCounts) {
        for (to, count) in self.pairs.iter().zip(&counts.0).filter(|(_, count)| **count > 0) {
            to.fetch_add(*count, Ordering::Relaxed);
        }
    }

    /// The counts of the rows of a resample.
    pub fn support(&self, resamples: &Resamples, pre: &[u8], eval: &[u8], kept: Groups) -> Support {
        let rows = |groups: &[u8]| groups.iter().filter(|g| kept.has(**g)).count() as u64;
        Support {
            k: self.balls.k,
            pre: rows(pre),
            eval: rows(eval),
            eval_within: resamples.count(&self.eval_within, eval, kept),
            pre_within: resamples.count(&self.pre_within, pre, kept),
            pre_reached: resamples.count(&self.pre_reached, pre, kept),
            pairs: self.pairs[resamples.place(kept)].load(Ordering::Relaxed),
        }
    }
}
