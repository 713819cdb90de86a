//! The small network for 28 to 64 px images.

use tch::nn::{self, ModuleT};
use tch::{Tensor, nn::Module};

use super::{conv, norm};
use crate::checkpoint::arch::SmallCnn;

/// A convolution and its normalisation.
type Layer = (nn::Conv2D, nn::BatchNorm);

#[derive(Debug)]
pub(super) struct Net {
    stem: Layer,
    stages: Vec<[Layer; 2]>,
}

impl Net {
    pub(super) fn new(path: &nn::Path, arch: &SmallCnn) -> Self {
        let stem = (conv(path, "conv1", 3, arch.stem, 3, 1, 1), norm(path, "bn1", arch.stem));
        let mut inputs = arch.stem;
        let mut stages = Vec::with_capacity(arch.stages.len());
        for (i, &width) in arch.stages.iter().enumerate() {
            let path = path / format!("stage{}", i + 1);
            stages.push([
                (conv(&path, "conv1", inputs, width, 3, 2, 1), norm(&path, "bn1", width)),
                (conv(&path, "conv2", width, width, 3, 1, 1), norm(&path, "bn2", width)),
            ]);
            inputs = width;
        }
        Self { stem, stages }
    }

    /// The map after each stage, (B, width, h, w).
    pub(super) fn stages(&self, images: &Tensor, train: bool) -> Vec<Tensor> {
        let apply = |(conv, norm): &Layer, x: &Tensor| norm.forward_t(&conv.forward(x), train).relu_();
        let mut x = apply(&self.stem, images);
        let mut maps = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            x = stage.iter().fold(x, |x, layer| apply(layer, &x));
            maps.push(x.shallow_clone());
        }
        maps
    }
}
