//! Sizes up to which things are held or made.

/// Samples kept of each set for the metrics that look at single rows.
pub const SAMPLES: usize = 5_000;

/// Channels above which d x d matrices are no longer made: 10 groups of them would not fit an ordinary machine.
pub const WIDEST: usize = 16_384;

/// Neighbours up to which tables are kept: 50,000 rows of so many take 600 MB.
pub const MOST_NEIGHBOURS: usize = 1_000;

/// Nearest rows among which those of other classes are counted.
pub const FOREIGN_AMONG: usize = 10;
