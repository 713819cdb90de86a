//! How further code bases name their encoders: OpenCLIP and OpenAI, timm's and BAAI's BEiT and EVA, DINOv3's own, RADIO.

use super::rules::{AxisForm, Naming, Rule, naming, rules};
use crate::checkpoint::arch::ArchFamily;

/// timm's attention pooling: the key and the value of the tokens in one.
pub(super) const POOL: &[Rule] = &[("attn_pool.qkv", "attn_pool.{q,kv:2}")];

/// Channels' scales as BEiT has them.
const GAMMA: &[Rule] = &[
    ("blocks.*.ls1.gamma", "blocks.*.gamma_1"),
    ("blocks.*.ls2.gamma", "blocks.*.gamma_2"),
];

/// Query, key and value apart, key without a bias.
const APART: &[Rule] = &[(
    "blocks.*.attn.qkv.weight",
    "blocks.*.attn.{q_proj,k_proj,v_proj}.weight",
)];

const APART_BIASES: &[Rule] = &[
    ("blocks.*.attn.q_bias", "blocks.*.attn.q_proj.bias"),
    ("blocks.*.attn.v_bias", "blocks.*.attn.v_proj.bias"),
];

const GATE: &[Rule] = &[("blocks.*.mlp.fc1", "blocks.*.mlp.{fc1_g,fc1_x}")];

/// As xFormers has it, each matrix by itself.
const SWIGLU: &[Rule] = &[
    ("blocks.*.mlp.fc1", "blocks.*.mlp.{w1,w2}"),
    ("blocks.*.mlp.fc2", "blocks.*.mlp.w3"),
];

/// Normalisations inside attention and MLP, as BAAI's EVA has them.
const INNER: &[Rule] = &[
    ("blocks.*.attn.norm", "blocks.*.attn.inner_attn_ln"),
    ("blocks.*.mlp.norm", "blocks.*.mlp.ffn_ln"),
];

/// What follows from the grid alone, and is computed here.
const TABLES: &[&str] = &["*.relative_position_index", "*rope.freqs_cos", "*rope.freqs_sin"];

const fn vit(name: &'static str, rules: &'static [&'static [Rule]]) -> Naming {
    Naming {
        idle: TABLES,
        ..naming(name, ArchFamily::Vit, rules)
    }
}

pub(super) const TIMM_GAMMA: Naming = vit("BEiT and timm's kin of it", &[GAMMA]);

pub(super) const TIMM_GAMMA_AND_GATE: Naming = vit("timm's DINOv3 with SwiGLU", &[GAMMA, GATE]);

pub(super) const TIMM_APART: Naming = vit("timm's EVA-02", &[APART, APART_BIASES, GATE]);

pub(super) const EVA: Naming = vit("EVA-02, attention in one", &[SWIGLU, INNER]);

pub(super) const EVA_APART: Naming = vit("EVA-02", &[APART, SWIGLU, INNER]);

const DINOV3_TOKENS: &[Rule] = &[
    ("reg_token", "storage_tokens"),
    ("rope.periods", "rope_embed.periods"),
    // A normalisation of the class token alone, which none of the published networks has.
    ("cls_norm", "cls_norm"),
];

/// The name that flavours know it by.
pub(in crate::checkpoint) const DINOV3_NAME: &str = "DINOv3";

pub(super) const DINOV3: Naming = vit(DINOV3_NAME, &[DINOV3_TOKENS]);

pub(super) const DINOV3_SWIGLU: Naming = vit("DINOv3 with SwiGLU", &[DINOV3_TOKENS, SWIGLU]);

/// As [`DINOV3_NAME`].
pub(in crate::checkpoint) const OPEN_CLIP_NAME: &str = "OpenCLIP";

pub(super) const OPEN_CLIP: Naming = Naming {
    projection: Some("proj"),
    bare: &[("cls_token", 2), ("pos_embed", 1)],
    ..naming(
        OPEN_CLIP_NAME,
        ArchFamily::Vit,
        &[
            &[
                ("cls_token", "class_embedding"),
                ("pos_embed", "positional_embedding"),
                ("patch_embed.proj", "conv1"),
                ("norm_pre", "ln_pre"),
                ("norm", "ln_post"),
                ("fc_norm", "ln_post"),
            ],
            OPEN_CLIP_BLOCKS,
        ],
    )
};

const OPEN_CLIP_BLOCKS: &[Rule] = rules! {
    ["blocks"] => ["transformer.resblocks"] {
        ".*.norm1" => ".*.ln_1",
        ".*.norm2" => ".*.ln_2",
        ".*.attn.qkv.weight" => ".*.attn.in_proj_weight",
        ".*.attn.qkv.bias" => ".*.attn.in_proj_bias",
        ".*.attn.proj" => ".*.attn.out_proj",
        ".*.mlp.fc1" => ".*.mlp.c_fc",
        ".*.mlp.fc2" => ".*.mlp.c_proj",
        ".*.ls1" => ".*.ls_1",
        ".*.ls2" => ".*.ls_2",
        "" => "",
    }
};

/// CLIP's ResNets, which have ours.
pub(super) const OPEN_CLIP_RESNET: Naming = naming(OPEN_CLIP_NAME, ArchFamily::ClipResNet, &[]);

/// As [`DINOV3_NAME`].
pub(in crate::checkpoint) const RADIO_NAME: &str = "RADIO";

/// All tokens before the patches in one, and patches by a matrix.
const RADIO_TOKENS: &[Rule] = &[
    ("reg_token", "patch_generator.cls_token.token"),
    ("pos_embed", "patch_generator.pos_embed"),
    ("patch_embed.proj", "patch_generator.embedder"),
];

const fn radio(rules: &'static [&'static [Rule]]) -> Naming {
    Naming {
        bare: &[("reg_token", 1)],
        forms: &[("patch_embed.proj.weight", AxisForm::Matrix)],
        ..naming(RADIO_NAME, ArchFamily::Vit, rules)
    }
}

pub(super) const RADIO: Naming = radio(&[RADIO_TOKENS]);

/// transformers renames what has gamma in its name, so that RADIO calls it otherwise.
pub(super) const RADIO_SCALED: Naming = radio(&[
    RADIO_TOKENS,
    &[
        ("blocks.*.ls1.gamma", "blocks.*.ls1.grandma"),
        ("blocks.*.ls2.gamma", "blocks.*.ls2.grandma"),
    ],
]);
