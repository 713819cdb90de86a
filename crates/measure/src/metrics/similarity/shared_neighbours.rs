//! Similarity from distances between rows: their ranks, and which rows are near.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::metrics::inputs::{Between, MatchedNeighbours};
use crate::stats::Neighbours;
use crate::uncertainty::Groups;

impl Between {
    /// Rows (n, d) as points whose Euclidean distances are in the order of this distance.
    ///
    /// # Errors
    /// Undefined for a row that has no direction.
    pub fn points(self, rows: ArrayView2<f64>) -> Result<Array2<f64>> {
        let mut points = rows.to_owned();
        if self == Self::Euclidean {
            return Ok(points);
        }
        for mut row in points.outer_iter_mut() {
            if self == Self::Correlation {
                if row.iter().all(|x| *x == row[0]) {
                    return Err(Error::undefined("a row of equal numbers correlates with nothing"));
                }
                let mean = row.sum() / row.len() as f64;
                row -= mean;
            }
            let norm = row.dot(&row).sqrt();
            if norm == 0.0 {
                return Err(Error::undefined("a row of zeros has no direction"));
            }
            row /= norm;
        }
        Ok(points)
    }

    /// Its name in records.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
            Self::Correlation => "correlation",
        }
    }
}

/// Pearson's correlation of two lists of ranks, over the places where both are numbers.
///
/// # Errors
/// Undefined with fewer than two such places, and where all ranks of a side are the same.
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64> {
    let (mut n, mut sums) = (0.0, [0.0; 2]);
    let both = || x.iter().zip(y).filter(|(a, b)| !a.is_nan() && !b.is_nan());
    for (a, b) in both() {
        n += 1.0;
        sums[0] += a;
        sums[1] += b;
    }
    let means = sums.map(|s| s / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in both() {
        let (a, b) = (a - means[0], b - means[1]);
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    if n < 2.0 {
        return Err(Error::undefined("two distances need at least three rows"));
    }
    if xx == 0.0 || yy == 0.0 {
        return Err(Error::undefined("all rows of a side are equally far apart"));
    }
    Ok((xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// The k nearest neighbours of each row that stays, among the rows that stay.
struct Kept {
    k: usize,
    /// Empty for rows that are left out.
    nearest: Vec<Vec<u32>>,
}

impl Kept {
    fn new(m: &MatchedNeighbours, side: &Neighbours, kept: Groups) -> Result<Self> {
        let stays = |i: usize| kept.has(m.groups[i]);
        let rows = (0..m.groups.len()).filter(|&i| stays(i)).count();
        if m.k == 0 || m.k >= rows {
            return Err(Error::undefined(format!(
                "k = {} of {rows} rows: expected 1 <= k < rows",
                m.k
            )));
        }
        let of_row = |i: usize| {
            if !stays(i) {
                return Ok(Vec::new());
            }
            let all = side.of(i).iter().copied();
            let nearest: Vec<u32> = all.filter(|&j| stays(j as usize)).take(m.k).collect();
            if nearest.len() < m.k {
                return Err(Error::undefined(
                    "the neighbours of a row are nearly all of a few groups",
                ));
            }
            Ok(nearest)
        };
        Ok(Self {
            k: m.k,
            nearest: (0..m.groups.len()).map(of_row).collect::<Result<_>>()?,
        })
    }

    /// The mean over the rows that stay.
    fn mean(&self, share: impl Fn(usize, &[u32]) -> f64) -> f64 {
        let (mut sum, mut rows) = (0.0, 0.0);
        for (i, nearest) in self.nearest.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
            sum += share(i, nearest);
            rows += 1.0;
        }
        sum / rows
    }
}

/// The mean share of a row's k nearest neighbours on one side that are among its k nearest on the other.
///
/// # Errors
/// Undefined unless 1 <= k < N.
pub fn mutual_knn(m: &MatchedNeighbours, kept: Groups) -> Result<f64> {
    let (x, y) = (Kept::new(m, m.x, kept)?, Kept::new(m, m.y, kept)?);
    Ok(x.mean(|i, nearest| {
        let shared = nearest.iter().filter(|j| y.nearest[i].contains(j)).count();
        shared as f64 / x.k as f64
    }))
}

/// What unrelated rows give: k of the N - 1 others are near by chance.
pub fn unrelated_mutual(n: usize, k: usize) -> f64 {
    k as f64 / (n as f64 - 1.0)
}

/// The share of rows i that are among the k nearest on the first side of one of their k nearest on the second side.
///
/// # Errors
/// Undefined unless 1 <= k < N.
pub fn cycle_knn(m: &MatchedNeighbours, kept: Groups) -> Result<f64> {
    let (x, y) = (Kept::new(m, m.x, kept)?, Kept::new(m, m.y, kept)?);
    Ok(y.mean(|i, nearest| {
        let back = |j: &u32| x.nearest[*j as usize].contains(&(i as u32));
        f64::from(u8::from(nearest.iter().any(back)))
    }))
}

/// What unrelated rows give, to first order: none of k neighbours leads back with (1 - k/(N-1))^k.
pub fn unrelated_cycle(n: usize, k: usize) -> f64 {
    1.0 - (1.0 - unrelated_mutual(n, k)).powf(k as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Rows, nearest};
    use ndarray::array;

    #[test]
    fn neighbours_on_a_line() {
        // Nearest on the first side: 1, 0, 1, 2; on the second, where rows 0 and 3 change places: 1, 2, 1, 1.
        let x = nearest(&Rows::of(array![[0.0], [1.0], [2.1], [4.0]]), 3);
        let y = nearest(&Rows::of(array![[4.0], [1.0], [2.1], [0.0]]), 3);
        assert_eq!([y.of(0)[0], y.of(1)[0], y.of(2)[0], y.of(3)[0]], [2, 3, 1, 1]);
        let value = |metric: fn(&MatchedNeighbours, Groups) -> Result<f64>, k| {
            let m = MatchedNeighbours {
                x: &x,
                y: &y,
                groups: &[0, 1, 2, 3],
                k,
            };
            metric(&m, Groups::ALL)
        };
        // The nearest are 1, 0, 1, 2 and 2, 3, 1, 1: only row 2 shares its own.
        assert_eq!(value(mutual_knn, 1).unwrap(), 0.25);
        // 0 → 2 → 1, 1 → 3 → 2, 2 → 1 → 0, 3 → 1 → 0: nobody comes back.
        assert_eq!(value(cycle_knn, 1).unwrap(), 0.0);
        assert_eq!(value(mutual_knn, 3).unwrap(), 1.0);
        assert!(value(mutual_knn, 4).is_err() && value(cycle_knn, 0).is_err());
    }

    #[test]
    fn ranks_that_fall_as_the_others_rise_are_minus_one() {
        assert_eq!(
            spearman(&[1.0, 2.0, f64::NAN, 3.0], &[3.0, 2.0, 9.0, 1.0]).unwrap(),
            -1.0
        );
        assert!(spearman(&[1.5, 1.5], &[1.0, 2.0]).is_err());
        assert!(spearman(&[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn correlation_distance_sees_no_level_and_no_scale() {
        let rows = array![[1.0, 2.0, 4.0], [12.0, 14.0, 18.0], [1.0, 0.0, 0.5]];
        let points = Between::Correlation.points(rows.view()).unwrap();
        assert!((&points.row(0) - &points.row(1)).iter().all(|x| x.abs() < 1e-15));
        assert!(Between::Cosine.points(array![[0.0, 0.0]].view()).is_err());
        assert!(Between::Correlation.points(array![[2.0, 2.0]].view()).is_err());
    }
}
