//! Mergeable statistics and resampling: arrays in, numbers out.

mod class_moments;
mod correlation;
mod moments;
mod neighbours;
mod resample;
mod rows;
mod spectrum;
mod summary;
mod sweep;

/// Squares below this have lost digits, being near the smallest numbers of 64 bits.
pub const SMALLEST_SQUARE: f64 = 1e-290;

pub use class_moments::ClassMoments;
pub use correlation::Correlation;
pub use moments::Moments;
pub use neighbours::{Neighbours, nearest, squared_distances};
pub use resample::{Estimate, bootstrap_draws, generator, jackknife, percentile_interval, t_quantile};
pub use rows::Rows;
pub use spectrum::{Of, Spectrum};
pub use summary::{GROUPS, Part, Sample, Summariser, Summary, Wanted, unit};
pub use sweep::{product, sweep, unit_squared};
