//! Models side by side: paired differences with intervals, corrected for how many were looked at, and ranks.

mod comparison;
mod condition;
pub mod correlate;
mod images;
mod meaning;
mod merge;
mod side_by_side;
mod table;
mod training;

pub use comparison::{Comparison, Difference, Group, MetricTable, Options, Row, Verdict};
pub use condition::{Condition, Outcome};
pub use meaning::{Direction, direction, label};
pub use merge::{layer_order, merge};
