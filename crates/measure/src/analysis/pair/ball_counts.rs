//! Which rows lie within the balls around the rows of the other side, of all rows and of each half-sample of them.

use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use ndarray::Array2;

use crate::analysis::limits::MOST_NEIGHBOURS;
use crate::error::{Error, Result};
use crate::metrics::{Balls, NearRows, Support};
use crate::stats::{Exact, Rows, Screened, squared_slack};
use crate::uncertainty::{GROUPS, Groups, SPLITS, half_samples};

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
        rows.filter(|(bits, _)| bits.load(Relaxed) & bit != 0).count() as u64
    }
}

/// Adds bits to a row's; looks first, since most are there already.
pub fn add(to: &AtomicU64, bits: u64) {
    if to.load(Relaxed) & bits != bits {
        to.fetch_or(bits, Relaxed);
    }
}

/// A pair of rows, whose distance is computed only where its bounds leave a question open.
pub struct Distance<'s> {
    screened: &'s Screened<'s>,
    j: usize,
    low: f64,
    high: f64,
    squared: Cell<Option<f64>>,
    exact: OnceCell<Exact>,
}

impl<'s> Distance<'s> {
    pub fn new(screened: &'s Screened<'s>, j: usize, low: f64) -> Self {
        Self {
            screened,
            j,
            low,
            high: screened.high(j),
            squared: Cell::new(None),
            exact: OnceCell::new(),
        }
    }

    /// The squared distance.
    pub fn squared(&self) -> f64 {
        self.squared.get().unwrap_or_else(|| {
            let squared = self.screened.squared(self.j);
            self.squared.set(Some(squared));
            squared
        })
    }

    /// Whether its bounds tell that the squared distance is below a number.
    pub fn is_surely_below(&self, squared: f64) -> bool {
        self.high < squared
    }

    /// Whether it is within the ball of a row of a side, where bounds do not tell.
    fn is_within(&self, balls: &Radii, row: usize, place: usize, closed: bool) -> bool {
        let (squared, radius) = (self.squared(), balls.squared[[row, place]]);
        // Both are rounded.
        if balls.slack == 0.0 || (squared - radius).abs() > balls.slack * (squared + radius) {
            return squared < radius || closed && squared == radius;
        }
        let exact = self.exact.get_or_init(|| self.screened.exact(self.j));
        match exact.compare(&balls.exact(row, place)) {
            Ordering::Less => true,
            Ordering::Equal => closed,
            Ordering::Greater => false,
        }
    }

    /// The bits of the balls around a row of a side that it is within.
    fn bits(&self, balls: &Radii, row: usize, closed: bool) -> u64 {
        let radii = balls.squared.row(row);
        // What radii, rounded, are surely too small or surely large enough.
        let (small, large) = (self.low * (1.0 - balls.slack), self.high * (1.0 + 2.0 * balls.slack));
        // Among fewer rows neighbours are farther away: no radius is smaller than that of all rows.
        if radii[ALL] > large {
            return EVERY;
        }
        let mut bits = 0;
        for (place, &radius) in radii.iter().enumerate() {
            let within = radius >= small && (radius > large || self.is_within(balls, row, place, closed));
            bits |= u64::from(within) << place;
        }
        bits
    }
}

/// The balls around the rows of one side in each resample; those of rows that a resample lacks are not read.
struct Radii<'s> {
    rows: &'s Rows,
    /// Squared radii (n, resamples), and the rows they reach to.
    squared: Array2<f64>,
    to: Array2<u32>,
    /// How far off they and the distances to the other side may be by rounding, as a share.
    slack: f64,
}

impl<'s> Radii<'s> {
    fn new(side: &'s Balled, k: usize, resamples: Option<&Resamples>, slack: f64) -> Result<Self> {
        let (near, n) = (&side.near, side.rows.len());
        if k == 0 || k >= n || k > MOST_NEIGHBOURS {
            return Err(Error::undefined(format!(
                "needs 1 <= k < the rows of each side, and at most {MOST_NEIGHBOURS}; here k = {k} and {n} rows"
            )));
        }
        let (mut squared, mut to) = (Array2::zeros((n, RESAMPLES)), Array2::zeros((n, RESAMPLES)));
        for i in 0..n {
            squared.row_mut(i).fill(near.neighbours.squared(i)[k - 1]);
            to.row_mut(i).fill(near.neighbours.of(i)[k - 1]);
            for (place, kept) in resamples.iter().flat_map(|r| r.kept.iter().enumerate()) {
                if kept.has(near.groups[i]) {
                    let (row, radius) = near.nearest(i, k, *kept)?[k - 1];
                    (squared[[i, place]], to[[i, place]]) = (radius, row as u32);
                }
            }
        }
        Ok(Self {
            rows: side.rows,
            squared,
            to,
            slack,
        })
    }

    fn exact(&self, row: usize, place: usize) -> Exact {
        self.rows
            .exact_squared_apart(row, self.rows, self.to[[row, place]] as usize)
    }
}

/// The rows of a side and their nearest neighbours among themselves.
pub struct Balled<'s> {
    pub rows: &'s Rows,
    pub near: NearRows<'s>,
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
pub struct BallCounts<'s> {
    pub balls: Balls,
    radii: [Radii<'s>; 2],
    eval_within: Vec<AtomicU64>,
    pre_within: Vec<AtomicU64>,
    pre_reached: Vec<AtomicU64>,
    pairs: [AtomicU64; RESAMPLES],
}

impl<'s> BallCounts<'s> {
    /// For the rows of both sides, and for their `resamples` if there are any.
    ///
    /// # Errors
    /// Undefined where a side has no k-th neighbour.
    pub fn new(balls: Balls, sides: [&'s Balled; 2], resamples: Option<&Resamples>) -> Result<Self> {
        let bits = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let [pre, eval] = sides;
        let slack = [(pre, pre), (eval, eval), (pre, eval)].map(|(a, b)| squared_slack(a.rows, b.rows));
        let slack = slack.into_iter().fold(0.0, f64::max);
        let radii = |side| Radii::new(side, balls.k, resamples, slack);
        Ok(Self {
            balls,
            radii: [radii(pre)?, radii(eval)?],
            eval_within: bits(eval.rows.len()),
            pre_within: bits(pre.rows.len()),
            pre_reached: bits(pre.rows.len()),
            pairs: std::array::from_fn(|_| AtomicU64::new(0)),
        })
    }

    /// How many rows of a side (0 for pre, 1 for eval) coincide with as many others as their balls reach to.
    pub fn without_radius(&self, side: usize) -> usize {
        let radii = self.radii[side].squared.column(ALL);
        radii.iter().filter(|radius| **radius == 0.0).count()
    }

    /// The largest squared radius of each row of a side (0 for pre, 1 for eval): pairs farther apart than both rows' do not
    /// matter.
    pub fn largest(&self, side: usize) -> impl Iterator<Item = f64> {
        let Radii { squared, slack, .. } = &self.radii[side];
        let rows = squared.outer_iter();
        rows.map(move |row| row.iter().fold(0.0f64, |most, r| most.max(*r)) * (1.0 + slack))
    }

    /// Takes in a pair; `left` are the bits of the resamples that have both rows. Gives the bits of the pretraining row's
    /// balls.
    pub fn take(&self, i: usize, j: usize, distance: &Distance, left: u64) -> u64 {
        let of_pre = distance.bits(&self.radii[0], i, self.balls.closed) & left;
        let of_eval = distance.bits(&self.radii[1], j, self.balls.closed) & left;
        add(&self.eval_within[j], of_pre);
        add(&self.pre_reached[i], of_pre);
        add(&self.pre_within[i], of_eval);
        of_pre
    }

    /// Adds pairs, counted for each bit.
    pub fn add_pairs(&self, counts: &PairCounts) {
        for (to, count) in self.pairs.iter().zip(&counts.0).filter(|(_, count)| **count > 0) {
            to.fetch_add(*count, Relaxed);
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
            pairs: self.pairs[resamples.place(kept)].load(Relaxed),
        }
    }
}
