//! What a manifest says beside the model, the data and the layers: the part of a data set, and what was found out while the
//! rows were written.

use serde::{Deserialize, Serialize};

/// Images that could not be decoded and were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub images: Vec<SkippedImage>,
}

/// An image that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedImage {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Images whose decoded pixels are exactly those of an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// How many.
    pub count: usize,
    /// The first of them: the earlier id, and the one that repeats it.
    pub examples: Vec<[String; 2]>,
}

/// The part of a data set that a store holds, where it does not hold all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreShard {
    /// Which one, from 1.
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// Place of its first image in the data set, from 0.
    pub first_image: usize,
    /// Images it covers, those left out included.
    pub images: usize,
}

/// How far features of a narrower precision lie from f32, measured on some rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// Rows measured: the first ones.
    pub rows: usize,
    /// One for each layer.
    pub layers: Vec<LayerDeviation>,
}

/// The deviation of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerDeviation {
    /// The layer.
    pub name: String,
    /// Largest error, as a share of the layer's largest f32 value.
    pub max_error: f64,
    /// Smallest cosine between a row and its f32 self.
    pub worst_cosine: f64,
}

impl LayerDeviation {
    /// The smallest cosine to six digits, rounded down: no row lies further off than it says.
    pub fn cosine_at_least(&self) -> f64 {
        (self.worst_cosine * 1e6).floor() / 1e6
    }
}

/// What is known of a store only when its last row is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Images that were left out.
    pub skipped: Option<Skipped>,
    /// Images that repeat an earlier one.
    pub duplicates: Option<Repeated>,
    /// Deviation of the precision.
    pub deviation: Option<Deviation>,
}

impl std::fmt::Display for StoreShard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "shard {} of {}", self.index, self.count)
    }
}
