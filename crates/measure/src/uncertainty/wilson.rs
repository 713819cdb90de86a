//! Wilson's interval of a share.

use super::estimate::Estimate;
use super::quantiles::NORMAL_QUANTILE;

/// Wilson's 95 % interval (1927) of the share `value` of so many independent `rows`. Its standard error is half
/// its width over 1.96: that of a share of 0 or 1 is not zero.
pub fn wilson_interval(value: f64, rows: u64) -> Estimate {
    let (n, z) = (rows as f64, NORMAL_QUANTILE);
    let centre = (value + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (value * (1.0 - value) / n + z * z / (4.0 * n * n)).sqrt();
    Estimate {
        std_error: half / z,
        low: centre - half,
        high: centre + half,
        corrected: value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilsons_interval_is_scipys() {
        // Half the width, 0.08506..., over 1.95996.
        let e = wilson_interval(0.9, 50);
        assert!((e.std_error - (0.9565242350681095 - 0.7863976856252034) / 2.0 / 1.959963984540054).abs() < 1e-12);
        // scipy.stats.binomtest(45, 50).proportion_ci(method="wilson"), and of 50 of 50.
        let e = wilson_interval(0.9, 50);
        assert!((e.low - 0.7863976856252034).abs() < 1e-12 && (e.high - 0.9565242350681095).abs() < 1e-12);
        let e = wilson_interval(1.0, 50);
        assert!((e.low - 0.9286524008666412).abs() < 1e-12 && (e.high - 1.0).abs() < 1e-12);
    }
}
