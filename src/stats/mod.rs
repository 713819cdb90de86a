//! Mergeable statistics and resampling: arrays in, numbers out.

mod channels;
mod class_moments;
mod correlation;
mod moments;
mod neighbours;
mod resample;
mod residuals;
mod rows;
mod spectrum;
mod summary;
mod sweep;

/// Squares below this have lost digits, being near the smallest numbers of 64 bits.
pub const SMALLEST_SQUARE: f64 = 1e-290;

pub use channels::ChannelValues;
pub use class_moments::ClassMoments;
pub use correlation::Correlation;
pub use moments::Moments;
pub use neighbours::{Neighbours, nearest, squared_distances};
pub use resample::{Estimate, bootstrap_draws, generator, jackknife, percentile_interval, t_quantile};
pub use residuals::{Again, Centres, Residuals, SecondPass};
pub use rows::Rows;
pub use spectrum::{Of, Spectrum};
pub use summary::{GROUPS, Part, Sample, Summariser, Summary, Wanted, unit};
pub use sweep::{product, sweep, unit_squared};

/// Whether squared distances between rows of `d` numbers from `low` to `high` neither overflow nor vanish.
pub fn squares_in_range(low: f64, high: f64, d: usize) -> bool {
    let square = (high - low).powi(2) * d as f64;
    low == high || (square.is_finite() && square >= SMALLEST_SQUARE)
}
