//! What the namings of transformers share.

use crate::checkpoint::arch::ArchFamily;
use crate::checkpoint::naming::layout::Layout;
use crate::checkpoint::naming::rules::{Naming, Rule, rules};

pub(super) const VIT: &[Rule] = &[
    ("cls_token", "embeddings.cls_token"),
    // As in timm's distilled networks: one more token that the class token is read beside.
    ("reg_token", "embeddings.distillation_token"),
    ("pos_embed", "embeddings.position_embeddings"),
    ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
    ("norm", "layernorm"),
    ("pooler", "pooler"),
];

pub(super) const VIT_BLOCKS: &[Rule] = rules! {
    ["blocks.*."] => ["encoder.layer.*."] {
        "norm1" => "layernorm_before",
        "norm2" => "layernorm_after",
        "attn.qkv" => "attention.attention.{query,key,value}",
        "attn.proj" => "attention.output.dense",
        "mlp.fc1" => "intermediate.dense",
        "mlp.fc2" => "output.dense",
    }
};

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
