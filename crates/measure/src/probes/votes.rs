//! Weighted k nearest neighbours.

use super::predictions::Prediction;
use crate::stats::{Neighbours, Rows, nearest_by_angle_in, nearest_in};

/// How a neighbour votes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Vote {
    /// exp(cos / T), T = 0.07, among the k at the smallest angle.
    Cosine,
    /// 1 / (distance + 1e-5), among the k nearest.
    Distance,
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
}

impl Polled {
    /// The `k` nearest. By cosine a fitting row of zeros has no vote, and of a scored one nobody is nearer than others.
    pub fn new(scored: &Rows, fit: &Rows, vote: Vote, k: usize) -> Self {
        let kept = |rows: &Rows| -> Vec<usize> {
            let norms = rows.norms();
            (0..rows.len())
                .filter(|&i| vote == Vote::Distance || norms[i] > 0.0)
                .collect()
        };
        let (queries, voters) = (kept(scored), kept(fit));
        let table = match vote {
            Vote::Cosine => nearest_by_angle_in(&scored.subset(&queries), &fit.subset(&voters), k),
            Vote::Distance => nearest_in(scored, fit, k),
        };
        Self {
            table,
            vote,
            queries,
            voters,
        }
    }

    /// Rows of zeros that have no vote, and that nobody is near to.
    pub fn without_direction(&self, scored: usize, fit: usize) -> (usize, usize) {
        (fit - self.voters.len(), scored - self.queries.len())
    }

    /// The neighbours there are: k, or all fitting rows.
    pub fn k(&self) -> usize {
        self.table.k()
    }

    /// What `k` neighbours say of each of `scored` rows. Equal votes go by class.
    pub fn predictions(&self, k: usize, classes: &[u32], count: usize, truths: &[Option<usize>]) -> Vec<Prediction> {
        let mut at = vec![None; truths.len()];
        self.queries.iter().enumerate().for_each(|(i, &row)| at[row] = Some(i));
        let of_row = |(row, &truth): (usize, &Option<usize>)| {
            let mut votes = vec![0.0; count];
            match at[row] {
                Some(i) => {
                    let near = self.table.of(i).iter().zip(self.table.squared(i));
                    let first = self.table.squared(i).first().copied().unwrap_or(0.0);
                    for (&j, &squared) in near.take(k) {
                        // Shares of votes are what counts: the nearest has weight 1 by cosine.
                        let weight = match self.vote {
                            Vote::Cosine => ((first - squared) / 2.0 / TEMPERATURE).exp(),
                            Vote::Distance => 1.0 / (squared.sqrt() + 1e-5),
                        };
                        votes[classes[self.voters[j as usize]] as usize] += weight;
                    }
                }
                None => self
                    .voters
                    .iter()
                    .take(k)
                    .for_each(|&j| votes[classes[j] as usize] += 1.0),
            }
            let all: f64 = votes.iter().sum();
            let prediction = Prediction::of_scores(&votes, truth);
            let shares: Vec<f64> = votes.iter().map(|v| v / all).collect();
            let nll = truth.map_or(f64::INFINITY, |own| -shares[own].ln());
            prediction.with_chances(&shares, truth, nll)
        };
        truths.iter().enumerate().map(of_row).collect()
    }
}
