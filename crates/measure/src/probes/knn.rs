//! Weighted k nearest neighbours.

use rayon::prelude::*;

use super::predictions::Prediction;
use crate::stats::{Neighbours, Rows, nearest_by_angle_in, nearest_in};
use crate::uncertainty::GROUPS;

/// How a neighbour votes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Vote {
    /// exp(cos / T), T = 0.07, among the k at the smallest angle.
    Cosine,
    /// 1 / (distance + 1e-5), among the k nearest.
    Distance,
    /// One each, among the k nearest.
    Uniform,
}

/// The temperature T of votes by cosine.
pub const TEMPERATURE: f64 = 0.07;

/// The neighbours of each scored row among the fitting rows, as a vote needs them: a table for several k.
pub struct Polled {
    table: Neighbours,
    vote: Vote,
    /// The scored row of each row of the table.
    queries: Vec<usize>,
    /// The fitting row of each neighbour.
    voters: Vec<usize>,
    /// The jackknife group of each fitting row.
    groups: Vec<u8>,
}

impl Polled {
    /// Finds up to `k` voters of each row. By cosine a fitting row of zeros has no vote, and a scored one no neighbours.
    pub fn new(scored: &Rows, fit: &Rows, vote: Vote, k: usize) -> Self {
        let kept = |rows: &Rows| -> Vec<usize> {
            if vote != Vote::Cosine {
                return (0..rows.len()).collect();
            }
            let norms = rows.norms();
            (0..rows.len()).filter(|&i| norms[i] > 0.0).collect()
        };
        let (queries, voters) = (kept(scored), kept(fit));
        let (among, from) = (scored.part(&queries), fit.part(&voters));
        let table = match vote {
            Vote::Cosine => nearest_by_angle_in(&among, &from, k),
            Vote::Distance | Vote::Uniform => nearest_in(&among, &from, k),
        };
        Self {
            table,
            vote,
            queries,
            voters,
            groups: fit.groups().to_vec(),
        }
    }

    /// For up to `most` votes, and as many more as it takes to have `k` without any jackknife group of the fitting rows.
    pub fn with_spare(scored: &Rows, fit: &Rows, vote: Vote, k: usize, most: usize) -> Self {
        let k = k.min(fit.len());
        let mut among = most.max(k + k / 2 + 32);
        loop {
            let polled = Self::new(scored, fit, vote, among);
            if among >= fit.len() || polled.can_spare(k) {
                return polled;
            }
            among *= 2;
        }
    }

    /// Whether every row has `k` neighbours outside each group, or all that there are.
    fn can_spare(&self, k: usize) -> bool {
        let tally = |members: &mut dyn Iterator<Item = usize>| {
            let mut sizes = [0; GROUPS];
            members.for_each(|j| sizes[usize::from(self.groups[self.voters[j]])] += 1);
            sizes
        };
        let all = tally(&mut (0..self.voters.len()));
        (0..self.queries.len()).into_par_iter().all(|i| {
            let own = tally(&mut self.table.of(i).iter().map(|&j| j as usize));
            let left = |sizes: &[usize; GROUPS], g: usize| sizes.iter().sum::<usize>() - sizes[g];
            (0..GROUPS).all(|g| left(&own, g) >= k.min(left(&all, g)))
        })
    }

    /// Rows of zeros, which have no vote, and which no row is near to.
    pub fn without_direction(&self, scored: usize, fit: usize) -> (usize, usize) {
        (fit - self.voters.len(), scored - self.queries.len())
    }

    /// Fitting rows that have a vote.
    pub fn voters(&self) -> usize {
        self.voters.len()
    }

    /// What `k` neighbours, outside of a jackknife group or of all, say of each of some rows. Equal votes go by class.
    pub fn predictions(
        &self,
        k: usize,
        without: Option<usize>,
        classes: &[u32],
        count: usize,
        truths: &[Option<usize>],
    ) -> Vec<Prediction> {
        let mut at = vec![None; truths.len()];
        self.queries.iter().enumerate().for_each(|(i, &row)| at[row] = Some(i));
        let has_vote = |j: usize| Some(usize::from(self.groups[j])) != without;
        let of_row = |(row, &truth): (usize, &Option<usize>)| {
            let mut votes = vec![0.0; count];
            match at[row] {
                Some(i) => {
                    let near = self.table.of(i).iter().zip(self.table.squared(i));
                    let near = near.map(|(&j, &squared)| (self.voters[j as usize], squared));
                    let mut near = near.filter(|&(j, _)| has_vote(j)).take(k).peekable();
                    let first = near.peek().map_or(0.0, |near| near.1);
                    for (j, squared) in near {
                        // Shares of votes are what counts: the nearest has weight 1 by cosine.
                        let weight = match self.vote {
                            Vote::Cosine => ((first - squared) / 2.0 / TEMPERATURE).exp(),
                            Vote::Distance => 1.0 / (squared.sqrt() + 1e-5),
                            Vote::Uniform => 1.0,
                        };
                        votes[classes[j] as usize] += weight;
                    }
                }
                None => {
                    let first = self.voters.iter().filter(|&&j| has_vote(j)).take(k);
                    first.for_each(|&j| votes[classes[j] as usize] += 1.0);
                }
            }
            let all: f64 = votes.iter().sum();
            let prediction = Prediction::of_scores(&votes, truth);
            let shares: Vec<f64> = votes.iter().map(|v| v / all).collect();
            let nll = truth.map_or(f64::INFINITY, |own| -shares[own].ln());
            prediction.with_chances(&shares, truth, nll)
        };
        truths.par_iter().enumerate().map(of_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn spare_neighbours_change_no_vote_and_suffice_without_any_group() {
        let value = |i: usize, j: usize, step: usize| ((i * step + j * 37) % 211) as f64 / 7.0;
        let mut fit = Rows::of(Array2::from_shape_fn((400, 3), |(i, j)| value(i, j, 53)));
        // The nearest of a row are of one group.
        fit.regroup((0..400).map(|i| (i * 53 % 211 / 22) as u8).collect());
        let scored = Rows::of(Array2::from_shape_fn((30, 3), |(i, j)| value(i, j, 29)));
        let classes: Vec<u32> = (0..400).map(|i| i % 4).collect();
        let truths = vec![Some(1); 30];
        let all = Polled::new(&scored, &fit, Vote::Uniform, 400);
        for most in [10, 150] {
            let spare = Polled::with_spare(&scored, &fit, Vote::Uniform, 10, most);
            for (k, without) in (0..GROUPS).map(|g| (10, Some(g))).chain([(10, None), (most, None)]) {
                let shown = |polled: &Polled| format!("{:?}", polled.predictions(k, without, &classes, 4, &truths));
                assert_eq!(shown(&spare), shown(&all), "{k} {without:?}");
            }
        }
    }
}
