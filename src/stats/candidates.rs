//! The best few of many offered neighbours of each row of a block.

/// A neighbour offered: how far away, and which row. Equal distances go by row.
pub(super) type Offer<T> = (T, u32);

/// Room beyond what is kept, so that the best are picked out now and then, not at every offer.
const ROOM: usize = 64;

/// For each row of a block the `keep` nearest of all rows offered, whatever the order of the offers.
pub(super) struct Candidates {
    keep: usize,
    held: Vec<Offer<f32>>,
    lengths: Vec<usize>,
    /// Offers beyond this are not among the nearest.
    worst: Vec<f32>,
}

impl Candidates {
    pub fn new(rows: usize, keep: usize) -> Self {
        Self {
            keep,
            held: vec![(0.0, 0); rows * (keep + ROOM)],
            lengths: vec![0; rows],
            worst: vec![f32::INFINITY; rows],
        }
    }

    /// What an offer to each row must not exceed.
    pub fn worst(&self) -> &[f32] {
        &self.worst
    }

    /// Offers a neighbour to a row.
    pub fn offer(&mut self, row: usize, offer: Offer<f32>) {
        if offer.0 > self.worst[row] {
            return;
        }
        let start = row * (self.keep + ROOM);
        self.held[start + self.lengths[row]] = offer;
        self.lengths[row] += 1;
        if self.lengths[row] == self.keep + ROOM {
            let held = &mut self.held[start..start + self.keep + ROOM];
            held.select_nth_unstable_by(self.keep - 1, by_distance_f32);
            self.worst[row] = held[self.keep - 1].0;
            self.lengths[row] = self.keep;
        }
    }

    /// The nearest offered to each row, nearest first.
    pub fn settle(&mut self, row: usize) -> &[Offer<f32>] {
        let start = row * (self.keep + ROOM);
        let held = &mut self.held[start..start + self.lengths[row]];
        held.sort_unstable_by(by_distance_f32);
        &held[..held.len().min(self.keep)]
    }
}

fn by_distance_f32(a: &Offer<f32>, b: &Offer<f32>) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

/// Nearest first; equal distances by row.
pub(super) fn by_distance(a: &Offer<f64>, b: &Offer<f64>) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

/// The `k` nearest rows among `offers`, whose distances are lower bounds in ascending order, by their `exact` distances.
/// `None` where rows that were not offered (there are none if `complete`) might be nearer: all of them are at least as far
/// away as the last bound.
pub(super) fn nearest_of(
    offers: impl Iterator<Item = Offer<f64>>,
    k: usize,
    complete: bool,
    exact: impl Fn(u32) -> f64,
) -> Option<Vec<Offer<f64>>> {
    let mut best: Vec<Offer<f64>> = Vec::with_capacity(k + 1);
    for (bound, j) in offers {
        if best.len() == k && bound > best[k - 1].0 {
            return Some(best);
        }
        let offer = (exact(j), j);
        let place = best.partition_point(|held| by_distance(held, &offer).is_lt());
        if place < k {
            best.insert(place, offer);
            best.truncate(k);
        }
    }
    complete.then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_kept_in_any_order_of_offers() {
        let offers: Vec<Offer<f32>> = (0..500).map(|j| (((j * 37) % 100) as f32, j)).collect();
        let settled = |order: &mut dyn Iterator<Item = &Offer<f32>>| {
            let mut candidates = Candidates::new(2, 7);
            order.for_each(|&offer| candidates.offer(1, offer));
            assert!(candidates.settle(0).is_empty());
            candidates.settle(1).to_vec()
        };
        let mut expected = offers.clone();
        expected.sort_unstable_by(by_distance_f32);
        assert_eq!(settled(&mut offers.iter()), expected[..7]);
        assert_eq!(settled(&mut offers.iter().rev()), expected[..7]);
    }

    #[test]
    fn bounds_that_leave_a_neighbour_open_give_none() {
        let exact = |j: u32| f64::from(j);
        let offers = |last: f64| [(0.0, 2), (0.5, 1), (last, 9)].into_iter();
        assert_eq!(nearest_of(offers(2.5), 2, false, exact), Some(vec![(1.0, 1), (2.0, 2)]));
        assert_eq!(nearest_of(offers(2.0), 2, false, exact), None);
        assert_eq!(nearest_of(offers(2.0), 2, true, exact), Some(vec![(1.0, 1), (2.0, 2)]));
    }
}
