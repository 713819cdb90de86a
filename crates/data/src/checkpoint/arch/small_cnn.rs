//! This project's small network for 28 to 64 px images.

use serde::{Deserialize, Serialize};

use super::tensors::{Shapes, Tensors};

/// 3x3 stem (stride 1), then stages of two 3x3 convolutions each (the first with stride 2), batch-normalised, ReLU;
/// global average pooling. Tensors: `conv1`, `bn1`, `stage{i}.conv1`, `stage{i}.bn1`, `stage{i}.conv2`, `stage{i}.bn2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmallCnn {
    /// Channels of the stem.
    pub stem: usize,
    /// Channels of each stage; the last is the backbone's width.
    pub stages: Vec<usize>,
}

/// No network here has more stages.
const MOST: usize = 64;

pub(super) const ANCHORS: &str = "conv1.weight stage1.conv1.weight stage1.conv2.weight stage2.conv1.weight";

pub(super) const MODULES: &str = "conv1 bn1 stage1 stage2 stage3 stage4 stage5 stage6 stage7 stage8";

impl SmallCnn {
    pub(super) fn tensors(&self, list: &mut Tensors) {
        list.conv("conv1", self.stem, 3, 3);
        list.norm("bn1", self.stem);
        let mut inputs = self.stem;
        for (i, &width) in self.stages.iter().enumerate() {
            let stage = format!("stage{}", i + 1);
            for (j, from) in [(1, inputs), (2, width)] {
                list.conv(&format!("{stage}.conv{j}"), width, from, 3);
                list.norm(&format!("{stage}.bn{j}"), width);
            }
            inputs = width;
        }
    }
}

pub(super) fn guess(shape: Shapes) -> Option<SmallCnn> {
    let outputs = |name: &str| shape(name).and_then(|s| s.first().copied());
    let width =
        |i: usize| outputs(&format!("stage{i}.conv2.weight")).or_else(|| outputs(&format!("stage{i}.conv1.weight")));
    let next_reads = |i: usize| shape(&format!("stage{}.conv1.weight", i + 1)).and_then(|s| s.get(1).copied());
    // The highest stage counts: a lost one in between is missed later, by name.
    let count = (1..=MOST).rev().find(|&i| width(i).is_some())?;
    let stages = (1..=count)
        .map(|i| width(i).or_else(|| next_reads(i)).unwrap_or(1))
        .collect();
    let stem = outputs("bn1.weight").or_else(|| outputs("conv1.weight"))?;
    Some(SmallCnn { stem, stages })
}
