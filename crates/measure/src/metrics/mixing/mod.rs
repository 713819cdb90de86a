//! Mixing: do the features of the pretraining and the evaluation data fill the same space?

mod class_means;
mod samples;

pub use class_means::{
    FAMILY, feature_mixtureness, feature_mixtureness_scaled, mixed_null, mixtureness_of, neighbours_used,
};
pub use samples::{lisi, sample_mixing};
