//! Permutation tests.

/// Labellings drawn beside the observed one.
pub const PERMUTATIONS: usize = 999;

/// The share of labellings at least as far apart as the observed one, which comes first and counts.
pub fn p_value(statistics: &[f64]) -> f64 {
    // Differences below this are rounding of equal values.
    let slack = 1e-12 * statistics.iter().fold(0.0f64, |m, s| m.max(s.abs()));
    let apart = statistics.iter().filter(|s| **s >= statistics[0] - slack).count();
    apart as f64 / statistics.len() as f64
}

/// Steps to the next combination of indices below `n` in lexicographic order; false after the last.
pub fn next_combination(chosen: &mut [usize], n: usize) -> bool {
    let k = chosen.len();
    let Some(i) = (0..k).rev().find(|&i| chosen[i] < n - k + i) else {
        return false;
    };
    chosen[i] += 1;
    for j in i + 1..k {
        chosen[j] = chosen[j - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_comes_once() {
        let mut chosen = vec![0, 1, 2];
        let mut seen = vec![chosen.clone()];
        while next_combination(&mut chosen, 6) {
            seen.push(chosen.clone());
        }
        assert_eq!(seen.len(), 20);
        assert!(seen.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(seen[19], [3, 4, 5]);
    }

    #[test]
    fn the_observed_labelling_counts_among_the_permutations() {
        assert_eq!(p_value(&[5.0, 1.0, 2.0, 3.0]), 0.25);
        assert_eq!(p_value(&[2.0, 1.0, 2.0, 3.0]), 0.75);
        assert_eq!(p_value(&[0.0; 4]), 1.0);
    }
}
