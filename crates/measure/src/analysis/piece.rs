//! The parts of an analysis that can be measured alone, and how much of a set is looked at for each.

use super::group::LayerGroup;
use super::plan::Plan;

/// A part of an analysis that can be measured alone, at every layer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A data set, with all its splits.
    Set(String),
    /// A pretraining and an evaluation data set together.
    Pair(String, String),
}

impl Piece {
    /// Whether it is of this data set.
    pub fn is_of(&self, dataset: &str) -> bool {
        match self {
            Self::Set(name) => name == dataset,
            Self::Pair(pre, eval) => pre == dataset || eval == dataset,
        }
    }

    /// For a reader.
    pub fn describe(&self) -> String {
        match self {
            Self::Set(name) => name.clone(),
            Self::Pair(pre, eval) => format!("{pre} with {eval}"),
        }
    }
}

/// How much of a set is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that the plan's metrics look at.
    Whole,
    /// What metrics of pairs look at.
    InPairs,
}

/// How much of the set at a place of its group is looked at for the pieces that are wanted; `None` for nothing.
pub fn part_of(group: &LayerGroup, place: usize, plan: &Plan, wants: &dyn Fn(&Piece) -> bool) -> Option<Extent> {
    if group.only_fitted(place, plan) {
        return None;
    }
    if wants(&Piece::Set(group.sets[place].subject().dataset.clone())) {
        return Some(Extent::Whole);
    }
    let mut pairs = group.pairs.iter();
    let in_pairs = pairs.any(|&(pre, eval)| [pre, eval].contains(&place) && wants(&of_pair(group, pre, eval)));
    in_pairs.then_some(Extent::InPairs)
}

/// The piece of a pair of a group.
pub fn of_pair(group: &LayerGroup, pre: usize, eval: usize) -> Piece {
    let name = |place: usize| group.sets[place].subject().dataset.clone();
    Piece::Pair(name(pre), name(eval))
}
