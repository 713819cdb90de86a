//! What a metric is called and which way is good: asked of the catalogue, in one place.

use serde::{Deserialize, Serialize};

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Higher goes with good transfer.
    Higher,
    /// Lower goes with good transfer.
    Lower,
}

/// How a metric is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Short name.
    pub label: String,
    /// Unit, or empty.
    pub unit: String,
    /// What it says, in a sentence.
    pub about: String,
    /// Its formula.
    pub formula: String,
}

/// How metric `id` is presented; an id this version does not know is presented by itself.
pub fn meaning(id: &str) -> Meaning {
    let (label, about, formula) = match id {
        "intra_class_distance" => ("Intra-class distance", "Mean squared distance of a row to the mean of its class.", "D_intra = 1/C Σ_c 1/n_c Σ_{i∈c} ‖x_i − μ_c‖²"),
        "inter_class_distance" => ("Inter-class distance", "Mean squared distance between two class means.", "D_inter = 1/(C(C−1)) Σ_{j≠k} ‖μ_j − μ_k‖²"),
        "discriminative_ratio" => ("Discriminative ratio φ", "Distance between classes over the spread within them.", "φ = D_inter / D_intra"),
        "feature_mixtureness" => ("Feature mixtureness Π", "How evenly pre and eval class means are mixed among each other's neighbours.", "Π = 1 − 1/M Σ_i |t_i/k − C_eval/M|"),
        "feature_mixtureness_scaled" => ("Scaled mixtureness", "0 = fully apart, 1 = as mixed as random domain labels.", "(Π − Π_sep)/(Π_mix − Π_sep)"),
        "sample_mixing" => ("Sample mixing", "Share of the other data set among the k nearest samples over the share expected under full mixing.", "observed share / expected share"),
        "redundancy" => ("Redundancy R", "Mean absolute correlation between channels, the diagonal included.", "R = 1/d² Σ_{i,j} |ρ_ij|"),
        "redundancy_offdiagonal" => ("Off-diagonal redundancy", "Mean absolute correlation between different channels.", "mean |ρ_ij|, i ≠ j"),
        "redundancy_excess" => ("Excess redundancy", "Off-diagonal redundancy above its floor for independent channels.", "R_off − √(2/(π(N−1)))"),
        other => (other, "", ""),
    };
    Meaning { label: label.to_owned(), unit: String::new(), about: about.to_owned(), formula: formula.to_owned() }
}

/// Which way is good for metric `id` on a data set of role `pre` or `eval` (`None` where the record names none).
pub fn direction(id: &str, role: Option<&str>) -> Option<Direction> {
    match (id, role) {
        ("discriminative_ratio", Some("pre")) => Some(Direction::Lower),
        ("discriminative_ratio", Some("eval")) => Some(Direction::Higher),
        ("feature_mixtureness" | "feature_mixtureness_scaled" | "sample_mixing", _) => Some(Direction::Higher),
        ("redundancy" | "redundancy_offdiagonal" | "redundancy_excess", _) => Some(Direction::Lower),
        _ => None,
    }
}
