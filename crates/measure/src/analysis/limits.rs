//! Sizes up to which things are held or made.

use crate::error::{Error, Result};

/// Samples kept of each set for the metrics that look at single rows.
pub const SAMPLES: usize = 5_000;

/// Channels above which d x d matrices are no longer made: 10 groups of them would not fit an ordinary machine.
pub const WIDEST: usize = 16_384;

/// Neighbours up to which tables are kept: 50,000 rows of so many take 600 MB.
pub const MOST_NEIGHBOURS: usize = 1_000;

/// Nearest rows among which those of other classes are counted.
pub const FOREIGN_AMONG: usize = 10;

/// Channels above which d x d matrices and their eigenvectors take minutes.
pub const WIDEST_FOR_VECTORS: usize = 4_096;

/// Products that the values without each jackknife group may take.
pub const MOST_WORK: f64 = 1e12;

/// Why sets of more than [`WIDEST`] channels have no such number: `what` is not computed of them.
pub fn too_wide(channels: usize, what: &str) -> Error {
    Error::undefined(format!(
        "{channels} channels are more than the {WIDEST} whose {what} computed"
    ))
}

/// Refuses more than [`WIDEST_FOR_VECTORS`] channels.
///
/// # Errors
/// Undefined where they are more.
pub fn check_width(channels: usize) -> Result<()> {
    match channels > WIDEST_FOR_VECTORS {
        true => Err(Error::undefined(format!(
            "{channels} channels are more than {WIDEST_FOR_VECTORS}: their covariance would take minutes"
        ))),
        false => Ok(()),
    }
}
