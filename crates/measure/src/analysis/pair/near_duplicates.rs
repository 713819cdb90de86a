//! The pairs of rows that look most alike.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A pair as far apart as its l2-normalised rows: ordered by that, then by place.
#[derive(Clone, Copy, PartialEq)]
struct NearPair {
    unit_squared: f64,
    i: usize,
    j: usize,
}

impl Eq for NearPair {}

impl Ord for NearPair {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let places = (self.i, self.j).cmp(&(other.i, other.j));
        self.unit_squared.total_cmp(&other.unit_squared).then(places)
    }
}

impl PartialOrd for NearPair {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A cosine this close to a level, as a share of what the level is below one, is equal to it: rounding would decide.
pub const TIED: f64 = 1e-12;

/// The squared distance of rows of unit length from which on their cosine is not above a level.
pub fn beyond(level: f64) -> f64 {
    (2.0 - 2.0 * level) * (1.0 - TIED)
}

/// The most alike of the pairs offered, by several threads in any order.
pub struct MostAlike {
    most: usize,
    held: Mutex<BinaryHeap<NearPair>>,
    /// Bits of the distance beyond which no pair is wanted any more.
    beyond: AtomicU64,
    /// Where that distance is zero, the row beyond which none is.
    last: AtomicUsize,
}

impl MostAlike {
    /// Looks for the `most` most alike pairs with a cosine above `level`.
    pub fn new(level: f64, most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
            beyond: AtomicU64::new(beyond(level).to_bits()),
            last: AtomicUsize::new(usize::MAX),
        }
    }

    /// Whether a pair of row `i` that is at least so far apart may still be wanted.
    pub fn may_take(&self, i: usize, at_least: f64) -> bool {
        let beyond = f64::from_bits(self.beyond.load(Ordering::Acquire));
        // The first of many equal rows, as collapsed features have, is enough.
        at_least <= beyond && (beyond > 0.0 || i <= self.last.load(Ordering::Relaxed))
    }

    /// Takes in a pair.
    pub fn offer(&self, i: usize, j: usize, unit_squared: f64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let beyond = f64::from_bits(self.beyond.load(Ordering::Relaxed));
        // Below the level strictly; once full, the heap itself settles ties.
        if held.len() < self.most && unit_squared >= beyond {
            return;
        }
        held.push(NearPair { unit_squared, i, j });
        if held.len() > self.most {
            held.pop();
        }
        if held.len() == self.most
            && let Some(worst) = held.peek()
        {
            self.last.store(worst.i, Ordering::Relaxed);
            self.beyond.store(worst.unit_squared.to_bits(), Ordering::Release);
        }
    }

    /// The pairs, most alike first: places and cosine.
    pub fn into_pairs(self) -> Vec<(usize, usize, f64)> {
        let held = self.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        let found = held.into_sorted_vec().into_iter();
        found.map(|f| (f.i, f.j, 1.0 - f.unit_squared / 2.0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_are_kept_in_any_order() {
        let mut pairs: Vec<(usize, usize, f64)> = (0..200).map(|n| (n % 7, n, (n % 9) as f64 * 1e-3)).collect();
        let kept = |pairs: &[(usize, usize, f64)]| {
            let alike = MostAlike::new(0.998, 30);
            for &(i, j, apart) in pairs {
                if alike.may_take(i, apart) {
                    alike.offer(i, j, apart);
                }
            }
            alike.into_pairs()
        };
        let first = kept(&pairs);
        assert_eq!(first.len(), 30);
        assert!(first.windows(2).all(|w| w[0].2 >= w[1].2) && first[0].2 == 1.0);
        pairs.reverse();
        assert_eq!(kept(&pairs), first);
        // Cosine above 0.99775: below a distance of 0.0045, so five of nine.
        let alike = MostAlike::new(0.99775, 1_000);
        pairs.iter().for_each(|&(i, j, apart)| alike.offer(i, j, apart));
        assert_eq!(alike.into_pairs().len(), (0..200).filter(|n| n % 9 < 5).count());
    }
}
