//! Friedman's test of whether several methods differ over several data sets, from their ranks alone: a second opinion, which
//! takes no errors within a data set into account.

use std::collections::HashMap;

use statrs::distribution::{Continuous as _, ContinuousCDF as _, FisherSnedecor, Normal};

/// Data sets from which on the test is of use.
const ENOUGH_DATASETS: usize = 5;

/// Friedman's test (M. Friedman, JASA 32, 1937) in the form of R. Iman and J. Davenport (Communications in Statistics A9, 1980),
/// with P. Nemenyi's critical difference, as J. Demšar lays them out (JMLR 7, 2006).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Friedman {
    /// Data sets.
    pub datasets: usize,
    /// Mean rank of each method, 1 = best; ties share the mean of their ranks.
    pub mean_ranks: Vec<f64>,
    /// Friedman's statistic, corrected for ties.
    pub chi_squared: f64,
    /// Iman and Davenport's; `None` where every data set ranks alike, and it is beyond all numbers.
    pub f: Option<f64>,
    /// Chance of so large a statistic where ranks are drawn by lot.
    pub p_value: f64,
    /// Whether that is from all orders of the ranks, and not from the F distribution.
    pub exact: bool,
    /// Mean ranks that differ by this or more are apart at 95 %.
    pub critical_difference: f64,
}

impl Friedman {
    /// The test of values by data set, one for each method, `higher` being better or worse. `None` for fewer than five data sets or
    /// two methods, and where no data set tells any two methods apart.
    pub fn new(values: &[Vec<f64>], higher: bool) -> Option<Self> {
        let (n, k) = (values.len(), values.first()?.len());
        if n < ENOUGH_DATASETS || k < 2 {
            return None;
        }
        let sign = if higher { -1.0 } else { 1.0 };
        let ranks: Vec<Vec<f64>> = values
            .iter()
            .map(|row| mean_ranks(&row.iter().map(|x| sign * x).collect::<Vec<_>>()))
            .collect();
        let sums: Vec<f64> = (0..k).map(|j| ranks.iter().map(|row| row[j]).sum()).collect();
        let (methods, sets) = (k as f64, n as f64);
        let middle = sets * (methods + 1.0) / 2.0;
        let spread = |sums: &[f64]| sums.iter().map(|sum| (sum - middle).powi(2)).sum::<f64>();
        let squares: f64 = ranks.iter().flatten().map(|rank| rank * rank).sum();
        let within = squares - sets * methods * (methods + 1.0).powi(2) / 4.0;
        if within <= 0.0 {
            return None;
        }
        let chi_squared = (methods - 1.0) * spread(&sums) / within;
        let rest = sets * (methods - 1.0) - chi_squared;
        let f = (rest > 1e-9 * sets * methods).then(|| (sets - 1.0) * chi_squared / rest);
        let exact = exact(&ranks, &spread, spread(&sums));
        let by_f = || match f {
            Some(f) => FisherSnedecor::new(methods - 1.0, (methods - 1.0) * (sets - 1.0)).map_or(1.0, |d| d.sf(f)),
            None => 0.0,
        };
        Some(Self {
            datasets: n,
            mean_ranks: sums.iter().map(|sum| sum / sets).collect(),
            chi_squared,
            f,
            p_value: exact.unwrap_or_else(by_f),
            exact: exact.is_some(),
            critical_difference: range_quantile(k) / 2f64.sqrt() * (methods * (methods + 1.0) / (6.0 * sets)).sqrt(),
        })
    }
}

/// The rank of each number, from 1; equal ones share the mean of theirs.
pub fn mean_ranks(numbers: &[f64]) -> Vec<f64> {
    let rank = |x: &f64| {
        let below = numbers.iter().filter(|y| *y < x).count();
        let equal = numbers.iter().filter(|y| *y == x).count();
        below as f64 + (equal as f64 + 1.0) / 2.0
    };
    numbers.iter().map(rank).collect()
}

/// The chance of a spread of rank sums this large or larger over all orders of the ranks of each data set, for few methods. Every
/// order being as likely, sums are told apart by their values alone and not by whose they are.
fn exact(ranks: &[Vec<f64>], spread: &dyn Fn(&[f64]) -> f64, observed: f64) -> Option<f64> {
    let most = match ranks[0].len() {
        2 => 200,
        3 => 60,
        4 => 25,
        5 => 10,
        _ => 0,
    };
    if ranks.len() > most {
        return None;
    }
    // Twice the ranks are whole numbers.
    let mut chances: HashMap<Vec<u32>, f64> = HashMap::from([(vec![0; ranks[0].len()], 1.0)]);
    for row in ranks {
        let doubled: Vec<u32> = row.iter().map(|rank| (2.0 * rank).round() as u32).collect();
        let orders = orders(&doubled);
        let each = 1.0 / orders.len() as f64;
        let mut next: HashMap<Vec<u32>, f64> = HashMap::with_capacity(2 * chances.len());
        for (sums, chance) in &chances {
            for order in &orders {
                let mut sums: Vec<u32> = sums.iter().zip(order).map(|(sum, rank)| sum + rank).collect();
                sums.sort_unstable();
                *next.entry(sums).or_default() += chance * each;
            }
        }
        chances = next;
    }
    let reaches = |sums: &[u32]| {
        let sums: Vec<f64> = sums.iter().map(|sum| f64::from(*sum) / 2.0).collect();
        spread(&sums) >= observed - 1e-9
    };
    let mut tail: Vec<f64> = chances
        .iter()
        .filter(|(sums, _)| reaches(sums))
        .map(|(_, c)| *c)
        .collect();
    // In one order, whatever that of the map.
    tail.sort_by(f64::total_cmp);
    Some(tail.iter().sum::<f64>().min(1.0))
}

/// Every order of some numbers; equal ones are taken for different.
fn orders(numbers: &[u32]) -> Vec<Vec<u32>> {
    let Some((first, rest)) = numbers.split_first() else {
        return vec![Vec::new()];
    };
    let mut all = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut with = order.clone();
            with.insert(at, *first);
            all.push(with);
        }
    }
    all
}

/// The 95 % quantile of the range of so many standard normal numbers: Tukey's studentized range with infinite degrees of freedom.
fn range_quantile(count: usize) -> f64 {
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        match range_cdf(middle, count) < 0.95 {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}

/// The chance that the range of so many standard normal numbers is at most `q`: k times the integral of φ(z) (Φ(z) - Φ(z - q))
/// to the power k - 1, by Simpson's rule.
fn range_cdf(q: f64, count: usize) -> f64 {
    const STEPS: usize = 2_000;
    let normal = Normal::standard();
    let (from, to) = (-8.5, 8.5 + q);
    let width = (to - from) / STEPS as f64;
    let at = |i: usize| {
        let z = from + width * i as f64;
        normal.pdf(z) * (normal.cdf(z) - normal.cdf(z - q)).powi(count as i32 - 1)
    };
    let inner: f64 = (1..STEPS)
        .map(|i| if i % 2 == 1 { 4.0 * at(i) } else { 2.0 * at(i) })
        .sum();
    count as f64 * width / 3.0 * (at(0) + inner + at(STEPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Demšar 2006, table 5: q of the two-tailed Nemenyi test at 0.05 for 2 to 10 classifiers.
    #[test]
    fn critical_values_are_those_of_the_table() {
        let table = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164];
        for (k, expected) in (2..).zip(table) {
            let q = range_quantile(k) / 2f64.sqrt();
            assert!((q - expected).abs() < 1e-3, "{k}: {q} {expected}");
        }
    }

    /// Accuracies of four methods on 14 data sets, one of them tied throughout: scipy 1.17.1's rankdata and friedmanchisquare.
    #[test]
    fn scipys_statistic_agrees() {
        let table = [
            [0.763, 0.768, 0.771, 0.798],
            [0.599, 0.591, 0.590, 0.569],
            [0.954, 0.971, 0.968, 0.967],
            [0.628, 0.661, 0.654, 0.657],
            [0.882, 0.888, 0.886, 0.898],
            [0.936, 0.931, 0.916, 0.931],
            [0.661, 0.668, 0.609, 0.685],
            [0.583, 0.583, 0.563, 0.625],
            [0.775, 0.838, 0.866, 0.875],
            [1.000, 1.000, 1.000, 1.000],
            [0.940, 0.962, 0.965, 0.962],
            [0.619, 0.666, 0.614, 0.669],
            [0.972, 0.981, 0.975, 0.975],
            [0.957, 0.978, 0.946, 0.970],
        ];
        let values: Vec<Vec<f64>> = table.iter().map(|row| row.to_vec()).collect();
        let test = Friedman::new(&values, true).unwrap();
        for (rank, expected) in test.mean_ranks.iter().zip([3.142857, 2.0, 2.928571, 1.928571]) {
            assert!((rank - expected).abs() < 1e-6, "{rank} {expected}");
        }
        assert!(
            (test.critical_difference - 1.25).abs() < 5e-3,
            "{}",
            test.critical_difference
        );
        assert!((test.chi_squared - CHI).abs() < 1e-9, "{}", test.chi_squared);
        let f = 13.0 * CHI / (14.0 * 3.0 - CHI);
        assert!((test.f.unwrap() - f).abs() < 1e-9);
        assert!(test.exact);
        assert!((test.p_value - EXACT).abs() < 0.003, "{}", test.p_value);
    }

    const CHI: f64 = 10.952380952380956;
    /// The p-value from 200,000 draws of the ranks (numpy).
    const EXACT: f64 = 0.00911;

    /// Three methods, five data sets, all in one order: 6 of the 6^5 orders are so extreme.
    #[test]
    fn few_methods_are_tested_exactly() {
        let values = vec![vec![0.9, 0.8, 0.7]; 5];
        let test = Friedman::new(&values, true).unwrap();
        assert!((test.p_value - 6.0 / 6f64.powi(5)).abs() < 1e-15);
        assert_eq!((test.f, test.mean_ranks), (None, vec![1.0, 2.0, 3.0]));
        // Lower is better: the other way round.
        assert_eq!(Friedman::new(&values, false).unwrap().mean_ranks, [3.0, 2.0, 1.0]);
    }

    #[test]
    fn what_tells_nothing_is_not_tested() {
        assert!(Friedman::new(&vec![vec![0.5, 0.5]; 6], true).is_none());
        assert!(Friedman::new(&vec![vec![0.5, 0.6]; 4], true).is_none());
        assert!(Friedman::new(&vec![vec![0.5]; 6], true).is_none());
    }
}
