//! All namings, a row each.

use super::rules::{Naming, Rule, naming, rules};
use super::{encoders, hierarchies, transformers};
use crate::checkpoint::arch::ArchFamily;

/// torchvision's transformers but for their MLPs, which have been renamed.
const TORCHVISION_VIT: &[Rule] = &[
    ("cls_token", "class_token"),
    ("pos_embed", "encoder.pos_embedding"),
    ("patch_embed.proj", "conv_proj"),
    ("norm", "encoder.ln"),
];

const TORCHVISION_BLOCKS: &[Rule] = rules! {
    ["blocks.*."] => ["encoder.layers.encoder_layer_*."] {
        "norm1" => "ln_1",
        "norm2" => "ln_2",
        "attn.qkv.weight" => "self_attention.in_proj_weight",
        "attn.qkv.bias" => "self_attention.in_proj_bias",
        "attn.proj" => "self_attention.out_proj",
    }
};

/// A stage as Detectron2 has it.
macro_rules! detectron2 {
    ($ours:literal $theirs:literal) => {
        rules! {
            [$ours] => [$theirs] {
                ".*.downsample.0" => ".*.shortcut",
                ".*.downsample.1" => ".*.shortcut.norm",
                ".*.bn1" => ".*.conv1.norm",
                ".*.bn2" => ".*.conv2.norm",
                ".*.bn3" => ".*.conv3.norm",
                "" => "",
            }
        }
    };
}

/// All namings; where two fit equally well the earlier row wins.
pub(in crate::checkpoint) const NAMINGS: &[Naming] = &[
    naming("torchvision", ArchFamily::ResNet, &[]),
    naming("featscope", ArchFamily::SmallCnn, &[]),
    naming("torchvision", ArchFamily::Cnn, &[]),
    naming("timm", ArchFamily::Timm, &[]),
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
        ArchFamily::Cnn,
        &[&[
            ("features.*.*.norm1", "features.*.*.norm.1"),
            ("features.*.*.conv1", "features.*.*.conv.1"),
            ("features.*.*.norm2", "features.*.*.norm.2"),
            ("features.*.*.conv2", "features.*.*.conv.2"),
        ]],
    ),
    naming("timm", ArchFamily::Vit, &[encoders::POOL]),
    // nn.Sequential(*list(resnet.children())[:-1]), as in lightly and many SimCLR ports.
    naming(
        "torchvision, children in a Sequential",
        ArchFamily::ResNet,
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
        ArchFamily::ResNet,
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
        ArchFamily::ResNet,
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
        ArchFamily::ResNet,
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
    naming("shortcut", ArchFamily::ResNet, &[&[("*.*.downsample", "*.*.shortcut")]]),
    naming(
        "detectron2",
        ArchFamily::ResNet,
        &[
            &[("conv1", "stem.conv1"), ("bn1", "stem.conv1.norm")],
            detectron2!("layer1" "res2"),
            detectron2!("layer2" "res3"),
            detectron2!("layer3" "res4"),
            detectron2!("layer4" "res5"),
        ],
    ),
    naming(
        "torchvision",
        ArchFamily::Vit,
        &[
            TORCHVISION_VIT,
            TORCHVISION_BLOCKS,
            &[
                ("blocks.*.mlp.fc1", "encoder.layers.encoder_layer_*.mlp.0"),
                ("blocks.*.mlp.fc2", "encoder.layers.encoder_layer_*.mlp.3"),
            ],
        ],
    ),
    naming(
        "torchvision before 0.13",
        ArchFamily::Vit,
        &[
            TORCHVISION_VIT,
            TORCHVISION_BLOCKS,
            &[
                ("blocks.*.mlp.fc1", "encoder.layers.encoder_layer_*.mlp.linear_1"),
                ("blocks.*.mlp.fc2", "encoder.layers.encoder_layer_*.mlp.linear_2"),
            ],
        ],
    ),
    naming("DINOv2", ArchFamily::Vit, &[&[("reg_token", "register_tokens")]]),
    // The distillation token is one more token that the class token is read beside.
    naming("distilled DeiT", ArchFamily::Vit, &[&[("reg_token", "dist_token")]]),
    naming(
        "DINOv2 with SwiGLU",
        ArchFamily::Vit,
        &[&[
            ("reg_token", "register_tokens"),
            ("blocks.*.mlp.fc1", "blocks.*.mlp.w12"),
            ("blocks.*.mlp.fc2", "blocks.*.mlp.w3"),
        ]],
    ),
    // As DINOv2 trains its larger networks: each block in a chunk of blocks, all of them numbered through.
    naming(
        "DINOv2, blocks in chunks",
        ArchFamily::Vit,
        &[&[("reg_token", "register_tokens"), ("blocks.*", "blocks.?.*")]],
    ),
    naming(
        "DINOv2 with SwiGLU, blocks in chunks",
        ArchFamily::Vit,
        &[&[
            ("reg_token", "register_tokens"),
            ("blocks.*.mlp.fc1", "blocks.?.*.mlp.w12"),
            ("blocks.*.mlp.fc2", "blocks.?.*.mlp.w3"),
            ("blocks.*", "blocks.?.*"),
        ]],
    ),
    naming(
        "mmpretrain",
        ArchFamily::Vit,
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
    encoders::RADIO,
    encoders::RADIO_SCALED,
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
