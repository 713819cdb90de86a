//! How code bases name a backbone's tensors, as a table: rules from this project's names to theirs. A new naming is a
//! new row.

mod encoders;
mod hierarchies;
mod transformers;

use super::arch::Family;
pub(super) use encoders::{DINOV3_NAME, OPEN_CLIP_NAME};
pub(super) use transformers::Layout;

/// How one code base names a family's tensors.
#[derive(Debug)]
pub(super) struct Naming {
    /// What the audit calls it.
    pub(super) name: &'static str,
    /// Whose tensors it names.
    pub(super) family: Family,
    /// Beginnings of names, ours and theirs, in whole parts; the first that fits is used. `*` stands for one part, and is
    /// carried over in order; `?` in theirs is a number that only the file tells, and `{a,b,c}` stands for tensors that are
    /// joined along their first axis.
    rules: &'static [&'static [Rule]],
    /// Which of transformers' layouts it is, where it is one.
    pub(super) layout: Option<Layout>,
    /// The tensor below the network's prefix that its rows are multiplied by to meet those of texts.
    pub(super) projection: Option<&'static str>,
    /// Tensors inside the network's own modules, by their names or after `*` by their ends, that play no part in its features.
    idle: &'static [&'static str],
    /// Our tensors that the files keep without as many of their leading axes, all of length one.
    bare: &'static [(&'static str, usize)],
    /// Our tensors, by how their names end, that the files keep in another form.
    forms: &'static [(&'static str, Form)],
}

/// How the axes of length one of a tensor differ in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// There are none behind the first axis.
    Flat,
    /// There are so many more before the first.
    Before(usize),
}

/// The beginning of a name: ours, theirs.
type Rule = (&'static str, &'static str);

const fn naming(name: &'static str, family: Family, rules: &'static [&'static [Rule]]) -> Naming {
    Naming {
        name,
        family,
        rules,
        layout: None,
        projection: None,
        idle: &["*.relative_position_index"],
        bare: &[],
        forms: &[],
    }
}

/// No `?` stands for a higher number.
const MOST: usize = 64;

/// torchvision's transformers but for their MLPs, which have been renamed.
const TORCHVISION_VIT: &[Rule] = &[
    ("cls_token", "class_token"),
    ("pos_embed", "encoder.pos_embedding"),
    ("patch_embed.proj", "conv_proj"),
    ("blocks.*.norm1", "encoder.layers.encoder_layer_*.ln_1"),
    ("blocks.*.norm2", "encoder.layers.encoder_layer_*.ln_2"),
    (
        "blocks.*.attn.qkv.weight",
        "encoder.layers.encoder_layer_*.self_attention.in_proj_weight",
    ),
    (
        "blocks.*.attn.qkv.bias",
        "encoder.layers.encoder_layer_*.self_attention.in_proj_bias",
    ),
    (
        "blocks.*.attn.proj",
        "encoder.layers.encoder_layer_*.self_attention.out_proj",
    ),
    ("norm", "encoder.ln"),
];

/// All namings; where two fit equally well the earlier row wins.
pub(super) const NAMINGS: &[Naming] = &[
    naming("torchvision", Family::ResNet, &[]),
    naming("featscope", Family::SmallCnn, &[]),
    naming("torchvision", Family::Cnn, &[]),
    naming("timm", Family::Timm, &[]),
    hierarchies::CONVNEXT_TORCHVISION,
    hierarchies::CONVNEXT_TIMM,
    hierarchies::CONVNEXT_AUTHORS,
    hierarchies::CONVNEXT_TRANSFORMERS,
    hierarchies::SWIN_TIMM,
    hierarchies::SWIN_AUTHORS,
    hierarchies::SWIN_TORCHVISION,
    hierarchies::SWIN_IN_FILES,
    hierarchies::SWIN_IN_MEMORY,
    // The DenseNets torchvision offers to download, whose names its code changes on loading.
    naming(
        "torchvision before 0.2",
        Family::Cnn,
        &[&[
            ("features.*.*.norm1", "features.*.*.norm.1"),
            ("features.*.*.conv1", "features.*.*.conv.1"),
            ("features.*.*.norm2", "features.*.*.norm.2"),
            ("features.*.*.conv2", "features.*.*.conv.2"),
        ]],
    ),
    naming("timm", Family::Vit, &[encoders::POOL]),
    // nn.Sequential(*list(resnet.children())[:-1]), as in lightly and many SimCLR ports.
    naming(
        "torchvision, children in a Sequential",
        Family::ResNet,
        &[&[
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "4"),
            ("layer2", "5"),
            ("layer3", "6"),
            ("layer4", "7"),
        ]],
    ),
    // The CIFAR ResNets without max pooling leave one child out.
    naming(
        "torchvision, children in a Sequential without pooling",
        Family::ResNet,
        &[&[
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "3"),
            ("layer2", "4"),
            ("layer3", "5"),
            ("layer4", "6"),
        ]],
    ),
    // Neither an activation nor pooling among the children, and none computed.
    naming(
        "torchvision, layers in a Sequential",
        Family::ResNet,
        &[&[
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "2"),
            ("layer2", "3"),
            ("layer3", "4"),
            ("layer4", "5"),
        ]],
    ),
    // lightly's own ResNets are CIFAR ports, in the same way.
    naming(
        "lightly",
        Family::ResNet,
        &[&[
            ("layer1.*.downsample", "2.*.shortcut"),
            ("layer2.*.downsample", "3.*.shortcut"),
            ("layer3.*.downsample", "4.*.shortcut"),
            ("layer4.*.downsample", "5.*.shortcut"),
            ("conv1", "0"),
            ("bn1", "1"),
            ("layer1", "2"),
            ("layer2", "3"),
            ("layer3", "4"),
            ("layer4", "5"),
        ]],
    ),
    // The widespread CIFAR ports.
    naming("shortcut", Family::ResNet, &[&[("*.*.downsample", "*.*.shortcut")]]),
    naming(
        "detectron2",
        Family::ResNet,
        &[&[
            ("conv1", "stem.conv1"),
            ("bn1", "stem.conv1.norm"),
            ("layer1.*.downsample.0", "res2.*.shortcut"),
            ("layer1.*.downsample.1", "res2.*.shortcut.norm"),
            ("layer1.*.bn1", "res2.*.conv1.norm"),
            ("layer1.*.bn2", "res2.*.conv2.norm"),
            ("layer1.*.bn3", "res2.*.conv3.norm"),
            ("layer1", "res2"),
            ("layer2.*.downsample.0", "res3.*.shortcut"),
            ("layer2.*.downsample.1", "res3.*.shortcut.norm"),
            ("layer2.*.bn1", "res3.*.conv1.norm"),
            ("layer2.*.bn2", "res3.*.conv2.norm"),
            ("layer2.*.bn3", "res3.*.conv3.norm"),
            ("layer2", "res3"),
            ("layer3.*.downsample.0", "res4.*.shortcut"),
            ("layer3.*.downsample.1", "res4.*.shortcut.norm"),
            ("layer3.*.bn1", "res4.*.conv1.norm"),
            ("layer3.*.bn2", "res4.*.conv2.norm"),
            ("layer3.*.bn3", "res4.*.conv3.norm"),
            ("layer3", "res4"),
            ("layer4.*.downsample.0", "res5.*.shortcut"),
            ("layer4.*.downsample.1", "res5.*.shortcut.norm"),
            ("layer4.*.bn1", "res5.*.conv1.norm"),
            ("layer4.*.bn2", "res5.*.conv2.norm"),
            ("layer4.*.bn3", "res5.*.conv3.norm"),
            ("layer4", "res5"),
        ]],
    ),
    naming(
        "torchvision",
        Family::Vit,
        &[
            TORCHVISION_VIT,
            &[
                ("blocks.*.mlp.fc1", "encoder.layers.encoder_layer_*.mlp.0"),
                ("blocks.*.mlp.fc2", "encoder.layers.encoder_layer_*.mlp.3"),
            ],
        ],
    ),
    naming(
        "torchvision before 0.13",
        Family::Vit,
        &[
            TORCHVISION_VIT,
            &[
                ("blocks.*.mlp.fc1", "encoder.layers.encoder_layer_*.mlp.linear_1"),
                ("blocks.*.mlp.fc2", "encoder.layers.encoder_layer_*.mlp.linear_2"),
            ],
        ],
    ),
    naming("DINOv2", Family::Vit, &[&[("reg_token", "register_tokens")]]),
    // The distillation token is one more token that the class token is read beside.
    naming("distilled DeiT", Family::Vit, &[&[("reg_token", "dist_token")]]),
    naming(
        "DINOv2 with SwiGLU",
        Family::Vit,
        &[&[
            ("reg_token", "register_tokens"),
            ("blocks.*.mlp.fc1", "blocks.*.mlp.w12"),
            ("blocks.*.mlp.fc2", "blocks.*.mlp.w3"),
        ]],
    ),
    // As DINOv2 trains its larger networks: each block in a chunk of blocks, all of them numbered through.
    naming(
        "DINOv2, blocks in chunks",
        Family::Vit,
        &[&[("reg_token", "register_tokens"), ("blocks.*", "blocks.?.*")]],
    ),
    naming(
        "DINOv2 with SwiGLU, blocks in chunks",
        Family::Vit,
        &[&[
            ("reg_token", "register_tokens"),
            ("blocks.*.mlp.fc1", "blocks.?.*.mlp.w12"),
            ("blocks.*.mlp.fc2", "blocks.?.*.mlp.w3"),
            ("blocks.*", "blocks.?.*"),
        ]],
    ),
    naming(
        "mmpretrain",
        Family::Vit,
        &[&[
            ("patch_embed.proj", "patch_embed.projection"),
            ("blocks.*.norm1", "layers.*.ln1"),
            ("blocks.*.norm2", "layers.*.ln2"),
            ("blocks.*.mlp.fc1", "layers.*.ffn.layers.0.0"),
            ("blocks.*.mlp.fc2", "layers.*.ffn.layers.1"),
            ("blocks", "layers"),
            ("norm", "ln1"),
        ]],
    ),
    encoders::TIMM_GAMMA,
    encoders::TIMM_GAMMA_AND_GATE,
    encoders::TIMM_APART,
    encoders::EVA,
    encoders::EVA_APART,
    encoders::DINOV3,
    encoders::DINOV3_SWIGLU,
    encoders::OPEN_CLIP,
    encoders::OPEN_CLIP_RESNET,
    transformers::VIT_IN_FILES,
    transformers::MSN_IN_PARTS,
    transformers::VIT_IN_MEMORY,
    transformers::DINOV2_IN_FILES,
    transformers::SWIGLU_IN_FILES,
    transformers::DINOV2_IN_MEMORY,
    transformers::SWIGLU_IN_MEMORY,
    transformers::CLIP_IN_FILES,
    transformers::DINOV3_GATED_IN_FILES,
    transformers::DINOV3_IN_FILES,
    transformers::DINOV3_GATED_IN_MEMORY,
    transformers::DINOV3_IN_MEMORY,
    transformers::BEIT_IN_FILES,
    transformers::BEIT_IN_PARTS,
    transformers::BEIT_IN_MEMORY,
    transformers::RESNET,
];

impl Naming {
    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.rules.iter().copied().flatten()
    }

    /// The name this naming gives to one of our tensors.
    pub(super) fn rename(&self, ours: &str) -> String {
        self.rules()
            .find_map(|(from, to)| replaced(from, to, ours))
            .unwrap_or_else(|| ours.to_owned())
    }

    /// The name in a file of one of our tensors below `prefix`, with each number that only the file tells: the first
    /// with which the name is there, else 0.
    pub(super) fn locate(&self, prefix: &str, ours: &str, there: impl Fn(&str) -> bool) -> String {
        let theirs = self.rename(ours);
        let Some((before, after)) = theirs.split_once('?') else {
            return format!("{prefix}{theirs}");
        };
        let numbered = |n: usize| format!("{prefix}{before}{n}{after}");
        (0..MOST)
            .map(numbered)
            .find(|name| there(name))
            .unwrap_or_else(|| numbered(0))
    }

    /// Whether a tensor inside the modules, by this naming's name for it, plays no part in the features.
    pub(super) fn is_idle(&self, theirs: &str) -> bool {
        let fits = |idle: &&str| match idle.strip_prefix('*') {
            Some(end) => theirs.ends_with(end),
            None => *idle == theirs,
        };
        self.idle.iter().any(fits)
    }

    /// How many leading axes of length one the files leave out of one of our tensors.
    pub(super) fn left_out(&self, ours: &str) -> usize {
        self.bare.iter().find(|(name, _)| *name == ours).map_or(0, |(_, n)| *n)
    }

    /// The shape in the files of one of our tensors.
    pub(super) fn in_file(&self, ours: &str, mut shape: Vec<usize>) -> Vec<usize> {
        shape.drain(..self.left_out(ours).min(shape.len()));
        match self.forms.iter().find(|(end, _)| ours.ends_with(end)) {
            Some((_, Form::Flat)) => shape.truncate(1),
            Some((_, Form::Before(axes))) => shape.splice(..0, vec![1; *axes]).for_each(drop),
            None => {}
        }
        shape
    }

    /// Whether a name (as this naming spells it, without prefix) lies inside the backbone's own modules.
    pub(super) fn inside(&self, theirs: &str) -> bool {
        let first = |name: &'static str| name.split('.').next().unwrap_or("");
        let begin = theirs.split('.').next().unwrap_or("");
        // What is called after a head in ours is none of the modules; what keeps its name in a rule is one beside them.
        let within = |from: &'static str| self.family.modules().contains(&first(from));
        let mut ruled = self.rules().filter(|(from, to)| within(from) || from == to);
        let plain = |module: &str| !self.rules().any(|(from, _)| *from == module);
        ruled.any(|(_, to)| first(to) == begin) || self.family.modules().iter().any(|m| *m == begin && plain(m))
    }
}

/// `ours` with the beginning `from` turned into `to`.
fn replaced(from: &str, to: &str, ours: &str) -> Option<String> {
    let mut rest = Some(ours);
    let mut carried = Vec::new();
    for pattern in from.split('.') {
        let (part, after) = match rest?.split_once('.') {
            Some((part, after)) => (part, Some(after)),
            None => (rest?, None),
        };
        match pattern {
            "*" => carried.push(part),
            exact if exact == part => {}
            _ => return None,
        }
        rest = after;
    }
    let mut carried = carried.into_iter();
    let mut name = String::new();
    for c in to.chars() {
        match c {
            '*' => name.push_str(carried.next()?),
            c => name.push(c),
        }
    }
    if let Some(rest) = rest {
        name.push('.');
        name.push_str(rest);
    }
    Some(name)
}

#[cfg(test)]
mod tests;
