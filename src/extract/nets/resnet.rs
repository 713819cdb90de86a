//! ResNet (He et al. 2016), wide and grouped, as torchvision builds it: the stride sits on a bottleneck's 3x3.

use tch::Tensor;
use tch::nn::{self, ConvConfig};

use super::conv_norm::ConvNorm;
use super::layers::{conv, conv_config, norm};
use crate::checkpoint::arch::{ResNet, ResidualBlock};

#[derive(Debug)]
pub(super) struct Net {
    stem: ConvNorm,
    activation: bool,
    max_pool: bool,
    stages: Vec<Vec<Residual>>,
}

#[derive(Debug)]
struct Residual {
    /// The main branch; ReLU between its layers, none after the last.
    layers: Vec<ConvNorm>,
    downsample: Option<ConvNorm>,
}

impl Residual {
    fn new(path: &nn::Path, arch: &ResNet, planes: usize, inputs: usize, stride: usize) -> Self {
        let outputs = planes * arch.block.expansion();
        // (inputs, outputs, kernel, stride, groups) of each convolution.
        let plan = match arch.block {
            ResidualBlock::Basic => vec![(inputs, planes, 3, stride, 1), (planes, planes, 3, 1, 1)],
            ResidualBlock::Bottleneck => {
                let width = planes * arch.width_per_group / 64 * arch.groups;
                vec![
                    (inputs, width, 1, 1, 1),
                    (width, width, 3, stride, arch.groups),
                    (width, outputs, 1, 1, 1),
                ]
            }
        };
        let layers = plan
            .into_iter()
            .zip(1..)
            .map(|((i, o, kernel, stride, groups), at)| ConvNorm::numbered(path, at, i, o, [kernel, stride, groups]))
            .collect();
        let downsample = (stride != 1 || inputs != outputs).then(|| {
            ConvNorm::new(
                conv(path, "downsample.0", inputs, outputs, 1, stride, 1),
                norm(path, "downsample.1", outputs),
            )
        });
        Self { layers, downsample }
    }

    fn forward(&self, x: &Tensor, train: bool) -> Tensor {
        let mut y = x.shallow_clone();
        for (i, layer) in self.layers.iter().enumerate() {
            y = layer.forward_t(&y, train);
            if i + 1 < self.layers.len() {
                y = y.relu_();
            }
        }
        match &self.downsample {
            Some(layer) => (y + layer.forward_t(x, train)).relu_(),
            None => (y + x).relu_(),
        }
    }
}

impl Net {
    pub(super) fn new(path: &nn::Path, arch: &ResNet) -> Self {
        let (kernel, stride) = if arch.cifar_stem { (3, 1) } else { (7, 2) };
        let config = ConvConfig {
            padding: arch.padding() as i64,
            ..conv_config(kernel, stride, 1)
        };
        let stem = ConvNorm::new(
            nn::conv2d(path / "conv1", 3, 64, kernel as i64, config),
            norm(path, "bn1", 64),
        );
        let mut inputs = 64;
        let mut stages = Vec::with_capacity(arch.layers.len());
        for (stage, &blocks) in arch.layers.iter().enumerate() {
            let planes = 64 << stage;
            let path = path / format!("layer{}", stage + 1);
            let mut residuals = Vec::with_capacity(blocks);
            for block in 0..blocks {
                let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                residuals.push(Residual::new(&(&path / block), arch, planes, inputs, stride));
                inputs = planes * arch.block.expansion();
            }
            stages.push(residuals);
        }
        Self {
            stem,
            activation: !arch.bare_stem,
            max_pool: !arch.cifar_stem,
            stages,
        }
    }

    /// Every layer with a normalisation after it.
    pub(super) fn layers_mut(&mut self) -> impl Iterator<Item = &mut ConvNorm> {
        let residuals = self.stages.iter_mut().flatten();
        let inner = residuals.flat_map(|residual| residual.layers.iter_mut().chain(&mut residual.downsample));
        std::iter::once(&mut self.stem).chain(inner)
    }

    /// The map after each stage, (B, width, h, w).
    pub(super) fn stages(&self, images: &Tensor, train: bool) -> Vec<Tensor> {
        let mut x = self.stem.forward_t(images, train);
        if self.activation {
            x = x.relu_();
        }
        if self.max_pool {
            x = x.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false);
        }
        let mut maps = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            for residual in stage {
                x = residual.forward(&x, train);
            }
            maps.push(x.shallow_clone());
        }
        maps
    }
}
