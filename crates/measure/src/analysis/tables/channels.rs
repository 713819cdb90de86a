//! The arrays about single channels and pairs of them.

use super::subject_columns::of_subject;
use crate::analysis::side::Side;
use crate::error::{Error, Result};
use crate::metrics::redundancy::duplicates;
use crate::results::Table;
use crate::stats::ChannelCorrelation;

/// Pairs of channels in the table of the most correlated ones.
const PAIRS: usize = 100;

/// `channels`: the values of each channel, by its place from 0, and the first earlier one it repeats; `channel_pairs`: the most
/// correlated pairs.
pub fn of_side(side: &Side) -> Result<Vec<Table>> {
    let moments = side.summary.moments_without(None, false);
    let values = side.summary.channels_without(None);
    let live = values.live();
    let places: Vec<usize> = (0..live.len()).filter(|&j| live[j]).collect();
    let correlation = match moments.as_ref().map(|m| ChannelCorrelation::new(m, &live, &live)) {
        Some(Ok(correlation)) => Some(correlation),
        // Too few rows or channels for correlations: the table says the rest.
        None | Some(Err(Error::Undefined(_))) => None,
        Some(Err(other)) => return Err(other),
    };
    let mut repeats: Vec<Option<usize>> = vec![None; live.len()];
    if let Some(correlation) = &correlation {
        for (j, earlier) in duplicates(correlation).into_iter().enumerate() {
            repeats[places[j]] = earlier.map(|i| places[i]);
        }
    }
    let squares = moments
        .as_ref()
        .filter(|m| m.n() > 1)
        .map(|m| m.scatter().diag().to_owned());
    let deviation = |j: usize| match &squares {
        // A constant channel deviates by rounding only.
        _ if !live[j] => Some(0.0),
        Some(squares) => Some((squares[j] / (values.n as f64 - 1.0)).sqrt()),
        None => None,
    };
    let every: Vec<usize> = (0..live.len()).collect();
    let channels = of_subject("channels", &every, side.set.subject())
        .text("duplicate_of", |&j| {
            repeats[j].map(|i| i.to_string()).unwrap_or_default()
        })
        .count("channel", |&j| j as u64)
        .count("dead", |&j| u64::from(!live[j]))
        .float("min", |&j| values.low[j])
        .float("max", |&j| values.high[j])
        .float("mean", |&j| moments.as_ref().map(|m| m.mean()[j]))
        .float("std", |&j| deviation(j))
        .float("zeros", |&j| values.zeros[j] as f64 / values.n as f64);
    let strong = correlation.as_ref().map(strongest).unwrap_or_default();
    let pairs = of_subject("channel_pairs", &strong, side.set.subject())
        .count("channel_a", |pair| places[pair.0] as u64)
        .count("channel_b", |pair| places[pair.1] as u64)
        .float("correlation", |pair| pair.2);
    Ok(vec![channels.finish(), pairs.finish()])
}

/// The pairs i < j of the largest |r|, the strongest first and equal ones in order of channels.
fn strongest(c: &ChannelCorrelation) -> Vec<(usize, usize, f64)> {
    let mut found: Vec<(usize, usize, f64)> = Vec::new();
    let mut least = 0.0;
    let cut = |found: &mut Vec<(usize, usize, f64)>| {
        // Sorting keeps the order of channels among equal ones.
        found.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        found.truncate(PAIRS);
        found.get(PAIRS - 1).map_or(0.0, |pair| pair.2.abs())
    };
    for i in 0..c.channels() {
        for j in i + 1..c.channels() {
            let r = c.matrix[[i, j]];
            if found.len() < PAIRS || r.abs() > least {
                found.push((i, j, r));
            }
            if found.len() >= 64 * PAIRS {
                least = cut(&mut found);
            }
        }
    }
    cut(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_strongest_pairs_are_those_of_a_full_sort() {
        let matrix = Array2::from_shape_fn((150, 150), |(i, j)| {
            let (a, b) = (i.min(j), i.max(j));
            ((a * 7919 + b * 104_729) % 1_999) as f64 / 1_000.0 - 1.0
        });
        let mut all: Vec<(usize, usize, f64)> = (0..150)
            .flat_map(|i| (i + 1..150).map(move |j| (i, j)))
            .map(|(i, j)| (i, j, matrix[[i, j]]))
            .collect();
        all.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        all.truncate(PAIRS);
        assert_eq!(strongest(&ChannelCorrelation { matrix, n: 9 }), all);
        let single = ChannelCorrelation {
            matrix: Array2::ones((1, 1)),
            n: 9,
        };
        assert!(strongest(&single).is_empty());
    }
}
