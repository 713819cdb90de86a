//! The small network for 28 to 64 px images.

use tch::Tensor;
use tch::nn;

use super::conv_norm::ConvNorm;
use crate::checkpoint::arch::SmallCnn;

#[derive(Debug)]
pub(super) struct Net {
    stem: ConvNorm,
    stages: Vec<[ConvNorm; 2]>,
}

impl Net {
    pub(super) fn new(path: &nn::Path, arch: &SmallCnn) -> Self {
        let stem = ConvNorm::numbered(path, 1, 3, arch.stem, [3, 1, 1]);
        let mut inputs = arch.stem;
        let mut stages = Vec::with_capacity(arch.stages.len());
        for (i, &width) in arch.stages.iter().enumerate() {
            let path = path / format!("stage{}", i + 1);
            stages.push([
                ConvNorm::numbered(&path, 1, inputs, width, [3, 2, 1]),
                ConvNorm::numbered(&path, 2, width, width, [3, 1, 1]),
            ]);
            inputs = width;
        }
        Self { stem, stages }
    }

    /// Every layer with a normalisation after it.
    pub(super) fn layers_mut(&mut self) -> impl Iterator<Item = &mut ConvNorm> {
        std::iter::once(&mut self.stem).chain(self.stages.iter_mut().flatten())
    }

    /// The map after each stage, (B, width, h, w).
    pub(super) fn stages(&self, images: &Tensor, train: bool) -> Vec<Tensor> {
        let apply = |layer: &ConvNorm, x: &Tensor| layer.forward_t(x, train).relu_();
        let mut x = apply(&self.stem, images);
        let mut maps = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            x = stage.iter().fold(x, |x, layer| apply(layer, &x));
            maps.push(x.shallow_clone());
        }
        maps
    }
}
