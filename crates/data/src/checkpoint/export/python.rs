//! How to load an exported file in Python.

use std::path::Path;

use super::exported::{Export, ExportContainer, ExportNaming, has_registers_behind_class};
use crate::checkpoint::arch::{Arch, FinalNorm, ResNet, ResidualBlock, Vit};

pub(super) fn python(export: &Export, path: &Path, container: ExportContainer) -> String {
    // What is a JSON string is a Python string too.
    let file = serde_json::Value::from(path.display().to_string());
    let load = match container {
        ExportContainer::Safetensors => format!("from safetensors.torch import load_file\nstate = load_file({file})\n"),
        ExportContainer::Pytorch => format!("state = torch.load({file}, weights_only=True)\n"),
    };
    let model = match (&export.arch, export.naming) {
        (Arch::ResNet(r), ExportNaming::Torchvision) => torchvision_resnet(r),
        (Arch::ResNet(r), ExportNaming::Timm) => timm_resnet(r),
        (Arch::ResNet(r), ExportNaming::Detectron2) => detectron2(r),
        (Arch::Vit(v), ExportNaming::Torchvision) => torchvision_vit(v),
        (Arch::Vit(v), ExportNaming::Timm) => timm_vit(v),
        (Arch::Cnn(c), ExportNaming::Torchvision) => torchvision_cnn(&c.name),
        // Refused before.
        (Arch::SmallCnn(_) | Arch::Cnn(_) | Arch::Swin(_), _) | (Arch::Vit(_), ExportNaming::Detectron2) => {
            String::new()
        }
    };
    format!("import torch\n{load}{model}model.load_state_dict(state, strict=True)\n")
}

fn block(r: &ResNet) -> &'static str {
    match r.block {
        ResidualBlock::Basic => "BasicBlock",
        ResidualBlock::Bottleneck => "Bottleneck",
    }
}

/// The stem for small images, which neither library has by a name.
fn stem(r: &ResNet) -> String {
    if !r.cifar_stem {
        return String::new();
    }
    format!(
        "model.conv1 = torch.nn.Conv2d(3, 64, 3, padding={}, bias=False)\nmodel.maxpool = torch.nn.Identity()\n",
        r.padding()
    )
}

fn torchvision_resnet(r: &ResNet) -> String {
    format!(
        "from torchvision.models import resnet\n\
         model = resnet.ResNet(resnet.{}, {:?}, groups={}, width_per_group={})\n\
         model.fc = torch.nn.Identity()  # the classifier is not in the file\n{}",
        block(r),
        r.layers,
        r.groups,
        r.width_per_group,
        stem(r)
    )
}

fn torchvision_cnn(name: &str) -> String {
    let classifier = match name
        .split_once(|c: char| c == '_' || c.is_ascii_digit())
        .map(|(family, _)| family)
    {
        Some("regnet") => "fc",
        Some("densenet") => "classifier",
        _ => "classifier[-1]",
    };
    format!(
        "import torchvision\nmodel = torchvision.models.{name}()\n\
         model.{classifier} = torch.nn.Identity()  # the classifier is not in the file\n"
    )
}

fn timm_resnet(r: &ResNet) -> String {
    format!(
        "from timm.models import resnet\n\
         # num_classes=0: the classifier is not in the file\n\
         model = resnet.ResNet(resnet.{}, {:?}, cardinality={}, base_width={}, num_classes=0)\n{}",
        block(r),
        r.layers,
        r.groups,
        r.width_per_group,
        stem(r)
    )
}

fn detectron2(r: &ResNet) -> String {
    let depth = Arch::ResNet(r.clone()).name();
    let depth: String = depth
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    let channels = 64 * r.block.expansion();
    format!(
        "from detectron2.config import get_cfg\n\
         from detectron2.layers import ShapeSpec\n\
         from detectron2.modeling.backbone import build_resnet_backbone\n\
         cfg = get_cfg()\n\
         cfg.MODEL.RESNETS.DEPTH = {depth}\n\
         cfg.MODEL.RESNETS.NUM_GROUPS = {}\n\
         cfg.MODEL.RESNETS.WIDTH_PER_GROUP = {}\n\
         cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = {channels}\n\
         cfg.MODEL.RESNETS.STRIDE_IN_1X1 = False  # the stride is in the 3x3 convolution\n\
         cfg.MODEL.RESNETS.OUT_FEATURES = [\"res2\", \"res3\", \"res4\", \"res5\"]\n\
         model = build_resnet_backbone(cfg, ShapeSpec(channels=3))\n",
        r.groups, r.width_per_group
    )
}

/// Where the epsilon is not the library's own: an import, and a further argument.
fn norm(v: &Vit) -> (&'static str, String) {
    match v.epsilon.is_default() {
        true => ("", String::new()),
        false => (
            "import functools\n",
            format!(
                ", norm_layer=functools.partial(torch.nn.LayerNorm, eps={:e})",
                v.epsilon.value()
            ),
        ),
    }
}

fn torchvision_vit(v: &Vit) -> String {
    let (import, norm) = norm(v);
    format!(
        "{import}from torchvision.models import VisionTransformer\n\
         model = VisionTransformer(image_size={}, patch_size={}, num_layers={}, num_heads={}, hidden_dim={}, mlp_dim={}{norm})\n\
         model.heads = torch.nn.Identity()  # the classifier is not in the file\n",
        v.image(),
        v.patch,
        v.depth,
        v.heads,
        v.width,
        v.hidden
    )
}

fn timm_vit(v: &Vit) -> String {
    let yes = |b: bool| if b { "True" } else { "False" };
    let inner = if v.swiglu { 2 * v.hidden } else { v.hidden };
    let ratio = if inner % v.width == 0 {
        (inner / v.width).to_string()
    } else {
        // Half an element more, so that the width is not rounded down when it is multiplied out.
        format!("{inner}.5 / {}", v.width)
    };
    let mut settings = format!(
        "img_size={}, patch_size={}, embed_dim={}, depth={}, num_heads={}, mlp_ratio={ratio}, qkv_bias={}",
        v.image(),
        v.patch,
        v.width,
        v.depth,
        v.heads,
        yes(v.qkv_bias)
    );
    if v.layer_scale {
        settings += ", init_values=1e-5";
    }
    if v.swiglu {
        settings += ", mlp_layer=timm.layers.SwiGLUPacked";
    }
    if !v.class_token {
        settings += ", class_token=False";
    }
    if !v.class_token || v.norm == FinalNorm::Pooled {
        settings += ", global_pool=\"avg\"";
    }
    if v.registers > 0 {
        settings += &format!(", reg_tokens={}", v.registers);
    }
    if v.placed == 0 || has_registers_behind_class(v) {
        settings += ", no_embed_class=True";
    }
    let (import, norm) = norm(v);
    settings += &norm;
    format!(
        "{import}import timm\n\
         # num_classes=0: the classifier is not in the file\n\
         model = timm.models.VisionTransformer({settings}, fc_norm={}, num_classes=0)\n",
        yes(v.norm == FinalNorm::Pooled)
    )
}
