//! Replicates of statistics of nearest neighbours, from half-samples of the jackknife groups.

use rayon::prelude::*;

use super::jackknife::{GROUPS, enough_rows};
use crate::error::Result;

/// Pairs of complementary half-samples.
pub const SPLITS: usize = 18;

/// Some of the jackknife groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups(u16);

impl Groups {
    /// All of them.
    pub const ALL: Self = Self((1 << GROUPS) - 1);

    /// Whether a group is among them.
    pub fn has(self, group: u8) -> bool {
        self.0 >> group & 1 == 1
    }
}

/// The half-samples: five of ten groups and the other five, 18 times, any two groups being in one half equally often.
///
/// Nine groups are the elements of the field of nine (a + bi, i² = -1, modulo 3), the tenth is infinity. A half is infinity
/// with the four squares, or with the four non-squares, moved by any element: together the differences of the squares and
/// of the non-squares are each element three times.
pub fn half_samples() -> [[Groups; 2]; SPLITS] {
    const SQUARES: [(u16, u16); 4] = [(1, 0), (2, 0), (0, 1), (0, 2)];
    const OTHERS: [(u16, u16); 4] = [(1, 1), (1, 2), (2, 1), (2, 2)];
    std::array::from_fn(|split| {
        let (moved, base) = (split as u16 % 9, if split < 9 { SQUARES } else { OTHERS });
        let element = |(a, b): (u16, u16)| (a + moved / 3) % 3 * 3 + (b + moved % 3) % 3;
        let half = base.iter().fold(1 << 9, |half, &pair| half | 1 << element(pair));
        [Groups(half), Groups(Groups::ALL.0 & !half)]
    })
}

/// All groups, then each half of each pair.
pub const RESAMPLES: usize = 1 + 2 * SPLITS;

/// All groups, then the two halves of each pair in turn.
pub fn all_and_halves() -> [Groups; RESAMPLES] {
    let halves = half_samples();
    std::array::from_fn(|place| match place {
        0 => Groups::ALL,
        _ => halves[(place - 1) / 2][(place - 1) % 2],
    })
}

/// Delete-a-group replicates of `value` from its values on each pair of half-samples.
///
/// Leaving out a tenth of the rows moves a statistic of nearest neighbours by more than its share: what three rows say
/// together is lost with each of them, so that the jackknife's variance counts it nearly thrice. Two disjoint halves have no
/// such bias: (θ_A - θ_B)²/4 has the variance of θ as expectation wherever that falls as 1/N. The mean of it over the pairs is
/// what these replicates give in the jackknife's formula; their pattern is the effect of each group, so that replicates of
/// two models on the same rows can be paired.
pub fn replicates_of_halves(value: f64, halves: &[[f64; 2]; SPLITS]) -> Vec<f64> {
    let splits = half_samples();
    let variance = halves.iter().map(|[a, b]| (a - b).powi(2) / 4.0).sum::<f64>() / SPLITS as f64;
    let effect = |group: u8| -> f64 {
        let signed = splits
            .iter()
            .zip(halves)
            .map(|(split, [a, b])| match split[0].has(group) {
                true => (a - b) / 2.0,
                false => (b - a) / 2.0,
            });
        signed.sum()
    };
    let effects: Vec<f64> = (0..GROUPS as u8).map(effect).collect();
    let squares: f64 = effects.iter().map(|e| e * e).sum();
    let groups = GROUPS as f64;
    let scale = if squares > 0.0 {
        (variance * groups / (groups - 1.0) / squares).sqrt()
    } else {
        0.0
    };
    effects.iter().map(|effect| value - scale * effect).collect()
}

/// How many neighbours a table needs for `k` to be left of them among any half of the groups.
pub fn with_spare_for_halves(k: usize) -> usize {
    k.saturating_mul(2).saturating_add(k / 2).saturating_add(45)
}

/// Replicates of `whole` from the value on each half-sample of so many rows.
///
/// # Errors
/// That of `whole` or of a half, and for too few rows.
pub fn replicates_from_halves(
    whole: &Result<f64>,
    rows: u64,
    value: impl Fn(Groups) -> Result<f64> + Sync,
) -> Result<Vec<f64>> {
    enough_rows(rows)?;
    let whole = whole.clone()?;
    let halves: Vec<Result<[f64; 2]>> = half_samples()
        .into_par_iter()
        .map(|[a, b]| Ok([value(a)?, value(b)?]))
        .collect();
    let halves: Vec<[f64; 2]> = halves.into_iter().collect::<Result<_>>()?;
    let halves = <[[f64; 2]; SPLITS]>::try_from(halves).expect("one for each split");
    Ok(replicates_of_halves(whole, &halves))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::jackknife::jackknife;

    #[test]
    fn any_two_groups_share_a_half_equally_often() {
        let splits = half_samples();
        for a in 0..GROUPS as u8 {
            for b in 0..a {
                let together = splits.iter().filter(|s| s[0].has(a) == s[0].has(b)).count();
                assert_eq!(together, 8, "{a} {b}");
            }
        }
        for [a, b] in splits {
            assert_eq!((a.0.count_ones(), a.0 & b.0, a.0 | b.0), (5, 0, Groups::ALL.0));
        }
    }

    #[test]
    fn for_a_mean_they_are_the_jackknifes_replicates() {
        let groups = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0, 3.5, 8.0, 9.0];
        let mean = groups.iter().sum::<f64>() / 10.0;
        let mean_of = |half: Groups| {
            (0..10)
                .filter(|&g| half.has(g))
                .map(|g| groups[g as usize])
                .sum::<f64>()
                / 5.0
        };
        let found = replicates_of_halves(mean, &half_samples().map(|[a, b]| [mean_of(a), mean_of(b)]));
        for (found, group) in found.iter().zip(groups) {
            assert!((found - (10.0 * mean - group) / 9.0).abs() < 1e-12);
        }
        let squares: f64 = groups.iter().map(|g| (g - mean).powi(2)).sum();
        assert!((jackknife(mean, &found, false).std_error - (squares / 90.0).sqrt()).abs() < 1e-12);
        assert_eq!(replicates_of_halves(7.0, &[[2.0, 2.0]; SPLITS]), [7.0; 10]);
    }
}
