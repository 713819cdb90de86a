//! How code bases name hierarchical networks: ConvNeXt by timm, by its authors, by transformers.

use super::layout::Layout;
use super::rules::{AxisForm, Naming, Rule, naming, rules};
use crate::checkpoint::arch::ArchFamily;

/// The stages of a ConvNeXt: ours and theirs, each with the rules of `$body` for what lies in a block.
macro_rules! convnext {
    ($body:tt $($ours:literal $before:literal $down:literal $blocks:literal;)*) => {
        &[$(convnext!(@stage $ours $before $down $blocks $body)),*]
    };
    (@stage $ours:literal $before:literal $down:literal $blocks:literal { $($from:literal => $to:literal,)* }) => {
        &[
            (concat!("features.", $before), $down),
            $((concat!("features.", $ours, ".*.", $from), concat!($blocks, ".*.", $to)),)*
        ] as &[Rule]
    };
}

const TIMM: &[&[Rule]] = convnext! {
    {
        "block.0" => "conv_dw",
        "block.2" => "norm",
        "block.3" => "mlp.fc1",
        "block.5" => "mlp.fc2",
        "grn" => "mlp.grn",
        "layer_scale" => "gamma",
    }
    "1" "0" "stem" "stages.0.blocks";
    "3" "2" "stages.1.downsample" "stages.1.blocks";
    "5" "4" "stages.2.downsample" "stages.2.blocks";
    "7" "6" "stages.3.downsample" "stages.3.blocks";
    "9" "8" "stages.4.downsample" "stages.4.blocks";
    "11" "10" "stages.5.downsample" "stages.5.blocks";
};

const AUTHORS: &[&[Rule]] = convnext! {
    {
        "block.0" => "dwconv",
        "block.2" => "norm",
        "block.3" => "pwconv1",
        "block.5" => "pwconv2",
        "grn.weight" => "grn.gamma",
        "grn.bias" => "grn.beta",
        "layer_scale" => "gamma",
    }
    "1" "0" "downsample_layers.0" "stages.0";
    "3" "2" "downsample_layers.1" "stages.1";
    "5" "4" "downsample_layers.2" "stages.2";
    "7" "6" "downsample_layers.3" "stages.3";
    "9" "8" "downsample_layers.4" "stages.4";
    "11" "10" "downsample_layers.5" "stages.5";
};

const TRANSFORMERS: &[&[Rule]] = convnext! {
    {
        "block.0" => "dwconv",
        "block.2" => "layernorm",
        "block.3" => "pwconv1",
        "block.5" => "pwconv2",
        "grn" => "grn",
        "layer_scale" => "layer_scale_parameter",
    }
    "1" "0.0" "embeddings.patch_embeddings" "encoder.stages.0.layers";
    "3" "2" "encoder.stages.1.downsampling_layer" "encoder.stages.1.layers";
    "5" "4" "encoder.stages.2.downsampling_layer" "encoder.stages.2.layers";
    "7" "6" "encoder.stages.3.downsampling_layer" "encoder.stages.3.layers";
    "9" "8" "encoder.stages.4.downsampling_layer" "encoder.stages.4.layers";
    "11" "10" "encoder.stages.5.downsampling_layer" "encoder.stages.5.layers";
};

/// Rules of six stages, and more.
macro_rules! stages {
    ($stages:ident, $more:expr) => {
        &[
            $stages[0], $stages[1], $stages[2], $stages[3], $stages[4], $stages[5], $more,
        ]
    };
}

const TIMM_RULES: &[&[Rule]] = stages!(
    TIMM,
    &[
        ("classifier.0", "head.norm"),
        ("classifier.hidden", "head.pre_logits.fc")
    ]
);
const AUTHORS_RULES: &[&[Rule]] = stages!(AUTHORS, &[("classifier.0", "norm")]);
const TRANSFORMERS_RULES: &[&[Rule]] = stages!(
    TRANSFORMERS,
    &[("features.0.1", "embeddings.layernorm"), ("classifier.0", "layernorm")]
);

/// What is scaled channel by channel has one axis there.
const FLAT: (&str, AxisForm) = ("layer_scale", AxisForm::Flat);
/// Global response normalisation as it is multiplied with maps.
const WIDE: [(&str, AxisForm); 2] = [("grn.weight", AxisForm::Before(3)), ("grn.bias", AxisForm::Before(3))];

pub(super) const CONVNEXT_TORCHVISION: Naming = naming("torchvision", ArchFamily::ConvNext, &[]);

pub(super) const CONVNEXT_TIMM: Naming = Naming {
    forms: &[FLAT],
    ..naming("timm", ArchFamily::ConvNext, TIMM_RULES)
};

pub(super) const CONVNEXT_AUTHORS: Naming = Naming {
    forms: &[FLAT, WIDE[0], WIDE[1]],
    ..naming("ConvNeXt", ArchFamily::ConvNext, AUTHORS_RULES)
};

pub(super) const CONVNEXT_TRANSFORMERS: Naming = Naming {
    forms: &[FLAT, WIDE[0], WIDE[1]],
    layout: Some(Layout::ConvNext),
    ..naming("transformers ConvNeXt", ArchFamily::ConvNext, TRANSFORMERS_RULES)
};

/// Tensors of a Swin that follow from its sizes, and what stands for masked patches in training.
const SWIN_IDLE: &[&str] = &[
    "*relative_position_index",
    "*relative_coords_table",
    "*attn_mask",
    "embeddings.mask_token",
];

/// What its authors and transformers have at the end of a stage stands before the next one here.
const AT_END: &[Rule] = &[
    ("layers.1.downsample", "layers.0.downsample"),
    ("layers.2.downsample", "layers.1.downsample"),
    ("layers.3.downsample", "layers.2.downsample"),
    ("layers.4.downsample", "layers.3.downsample"),
    ("layers.5.downsample", "layers.4.downsample"),
];

const AT_END_IN_ENCODER: &[Rule] = &[
    ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
    ("patch_embed.norm", "embeddings.norm"),
    ("layers.1.downsample", "encoder.layers.0.downsample"),
    ("layers.2.downsample", "encoder.layers.1.downsample"),
    ("layers.3.downsample", "encoder.layers.2.downsample"),
    ("layers.4.downsample", "encoder.layers.3.downsample"),
    ("layers.5.downsample", "encoder.layers.4.downsample"),
    ("norm", "layernorm"),
];

/// Blocks as transformers' files have them.
const IN_FILES: &[Rule] = rules! {
    ["layers.*.blocks.*."] => ["encoder.layers.*.blocks.*."] {
        "norm1" => "layernorm_before",
        "norm2" => "layernorm_after",
        "attn.qkv" => "attention.self.{query,key,value}",
        "attn.q_bias" => "attention.self.query.bias",
        "attn.v_bias" => "attention.self.value.bias",
        "attn.cpb_mlp" => "attention.self.continuous_position_bias_mlp",
        "attn.proj" => "attention.output.dense",
        "attn" => "attention.self",
        "mlp.fc1" => "intermediate.dense",
        "mlp.fc2" => "output.dense",
    }
};

/// Blocks as transformers 5 has them in memory.
const IN_MEMORY: &[Rule] = rules! {
    ["layers.*.blocks.*."] => ["encoder.layers.*.blocks.*."] {
        "norm1" => "layernorm_before",
        "norm2" => "layernorm_after",
        "attn.qkv" => "attention.{q_proj,k_proj,v_proj}",
        "attn.proj" => "attention.o_proj",
        "attn.relative_position_bias_table" => "attention.relative_position_bias.relative_position_bias_table",
        "mlp" => "mlp",
    }
};

/// The blocks of a stage by ours, and by torchvision's.
macro_rules! swin {
    ($ours:literal $theirs:literal) => {
        rules! {
            ["layers." $ours ".blocks"] => [$theirs] {
                ".*.mlp.fc1" => ".*.mlp.0",
                ".*.mlp.fc2" => ".*.mlp.3",
                "" => "",
            }
        }
    };
}

const fn swin(name: &'static str, layout: Option<Layout>, rules: &'static [&'static [Rule]]) -> Naming {
    Naming {
        idle: SWIN_IDLE,
        layout,
        ..naming(name, ArchFamily::Swin, rules)
    }
}

pub(super) const SWIN_TIMM: Naming = swin("timm", None, &[]);
pub(super) const SWIN_AUTHORS: Naming = swin("Swin", None, &[AT_END]);
pub(super) const SWIN_TORCHVISION: Naming = swin(
    "torchvision",
    None,
    &[
        &[
            ("patch_embed.proj", "features.0.0"),
            ("patch_embed.norm", "features.0.2"),
            ("layers.0.downsample", "features.none"),
            ("layers.1.downsample", "features.2"),
            ("layers.2.downsample", "features.4"),
            ("layers.3.downsample", "features.6"),
            ("layers.4.downsample", "features.8"),
            ("layers.5.downsample", "features.10"),
        ],
        swin!("0" "features.1"),
        swin!("1" "features.3"),
        swin!("2" "features.5"),
        swin!("3" "features.7"),
        swin!("4" "features.9"),
        swin!("5" "features.11"),
    ],
);
pub(super) const SWIN_IN_FILES: Naming = swin("transformers Swin", Some(Layout::Swin), &[AT_END_IN_ENCODER, IN_FILES]);
pub(super) const SWIN_IN_MEMORY: Naming = swin(
    "transformers 5 Swin, as in memory",
    Some(Layout::Swin),
    &[AT_END_IN_ENCODER, IN_MEMORY],
);
