//! What the namings of transformers share.

use crate::checkpoint::arch::ArchFamily;
use crate::checkpoint::naming::layout::Layout;
use crate::checkpoint::naming::rules::{Naming, Rule};

pub(super) const VIT: &[Rule] = &[
    ("cls_token", "embeddings.cls_token"),
    // As in timm's distilled networks: one more token that the class token is read beside.
    ("reg_token", "embeddings.distillation_token"),
    ("pos_embed", "embeddings.position_embeddings"),
    ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
    ("norm", "layernorm"),
    ("pooler", "pooler"),
];

pub(super) const VIT_BLOCKS: &[Rule] = &[
    ("blocks.*.norm1", "encoder.layer.*.layernorm_before"),
    ("blocks.*.norm2", "encoder.layer.*.layernorm_after"),
    (
        "blocks.*.attn.qkv",
        "encoder.layer.*.attention.attention.{query,key,value}",
    ),
    ("blocks.*.attn.proj", "encoder.layer.*.attention.output.dense"),
    ("blocks.*.mlp.fc1", "encoder.layer.*.intermediate.dense"),
    ("blocks.*.mlp.fc2", "encoder.layer.*.output.dense"),
];

/// Tensors inside the network's own modules that play no part in its features: what stands for a masked patch in training, and
/// a list of 0, 1, 2, ….
const IDLE: &[&str] = &[
    "embeddings.mask_token",
    "embeddings.position_ids",
    "*.embeddings.mask_token",
    "*.relative_position_index",
];

/// Tensors without the leading axes of length one that ours have.
const BARE: &[(&str, usize)] = &[("cls_token", 2), ("pos_embed", 1)];

pub(super) const fn row(name: &'static str, layout: Layout, rules: &'static [&'static [Rule]]) -> Naming {
    Naming {
        name,
        family: ArchFamily::Vit,
        rules,
        layout: Some(layout),
        projection: None,
        idle: IDLE,
        bare: match layout {
            Layout::Clip => BARE,
            _ => &[],
        },
        forms: &[],
    }
}
