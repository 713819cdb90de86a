//! The catalogue: every metric is a plain function and one row that says all there is to say about it. The command
//! line, the help, the reference pages and the report are made from the rows: adding a metric edits one file.

pub mod axes;
pub mod class_structure;
mod convention;
pub mod distance;
pub mod domain_classifier;
mod eval;
mod families;
pub mod geometry;
mod inputs;
mod labelled;
mod metric;
pub mod mixing;
mod needs;
mod payload;
pub mod probes;
pub mod redundancy;
pub mod sample_distance;
mod select;
pub mod similarity;
pub mod spectrum;
pub mod support;
pub mod transferability;
pub mod variation;
pub mod words;

pub use convention::{Conventions, Followed};
// A new kind brings a payload: no list of them here.
pub use eval::*;
pub use families::{FAMILIES, all, find};
pub use inputs::{
    Balls, Between, Canonical, ClassMeans, DomainScores, FromCentre, KernelScale, Lie, MatchedMoments,
    MatchedNeighbours, Mixing, NearRows, PairSums, RowShares, RowView, SamplePair, Support,
};
pub use metric::{Better, LIBRARIES, Law, Metric, MetricFamily, Variant};
pub use needs::{MatchedNeeds, Needs, Sides};
pub use select::{select, select_matched};
