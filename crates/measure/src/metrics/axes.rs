//! The metrics of the three axes of Wang et al. (CVPR 2022, arXiv 2112.00496), as the word `axes` selects them.

/// The word that selects all of them.
pub const AXES: &str = "axes";

/// Class variation: within classes against between them.
pub const CLASS_VARIATION: &[&str] = &["discriminative_ratio", "intra_class_distance", "inter_class_distance"];

/// Distance between the distributions of pretraining and evaluation data.
pub const DISTRIBUTION_DISTANCE: &[&str] = &["feature_mixtureness", "feature_mixtureness_scaled", "sample_mixing"];

/// Redundancy of channels.
pub const REDUNDANCY: &[&str] = &["redundancy", "redundancy_offdiagonal", "redundancy_excess"];

/// Whether metric `id` is one of an axis.
pub fn is_of_axes(id: &str) -> bool {
    [CLASS_VARIATION, DISTRIBUTION_DISTANCE, REDUNDANCY]
        .iter()
        .any(|axis| axis.contains(&id))
}
