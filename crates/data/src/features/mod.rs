//! Features and their labels, wherever they are kept: one (model, layer, data set, split) at a time, read in batches.

mod feature_set;
mod ids;
mod ids_hash;
mod labels;
mod matrix;
mod subject;
mod views;

pub use feature_set::{Batches, FeatureSet, Interpretation};
pub use ids::{IdColumn, common};
pub use ids_hash::{IdsHash, ids_sha256};
pub use labels::Labels;
pub use matrix::Matrix;
pub use subject::{Provenance, Role, Subject};
pub use views::{view_id, view_of};
