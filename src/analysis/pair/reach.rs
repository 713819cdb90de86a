//! Which rows lie within the balls around the rows of the other side, with all rows and without each jackknife group.

use std::cell::Cell;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use ndarray::{Array2, ArrayView1};

use super::super::kinds::MOST_NEIGHBOURS;
use crate::error::{Error, Result};
use crate::metrics::{Balls, NearRows, Support};
use crate::stats::{GROUPS, Screened};

/// One bit for each jackknife group that is left out, and one for none.
pub const EVERY: u16 = (1 << (GROUPS + 1)) - 1;

/// What is left of the bits where a group is left out: rows of that group are gone.
pub fn but(group: u8) -> u16 {
    EVERY & !(1 << group)
}

/// The bit of all rows (`None`) or of those without a group.
fn bit(without: Option<u8>) -> u16 {
    1 << without.map_or(GROUPS, usize::from)
}

/// Adds bits to a row's; looks first, since most are there already.
pub fn add(to: &AtomicU16, bits: u16) {
    if to.load(Ordering::Relaxed) & bits != bits {
        to.fetch_or(bits, Ordering::Relaxed);
    }
}

/// How many of the rows left without a group have its bit.
pub fn count(bits: &[AtomicU16], groups: &[u8], without: Option<u8>) -> u64 {
    let rows = bits.iter().zip(groups).filter(|(_, group)| Some(**group) != without);
    rows.filter(|(bits, _)| bits.load(Ordering::Relaxed) & bit(without) != 0)
        .count() as u64
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
    fn bits(&self, radii: ArrayView1<f64>, closed: bool) -> u16 {
        // Without a group, neighbours are farther away: no radius is smaller than that of all rows.
        if self.high < radii[GROUPS] {
            return EVERY;
        }
        let mut bits = 0;
        for (place, &radius) in radii.iter().enumerate() {
            bits |= u16::from(self.within(radius, closed)) << place;
        }
        bits
    }
}

/// Squared radii of the balls around the rows of one side, without each group and with all rows (n, groups + 1); those of a
/// row's own group are not read.
fn radii(near: &NearRows, k: usize, resampled: bool) -> Result<Array2<f64>> {
    let n = near.groups.len();
    if k == 0 || k >= n || k > MOST_NEIGHBOURS {
        return Err(Error::undefined(format!(
            "needs 1 <= k < the rows of each side, and at most {MOST_NEIGHBOURS}; here k = {k} and {n} rows"
        )));
    }
    let mut radii = Array2::zeros((n, GROUPS + 1));
    for (i, mut row) in radii.outer_iter_mut().enumerate() {
        row.fill(near.neighbours.squared(i)[k - 1]);
        if resampled {
            for group in (0..GROUPS as u8).filter(|&g| g != near.groups[i]) {
                row[usize::from(group)] = near.nearest(i, k, Some(group))?[k - 1].1;
            }
        }
    }
    Ok(radii)
}

/// What the pairs of rows say of one kind of balls.
pub struct Tally {
    pub balls: Balls,
    radii: [Array2<f64>; 2],
    eval_within: Vec<AtomicU16>,
    pre_within: Vec<AtomicU16>,
    pre_reached: Vec<AtomicU16>,
    pairs: [AtomicU64; GROUPS + 1],
}

impl Tally {
    /// For the rows of both sides; `resampled` for resamples, too.
    ///
    /// # Errors
    /// Undefined where a side has no k-th neighbour.
    pub fn new(balls: Balls, pre: &NearRows, eval: &NearRows, resampled: bool) -> Result<Self> {
        let bits = |n: usize| (0..n).map(|_| AtomicU16::new(0)).collect::<Vec<_>>();
        Ok(Self {
            balls,
            radii: [radii(pre, balls.k, resampled)?, radii(eval, balls.k, resampled)?],
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
    pub fn take(&self, i: usize, j: usize, distance: &Distance, left: u16) -> u16 {
        let of_pre = distance.bits(self.radii[0].row(i), self.balls.closed) & left;
        let of_eval = distance.bits(self.radii[1].row(j), self.balls.closed) & left;
        add(&self.eval_within[j], of_pre);
        add(&self.pre_reached[i], of_pre);
        add(&self.pre_within[i], of_eval);
        of_pre
    }

    /// Adds pairs, counted for each bit.
    pub fn add_pairs(&self, counts: &[u64; GROUPS + 1]) {
        for (to, count) in self.pairs.iter().zip(counts).filter(|(_, count)| **count > 0) {
            to.fetch_add(*count, Ordering::Relaxed);
        }
    }

    /// The counts of the rows left without a group.
    pub fn support(&self, pre: &[u8], eval: &[u8], without: Option<u8>) -> Support {
        let rows = |groups: &[u8]| groups.iter().filter(|g| Some(**g) != without).count() as u64;
        Support {
            k: self.balls.k,
            pre: rows(pre),
            eval: rows(eval),
            eval_within: count(&self.eval_within, eval, without),
            pre_within: count(&self.pre_within, pre, without),
            pre_reached: count(&self.pre_reached, pre, without),
            pairs: self.pairs[without.map_or(GROUPS, usize::from)].load(Ordering::Relaxed),
        }
    }
}
