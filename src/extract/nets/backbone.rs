//! Everything before the heads, of any architecture.

use tch::nn;
use tch::{Kind, Tensor};

use super::bounds::check;
use super::conv_norm::ConvNorm;
use super::feature_maps::{pooled, rows_of_channels};
use super::{cnn, resnet, small_cnn, swin, vit};
use crate::checkpoint::arch::Arch;
use crate::error::Result;

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
                let vit::VitRows { rows, own, pooler } = self.rows(images, train);
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
    fn rows(&self, images: &Tensor, train: bool) -> vit::VitRows {
        let (rows, own) = match &self.net {
            Family::Vit(net) => return net.rows(images),
            Family::Swin(net) => net.rows(images),
            Family::Cnn(net) => return net.rows(&rows_of_channels(images), train),
            Family::SmallCnn(_) | Family::ResNet(_) => (Vec::new(), pooled(images)),
        };
        vit::VitRows {
            rows,
            own,
            pooler: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tch::Device;

    use super::super::weights::store;
    use super::*;
    use crate::checkpoint::arch::{FinalNorm, Pooling, Relative, Rotary, SmallCnn, Vit};

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
            ..vit.clone()
        }));
        archs.push(Arch::Vit(Vit {
            class_token: false,
            placed: 0,
            registers: 5,
            summary: vec![0, 2],
            norm: FinalNorm::Absent,
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
    fn networks_of_every_kind_run_in_narrower_precision() {
        for (name, side) in [
            ("small-cnn", 28),
            ("resnet18-cifar", 32),
            ("mobilenet_v3_small", 64),
            ("mobilenetv3_small_050", 64),
            ("efficientnet_b0", 64),
            ("regnet_y_400mf", 64),
            ("densenet121", 64),
            ("convnext_tiny", 64),
            ("clip_rn_width8_depths1-2-1-1_heads4_64", 64),
            ("vit_width64_depth2_patch8_reg3_32", 32),
        ] {
            let arch = Arch::parse(name).unwrap();
            let mut vs = store();
            let net = Backbone::new(&vs.root(), &arch).unwrap();
            vs.bfloat16();
            let images = Tensor::zeros([2, 3, side, side], (Kind::BFloat16, Device::Cpu));
            let taps = tch::no_grad(|| net.pass(&images, false)).taps;
            assert!(taps.iter().all(|(_, rows)| rows.kind() == Kind::Float), "{name}");
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
}
