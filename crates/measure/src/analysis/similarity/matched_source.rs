//! The matched rows of a set, in the common order.

use ndarray::{Array2, Axis, s};

use crate::error::{Error, Result};
use crate::features::{Batches, FeatureSet};
use crate::stats::Rows;

/// Where the matched rows come from.
pub enum MatchedSource<'a> {
    /// From the set as it is read: its rows stand in the common order, some left out.
    Stream {
        set: &'a dyn FeatureSet,
        places: &'a [usize],
    },
    /// From memory: the set's rows stand in another order.
    Shuffled { rows: Rows, order: Vec<usize> },
    /// From memory.
    Held(Array2<f64>),
}

impl<'a> MatchedSource<'a> {
    /// The rows of a set at these places. A set in another order than the common one is read into memory.
    pub fn new(set: &'a dyn FeatureSet, places: &'a [usize], batch: usize) -> Result<Self> {
        if places.is_sorted() {
            return Ok(Self::Stream { set, places });
        }
        let mut sorted: Vec<(usize, usize)> = places.iter().enumerate().map(|(row, &place)| (place, row)).collect();
        sorted.sort_unstable();
        let mut order = vec![0; places.len()];
        for (kept, (_, row)) in sorted.iter().enumerate() {
            order[*row] = kept;
        }
        let chosen = sorted.iter().map(|(place, _)| *place).collect();
        let mut rows = Rows::choose(chosen, &vec![0; set.rows()], None, set.width());
        for batch in set.batches(batch)? {
            rows.push(batch?.view());
        }
        Ok(Self::Shuffled { rows, order })
    }

    /// All rows in the common order, in batches of `rows` (the last one may be shorter).
    pub fn batches(&self, rows: usize) -> Result<Box<dyn Iterator<Item = Result<Array2<f64>>> + Send + '_>> {
        Ok(match self {
            Self::Stream { set, places } => Box::new(Chosen {
                batches: set.batches(rows)?,
                current: Array2::zeros((0, set.width())),
                first: 0,
                places,
                rows,
            }),
            Self::Shuffled { rows: held, order } => Box::new(order.chunks(rows).map(|chunk| Ok(held.select(chunk)))),
            Self::Held(held) => Box::new(held.axis_chunks_iter(Axis(0), rows).map(|chunk| Ok(chunk.to_owned()))),
        })
    }
}

/// The rows at some places of a set, in batches of one size.
struct Chosen<'s> {
    batches: Batches<'s>,
    current: Array2<f64>,
    /// Place of the first row of `current`.
    first: usize,
    /// Places still to come.
    places: &'s [usize],
    rows: usize,
}

impl Chosen<'_> {
    fn fill(&mut self) -> Result<Array2<f64>> {
        let (wanted, later) = self.places.split_at(self.rows.min(self.places.len()));
        self.places = later;
        let mut out = Array2::zeros((wanted.len(), self.current.ncols()));
        let mut at = 0;
        while at < wanted.len() {
            let end = self.first + self.current.nrows();
            let here = wanted[at..].partition_point(|place| *place < end);
            let taken: Vec<usize> = wanted[at..at + here].iter().map(|place| place - self.first).collect();
            out.slice_mut(s![at..at + here, ..])
                .assign(&self.current.select(Axis(0), &taken));
            at += here;
            if at < wanted.len() {
                self.first = end;
                self.current = match self.batches.next() {
                    Some(batch) => batch?,
                    None => return Err(Error::input("a set of features has fewer rows than it says")),
                };
            }
        }
        Ok(out)
    }
}

impl Iterator for Chosen<'_> {
    type Item = Result<Array2<f64>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.places.is_empty() {
            return None;
        }
        let filled = self.fill();
        if filled.is_err() {
            self.places = &[];
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Matrix;

    #[test]
    fn rows_come_in_the_common_order_whatever_order_they_are_kept_in() {
        let values = Array2::from_shape_fn((50, 3), |(i, j)| (10 * i + j) as f64);
        let set = Matrix::new("m", "d", values.clone(), None).unwrap();
        let all: Vec<usize> = (0..50).collect();
        let odd: Vec<usize> = (0..50).filter(|i| i % 3 == 1).collect();
        let shuffled: Vec<usize> = (0..40).map(|i| (i * 17) % 50).collect();
        for places in [all, odd, shuffled, vec![49]] {
            let source = MatchedSource::new(&set, &places, 7).unwrap();
            for rows in [1, 4, 100] {
                let batches: Vec<Array2<f64>> = source.batches(rows).unwrap().collect::<Result<_>>().unwrap();
                assert!(batches.iter().rev().skip(1).all(|b| b.nrows() == rows));
                let views: Vec<_> = batches.iter().map(|b| b.view()).collect();
                assert_eq!(
                    ndarray::concatenate(Axis(0), &views).unwrap(),
                    values.select(Axis(0), &places)
                );
            }
        }
    }
}
