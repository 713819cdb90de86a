//! The best few of many offered neighbours of each row of a block.

use super::exact_distance::Apart;

/// A neighbour offered: how far away, and which row. Equal distances go by row.
pub(super) type Offer<T> = (T, u32);

/// Room beyond what is kept, so that the best are picked out now and then, not at every offer.
const ROOM: usize = 64;

/// Different rows that are remembered, so that copies of them are known as such.
const REMEMBERED: usize = 16;

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

/// The `k` nearest rows of row `i` among `offers`, whose distances are lower bounds in ascending order. `None` where rows that
/// were not offered (there are none if `complete`) might be as near: all of them are at least as far away as the last bound.
///
/// Rounded distances sort the rows, and where those leave the order open the exact ones do; equal ones go by row.
pub(super) fn nearest_of(
    offers: impl Iterator<Item = Offer<f64>>,
    k: usize,
    complete: bool,
    apart: &impl Apart,
    i: usize,
) -> Option<Vec<Offer<f64>>> {
    let mut held: Vec<Offer<f64>> = Vec::with_capacity(k + 1);
    // Beyond this no row can be among the nearest, however its distance was rounded.
    let mut limit = f64::INFINITY;
    for (bound, j) in offers {
        if bound > limit {
            return Some(in_order(held, k, apart, i));
        }
        let offer = (apart.rough(i, j as usize), j);
        if offer.0 > limit {
            continue;
        }
        let place = held.partition_point(|other| by_distance(other, &offer).is_lt());
        held.insert(place, offer);
        thin_out(&mut held, offer.0, k, apart, i);
        if held.len() >= k {
            let farthest = held[k - 1].0;
            limit = farthest + 2.01 * apart.slack(farthest);
            held.truncate(held.partition_point(|other| other.0 <= limit));
        }
    }
    complete.then(|| in_order(held, k, apart, i))
}

/// Keeps those of many rows at one rounded distance that may be among the nearest.
fn thin_out(held: &mut Vec<Offer<f64>>, rough: f64, k: usize, apart: &impl Apart, i: usize) {
    let first = held.partition_point(|other| other.0 < rough);
    let end = held.partition_point(|other| other.0 <= rough);
    if apart.slack(rough) == 0.0 {
        held.drain((first + k).min(end)..end);
    } else if end - first > k + ROOM {
        let mut nearest = sorted(&held[first..end], apart, i);
        nearest.truncate(k);
        nearest.sort_unstable_by_key(|(j, _)| *j);
        let nearest = nearest.into_iter().map(|(j, _)| (rough, j));
        held.splice(first..end, nearest);
    }
}

/// The first `k` of rows that rounded distances have sorted, in their true order. Of equal distances the least stands for all.
fn in_order(mut held: Vec<Offer<f64>>, k: usize, apart: &impl Apart, i: usize) -> Vec<Offer<f64>> {
    let mut start = 0;
    while start < held.len().min(k) {
        let is_open = |pair: &[Offer<f64>]| {
            let slack = apart.slack(pair[0].0) + apart.slack(pair[1].0);
            slack > 0.0 && pair[1].0 - pair[0].0 <= slack
        };
        let open = held[start..].windows(2).take_while(|pair| is_open(pair)).count();
        if open > 0 {
            let run = &mut held[start..=start + open];
            let mut rough = run[0].0;
            for (place, (j, as_before)) in sorted(run, apart, i).into_iter().enumerate() {
                rough = if as_before { rough } else { run[place].0 };
                run[place] = (rough, j);
            }
        }
        start += open + 1;
    }
    held.truncate(k);
    held
}

/// Rows in the order of their distances without rounding, equal ones by row, and whether each is as far away as the one before.
fn sorted(run: &[Offer<f64>], apart: &impl Apart, i: usize) -> Vec<(u32, bool)> {
    // One copy of a row stands for all.
    let mut distinct: Vec<(u32, _)> = Vec::new();
    let mut rows: Vec<(usize, u32)> = Vec::with_capacity(run.len());
    for &(_, j) in run {
        let latest = distinct.len().saturating_sub(REMEMBERED)..distinct.len();
        let known = latest
            .rev()
            .find(|&at| apart.are_same(distinct[at].0 as usize, j as usize));
        rows.push((known.unwrap_or(distinct.len()), j));
        if known.is_none() {
            distinct.push((j, apart.key(i, j as usize)));
        }
    }
    let compare = |a: usize, b: usize| apart.compare(&distinct[a].1, &distinct[b].1);
    let mut order: Vec<usize> = (0..distinct.len()).collect();
    order.sort_by(|&a, &b| compare(a, b));
    let mut rank = vec![0; distinct.len()];
    for pair in order.windows(2) {
        rank[pair[1]] = rank[pair[0]] + usize::from(compare(pair[0], pair[1]).is_ne());
    }
    rows.iter_mut().for_each(|(at, _)| *at = rank[*at]);
    rows.sort_unstable();
    let as_before = |place: usize| place > 0 && rows[place - 1].0 == rows[place].0;
    (0..rows.len()).map(|place| (rows[place].1, as_before(place))).collect()
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

    /// Row j is j away; rounding hides up to `slack`, and `coarse` rows are taken for those before.
    struct Numbered {
        slack: f64,
        coarse: usize,
    }

    impl Apart for Numbered {
        type Key = usize;

        fn rough(&self, _: usize, j: usize) -> f64 {
            if j >= self.coarse { 0.25 + j as f64 } else { j as f64 }
        }
        fn slack(&self, _: f64) -> f64 {
            self.slack
        }
        fn key(&self, _: usize, j: usize) -> usize {
            j / 2
        }
        fn compare(&self, one: &usize, other: &usize) -> std::cmp::Ordering {
            one.cmp(other)
        }
        fn are_same(&self, j: usize, other: usize) -> bool {
            j == other
        }
    }

    #[test]
    fn bounds_that_leave_a_neighbour_open_give_none() {
        let apart = Numbered { slack: 0.0, coarse: 99 };
        let within = |last: f64, complete| {
            let offers = [(0.0, 2), (0.5, 1), (last, 9)].into_iter();
            nearest_of(offers, 2, complete, &apart, 0)
        };
        assert_eq!(within(2.5, false), Some(vec![(1.0, 1), (2.0, 2)]));
        assert_eq!(within(2.0, false), None);
        assert_eq!(within(2.0, true), Some(vec![(1.0, 1), (2.0, 2)]));
    }

    #[test]
    fn what_rounding_leaves_open_goes_by_exact_distances_and_equal_ones_by_row() {
        // Rows 2 and 3 are equally far, as are 4 and 5; rough distances 1 apart say nothing.
        let apart = Numbered { slack: 0.6, coarse: 4 };
        let offers = || [(0.0, 5), (0.0, 3), (0.0, 4), (0.0, 2), (0.0, 9)].into_iter();
        let found = |k| nearest_of(offers(), k, true, &apart, 0).unwrap();
        assert_eq!(found(4), [(2.0, 2), (2.0, 3), (4.25, 4), (4.25, 5)]);
        assert_eq!(found(3), found(4)[..3]);
        assert_eq!(found(1), [(2.0, 2)]);
    }
}
