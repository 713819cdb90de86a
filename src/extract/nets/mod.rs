//! Networks, built from what [`Arch`] and [`HeadStep`](crate::checkpoint::arch::HeadStep) describe; the same code trains and infers.
//!
//! A new network is empty: weights zero, normalisations the identity. Training calls [`initialise`]; inference copies
//! a checkpoint in with [`assign`]. Tensor names are torchvision's, below the path the network is built at.

mod attention_pool;
mod cnn;
mod conv_norm;
mod head;
mod init;
mod map_pool;
mod resnet;
mod small_cnn;
mod swin;
mod vit;
mod vit_block;
mod vit_positions;

use std::collections::BTreeMap;

use tch::nn::{self, ConvConfig};
use tch::{Device, Kind, Tensor};

use crate::checkpoint::arch::{Arch, ResNet, SmallCnn, Vit};
use crate::error::{Error, Result};

use conv_norm::ConvNorm;
pub use head::Head;
pub use init::{initialise, stream};

/// Everything before the heads: images in, one row of features per image out.
#[derive(Debug)]
pub struct Backbone {
    net: Family,
}

#[derive(Debug)]
enum Family {
    SmallCnn(small_cnn::Net),
    Cnn(cnn::Net),
    ResNet(resnet::Net),
    Vit(Box<vit::Net>),
    Swin(Box<swin::Net>),
}

/// One pass through a backbone.
#[derive(Debug)]
pub struct Pass {
    /// Every tap in network order, `stage1`… or `block1`… and `backbone`, each (B, width) in f32.
    pub taps: Vec<(String, Tensor)>,
    /// What the network's own heads read, (B, width): the backbone's output, whatever pooling was asked for.
    pub features: Tensor,
    /// What a transformer pools itself, (B, width) in f32, where it has a part of its own for that.
    pub pooler: Option<Tensor>,
}

impl Backbone {
    /// An empty network of this architecture, its tensors named below `path`.
    ///
    /// # Errors
    /// For an architecture no network can be built from (a width of zero, groups that do not divide).
    pub fn new(path: &nn::Path, arch: &Arch) -> Result<Self> {
        check(arch)?;
        let net = match arch {
            Arch::SmallCnn(small) => Family::SmallCnn(small_cnn::Net::new(path, small)),
            Arch::ResNet(resnet) => Family::ResNet(resnet::Net::new(path, resnet)),
            Arch::Cnn(cnn) => Family::Cnn(cnn::Net::new(path, &cnn.plan())),
            Arch::Vit(vit) => Family::Vit(Box::new(vit::Net::new(path, vit))),
            Arch::Swin(swin) => Family::Swin(Box::new(swin::Net::new(path, swin))),
        };
        Ok(Self { net })
    }

    /// Makes it ready to infer and no longer to train: normalisations become part of the convolutions they follow.
    pub fn fold(&mut self) {
        match &mut self.net {
            Family::SmallCnn(net) => net.layers_mut().for_each(ConvNorm::fold),
            Family::ResNet(net) => net.layers_mut().for_each(ConvNorm::fold),
            Family::Cnn(net) => net.fold(),
            Family::Swin(_) | Family::Vit(_) => {}
        }
    }

    /// One pass over images (B, 3, H, W), normalised. Maps are averaged over their positions, tokens pooled as the
    /// architecture says; `train` says whether batch statistics are used and tracked.
    pub fn pass(&self, images: &Tensor, train: bool) -> Pass {
        let (name, rows, features, pooler) = match self.maps(images, train) {
            Some(maps) => {
                let mut rows: Vec<Tensor> = maps.iter().map(pooled).collect();
                // Pooling the last stage is a convolutional network's output.
                rows.extend(maps.last().map(pooled));
                let features = rows.last().map_or_else(|| pooled(images), Tensor::shallow_clone);
                ("stage", rows, features, None)
            }
            None => {
                let vit::Rows { rows, own, pooler } = self.rows(images, train);
                let name = if matches!(self.net, Family::Cnn(_) | Family::Swin(_)) {
                    "stage"
                } else {
                    "block"
                };
                (name, rows, own, pooler)
            }
        };
        let end = rows.len().saturating_sub(1);
        let named = |(i, row): (usize, Tensor)| match i == end {
            true => ("backbone".to_owned(), row.to_kind(Kind::Float)),
            false => (format!("{name}{}", i + 1), row.to_kind(Kind::Float)),
        };
        Pass {
            taps: rows.into_iter().enumerate().map(named).collect(),
            features,
            pooler: pooler.map(|rows| rows.to_kind(Kind::Float)),
        }
    }

    /// What the network's own heads read, (B, width).
    pub fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        match self.maps(images, train) {
            Some(maps) => maps.last().map_or_else(|| pooled(images), pooled),
            None => self.rows(images, train).own,
        }
    }

    /// The map after each stage of a convolutional network whose output is the mean of the last.
    fn maps(&self, images: &Tensor, train: bool) -> Option<Vec<Tensor>> {
        match &self.net {
            Family::SmallCnn(net) => Some(net.stages(&rows_of_channels(images), train)),
            Family::ResNet(net) => Some(net.stages(&rows_of_channels(images), train)),
            Family::Cnn(_) | Family::Vit(_) | Family::Swin(_) => None,
        }
    }

    /// The rows of the other networks: every tap's, and what their own heads read.
    fn rows(&self, images: &Tensor, train: bool) -> vit::Rows {
        let (rows, own) = match &self.net {
            Family::Vit(net) => return net.rows(images),
            Family::Swin(net) => net.rows(images),
            Family::Cnn(net) => return net.rows(&rows_of_channels(images), train),
            Family::SmallCnn(_) | Family::ResNet(_) => (Vec::new(), pooled(images)),
        };
        vit::Rows {
            rows,
            own,
            pooler: None,
        }
    }
}

/// The same images, or kernels, laid out with the channels of a position side by side: oneDNN convolves them without
/// reordering them first, measured 1.2 to 1.5 times as fast; cuDNN has its fastest kernels for them.
pub fn rows_of_channels(images: &Tensor) -> Tensor {
    images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
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
    let config = conv_config(kernel, stride, groups);
    nn::conv2d(below(path, name), inputs as i64, outputs as i64, kernel as i64, config)
}

fn conv_config(kernel: usize, stride: usize, groups: usize) -> ConvConfig {
    ConvConfig {
        stride: stride as i64,
        padding: (kernel / 2) as i64,
        groups: groups as i64,
        bias: false,
        ws_init: nn::Init::Const(0.0),
        ..ConvConfig::default()
    }
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
        Arch::Cnn(cnn) => {
            if cnn.plan().stages.is_empty() {
                return refuse(&format!("{:?} is the name of none", cnn.name));
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
        Arch::Swin(swin) => {
            let stages = swin.depths.len();
            let listed = [&swin.heads, &swin.windows, &swin.pretrained]
                .iter()
                .all(|list| list.len() == stages);
            if !(1..=8).contains(&stages) || !listed || swin.depths.iter().any(|d| !(1..=256).contains(d)) {
                return refuse("a Swin has 1 to 8 stages of 1 to 256 blocks, each with heads and a window");
            }
            let heads = swin.widths().into_iter().zip(&swin.heads);
            if wide(swin.width << stages) || heads.into_iter().any(|(w, h)| *h == 0 || !w.is_multiple_of(*h)) {
                return refuse("the width of a Swin's stages is at most 16384 and a multiple of their attention heads");
            }
            if swin.windows.iter().any(|w| !(1..=64).contains(w)) || wide(swin.patch) || !(1..=16).contains(&swin.ratio)
            {
                return refuse("the windows of a Swin are of 1 to 64 positions a side");
            }
        }
        Arch::Vit(
            vit @ Vit {
                width,
                depth,
                heads,
                patch,
                grid,
                hidden,
                registers,
                ..
            },
        ) => {
            if wide(*width) || wide(*hidden) || wide(*patch) || wide(*heads) || !width.is_multiple_of(*heads) {
                return refuse("the width of a transformer is 1 to 16384 and a multiple of its attention heads");
            }
            if vit.rotary.is_some() && vit.head_width() % 4 != 0 {
                return refuse("heads whose channels are turned by row and column have a multiple of 4 of them");
            }
            if vit.relative.is_some() && (!vit.class_token || *registers > 0) {
                return refuse("biases by distance are for a class token and patches");
            }
            if !(1..=256).contains(depth) || !(1..=1024).contains(grid) || *registers > 1024 {
                return refuse("a transformer has 1 to 256 blocks and at most 1024 patches a side");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::arch::{FinalNorm, Pooling, Relative, Rotary};

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
        let mut archs: Vec<Arch> = [
            "small-cnn",
            "resnet18",
            "resnet18-cifar",
            "resnet50",
            "resnet50-cifar",
            "wide_resnet50_2",
            "resnext50_32x4d",
            "vgg11",
            "vgg11_bn",
            "mobilenet_v2",
            "mobilenet_v3_small",
            "efficientnet_b0",
            "efficientnet_v2_s",
            "regnet_y_400mf",
            "tf_efficientnetv2_b0",
            "efficientnet_es",
            "mobilenetv3_small_050",
            "regnety_002",
            "densenet121",
            "convnext_tiny",
            "clip_rn_width8_depths1-2-1-1_heads4_64",
            "vit_tiny_patch16_224",
            "vit_width64_depth2_patch4_reg3_32",
        ]
        .map(|name| Arch::parse(name).unwrap())
        .into();
        let Arch::Vit(vit) = Arch::parse("vit_width64_depth2_patch4_32").unwrap() else {
            unreachable!()
        };
        archs.push(Arch::Vit(Vit {
            class_token: false,
            placed: 0,
            qkv_bias: false,
            layer_scale: true,
            swiglu: true,
            norm: FinalNorm::Pooled,
            ..vit.clone()
        }));
        archs.push(Arch::Vit(Vit {
            patch_bias: false,
            pre_norm: true,
            attention_pool: true,
            ..vit.clone()
        }));
        archs.push(Arch::Vit(Vit {
            absolute: false,
            rotary: Some(Rotary::Centred {
                base: 100,
                periods: true,
            }),
            masked_bias: true,
            pooler: Some(24),
            ..vit.clone()
        }));
        archs.push(Arch::Vit(Vit {
            relative: Some(Relative::Own),
            split_bias: true,
            qkv_bias: false,
            attn_norm: true,
            mlp_norm: true,
            ..vit.clone()
        }));
        archs.push(Arch::Vit(Vit {
            relative: Some(Relative::Shared),
            ..vit
        }));
        for arch in archs {
            let expected: BTreeMap<_, Vec<i64>> = arch
                .tensors()
                .into_iter()
                .map(|t| (t.name, t.shape.iter().map(|&s| s as i64).collect()))
                .collect();
            assert_eq!(names(&arch), expected, "{}", arch.name());
        }
    }

    #[test]
    fn taps_are_those_the_architecture_lists() {
        let both = |name: &str| match Arch::parse(name).unwrap() {
            Arch::Vit(vit) => Arch::Vit(Vit {
                pooling: Pooling::Both,
                ..vit
            }),
            other => other,
        };
        for (name, side) in [
            ("small-cnn", 28),
            ("resnet18-cifar", 32),
            ("resnet50", 64),
            ("clip_rn_width8_depths1-2-1-1_heads4_64", 96),
            ("vit_tiny_patch16_64", 96),
            ("vit_width64_depth2_patch8_reg3_32", 32),
        ] {
            let arch = both(name);
            let vs = store();
            let net = Backbone::new(&vs.root(), &arch).unwrap();
            let images = Tensor::zeros([2, 3, side, side], (Kind::Float, Device::Cpu));
            let Pass { taps, features, .. } = tch::no_grad(|| net.pass(&images, false));
            let found: Vec<_> = taps
                .iter()
                .map(|(tap, t)| (tap.clone(), t.size()[1] as usize))
                .collect();
            assert_eq!(found, arch.taps(), "{name}");
            assert!(taps.iter().all(|(_, t)| t.size()[0] == 2));
            assert_eq!(features.size()[1] as usize, arch.head_input());
            assert_eq!(features, tch::no_grad(|| net.forward(&images, false)));
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
