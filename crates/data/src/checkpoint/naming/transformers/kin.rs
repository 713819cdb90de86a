//! DINOv3, BEiT and data2vec.

use super::row::{VIT, VIT_BLOCKS, row};
use crate::checkpoint::naming::layout::Layout;
use crate::checkpoint::naming::rules::{Naming, Rule};

const DINOV3: &[Rule] = &[
    ("cls_token", "embeddings.cls_token"),
    ("reg_token", "embeddings.register_tokens"),
    ("patch_embed.proj", "embeddings.patch_embeddings"),
];

/// The blocks of a DINOv3, which are found below this.
macro_rules! dinov3_blocks {
    ($layer:literal) => {
        &[
            ("blocks.*.ls1.gamma", concat!($layer, ".*.layer_scale1.lambda1")),
            ("blocks.*.ls2.gamma", concat!($layer, ".*.layer_scale2.lambda1")),
            (
                "blocks.*.attn.qkv.weight",
                concat!($layer, ".*.attention.{q_proj,k_proj,v_proj}.weight"),
            ),
            ("blocks.*.attn.q_bias", concat!($layer, ".*.attention.q_proj.bias")),
            ("blocks.*.attn.v_bias", concat!($layer, ".*.attention.v_proj.bias")),
            ("blocks.*.attn.proj", concat!($layer, ".*.attention.o_proj")),
            ("blocks.*.mlp.fc2", concat!($layer, ".*.mlp.down_proj")),
        ]
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

/// What a BEiT has beyond a ViT, in files.
const BEIT_BLOCKS: &[Rule] = &[
    (
        "blocks.*.attn.qkv.weight",
        "encoder.layer.*.attention.attention.{query,key,value}.weight",
    ),
    ("blocks.*.attn.q_bias", "encoder.layer.*.attention.attention.query.bias"),
    ("blocks.*.attn.v_bias", "encoder.layer.*.attention.attention.value.bias"),
    (
        "blocks.*.attn.relative_position_bias_table",
        "encoder.layer.*.attention.attention.relative_position_bias.relative_position_bias_table",
    ),
    ("blocks.*.ls1.gamma", "encoder.layer.*.lambda_1"),
    ("blocks.*.ls2.gamma", "encoder.layer.*.lambda_2"),
    ("rel_pos_bias", "encoder.relative_position_bias"),
    ("fc_norm", "pooler.layernorm"),
];

pub(in crate::checkpoint::naming) const BEIT_IN_FILES: Naming = row(
    "transformers BEiT or data2vec",
    Layout::Beit,
    &[BEIT_BLOCKS, VIT, VIT_BLOCKS],
);

/// As `BeitForMaskedImageModeling` has it: the last normalisation beside the network.
pub(in crate::checkpoint::naming) const BEIT_IN_PARTS: Naming = row(
    "transformers BEiT with its pretraining's head",
    Layout::Beit,
    &[&[
        ("cls_token", "beit.embeddings.cls_token"),
        ("pos_embed", "beit.embeddings.position_embeddings"),
        ("patch_embed.proj", "beit.embeddings.patch_embeddings.projection"),
        ("norm", "layernorm"),
        ("blocks.*.norm1", "beit.encoder.layer.*.layernorm_before"),
        ("blocks.*.norm2", "beit.encoder.layer.*.layernorm_after"),
        (
            "blocks.*.attn.qkv.weight",
            "beit.encoder.layer.*.attention.attention.{query,key,value}.weight",
        ),
        (
            "blocks.*.attn.q_bias",
            "beit.encoder.layer.*.attention.attention.query.bias",
        ),
        (
            "blocks.*.attn.v_bias",
            "beit.encoder.layer.*.attention.attention.value.bias",
        ),
        (
            "blocks.*.attn.relative_position_bias_table",
            "beit.encoder.layer.*.attention.attention.relative_position_bias.relative_position_bias_table",
        ),
        ("blocks.*.attn.proj", "beit.encoder.layer.*.attention.output.dense"),
        ("blocks.*.mlp.fc1", "beit.encoder.layer.*.intermediate.dense"),
        ("blocks.*.mlp.fc2", "beit.encoder.layer.*.output.dense"),
        ("blocks.*.ls1.gamma", "beit.encoder.layer.*.lambda_1"),
        ("blocks.*.ls2.gamma", "beit.encoder.layer.*.lambda_2"),
        ("rel_pos_bias", "beit.encoder.relative_position_bias"),
    ]],
);

pub(in crate::checkpoint::naming) const BEIT_IN_MEMORY: Naming = row(
    "transformers 5 BEiT, as in memory",
    Layout::Beit,
    &[
        &[
            (
                "blocks.*.attn.qkv.weight",
                "layers.*.attention.{q_proj,k_proj,v_proj}.weight",
            ),
            ("blocks.*.attn.q_bias", "layers.*.attention.q_proj.bias"),
            ("blocks.*.attn.v_bias", "layers.*.attention.v_proj.bias"),
            (
                "blocks.*.attn.relative_position_bias_table",
                "layers.*.relative_position_bias.relative_position_bias_table",
            ),
            ("blocks.*.attn.proj", "layers.*.attention.o_proj"),
            ("blocks.*.ls1.gamma", "layers.*.lambda_1"),
            ("blocks.*.ls2.gamma", "layers.*.lambda_2"),
            ("blocks.*.norm1", "layers.*.layernorm_before"),
            ("blocks.*.norm2", "layers.*.layernorm_after"),
            ("blocks", "layers"),
            ("rel_pos_bias", "shared_position_bias"),
            ("fc_norm", "pooler.layernorm"),
        ],
        VIT,
    ],
);
