//! The delete-a-group jackknife.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::estimate::Estimate;
use super::quantiles::t_quantile;
use crate::error::{Error, Result};

/// Groups of the delete-a-group jackknife.
pub const GROUPS: usize = 10;

/// Rows below which ten groups say nothing about the spread.
pub const ROWS_FOR_GROUPS: u64 = 2 * GROUPS as u64;

/// Checks that so many rows are enough for the groups to show a spread.
///
/// # Errors
/// Undefined where they are too few.
pub fn enough_rows(rows: u64) -> Result<()> {
    match rows < ROWS_FOR_GROUPS {
        true => Err(Error::undefined(format!("{rows} rows are too few for {GROUPS} groups"))),
        false => Ok(()),
    }
}

/// The jackknife group of each row: round-robin within each class in row order (contiguous groups would fall on whole
/// classes where a file is sorted by class). Classes start at different groups, so that small ones do not all meet in
/// the first; unlabelled rows count as one more class.
///
/// `before` counts the rows of each class, and of no class, that come before these: so the groups of a part of a set are
/// those that its rows have in the whole.
pub fn groups_after(class_of: &[Option<u32>], before: &[u64]) -> Vec<u8> {
    let none = before.len() - 1;
    let mut next: Vec<u64> = before.iter().enumerate().map(|(c, rows)| c as u64 + rows).collect();
    class_of
        .iter()
        .map(|class| {
            let counter = &mut next[class.map_or(none, |c| c as usize)];
            *counter += 1;
            ((*counter - 1) % GROUPS as u64) as u8
        })
        .collect()
}

/// As [`groups_after`], of a whole set of `classes` classes.
pub fn groups_within_classes(class_of: &[Option<u32>], classes: usize) -> Vec<u8> {
    groups_after(class_of, &vec![0; classes + 1])
}

/// The jackknife group of each row where rows belong together, those of one number: the largest first, each to the group that has
/// the fewest rows.
pub fn whole_groups(numbers: &[u32]) -> Vec<u8> {
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    numbers
        .iter()
        .for_each(|number| *sizes.entry(*number).or_default() += 1);
    let mut order: Vec<(u32, usize)> = sizes.into_iter().collect();
    order.sort_by_key(|&(_, rows)| std::cmp::Reverse(rows));
    let mut filled = [0; GROUPS];
    let mut at: BTreeMap<u32, u8> = BTreeMap::new();
    for (number, rows) in order {
        let group = (0..GROUPS).min_by_key(|&g| filled[g]).unwrap_or(0);
        filled[group] += rows;
        at.insert(number, group as u8);
    }
    numbers.iter().map(|number| at[number]).collect()
}

/// Delete-a-group jackknife (Kott 2001; Efron & Stein 1981): `replicates[g]` is the value without group g.
///
/// se² = (G-1)/G Σ (θ_g - mean θ_g)²; the corrected value is G θ - (G-1) mean θ_g; the interval is t with G-1 degrees of
/// freedom around the corrected value, or around the value itself where `centre_corrected` is false.
pub fn jackknife(value: f64, replicates: &[f64], centre_corrected: bool) -> Estimate {
    let groups = replicates.len() as f64;
    let (mean, std_error) = mean_and_error(replicates);
    let corrected = value - (groups - 1.0) * (mean - value);
    let centre = if centre_corrected { corrected } else { value };
    let half = t_quantile(groups - 1.0) * std_error;
    Estimate {
        std_error,
        low: centre - half,
        high: centre + half,
        corrected,
    }
}

/// The mean of the values without each group, and the standard error that they show.
pub(super) fn mean_and_error(replicates: &[f64]) -> (f64, f64) {
    let groups = replicates.len() as f64;
    let mean = replicates.iter().sum::<f64>() / groups;
    let squares: f64 = replicates.iter().map(|r| (r - mean).powi(2)).sum();
    (mean, ((groups - 1.0) / groups * squares).sqrt())
}

/// The values without each jackknife group: `without` makes what they are computed from, for one group and thread at a time.
///
/// # Errors
/// What `without` says, and that `rows` are too few.
pub fn leave_one_out<T: Send>(rows: u64, without: impl Fn(usize) -> Result<T> + Send + Sync) -> Result<Vec<T>> {
    enough_rows(rows)?;
    (0..GROUPS).into_par_iter().map(without).collect()
}

/// As [`leave_one_out`], one group after the other: for what is too large to be held once for each thread, and is made by all
/// of them.
///
/// # Errors
/// As [`leave_one_out`].
pub fn leave_one_out_in_turn<T>(rows: u64, without: impl Fn(usize) -> Result<T>) -> Result<Vec<T>> {
    enough_rows(rows)?;
    (0..GROUPS).map(without).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_belong_together_share_a_group_and_groups_are_of_one_size() {
        let numbers: Vec<u32> = (0..40).flat_map(|g| vec![g; 1 + g as usize % 3]).collect();
        let groups = whole_groups(&numbers);
        let mut sizes = [0; GROUPS];
        for (number, group) in numbers.iter().zip(&groups) {
            let first = numbers.iter().position(|n| n == number).unwrap();
            assert_eq!(groups[first], *group);
            sizes[usize::from(*group)] += 1;
        }
        assert!(sizes.iter().all(|&rows| (7..=9).contains(&rows)), "{sizes:?}");
    }

    #[test]
    fn the_jackknife_of_a_mean_is_its_textbook_error() {
        let x = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        let mean = x.iter().sum::<f64>() / 6.0;
        let replicates: Vec<f64> = x.iter().map(|xi| (6.0 * mean - xi) / 5.0).collect();
        let s2 = x.iter().map(|xi| (xi - mean).powi(2)).sum::<f64>() / 5.0;
        let e = jackknife(mean, &replicates, true);
        assert!((e.std_error - (s2 / 6.0).sqrt()).abs() < 1e-14);
        assert!((e.corrected - mean).abs() < 1e-13, "a mean has no bias");
        // t with 5 degrees of freedom at 97.5 %: 2.570582 (tables).
        assert!(((e.high - e.low) / 2.0 / e.std_error - 2.570_582).abs() < 1e-5);
    }

    #[test]
    fn the_jackknife_removes_the_bias_of_the_plug_in_variance() {
        let x = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        let plug_in = |v: &[f64]| {
            let m = v.iter().sum::<f64>() / v.len() as f64;
            v.iter().map(|a| (a - m).powi(2)).sum::<f64>() / v.len() as f64
        };
        let replicates: Vec<f64> = (0..6)
            .map(|i| {
                plug_in(
                    &x.iter()
                        .enumerate()
                        .filter(|(j, _)| *j != i)
                        .map(|(_, v)| *v)
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        let e = jackknife(plug_in(&x), &replicates, true);
        assert!((e.corrected - plug_in(&x) * 6.0 / 5.0).abs() < 1e-12);
    }
}
