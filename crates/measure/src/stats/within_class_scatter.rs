//! Covariances within classes, of all rows and without each jackknife group, from sums that they share.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::batch_member::BatchMember;
use super::class_moments::ClassMoments;
use crate::linalg::Symmetric;
use crate::uncertainty::GROUPS;

/// Sums that share the rows out where no resamples are wanted: a few, so that several processors have work.
pub const LANES: usize = 4;

/// S_W, the mean over the classes with at least two rows of their covariance (ddof 0), of all rows and of all but those of
/// each group.
///
/// All of them are sums over rows of w r rᵀ, r the row less the mean of its whole class, and w one over the rows that are left of
/// its class. Groups are dealt evenly within classes, so that classes lose about as many rows with any of them: the sums of each
/// group under one weight a class serve all resamples, and only the classes that lose one row more or fewer than they mostly
/// do need sums of their own. What the means of classes move by without a group is taken off at the end.
#[derive(Clone, Debug)]
pub(super) struct Within {
    /// Σ r rᵀ / b over the rows of each group, b the rows that are left of their class without most groups.
    shared: Vec<Symmetric>,
    /// b of each class.
    base: Vec<u64>,
    /// One of all rows, then one without each group.
    resamples: Vec<Resample>,
}

#[derive(Clone, Debug)]
struct Resample {
    /// What the shared sums count for.
    scale: f64,
    /// What each class counts for beside that, and Σ of that times r rᵀ: nothing, mostly.
    excess: Vec<f64>,
    sum: Option<Symmetric>,
}

/// The weight of a class of which this many rows are left; classes of one row have no covariance.
fn weight(rows: u64) -> f64 {
    if rows < 2 { 0.0 } else { 1.0 / rows as f64 }
}

/// The value most of these `(value, rows)` have, counted by rows.
fn most_common<T: Ord>(values: impl Iterator<Item = (T, u64)>) -> Option<T> {
    let mut tally = BTreeMap::new();
    values.for_each(|(value, rows)| *tally.entry(value).or_default() += rows);
    tally
        .into_iter()
        .max_by_key(|(_, rows): &(T, u64)| *rows)
        .map(|(value, _)| value)
}

impl Resample {
    /// For classes of which these numbers of rows are left, and `rows` were.
    fn new(left: &[u64], base: &[u64], rows: &[u64], d: usize) -> Self {
        // Equal quotients of whole numbers are the same bits.
        let ratio = |c: usize| {
            if left[c] < 2 {
                0.0
            } else {
                base[c] as f64 / left[c] as f64
            }
        };
        let shared = (0..left.len()).filter(|&c| base[c] > 1);
        let scale = most_common(shared.map(|c| (ratio(c).to_bits(), rows[c]))).map_or(0.0, f64::from_bits);
        let excess: Vec<f64> = (0..left.len())
            .map(|c| match base[c] > 1 && ratio(c) == scale {
                true => 0.0,
                false => weight(left[c]) - scale * weight(base[c]),
            })
            .collect();
        let needed = excess.iter().any(|e| *e != 0.0);
        Self {
            scale,
            excess,
            sum: needed.then(|| Symmetric::zeros(d)),
        }
    }
}

impl Within {
    /// For classes with these numbers of rows: of all rows, then without each group (or none of those).
    pub fn new(counts: &[&[u64]], d: usize) -> Self {
        let (rows, resamples) = (counts[0], &counts[1..]);
        let base: Vec<u64> = (0..rows.len())
            .map(|c| most_common(resamples.iter().map(|left| (left[c], 1))).unwrap_or(rows[c]))
            .collect();
        let all = counts.iter().map(|left| Resample::new(left, &base, rows, d)).collect();
        let lanes = if resamples.is_empty() { LANES } else { GROUPS };
        Self {
            shared: vec![Symmetric::zeros(d); lanes],
            base,
            resamples: all,
        }
    }

    /// Takes in some rows; `means` are those of their whole classes.
    pub fn push(&mut self, rows: ArrayView2<f64>, kept: &[BatchMember], means: &Array2<f64>) {
        let lanes = self.shared.len();
        let base = &self.base;
        self.shared.par_iter_mut().enumerate().for_each(|(lane, sum)| {
            let members = kept.iter().filter(|m| m.group % lanes == lane);
            let members: Vec<(&BatchMember, f64)> = members.map(|m| (m, weight(base[m.class]))).collect();
            sum.add_gram(weighted(rows, &members, means).view());
        });
        self.resamples.par_iter_mut().enumerate().for_each(|(place, resample)| {
            let Resample {
                excess, sum: Some(sum), ..
            } = resample
            else {
                return;
            };
            for sign in [1.0, -1.0] {
                let members = kept.iter().filter(|m| m.group + 1 != place);
                let members = members.map(|m| (m, sign * excess[m.class]));
                let members: Vec<(&BatchMember, f64)> = members.filter(|(_, weight)| *weight > 0.0).collect();
                sum.add_scaled_gram(sign, weighted(rows, &members, means).view());
            }
        });
    }

    /// The covariance within `classes`, those of all rows or of all but one group; `means` are those of the whole classes.
    pub fn covariance(&self, group: Option<usize>, classes: &ClassMoments, means: &Array2<f64>) -> Symmetric {
        let place = group.map_or(0, |g| g + 1);
        let resample = &self.resamples[place];
        let mut out = Symmetric::zeros(means.ncols());
        for (lane, sum) in self.shared.iter().enumerate() {
            if group != Some(lane) {
                out.add(sum);
            }
        }
        out.scale(resample.scale);
        if let Some(sum) = &resample.sum {
            out.add(sum);
        }
        let used: Vec<usize> = (0..classes.classes()).filter(|&c| classes.counts()[c] > 1).collect();
        if group.is_some() {
            let mut shifts = classes.means().select(ndarray::Axis(0), &used);
            for (mut shift, &c) in shifts.outer_iter_mut().zip(&used) {
                shift -= &means.row(c);
            }
            out.add_scaled_gram(-1.0, shifts.view());
        }
        if !used.is_empty() {
            out.scale(1.0 / used.len() as f64);
        }
        out
    }
}

/// These rows less the means of their classes, each times the root of its weight.
fn weighted(rows: ArrayView2<f64>, members: &[(&BatchMember, f64)], means: &Array2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros((members.len(), rows.ncols()));
    for (mut to, (member, weight)) in out.outer_iter_mut().zip(members) {
        let root = weight.sqrt();
        to.assign(&rows.row(member.place));
        to.zip_mut_with(&means.row(member.class), |x, mean| *x = (*x - mean) * root);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_tens_of_rows_share_all_sums() {
        let (all, without) = ([30, 50], [27, 45]);
        let within = Within::new(&[&all, &without, &without], 2);
        assert!(within.resamples.iter().all(|resample| resample.sum.is_none()));
        assert_eq!((within.resamples[0].scale, within.resamples[1].scale), (0.9, 1.0));
        assert_eq!(within.base, without);
    }

    #[test]
    fn a_class_that_loses_another_number_of_rows_has_sums_of_its_own() {
        let (all, most, one) = ([60, 51], [54, 46], [54, 45]);
        let within = Within::new(&[&all, &most, &most, &one], 2);
        let own: Vec<bool> = within.resamples.iter().map(|resample| resample.sum.is_some()).collect();
        // 51 rows are not ten ninths of 46.
        assert_eq!(own, [true, false, false, true]);
        assert!((within.resamples[3].excess[1] - (1.0 / 45.0 - 1.0 / 46.0)).abs() < 1e-16);
        assert_eq!(within.resamples[3].excess[0], 0.0);
    }
}
