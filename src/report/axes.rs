//! The three axes of the seed paper, as a reader is told them.

use crate::metrics::axes;

/// One axis: what it asks, and the metrics that answer.
pub struct Axis {
    /// Stem of its table files.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What it measures, which way is good and why, in a sentence or two.
    pub about: &'static str,
    /// The metric that stands for the axis.
    pub primary: &'static str,
    /// All its metrics, the primary one first.
    pub metrics: &'static [&'static str],
}

/// The three axes (Wang et al., CVPR 2022, arXiv 2112.00496).
pub const AXES: [Axis; 3] = [
    Axis {
        id: "class-variation",
        title: "Class variation",
        about: "How far apart the classes lie, measured against the spread inside them. On the pretraining data a low ratio means that the features kept the variation inside a class instead of collapsing it, which goes with good transfer; on the evaluation data a high ratio means that the new classes already lie apart.",
        primary: "discriminative_ratio",
        metrics: axes::CLASS_VARIATION,
    },
    Axis {
        id: "distribution-distance",
        title: "Distance between the distributions",
        about: "How well the classes of the pretraining and of the evaluation data are mixed in feature space. Higher means that the evaluation data lie among the pretraining data, where the model has learned to see, instead of in a place of their own; that goes with good transfer.",
        primary: "feature_mixtureness",
        metrics: axes::DISTRIBUTION_DISTANCE,
    },
    Axis {
        id: "redundancy",
        title: "Redundancy",
        about: "How much the channels repeat each other: their mean absolute correlation. Lower means that more channels say something of their own, which goes with good transfer.",
        primary: "redundancy",
        metrics: axes::REDUNDANCY,
    },
];
