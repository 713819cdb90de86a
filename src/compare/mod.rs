//! Models side by side: paired differences with intervals, corrected for how many were looked at, and ranks.

mod comparison;
mod condition;
pub mod correlate;
mod depth;
mod grouping;
mod meaning;
mod merge;
mod pairing;
mod pivot;
mod runs;
mod side_by_side;
mod suite_table;
mod suites;
mod trajectory;
mod unfinished_training;

pub use comparison::{CompareOptions, Comparison, Difference, MetricGroup, MetricTable, ModelRow, Verdict};
pub use condition::{Answers, Condition};
pub use depth::{Cuts, DepthProfile, cuts};
pub(crate) use grouping::{distinct, grouped, said_together};
pub use meaning::{Direction, direction, label};
pub(crate) use meaning::{LEVEL, with_split};
pub use merge::{layer_order, merge};
pub use runs::{OverRuns, averaged, pictured, settle};
pub use suite_table::{SuiteRow, SuiteTable};
pub use trajectory::{Course, StepValue, Trajectory, trajectories};
