//! TMI: the entropy of the features within classes.

use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;
use statrs::function::gamma::digamma;

use crate::error::{Error, Result};
use crate::metrics::labelled::{Labelled, Score};

/// The neighbour whose distance counts.
const NEIGHBOUR: usize = 3;

/// Distances below this count as this.
const LEAST_DISTANCE: f64 = 1.0;

/// Channels looked at before a row is dropped.
const PIECE: usize = 64;

/// 1/C sum_c N_c/N H_c, H_c the entropy of the rows of class c by Kozachenko and Leonenko from the largest difference of a channel to
/// the third nearest row, over classes of more than three rows.
///
/// # Errors
/// Undefined where no class has enough rows, or all distances are below the least.
pub fn tmi(rows: &Labelled) -> Result<Score> {
    let (d, n) = (rows.width() as f64, rows.len() as f64);
    let (mut sum, mut classes, mut near, mut seen) = (0.0, 0, 0, 0);
    for members in rows.by_class() {
        if members.len() <= NEIGHBOUR {
            continue;
        }
        let own = rows.centred(&members);
        let distances: Vec<f64> = (0..own.nrows())
            .into_par_iter()
            .map(|i| to_neighbour(&own, i))
            .collect();
        let count = distances.len() as f64;
        let log: f64 = distances.iter().map(|x| (2.0 * x.max(LEAST_DISTANCE)).ln()).sum();
        let entropy = digamma(count) - digamma(NEIGHBOUR as f64) + d * log / count;
        sum += count / n * entropy;
        classes += 1;
        near += distances.iter().filter(|x| **x < LEAST_DISTANCE).count();
        seen += distances.len();
    }
    if classes == 0 {
        return Err(Error::undefined("no class has more than three rows"));
    }
    if near == seen {
        return Err(Error::undefined(
            "every third neighbour is nearer than 1, which is where distances are cut: the scale of the features is too small for it",
        ));
    }
    Ok(Score {
        value: sum / f64::from(classes),
        found: vec![("share_cut", near as f64 / seen as f64)],
        no_interval: None,
    })
}

/// The distance of row `i` to its third nearest.
fn to_neighbour(rows: &Array2<f64>, i: usize) -> f64 {
    let mut nearest = [f64::INFINITY; NEIGHBOUR];
    let own = rows.row(i);
    for (j, other) in rows.outer_iter().enumerate() {
        if j == i {
            continue;
        }
        if let Some(apart) = nearer(own, other, nearest[NEIGHBOUR - 1]) {
            let at = nearest.iter().position(|x| apart < *x).unwrap_or(NEIGHBOUR - 1);
            nearest[at..].rotate_right(1);
            nearest[at] = apart;
        }
    }
    nearest[NEIGHBOUR - 1]
}

/// The largest difference of a channel, if it is below `bound`.
fn nearer(a: ArrayView1<f64>, b: ArrayView1<f64>, bound: f64) -> Option<f64> {
    let (a, b) = (a.to_slice()?, b.to_slice()?);
    let mut most = 0.0f64;
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        most = largest_apart(a, b, most);
        if most >= bound {
            return None;
        }
    }
    Some(most)
}

/// The largest of `most` and of the differences of some channels, in lanes that wait for no other.
fn largest_apart(a: &[f64], b: &[f64], most: f64) -> f64 {
    const LANES: usize = 8;
    let (some_a, rest_a) = a.as_chunks::<LANES>();
    let (some_b, rest_b) = b.as_chunks::<LANES>();
    let mut lanes = [most; LANES];
    for (a, b) in some_a.iter().zip(some_b) {
        for ((lane, x), y) in lanes.iter_mut().zip(a).zip(b) {
            let apart = (x - y).abs();
            *lane = if apart > *lane { apart } else { *lane };
        }
    }
    let rest = rest_a.iter().zip(rest_b).map(|(x, y)| (x - y).abs());
    rest.chain(lanes).fold(most, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::test_rows::{of_base, some_rows};
    use super::*;

    #[test]
    fn the_entropy_is_that_of_plain_loops() {
        let (x, classes) = some_rows(37, 5, 3);
        let x = x * 3.0;
        let mut expected = 0.0;
        for c in 0..3 {
            let own: Vec<usize> = (0..37).filter(|&i| classes[i] == c).collect();
            let mut log = 0.0;
            for &i in &own {
                let mut apart: Vec<f64> = own
                    .iter()
                    .filter(|&&j| j != i)
                    .map(|&j| (0..5).map(|k| (x[[i, k]] - x[[j, k]]).abs()).fold(0.0, f64::max))
                    .collect();
                apart.sort_by(f64::total_cmp);
                log += (2.0 * apart[2].max(1.0)).ln();
            }
            let n = own.len() as f64;
            // The digamma function at whole numbers: a harmonic sum less Euler's number.
            let harmonic = |m: usize| (1..m).map(|k| 1.0 / k as f64).sum::<f64>();
            expected += n / 37.0 * (harmonic(own.len()) - harmonic(3) + 5.0 * log / n) / 3.0;
        }
        of_base(&x, &classes, |rows| {
            let found = tmi(rows).unwrap().value;
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        });
    }
}
