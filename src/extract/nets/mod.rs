//! Networks, built from what [`Arch`] and [`HeadStep`](crate::checkpoint::arch::HeadStep) describe; the same code trains and infers.
//!
//! A new network is empty: weights zero, normalisations the identity. Training calls [`initialise`]; inference copies
//! a checkpoint in with [`assign`]. Tensor names are torchvision's, below the path the network is built at.

mod head;
mod init;
mod resnet;
mod small_cnn;

use std::collections::BTreeMap;

use tch::nn::{self, ConvConfig};
use tch::{Device, Kind, Tensor};

use crate::checkpoint::arch::{Arch, ResNet, SmallCnn};
use crate::error::{Error, Result};

pub use head::Head;
pub use init::{initialise, stream};

/// Everything before the heads: images in, one row of features per image out.
#[derive(Debug)]
pub struct Backbone {
    net: Net,
}

#[derive(Debug)]
enum Net {
    SmallCnn(small_cnn::Net),
    ResNet(resnet::Net),
}

impl Backbone {
    /// An empty network of this architecture, its tensors named below `path`.
    ///
    /// # Errors
    /// For an architecture no network can be built from (a width of zero, groups that do not divide).
    pub fn new(path: &nn::Path, arch: &Arch) -> Result<Self> {
        check(arch)?;
        let net = match arch {
            Arch::SmallCnn(small) => Net::SmallCnn(small_cnn::Net::new(path, small)),
            Arch::ResNet(resnet) => Net::ResNet(resnet::Net::new(path, resnet)),
        };
        Ok(Self { net })
    }

    /// Every tap of one pass, in network order: `stage1`… (B, width), global average pooled, and `backbone`
    /// (B, width). Images are (B, 3, H, W), normalised; `train` says whether batch statistics are used and tracked.
    pub fn forward_taps(&self, images: &Tensor, train: bool) -> Vec<(String, Tensor)> {
        let maps = self.stages(images, train);
        let mut taps: Vec<_> = maps
            .iter()
            .enumerate()
            .map(|(i, map)| (format!("stage{}", i + 1), pooled(map)))
            .collect();
        // Pooling the last stage is the backbone's output in every architecture here.
        if let Some((_, last)) = taps.last() {
            let backbone = last.shallow_clone();
            taps.push(("backbone".to_owned(), backbone));
        }
        taps
    }

    /// The backbone's output only, (B, width).
    pub fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.stages(images, train).last().map_or_else(|| pooled(images), pooled)
    }

    fn stages(&self, images: &Tensor, train: bool) -> Vec<Tensor> {
        // oneDNN convolves rows of channels without reordering them first: measured 1.2 to 1.5 times as fast.
        let images = match images.device() {
            Device::Cpu => &images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]),
            _ => images,
        };
        match &self.net {
            Net::SmallCnn(net) => net.stages(images, train),
            Net::ResNet(net) => net.stages(images, train),
        }
    }
}

fn pooled(map: &Tensor) -> Tensor {
    map.mean_dim([2i64, 3].as_slice(), false, Kind::Float)
}

/// Copies a checkpoint's tensors into the network's variables. Both are named alike and have the same shapes: that is
/// checked, and every variable must be named.
///
/// # Errors
/// For a variable without a tensor or with one of another shape.
pub fn assign(vs: &nn::VarStore, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut variables: Vec<_> = vs.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, variable) in &mut variables {
        let tensor = tensors
            .get(name.as_str())
            .ok_or_else(|| Error::input(format!("tensor {name} is missing")))?;
        if tensor.size() != variable.size() {
            return Err(Error::input(format!(
                "tensor {name} has shape {:?}, expected {:?}",
                tensor.size(),
                variable.size()
            )));
        }
        tch::no_grad(|| variable.f_copy_(tensor)).map_err(|e| Error::input(format!("tensor {name}: {e}")))?;
    }
    Ok(())
}

/// An empty store for a network that is built on the CPU and moved afterwards with [`nn::VarStore::set_device`], so that
/// building is the same everywhere.
pub fn store() -> nn::VarStore {
    nn::VarStore::new(Device::Cpu)
}

/// The path below `path` with the dotted `name`: tch's own `sub` panics on a dot.
pub(crate) fn below<'a>(path: &nn::Path<'a>, name: &str) -> nn::Path<'a> {
    name.split('.').fold(path.clone(), |path, part| path.sub(part))
}

/// A square convolution without bias, padded to keep the size at stride 1; weights zero.
fn conv(
    path: &nn::Path,
    name: &str,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
) -> nn::Conv2D {
    let config = ConvConfig {
        stride: stride as i64,
        padding: (kernel / 2) as i64,
        groups: groups as i64,
        bias: false,
        ws_init: nn::Init::Const(0.0),
        ..ConvConfig::default()
    };
    nn::conv2d(below(path, name), inputs as i64, outputs as i64, kernel as i64, config)
}

/// PyTorch's batch normalisation (eps 1e-5, momentum 0.1); tch's default would draw the weights at random.
fn norm_config(affine: bool) -> nn::BatchNormConfig {
    nn::BatchNormConfig {
        affine,
        ws_init: nn::Init::Const(1.0),
        ..nn::BatchNormConfig::default()
    }
}

fn norm(path: &nn::Path, name: &str, width: usize) -> nn::BatchNorm {
    nn::batch_norm2d(below(path, name), width as i64, norm_config(true))
}

/// Refuses what no network can be built from, and what only a damaged file would ask for.
fn check(arch: &Arch) -> Result<()> {
    const WIDEST: usize = 16_384;
    let refuse = |what: &str| Err(Error::input(format!("no network can be built: {what}")));
    let wide = |w: usize| !(1..=WIDEST).contains(&w);
    match arch {
        Arch::SmallCnn(SmallCnn { stem, stages }) => {
            if stages.is_empty() || stages.len() > 8 {
                return refuse("a small CNN has 1 to 8 stages");
            }
            if wide(*stem) || stages.iter().any(|&w| wide(w)) {
                return refuse("the widths of a small CNN are 1 to 16384");
            }
        }
        Arch::ResNet(ResNet {
            layers,
            width_per_group,
            groups,
            ..
        }) => {
            if layers.iter().any(|&l| !(1..=256).contains(&l)) {
                return refuse("the stages of a ResNet have 1 to 256 blocks");
            }
            if wide(*width_per_group) || wide(*groups) || wide(512 * width_per_group / 64 * groups) {
                return refuse("the width of a bottleneck is at most 16384");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arch: &Arch) -> BTreeMap<String, Vec<i64>> {
        let vs = store();
        Backbone::new(&vs.root(), arch).unwrap();
        vs.variables()
            .into_iter()
            .map(|(name, tensor)| (name, tensor.size()))
            .collect()
    }

    #[test]
    fn variables_are_exactly_the_tensors_the_architecture_lists() {
        for name in ["small-cnn", "resnet18", "resnet18-cifar", "resnet50", "resnet50-cifar"] {
            let arch = Arch::parse(name).unwrap();
            let expected: BTreeMap<_, Vec<i64>> = arch
                .tensors()
                .into_iter()
                .map(|t| (t.name, t.shape.iter().map(|&s| s as i64).collect()))
                .collect();
            assert_eq!(names(&arch), expected, "{name}");
        }
    }

    #[test]
    fn grouped_and_wide_bottlenecks_have_the_listed_shapes() {
        for (width_per_group, groups) in [(4, 32), (128, 1)] {
            let block = crate::checkpoint::arch::Block::Bottleneck;
            let arch = Arch::ResNet(ResNet {
                block,
                layers: [1, 1, 1, 1],
                width_per_group,
                groups,
                cifar_stem: true,
            });
            let expected: BTreeMap<_, Vec<i64>> = arch
                .tensors()
                .into_iter()
                .map(|t| (t.name, t.shape.iter().map(|&s| s as i64).collect()))
                .collect();
            assert_eq!(names(&arch), expected);
        }
    }

    #[test]
    fn taps_are_those_the_architecture_lists() {
        for (name, side) in [("small-cnn", 28), ("resnet18-cifar", 32), ("resnet50", 64)] {
            let arch = Arch::parse(name).unwrap();
            let vs = store();
            let net = Backbone::new(&vs.root(), &arch).unwrap();
            let images = Tensor::zeros([2, 3, side, side], (Kind::Float, Device::Cpu));
            let taps = tch::no_grad(|| net.forward_taps(&images, false));
            let found: Vec<_> = taps
                .iter()
                .map(|(tap, t)| (tap.clone(), t.size()[1] as usize))
                .collect();
            assert_eq!(found, arch.taps(), "{name}");
            assert!(taps.iter().all(|(_, t)| t.size()[0] == 2));
            assert_eq!(taps.last().unwrap().1, tch::no_grad(|| net.forward(&images, false)));
        }
    }

    #[test]
    fn impossible_architectures_are_refused() {
        let vs = store();
        for stages in [vec![], vec![0], vec![usize::MAX]] {
            let arch = Arch::SmallCnn(SmallCnn { stem: 8, stages });
            assert!(
                Backbone::new(&vs.root(), &arch)
                    .unwrap_err()
                    .to_string()
                    .contains("small CNN")
            );
        }
    }

    #[test]
    fn assigning_checks_names_and_shapes() {
        let vs = store();
        Head::new(
            &vs.root(),
            &[crate::checkpoint::arch::HeadStep::Linear {
                inputs: 2,
                outputs: 1,
                bias: false,
            }],
        )
        .unwrap();
        let row = Tensor::from_slice(&[1.0f32, 2.0]);
        let with = |t: Tensor| BTreeMap::from([("0.weight".to_owned(), t)]);
        assert!(
            assign(&vs, &BTreeMap::new())
                .unwrap_err()
                .to_string()
                .contains("0.weight is missing")
        );
        assert!(
            assign(&vs, &with(row.shallow_clone()))
                .unwrap_err()
                .to_string()
                .contains("has shape [2], expected [1, 2]")
        );
        assign(&vs, &with(row.view([1, 2]))).unwrap();
        assert_eq!(vs.variables()["0.weight"], row.view([1, 2]));
    }
}
