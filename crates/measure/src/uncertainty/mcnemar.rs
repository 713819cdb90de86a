//! McNemar's exact test: two classifiers on the same rows.

use statrs::distribution::{Binomial, DiscreteCDF as _};

/// Rows on which exactly one of two classifiers is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discordant {
    /// The first alone.
    pub first: u64,
    /// The second alone.
    pub second: u64,
}

/// The two-sided p-value for "both are right equally often" (McNemar 1947), exact: of the rows on which one alone is right, each is as
/// likely the one as the other. Rows are taken as independent.
pub fn mcnemar(rows: Discordant) -> f64 {
    let all = rows.first + rows.second;
    match Binomial::new(0.5, all) {
        Ok(coin) if all > 0 => (2.0 * coin.cdf(rows.first.min(rows.second))).min(1.0),
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_test_is_scipys() {
        // scipy.stats.binomtest(k, n).pvalue
        for (first, second, p) in [
            (5, 15, 0.041_389_465_332_031_25),
            (0, 3, 0.25),
            (7, 7, 1.0),
            (0, 0, 1.0),
        ] {
            let found = mcnemar(Discordant { first, second });
            assert!((found - p).abs() < 1e-12, "{first} {second}: {found}");
        }
    }
}
