//! The namings of ViT, DINOv2, CLIP and ResNet, and their kin.

use super::row::{VIT, VIT_BLOCKS, row};
use crate::checkpoint::arch::ArchFamily;
use crate::checkpoint::naming::layout::Layout;
use crate::checkpoint::naming::rules::{Naming, Rule, rules};

const DINOV2: &[Rule] = &[
    ("cls_token", "embeddings.cls_token"),
    ("reg_token", "embeddings.register_tokens"),
    ("pos_embed", "embeddings.position_embeddings"),
    ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
    ("blocks.*.ls1.gamma", "encoder.layer.*.layer_scale1.lambda1"),
    ("blocks.*.ls2.gamma", "encoder.layer.*.layer_scale2.lambda1"),
    ("norm", "layernorm"),
];

const DINOV2_ATTENTION: &[Rule] = rules! {
    ["blocks.*.attn."] => ["encoder.layer.*.attention."] {
        "qkv" => "attention.{query,key,value}",
        "proj" => "output.dense",
    }
};

const DINOV2_ATTENTION_5: &[Rule] = &[
    ("blocks.*.attn.qkv", "encoder.layer.*.attention.{q_proj,k_proj,v_proj}"),
    ("blocks.*.attn.proj", "encoder.layer.*.attention.o_proj"),
];

/// All the rest of a block keeps its names.
const DINOV2_BLOCKS: &[Rule] = &[("blocks", "encoder.layer")];

const CLIP: &[Rule] = &[
    ("cls_token", "embeddings.class_embedding"),
    ("pos_embed", "embeddings.position_embedding.weight"),
    ("patch_embed.proj", "embeddings.patch_embedding"),
    ("norm_pre", "pre_layrnorm"),
    ("blocks.*.norm1", "encoder.layers.*.layer_norm1"),
    ("blocks.*.norm2", "encoder.layers.*.layer_norm2"),
    ("blocks.*.attn.qkv", "encoder.layers.*.self_attn.{q_proj,k_proj,v_proj}"),
    ("blocks.*.attn.proj", "encoder.layers.*.self_attn.out_proj"),
    ("blocks", "encoder.layers"),
    ("norm", "post_layernorm"),
    ("attn_pool.latent", "head.probe"),
    ("attn_pool.qkv.weight", "head.attention.in_proj_weight"),
    ("attn_pool.qkv.bias", "head.attention.in_proj_bias"),
    ("attn_pool.proj", "head.attention.out_proj"),
    ("attn_pool.norm", "head.layernorm"),
    ("attn_pool", "head"),
];

pub(in crate::checkpoint::naming) const VIT_IN_FILES: Naming = row("transformers ViT", Layout::Vit, &[VIT, VIT_BLOCKS]);

/// As version 5 writes `ViTMSNForImageClassification`: the prefix before all but the blocks.
pub(in crate::checkpoint::naming) const MSN_IN_PARTS: Naming = row(
    "transformers 5 ViTMSN with a classifier",
    Layout::Vit,
    &[
        &[
            ("cls_token", "vit.embeddings.cls_token"),
            ("pos_embed", "vit.embeddings.position_embeddings"),
            ("patch_embed.proj", "vit.embeddings.patch_embeddings.projection"),
            ("norm", "vit.layernorm"),
        ],
        VIT_BLOCKS,
    ],
);

pub(in crate::checkpoint::naming) const VIT_IN_MEMORY: Naming = row(
    "transformers 5 ViT, as in memory",
    Layout::Vit,
    &[
        VIT,
        &[
            ("blocks.*.norm1", "layers.*.layernorm_before"),
            ("blocks.*.norm2", "layers.*.layernorm_after"),
            ("blocks.*.attn.qkv", "layers.*.attention.{q_proj,k_proj,v_proj}"),
            ("blocks.*.attn.proj", "layers.*.attention.o_proj"),
            ("blocks", "layers"),
        ],
    ],
);

pub(in crate::checkpoint::naming) const DINOV2_IN_FILES: Naming = row(
    "transformers DINOv2",
    Layout::Dinov2,
    &[DINOV2, DINOV2_ATTENTION, DINOV2_BLOCKS],
);

pub(in crate::checkpoint::naming) const SWIGLU_IN_FILES: Naming = row(
    "transformers DINOv2 with SwiGLU",
    Layout::Dinov2,
    &[
        DINOV2,
        DINOV2_ATTENTION,
        &[
            ("blocks.*.mlp.fc1", "encoder.layer.*.mlp.weights_in"),
            ("blocks.*.mlp.fc2", "encoder.layer.*.mlp.weights_out"),
        ],
        DINOV2_BLOCKS,
    ],
);

pub(in crate::checkpoint::naming) const DINOV2_IN_MEMORY: Naming = row(
    "transformers 5 DINOv2, as in memory",
    Layout::Dinov2,
    &[DINOV2, DINOV2_ATTENTION_5, DINOV2_BLOCKS],
);

pub(in crate::checkpoint::naming) const SWIGLU_IN_MEMORY: Naming = row(
    "transformers 5 DINOv2 with SwiGLU, as in memory",
    Layout::Dinov2,
    &[
        DINOV2,
        DINOV2_ATTENTION_5,
        &[
            ("blocks.*.mlp.fc1", "encoder.layer.*.mlp.{gate_proj,up_proj}"),
            ("blocks.*.mlp.fc2", "encoder.layer.*.mlp.down_proj"),
        ],
        DINOV2_BLOCKS,
    ],
);

pub(in crate::checkpoint::naming) const CLIP_IN_FILES: Naming =
    row("transformers CLIP or SigLIP", Layout::Clip, &[CLIP]);

/// A stage by ours, and by theirs.
macro_rules! stage {
    ($ours:literal $theirs:literal) => {
        rules! {
            [$ours ".*."] => [$theirs ".layers.*."] {
                "conv1" => "layer.0.convolution",
                "conv2" => "layer.1.convolution",
                "conv3" => "layer.2.convolution",
                "bn1" => "layer.0.normalization",
                "bn2" => "layer.1.normalization",
                "bn3" => "layer.2.normalization",
                "downsample.0" => "shortcut.convolution",
                "downsample.1" => "shortcut.normalization",
            }
        }
    };
}

pub(in crate::checkpoint::naming) const RESNET: Naming = Naming {
    family: ArchFamily::ResNet,
    idle: &[],
    ..row(
        "transformers ResNet",
        Layout::ResNet,
        &[
            &[
                ("conv1", "embedder.embedder.convolution"),
                ("bn1", "embedder.embedder.normalization"),
            ],
            stage!("layer1" "encoder.stages.0"),
            stage!("layer2" "encoder.stages.1"),
            stage!("layer3" "encoder.stages.2"),
            stage!("layer4" "encoder.stages.3"),
        ],
    )
};
