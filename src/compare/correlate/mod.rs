//! Which number predicts transfer here: how well each score of some models agrees with their accuracies, how sure that is, and
//! what needs no feature at all to do as well.

mod agreement;
mod agreement_record;
mod agreements;
mod ceiling;
mod cells;
mod checkpoints;
mod correlation;
mod evidence;
mod from_results;
mod lead;
mod metric_scores;
mod name_lists;
mod ncti;
mod ncti_parts;
mod resamples;

pub use agreement::Statistic;
pub use agreement_record::{Agreement, CEILING, Lead};
pub use checkpoints::apart;
pub use correlation::{Correlation, SCHEMA, ScatterPoint};
pub use evidence::{BASELINES, Evidence, ModelAccuracy, ModelScore, NEAREST_ONE, PARAMETERS, STATIC_RANK};
pub use from_results::Measured;
pub use ncti::NCTI;
pub use ncti_parts::NCTI_PARTS;
