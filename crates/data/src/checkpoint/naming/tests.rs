//! Every naming, on every architecture of its family.

use super::rules::Naming;
use super::table::NAMINGS;
use crate::checkpoint::arch::{Arch, ArchFamily};

fn row(name: &str, family: ArchFamily) -> &'static Naming {
    NAMINGS.iter().find(|n| n.name == name && n.family == family).unwrap()
}

#[test]
fn every_architecture_is_guessed_from_its_own_tensors_under_every_naming() {
    let names = [
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "resnet18-cifar",
        "resnet50-cifar",
        "wide_resnet50_2",
        "wide_resnet101_2",
        "resnext50_32x4d",
        "resnext101_32x8d",
        "resnext101_64x4d",
        "vit_tiny_patch16_224",
        "vit_small_patch8_224",
        "vit_small_patch14_518",
        "vit_base_patch16_384",
        "vit_large_patch14_224",
        "vit_huge_patch14_224",
        "vit_giant2_patch14_224",
    ];
    let mut tried = 0;
    for name in names {
        let arch = Arch::parse(name).unwrap();
        assert_eq!(arch.name(), name);
        let tensors = arch.tensors();
        for naming in NAMINGS.iter().filter(|n| n.family == arch.family()) {
            let file: Vec<_> = tensors
                .iter()
                .map(|t| (naming.rename(&t.name), t.shape.clone()))
                .collect();
            let shape = |ours: &str| {
                let theirs = naming.rename(ours);
                file.iter().find(|(n, _)| *n == theirs).map(|(_, s)| s.clone())
            };
            assert_eq!(naming.family.guess(&shape).unwrap(), arch, "{name} by {}", naming.name);
            assert!(file.iter().all(|(n, _)| naming.inside(n)), "{name} by {}", naming.name);
            tried += 1;
        }
    }
    assert!(tried >= 12 * 8 + 7 * 34, "only {tried} tried");
}

#[test]
fn rules_fit_whole_parts_and_carry_numbers_over() {
    let children = row("torchvision, children in a Sequential", ArchFamily::ResNet);
    assert_eq!(children.rename("layer1.0.conv1.weight"), "4.0.conv1.weight");
    assert_eq!(children.rename("conv1.weight"), "0.weight");
    assert!(children.inside("7.2.conv4.weight") && !children.inside("8.weight") && !children.inside("layer1.x"));
    let shortcut = row("shortcut", ArchFamily::ResNet);
    assert_eq!(
        shortcut.rename("layer2.0.downsample.1.bias"),
        "layer2.0.shortcut.1.bias"
    );
    let chunks = row("DINOv2, blocks in chunks", ArchFamily::Vit);
    let file = "teacher.blocks.2.7.mlp.fc1.bias";
    assert_eq!(chunks.locate("teacher.", "blocks.7.mlp.fc1.bias", |n| n == file), file);
    assert_eq!(
        chunks.locate("", "blocks.0.norm1.bias", |_| false),
        "blocks.0.0.norm1.bias"
    );
    let vit = row("torchvision", ArchFamily::Vit);
    assert_eq!(
        vit.rename("blocks.11.attn.qkv.bias"),
        "encoder.layers.encoder_layer_11.self_attention.in_proj_bias"
    );
    let detectron = row("detectron2", ArchFamily::ResNet);
    assert_eq!(
        detectron.rename("layer3.5.bn2.running_var"),
        "res4.5.conv2.norm.running_var"
    );
    assert_eq!(
        detectron.rename("layer1.0.downsample.0.weight"),
        "res2.0.shortcut.weight"
    );
}

/// Sizes that libraries publish: names and shapes of all tensors as they have them (`fixtures/golden/hierarchies.py`), and each
/// guessed from its own.
#[test]
fn published_sizes_have_their_librarys_names_and_shapes() {
    #[derive(serde::Deserialize)]
    struct Size {
        arch: String,
        naming: String,
        names: String,
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/hierarchies.json");
    let golden: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let sizes: Vec<Size> = serde_json::from_value(golden["sizes"].clone()).unwrap();
    assert!(sizes.len() >= 30, "{}", sizes.len());
    for size in sizes {
        let arch = Arch::parse(&size.arch).unwrap();
        assert_eq!(arch.name(), size.arch);
        let naming = row(&size.naming, arch.family());
        let tensors: Vec<_> = arch.tensors();
        let fits = |lines: &[String]| {
            use sha2::Digest as _;
            let mut lines = lines.to_vec();
            lines.sort_unstable();
            let digest = sha2::Sha256::digest(lines.join("\n").as_bytes());
            digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == size.names
        };
        let line = |name: &str, shape: &[usize]| {
            let shape: Vec<_> = shape.iter().map(usize::to_string).collect();
            format!("{name} {}", shape.join("x"))
        };
        let lines = |pointwise: bool| {
            let all = tensors.iter().flat_map(|t| {
                let mut shape = naming.in_file(&t.name, t.shape.clone());
                if pointwise && (t.name.ends_with("block.3.weight") || t.name.ends_with("block.5.weight")) {
                    shape.extend([1, 1]);
                }
                let parts = crate::checkpoint::joined::parts(&naming.rename(&t.name));
                shape[0] /= parts.len();
                parts.into_iter().map(|part| line(&part, &shape)).collect::<Vec<_>>()
            });
            all.collect::<Vec<_>>()
        };
        // The smallest of timm keep the linear layers of their blocks as convolutions.
        let found = fits(&lines(false)) || (size.arch.starts_with("convnext") && fits(&lines(true)));
        assert!(found, "{} by {}", size.arch, size.naming);
    }
}
