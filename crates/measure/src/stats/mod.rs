//! Mergeable statistics: arrays in, numbers out.

mod apart;
mod candidates;
mod centre;
mod channel_ranks;
mod channels;
mod class_bootstrap;
mod class_distances;
mod class_moments;
mod correlation;
mod cross;
mod distance_ranks;
mod exact;
mod grid;
mod linear_map;
mod mean_ranks;
mod moments;
mod nearest;
mod nearest_centre;
mod neighbours;
mod pair_distances;
mod random;
mod residuals;
mod rows;
mod screen;
mod slices;
mod spectrum;
mod state;
mod summary;
mod sweep;
mod tree;
mod views;
mod within;

/// Squares below this have lost digits, being near the smallest numbers of 64 bits.
pub const SMALLEST_SQUARE: f64 = 1e-290;

/// Why nothing is known of features whose squares overflow or vanish.
pub const OUT_OF_RANGE: &str =
    "the squares of the features are beyond the range of 64-bit numbers; rescale the features";

pub use apart::squared_slack;
pub use centre::{amid, joint_centre};
pub use channel_ranks::ChannelOrders;
pub use channels::ChannelValues;
pub use class_bootstrap::{can_resample, resampled, resamples};
pub use class_distances::{ToClasses, class_distances};
pub use class_moments::ClassMoments;
pub use correlation::Correlation;
pub use cross::{Cross, CrossSums, Directions, Own};
pub use distance_ranks::DistanceOrder;
pub use exact::Exact;
pub use linear_map::{LinearMap, MapSums};
pub use moments::Moments;
pub use nearest::{nearest, nearest_by_angle, nearest_by_angle_in, nearest_in, nearest_means};
pub use neighbours::{Neighbours, squared_distances};
pub use pair_distances::{CentredKernels, PairDistances, centred_kernels};
pub use random::generator;
pub use residuals::{Centres, Residuals, SecondPass, SecondPassNeeds};
pub use rows::Rows;
pub use screen::{Screened, screen};
pub use slices::{Steps, directions};
pub use spectrum::{Reduced, SecondMoment, Spectrum};
pub use state::{RowSpan, STATE, blocks, merged};
pub use summary::{GroupMoments, Sample, Summariser, Summary, Wanted, unit};
pub use sweep::{product, sweep, sweep_products, unit_apart, unit_squared};
pub use tree::{distances, tree_length};
pub use views::{ViewScatter, ViewSums};
pub use within::LANES;

/// Whether squared distances between rows of `d` numbers from `low` to `high` neither overflow nor vanish.
pub fn squares_in_range(low: f64, high: f64, d: usize) -> bool {
    let square = (high - low).powi(2) * d as f64;
    low == high || (square.is_finite() && square >= SMALLEST_SQUARE)
}
