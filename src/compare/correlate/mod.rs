//! Which number predicts transfer here: how well each score of some models agrees with their accuracies, how sure that is, and
//! what needs no feature at all to do as well.

mod agreement;
mod agreements;
mod apart;
mod ceiling;
mod cells;
mod correlation;
mod evidence;
mod lead;
mod measured;
mod names;
mod parts;
mod pooled;
mod record;
mod resamples;
mod scored;

pub use agreement::Statistic;
pub use apart::apart;
pub use correlation::{Correlation, SCHEMA, ScatterPoint};
pub use evidence::{BASELINES, Evidence, ModelAccuracy, ModelScore, NEAREST_ONE, PARAMETERS, STATIC_RANK};
pub use measured::Measured;
pub use parts::NCTI_PARTS;
pub use pooled::NCTI;
pub use record::{Agreement, CEILING, Lead};
