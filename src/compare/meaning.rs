//! What a metric is called and which way is good, as the catalogue has it.

use serde::{Deserialize, Serialize};

use crate::features::Role;
use crate::metrics::probes::SUITE_LOG_ODDS;
use crate::metrics::{Better, find};

/// The chance of one false verdict that is put up with.
pub const LEVEL: f64 = 0.05;

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Higher goes with good transfer.
    Higher,
    /// Lower goes with good transfer.
    Lower,
}

impl Direction {
    /// As tables name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }

    /// The factor that makes a larger value the better one; 1 where it is not known which way is good.
    pub(super) fn sign(direction: Option<Self>) -> f64 {
        match direction {
            Some(Self::Lower) => -1.0,
            _ => 1.0,
        }
    }
}

/// The name of metric `id` in tables; an id this version does not know is its own name.
pub fn label(id: &str) -> &str {
    if id == SUITE_LOG_ODDS {
        return "Mean log-odds";
    }
    find(id).map_or(id, |metric| metric.label)
}

/// A data set with its split, where it has one: `animals (test)`.
pub fn with_split(dataset: &str, split: &str) -> String {
    match split {
        "" => dataset.to_owned(),
        split => format!("{dataset} ({split})"),
    }
}

/// Which way is good for metric `id` on a data set of this role; `None` where that depends on a role the
/// record does not name, or on what is compared.
pub fn direction(id: &str, role: Option<Role>) -> Option<Direction> {
    if id == SUITE_LOG_ODDS {
        return Some(Direction::Higher);
    }
    match (find(id)?.better, role) {
        (Better::Higher, _) | (Better::LowerOnPreHigherOnEval | Better::HigherOnEval, Some(Role::Eval)) => {
            Some(Direction::Higher)
        }
        (Better::Lower, _) | (Better::LowerOnPreHigherOnEval, Some(Role::Pre)) => Some(Direction::Lower),
        (Better::LowerOnPreHigherOnEval | Better::HigherOnEval | Better::Neither, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_decides_where_the_catalogue_says_so() {
        assert_eq!(
            direction("discriminative_ratio", Some(Role::Pre)),
            Some(Direction::Lower)
        );
        assert_eq!(
            direction("discriminative_ratio", Some(Role::Eval)),
            Some(Direction::Higher)
        );
        assert_eq!(direction("discriminative_ratio", None), None);
        // An accuracy is never the better for being lower.
        assert_eq!(direction("nc4_ncc_agreement", Some(Role::Pre)), None);
        assert_eq!(
            direction("nc4_ncc_agreement", Some(Role::Eval)),
            Some(Direction::Higher)
        );
        assert_eq!(direction("redundancy", None), Some(Direction::Lower));
        assert_eq!(direction("intra_class_distance", Some(Role::Pre)), None);
        assert_eq!(
            (direction("no_such_metric", None), label("no_such_metric")),
            (None, "no_such_metric")
        );
    }
}
