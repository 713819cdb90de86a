//! Ranks of the rows within each channel, and their correlations.

use std::ops::Range;

use ndarray::{Array2, s};
use rayon::prelude::*;

use super::correlation::ChannelCorrelation;
use super::mean_ranks::mean_ranks;
use super::rows::Rows;
use crate::error::Result;
use crate::linalg::Symmetric;

/// Channels sorted at a time by each thread.
const CHANNELS: usize = 32;

/// Rows multiplied at a time.
const BLOCK: usize = 2_048;

/// Pieces the rows are multiplied in: fixed, so that the bits of the result depend on no number of threads.
const PIECES: usize = 8;

/// Marks, in an order, a row whose value equals that of the row before.
const AS_BEFORE: u32 = 1 << 31;

/// The rows of a set in the order of each channel's values, least first: the ranks among any of the rows follow without
/// sorting again. Takes as much memory as the rows in 32 bits.
#[derive(Clone, Debug)]
pub struct ChannelOrders {
    /// (d, n), row by row.
    orders: Vec<u32>,
    d: usize,
    /// The jackknife group of each row.
    groups: Vec<u8>,
}

impl ChannelOrders {
    /// The orders of all rows held (below 2^31).
    pub fn new(rows: &Rows) -> Self {
        let (n, d) = (rows.len(), rows.width());
        assert!(n < AS_BEFORE as usize, "more rows than an order can name");
        let mut orders = vec![0; d * n];
        orders
            .par_chunks_mut(CHANNELS * n.max(1))
            .enumerate()
            .for_each(|(chunk, orders)| {
                let start = chunk * CHANNELS;
                let values = rows.channels(start..start + orders.len() / n);
                for (order, values) in orders.chunks_mut(n).zip(values.outer_iter()) {
                    let mut sorted: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
                    // Zeros of either sign are neighbours here, and equal below.
                    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                    for (place, to) in order.iter_mut().enumerate() {
                        let as_before = place > 0 && sorted[place].0 == sorted[place - 1].0;
                        *to = sorted[place].1 | if as_before { AS_BEFORE } else { 0 };
                    }
                }
            });
        Self {
            orders,
            d,
            groups: rows.groups().to_vec(),
        }
    }

    /// The order of each channel.
    fn channels(&self) -> impl IndexedParallelIterator<Item = &[u32]> {
        self.orders.par_chunks(self.groups.len().max(1))
    }

    /// Per channel, whether it takes more than one value.
    pub fn live(&self) -> Vec<bool> {
        let differs = |order: &[u32]| order[1..].iter().any(|entry| entry & AS_BEFORE == 0);
        self.channels().map(differs).collect()
    }

    /// The correlations between the ranks of the channels to `keep`, equal values sharing their mean rank: of all rows, or of
    /// those that are left `without` a jackknife group.
    ///
    /// # Errors
    /// As [`ChannelCorrelation::new`].
    pub fn correlation(&self, keep: &[bool], without: Option<u8>) -> Result<ChannelCorrelation> {
        let ranks = self.centred_ranks(without);
        let scatter = scatter(&ranks).to_full();
        let varies: Vec<bool> = scatter.diag().iter().map(|square| *square > 0.0).collect();
        ChannelCorrelation::of_scatter(scatter, ranks.ncols() as u64, keep, &varies)
    }

    /// Ranks less their mean (d, rows left). They are halves, exact in 32 bits up to 2^23 rows.
    fn centred_ranks(&self, without: Option<u8>) -> Array2<f32> {
        let mut left = 0;
        let places: Vec<Option<usize>> = self
            .groups
            .iter()
            .map(|&group| {
                let place = (Some(group) != without).then_some(left);
                left += usize::from(place.is_some());
                place
            })
            .collect();
        let mean = (left as f64 + 1.0) / 2.0;
        let mut ranks = vec![0.0; self.d * left];
        ranks
            .par_chunks_mut(left.max(1))
            .zip(self.channels())
            .for_each(|(ranks, order)| {
                let order = order.iter().map(|entry| (entry & !AS_BEFORE, entry & AS_BEFORE != 0));
                mean_ranks(
                    order,
                    |row| places[row].is_some(),
                    |row, rank| {
                        if let Some(place) = places[row] {
                            ranks[place] = (rank - mean) as f32;
                        }
                    },
                );
            });
        Array2::from_shape_vec((self.d, left), ranks).expect("as many as there are")
    }
}

/// The sums of products of centred channels (d, n).
fn scatter(channels: &Array2<f32>) -> Symmetric {
    let (d, n) = channels.dim();
    let piece = |piece: usize| -> Range<usize> { piece * n / PIECES..(piece + 1) * n / PIECES };
    let sums: Vec<Symmetric> = (0..PIECES)
        .into_par_iter()
        .map(|i| {
            let mut sum = Symmetric::zeros(d);
            let mut rows = piece(i);
            while !rows.is_empty() {
                let block = rows.start..rows.end.min(rows.start + BLOCK);
                rows.start = block.end;
                let block = channels.slice(s![.., block]);
                let mut transposed = Array2::zeros((block.ncols(), d));
                transposed.zip_mut_with(&block.t(), |to, &x| *to = f64::from(x));
                sum.add_gram(transposed.view());
            }
            sum
        })
        .collect();
    let mut all = Symmetric::zeros(d);
    sums.iter().for_each(|sum| all.add(sum));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};

    #[test]
    fn correlations_of_ranks_are_scipys() {
        // scipy.stats.spearmanr([1, 3, 2, 2, -5], [10, 10, 7, 8, 0]).statistic = 0.5263157894736843
        let rows = Rows::of(array![
            [1.0, 10.0, 4.0],
            [3.0, 10.0, 4.0],
            [2.0, 7.0, 4.0],
            [2.0, 8.0, 4.0],
            [-5.0, 0.0, 4.0]
        ]);
        let orders = ChannelOrders::new(&rows);
        let live = orders.live();
        assert_eq!(live, [true, true, false]);
        let c = orders.correlation(&live, None).unwrap();
        assert_eq!((c.channels(), c.n), (2, 5));
        assert!(
            (c.matrix[[0, 1]] - 0.526_315_789_473_684_3).abs() < 1e-15,
            "{}",
            c.matrix[[0, 1]]
        );
        assert!(orders.correlation(&[false; 3], None).is_err());
        assert!(
            ChannelOrders::new(&Rows::of(array![[1.0]]))
                .correlation(&[true], None)
                .is_err()
        );
    }

    #[test]
    fn ranks_without_a_group_are_those_of_the_rows_left() {
        let values = Array2::from_shape_fn((97, 40), |(i, j)| ((i * 31 + j * 17 + i * i * j) % 23) as f64);
        let groups: Vec<u8> = (0..97).map(|i| (i * i % 10) as u8).collect();
        let orders_of = |places: &[usize]| {
            let few = values.select(Axis(0), places);
            let groups: Vec<u8> = places.iter().map(|&i| groups[i]).collect();
            let mut rows = Rows::choose((0..places.len()).collect(), &groups, None, 40);
            rows.push(few.view());
            ChannelOrders::new(&rows)
        };
        let whole = orders_of(&(0..97).collect::<Vec<_>>());
        for group in [0, 4, 7] {
            let left: Vec<usize> = (0..97).filter(|&i| groups[i] != group).collect();
            let (a, b) = (whole.centred_ranks(Some(group)), orders_of(&left).centred_ranks(None));
            assert_eq!(a, b);
        }
        let ranks = whole.centred_ranks(None);
        let risen = ChannelOrders::new(&Rows::of(values.mapv(f64::exp)));
        assert_eq!(risen.centred_ranks(None), ranks);
        assert_eq!(
            scatter(&ranks).to_full(),
            ranks.mapv(f64::from).dot(&ranks.mapv(f64::from).t())
        );
    }
}
