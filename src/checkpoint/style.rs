//! Key styles as tables: how a backbone's tensors, its heads and its branches are called in the files people have.
//! A new style is a new row.

use super::arch::{Arch, Block, ResNet, SmallCnn};

/// A family of backbones that one guess from names and shapes can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// [`Arch::ResNet`].
    ResNet,
    /// [`Arch::SmallCnn`].
    SmallCnn,
}

/// How one code base names a family's tensors, relative to this project's (torchvision's) names.
#[derive(Debug)]
pub(super) struct Style {
    /// What the audit calls it.
    pub(super) name: &'static str,
    /// Whose tensors it names.
    pub(super) family: Family,
    /// Other names of the first part of a tensor's name: (ours, theirs).
    leading: &'static [(&'static str, &'static str)],
    /// Other names of later parts: (ours, theirs).
    inner: &'static [(&'static str, &'static str)],
}

/// All styles; where two fit equally well the earlier row wins.
pub(super) const STYLES: &[Style] = &[
    Style {
        name: "torchvision",
        family: Family::ResNet,
        leading: &[],
        inner: &[],
    },
    Style {
        name: "featscope",
        family: Family::SmallCnn,
        leading: &[],
        inner: &[],
    },
    // nn.Sequential(*list(resnet.children())[:-1]), as in lightly and many SimCLR ports.
    Style {
        name: "torchvision, children in a Sequential",
        family: Family::ResNet,
        leading: &[
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "4"),
            ("layer2", "5"),
            ("layer3", "6"),
            ("layer4", "7"),
        ],
        inner: &[],
    },
    // The CIFAR ResNets without max pooling leave one child out.
    Style {
        name: "torchvision, children in a Sequential without pooling",
        family: Family::ResNet,
        leading: &[
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "3"),
            ("layer2", "4"),
            ("layer3", "5"),
            ("layer4", "6"),
        ],
        inner: &[],
    },
    // lightly's own ResNets have neither the activation nor the pooling among their children.
    Style {
        name: "lightly",
        family: Family::ResNet,
        leading: &[
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "2"),
            ("layer2", "3"),
            ("layer3", "4"),
            ("layer4", "5"),
        ],
        inner: &[],
    },
    // The widespread CIFAR ports.
    Style {
        name: "shortcut",
        family: Family::ResNet,
        leading: &[],
        inner: &[("downsample", "shortcut")],
    },
];

/// A name for the side of a two-branch method, by a part of the prefix.
#[derive(Debug)]
pub(super) struct Branch {
    /// What users pass to `--branch`.
    pub(super) name: &'static str,
    /// Parts of a prefix that mean it.
    pub(super) parts: &'static [&'static str],
    /// Whether it belongs to self-supervised training, so that a single linear layer after it projects, not classifies.
    pub(super) self_supervised: bool,
}

/// All branches, in the order `auto` prefers them; a prefix that names none comes first.
pub(super) const BRANCHES: &[Branch] = &[
    Branch {
        name: "query",
        parts: &["encoder_q", "query_encoder"],
        self_supervised: true,
    },
    Branch {
        name: "online",
        parts: &["online_encoder", "online_network", "online_net", "online"],
        self_supervised: true,
    },
    Branch {
        name: "teacher",
        parts: &["teacher", "teacher_encoder"],
        self_supervised: true,
    },
    Branch {
        name: "student",
        parts: &["student", "student_encoder"],
        self_supervised: true,
    },
    Branch {
        name: "base",
        parts: &["base_encoder"],
        self_supervised: true,
    },
    Branch {
        name: "ema",
        parts: &["model_ema", "state_dict_ema", "ema", "ema_model"],
        self_supervised: false,
    },
    Branch {
        name: "key",
        parts: &["encoder_k", "key_encoder"],
        self_supervised: true,
    },
    Branch {
        name: "target",
        parts: &["target_encoder", "target_network", "target_net", "target"],
        self_supervised: true,
    },
    Branch {
        name: "momentum",
        parts: &["momentum_encoder", "momentum_backbone", "backbone_momentum"],
        self_supervised: true,
    },
];

/// Where heads are found: names of modules beside or below the backbone.
#[derive(Debug)]
pub(super) struct Place {
    /// Name, possibly dotted.
    pub(super) name: &'static str,
    /// Whether the name alone says that it is no classifier.
    pub(super) sure: bool,
    /// The activation that a gap in the numbering stands for.
    pub(super) gelu: bool,
}

const fn place(name: &'static str, sure: bool) -> Place {
    Place {
        name,
        sure,
        gelu: false,
    }
}

/// Projectors, in the order they are looked for.
pub(super) const PROJECTORS: &[Place] = &[
    place("projector", true),
    place("projection_head", true),
    place("projection_mlp", true),
    place("projection", true),
    place("proj_head", true),
    place("contrastive_head", true),
    Place {
        name: "head.mlp",
        sure: true,
        gelu: true,
    },
    place("neck", true),
    place("mlp", true),
    place("head", false),
    place("fc", false),
];

/// Classifiers, in the order they are looked for.
pub(super) const CLASSIFIERS: &[&str] = &[
    "classifier",
    "fc",
    "linear",
    "head.fc",
    "head",
    "cls_head.fc",
    "cls_head",
];

/// Block counts with a name, smallest network first.
const BASIC_LAYERS: &[[usize; 4]] = &[[1, 1, 1, 1], [2, 2, 2, 2], [3, 4, 6, 3]];
const BOTTLENECK_LAYERS: &[[usize; 4]] = &[[1, 1, 1, 1], [2, 2, 2, 2], [3, 4, 6, 3], [3, 4, 23, 3], [3, 8, 36, 3]];

/// No network here has more blocks in a stage, or stages.
const MOST: usize = 64;

impl Style {
    /// The name this style gives to one of our tensors.
    pub(super) fn rename(&self, ours: &str) -> String {
        let mut parts = ours.split('.');
        let first = parts.next().unwrap_or("");
        let mut name = replaced(self.leading, first);
        for part in parts {
            name.push('.');
            name.push_str(&replaced(self.inner, part));
        }
        name
    }

    /// Names (ours) that the search looks for at the end of the file's names. Several, so that one lost tensor does not
    /// hide a network.
    pub(super) fn anchors(&self) -> &'static [&'static str] {
        match self.family {
            Family::ResNet => &[
                "conv1.weight",
                "bn1.running_mean",
                "layer1.0.conv1.weight",
                "layer2.0.conv2.weight",
                "layer4.0.conv1.weight",
            ],
            Family::SmallCnn => &[
                "conv1.weight",
                "stage1.conv1.weight",
                "stage1.conv2.weight",
                "stage2.conv1.weight",
            ],
        }
    }

    /// The architecture that the tensors seen through `shape` (by our names) come closest to; `None` where they are none
    /// of this family's.
    pub(super) fn guess(&self, shape: impl Fn(&str) -> Option<Vec<usize>>) -> Option<Arch> {
        match self.family {
            Family::ResNet => guess_resnet(shape),
            Family::SmallCnn => guess_small_cnn(shape),
        }
    }

    /// Whether a name (as this style spells it, without prefix) lies inside the backbone's own modules.
    pub(super) fn inside(&self, theirs: &str) -> bool {
        let first = theirs.split('.').next().unwrap_or("");
        let ours: &[&str] = match self.family {
            Family::ResNet => &["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "layer5"],
            Family::SmallCnn => &[
                "conv1", "bn1", "stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage7", "stage8",
            ],
        };
        ours.iter().any(|o| replaced(self.leading, o) == first)
    }
}

fn replaced(table: &[(&'static str, &'static str)], part: &str) -> String {
    table
        .iter()
        .find(|(ours, _)| *ours == part)
        .map_or(part, |(_, theirs)| theirs)
        .to_owned()
}

fn guess_resnet(shape: impl Fn(&str) -> Option<Vec<usize>>) -> Option<Arch> {
    let mut layers = [0; 4];
    for (stage, count) in layers.iter_mut().enumerate() {
        // The highest block counts, so that a lost or renamed one in between is missed later, by name.
        *count = (0..MOST)
            .rev()
            .find(|b| {
                ["conv1.weight", "conv2.weight", "bn1.weight"]
                    .iter()
                    .any(|t| shape(&format!("layer{}.{b}.{t}", stage + 1)).is_some())
            })
            .map_or(0, |b| b + 1);
    }
    if layers.iter().sum::<usize>() == 0 {
        return None;
    }
    let bottleneck = (1..=4).any(|stage| shape(&format!("layer{stage}.0.conv3.weight")).is_some());
    let (block, named) = if bottleneck {
        (Block::Bottleneck, BOTTLENECK_LAYERS)
    } else {
        (Block::Basic, BASIC_LAYERS)
    };
    // Snapped to a network with a name: one that lost a block is a damaged ResNet-18, not a whole "ResNet-16".
    let layers = *named
        .iter()
        .rev()
        .min_by_key(|n| n.iter().zip(&layers).map(|(a, b)| a.abs_diff(*b)).sum::<usize>())?;
    let kernel = shape("conv1.weight").and_then(|s| s.last().copied()).unwrap_or(7);
    let (width_per_group, groups) = bottleneck
        .then(|| bottleneck_width(&shape))
        .flatten()
        .unwrap_or((64, 1));
    Some(Arch::ResNet(ResNet {
        block,
        layers,
        width_per_group,
        groups,
        cifar_stem: kernel == 3,
    }))
}

/// (width per group, groups) of the first bottleneck: torchvision's `width = planes * width_per_group / 64 * groups`
/// with 64 planes.
fn bottleneck_width(shape: impl Fn(&str) -> Option<Vec<usize>>) -> Option<(usize, usize)> {
    let middle = shape("layer1.0.conv2.weight")?;
    let [width, per_group, 3, 3] = middle[..] else {
        return None;
    };
    (per_group > 0 && width >= per_group && width % per_group == 0).then_some((per_group, width / per_group))
}

fn guess_small_cnn(shape: impl Fn(&str) -> Option<Vec<usize>>) -> Option<Arch> {
    let outputs = |name: &str| shape(name).and_then(|s| s.first().copied());
    let width =
        |i: usize| outputs(&format!("stage{i}.conv2.weight")).or_else(|| outputs(&format!("stage{i}.conv1.weight")));
    let next_reads = |i: usize| shape(&format!("stage{}.conv1.weight", i + 1)).and_then(|s| s.get(1).copied());
    // As above: a lost stage in between is missed later, by name.
    let count = (1..=MOST).rev().find(|&i| width(i).is_some())?;
    let stages = (1..=count)
        .map(|i| width(i).or_else(|| next_reads(i)).unwrap_or(1))
        .collect();
    let stem = outputs("bn1.weight").or_else(|| outputs("conv1.weight"))?;
    Some(Arch::SmallCnn(SmallCnn { stem, stages }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess_from(style: &Style, arch: &Arch) -> Option<Arch> {
        let tensors = arch.tensors();
        style.guess(|name| tensors.iter().find(|t| t.name == name).map(|t| t.shape.clone()))
    }

    #[test]
    fn every_architecture_is_guessed_from_its_own_tensors() {
        let names = [
            "resnet18",
            "resnet34",
            "resnet50",
            "resnet101",
            "resnet152",
            "resnet18-cifar",
            "resnet50-cifar",
        ];
        for name in names {
            let arch = Arch::parse(name).unwrap();
            assert_eq!(guess_from(&STYLES[0], &arch), Some(arch));
        }
        let resnet = |width_per_group, groups| {
            Arch::ResNet(ResNet {
                block: Block::Bottleneck,
                layers: [3, 4, 6, 3],
                width_per_group,
                groups,
                cifar_stem: false,
            })
        };
        for arch in [resnet(128, 1), resnet(4, 32)] {
            assert_eq!(guess_from(&STYLES[0], &arch), Some(arch));
        }
        let small = Arch::SmallCnn(SmallCnn {
            stem: 8,
            stages: vec![16, 24, 40],
        });
        assert_eq!(guess_from(&STYLES[1], &small), Some(small.clone()));
        assert_eq!(guess_from(&STYLES[0], &small), None);
    }

    #[test]
    fn styles_rename_whole_parts_only() {
        assert_eq!(STYLES[2].rename("layer1.0.conv1.weight"), "4.0.conv1.weight");
        assert_eq!(STYLES[2].rename("conv1.weight"), "0.weight");
        assert_eq!(
            STYLES[5].rename("layer2.0.downsample.1.bias"),
            "layer2.0.shortcut.1.bias"
        );
        assert!(STYLES[2].inside("7.2.conv4.weight") && !STYLES[2].inside("8.weight"));
    }
}
