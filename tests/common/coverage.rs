//! What simulations of coverage share.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

/// A standard normal number.
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    // Box and Muller; 1 - u is never 0.
    let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    (-2.0 * u.ln()).sqrt() * (v * std::f64::consts::TAU).cos()
}

/// How often the intervals of many replicates hold the truth.
pub struct Coverage {
    /// Replicates with an interval, in per cent.
    pub with_interval: f64,
    /// Intervals that hold the truth, in per cent; NaN without intervals.
    pub held: f64,
    intervals: usize,
}

impl Coverage {
    /// Over the replicates' intervals, where they have one.
    pub fn of(truth: f64, seen: impl ExactSizeIterator<Item = Option<(f64, f64)>>) -> Self {
        let replicates = seen.len();
        let intervals: Vec<(f64, f64)> = seen.flatten().collect();
        let held = intervals.iter().filter(|(low, high)| (low..=high).contains(&&truth));
        Self {
            with_interval: 100.0 * intervals.len() as f64 / replicates as f64,
            held: 100.0 * held.count() as f64 / intervals.len() as f64,
            intervals: intervals.len(),
        }
    }

    /// For the table.
    pub fn shown(&self) -> String {
        match self.intervals {
            0 => "no interval".to_owned(),
            1..50 => "hardly ever an interval".to_owned(),
            _ => format!("{:.1} %", self.held),
        }
    }

    /// Outside 93 to 97 % by more than sampling explains: by about three standard errors of a share of 1,000.
    pub fn is_off(&self) -> bool {
        self.intervals > 500 && !(93.0 - 2.1..=97.0 + 1.7).contains(&self.held)
    }
}
