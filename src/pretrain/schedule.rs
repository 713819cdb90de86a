//! The learning rate over a run: linear warm-up, then half a cosine down to zero.

use std::f64::consts::PI;

/// Learning rate of `step` (counted from 0) out of `total`: rises linearly over the first `warmup` steps, reaching
/// `peak` at the last of them, then falls as half a cosine (Loshchilov & Hutter 2017, without restarts).
///
/// ```
/// # use featscope::pretrain::schedule::cosine;
/// assert_eq!(cosine(0, 100, 10, 0.5), 0.05);
/// assert_eq!(cosine(9, 100, 10, 0.5), 0.5);
/// assert!((cosine(55, 100, 10, 0.5) - 0.25).abs() < 1e-12);
/// ```
pub fn cosine(step: u64, total: u64, warmup: u64, peak: f64) -> f64 {
    if step < warmup {
        return peak * (step + 1) as f64 / warmup as f64;
    }
    let progress = (step - warmup) as f64 / total.saturating_sub(warmup).max(1) as f64;
    peak * 0.5 * (1.0 + (PI * progress.min(1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_warm_up_it_starts_at_the_peak_and_falls_to_zero() {
        assert_eq!(cosine(0, 4, 0, 1.0), 1.0);
        assert!((cosine(1, 4, 0, 1.0) - (2.0 + 2.0f64.sqrt()) / 4.0).abs() < 1e-15);
        assert!((cosine(2, 4, 0, 1.0) - 0.5).abs() < 1e-15);
        assert!(cosine(4, 4, 0, 1.0).abs() < 1e-15);
    }

    #[test]
    fn it_rises_then_falls_and_never_leaves_its_range() {
        let rates: Vec<f64> = (0..50).map(|step| cosine(step, 50, 7, 0.3)).collect();
        assert!(rates[..7].windows(2).all(|w| w[0] < w[1]));
        assert!(rates[7..].windows(2).all(|w| w[0] > w[1]));
        assert!(rates.iter().all(|&r| r > 0.0 && r <= 0.3));
        // Warm-up longer than the run, and steps past its end, are still numbers in range.
        assert_eq!(cosine(2, 3, 10, 1.0), 0.3);
        assert!(cosine(99, 50, 7, 0.3).abs() < 1e-15);
    }
}
