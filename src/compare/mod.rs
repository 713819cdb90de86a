//! Models side by side: paired differences with intervals, corrected for how many were looked at, and ranks.

mod comparison;
mod condition;
mod holm;
mod images;
mod meaning;
mod merge;
mod paired;
mod side_by_side;
mod table;
mod training;

pub use comparison::{Comparison, Difference, Group, MetricTable, Options, Row, Verdict};
pub use condition::{Condition, Outcome};
pub use holm::holm;
pub use meaning::{Direction, direction, label};
pub use merge::{layer_order, merge};
pub use paired::{Paired, difference};
