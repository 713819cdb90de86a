//! DINOv3, BEiT and data2vec.

use super::row::{VIT, VIT_BLOCKS, row};
use crate::checkpoint::naming::layout::Layout;
use crate::checkpoint::naming::rules::{Naming, Rule, rules};

const DINOV3: &[Rule] = &[
    ("cls_token", "embeddings.cls_token"),
    ("reg_token", "embeddings.register_tokens"),
    ("patch_embed.proj", "embeddings.patch_embeddings"),
];

/// The blocks of a DINOv3, which are found below this.
macro_rules! dinov3_blocks {
    ($layer:literal) => {
        rules! {
            ["blocks.*."] => [$layer ".*."] {
                "ls1.gamma" => "layer_scale1.lambda1",
                "ls2.gamma" => "layer_scale2.lambda1",
                "attn.qkv.weight" => "attention.{q_proj,k_proj,v_proj}.weight",
                "attn.q_bias" => "attention.q_proj.bias",
                "attn.v_bias" => "attention.v_proj.bias",
                "attn.proj" => "attention.o_proj",
                "mlp.fc2" => "mlp.down_proj",
            }
        }
    };
}

const DINOV3_IN_FILES_BLOCKS: &[Rule] = dinov3_blocks!("layer");
const DINOV3_IN_MEMORY_BLOCKS: &[Rule] = dinov3_blocks!("model.layer");

pub(in crate::checkpoint::naming) const DINOV3_IN_FILES: Naming = row(
    "transformers DINOv3",
    Layout::Dinov3,
    &[
        DINOV3,
        DINOV3_IN_FILES_BLOCKS,
        &[("blocks.*.mlp.fc1", "layer.*.mlp.up_proj"), ("blocks", "layer")],
    ],
);

pub(in crate::checkpoint::naming) const DINOV3_GATED_IN_FILES: Naming = row(
    "transformers DINOv3 with a gated MLP",
    Layout::Dinov3,
    &[
        DINOV3,
        DINOV3_IN_FILES_BLOCKS,
        &[
            ("blocks.*.mlp.fc1", "layer.*.mlp.{gate_proj,up_proj}"),
            ("blocks", "layer"),
        ],
    ],
);

pub(in crate::checkpoint::naming) const DINOV3_IN_MEMORY: Naming = row(
    "transformers 5 DINOv3, as in memory",
    Layout::Dinov3,
    &[
        DINOV3,
        DINOV3_IN_MEMORY_BLOCKS,
        &[
            ("blocks.*.mlp.fc1", "model.layer.*.mlp.up_proj"),
            ("blocks", "model.layer"),
        ],
    ],
);

pub(in crate::checkpoint::naming) const DINOV3_GATED_IN_MEMORY: Naming = row(
    "transformers 5 DINOv3 with a gated MLP, as in memory",
    Layout::Dinov3,
    &[
        DINOV3,
        DINOV3_IN_MEMORY_BLOCKS,
        &[
            ("blocks.*.mlp.fc1", "model.layer.*.mlp.{gate_proj,up_proj}"),
            ("blocks", "model.layer"),
        ],
    ],
);

/// What a block of a BEiT has beyond one of a ViT, in files.
macro_rules! beit_blocks {
    ($before:literal) => {
        rules! {
            ["blocks.*."] => [$before "encoder.layer.*."] {
                "attn.qkv.weight" => "attention.attention.{query,key,value}.weight",
                "attn.q_bias" => "attention.attention.query.bias",
                "attn.v_bias" => "attention.attention.value.bias",
                "attn.relative_position_bias_table" =>
                    "attention.attention.relative_position_bias.relative_position_bias_table",
                "ls1.gamma" => "lambda_1",
                "ls2.gamma" => "lambda_2",
            }
        }
    };
}

pub(in crate::checkpoint::naming) const BEIT_IN_FILES: Naming = row(
    "transformers BEiT or data2vec",
    Layout::Beit,
    &[
        beit_blocks!(""),
        &[
            ("rel_pos_bias", "encoder.relative_position_bias"),
            ("fc_norm", "pooler.layernorm"),
        ],
        VIT,
        VIT_BLOCKS,
    ],
);

/// As `BeitForMaskedImageModeling` has it: the last normalisation beside the network.
pub(in crate::checkpoint::naming) const BEIT_IN_PARTS: Naming = row(
    "transformers BEiT with its pretraining's head",
    Layout::Beit,
    &[
        beit_blocks!("beit."),
        &[
            ("cls_token", "beit.embeddings.cls_token"),
            ("pos_embed", "beit.embeddings.position_embeddings"),
            ("patch_embed.proj", "beit.embeddings.patch_embeddings.projection"),
            ("norm", "layernorm"),
            ("blocks.*.norm1", "beit.encoder.layer.*.layernorm_before"),
            ("blocks.*.norm2", "beit.encoder.layer.*.layernorm_after"),
            ("blocks.*.attn.proj", "beit.encoder.layer.*.attention.output.dense"),
            ("blocks.*.mlp.fc1", "beit.encoder.layer.*.intermediate.dense"),
            ("blocks.*.mlp.fc2", "beit.encoder.layer.*.output.dense"),
            ("rel_pos_bias", "beit.encoder.relative_position_bias"),
        ],
    ],
);

pub(in crate::checkpoint::naming) const BEIT_IN_MEMORY: Naming = row(
    "transformers 5 BEiT, as in memory",
    Layout::Beit,
    &[
        rules! {
            ["blocks.*."] => ["layers.*."] {
                "attn.qkv.weight" => "attention.{q_proj,k_proj,v_proj}.weight",
                "attn.q_bias" => "attention.q_proj.bias",
                "attn.v_bias" => "attention.v_proj.bias",
                "attn.relative_position_bias_table" => "relative_position_bias.relative_position_bias_table",
                "attn.proj" => "attention.o_proj",
                "ls1.gamma" => "lambda_1",
                "ls2.gamma" => "lambda_2",
                "norm1" => "layernorm_before",
                "norm2" => "layernorm_after",
            }
        },
        &[
            ("blocks", "layers"),
            ("rel_pos_bias", "shared_position_bias"),
            ("fc_norm", "pooler.layernorm"),
        ],
        VIT,
    ],
);
