//! Whole networks and their heads are found by names and shapes.

use featscope::checkpoint::arch::{Arch, HeadStep};
use featscope::checkpoint::own::{OwnClassifier, OwnMetadata, SCHEMA};
use featscope::checkpoint::{Checkpoint, ClassifierInput, summary};

use super::support::*;

fn names(taps: &[(String, usize)]) -> String {
    taps.iter()
        .map(|(n, w)| format!("{n} {w}"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn heads_are_rebuilt_from_names_and_shapes() {
    let loading = load(&Folder::new().safetensors(&whole())).unwrap();
    let audit = &loading.audit;
    assert_eq!(loading.arch, small());
    assert_eq!(
        audit.projector.as_deref(),
        Some("Linear 8→8, BatchNorm1d 8, ReLU, Linear 8→5")
    );
    assert_eq!(
        audit.classifier.as_deref(),
        Some("Linear 5→3 after the projector, at classifier")
    );
    assert_eq!((audit.backbone_coverage, audit.projector_coverage), (1.0, Some(1.0)));
    assert_eq!(audit.running_statistics, [10, 10]);
    let counted = small()
        .tensors()
        .iter()
        .filter(|t| t.parameter)
        .map(|t| t.shape.iter().product::<usize>() as u64)
        .sum();
    assert_eq!(audit.parameters, Some(counted), "without heads and running statistics");
    assert!(audit.missing.is_empty() && audit.unexpected.is_empty() && audit.unused.is_empty());
    assert_eq!(
        names(&loading.taps()),
        "stage1 6, stage2 8, backbone 8, projector.0 8, projector.1 8, projector.2 8, projector.3 5, projector 5, logits 3"
    );
}

#[test]
fn a_file_without_a_projector_says_so_and_loads() {
    let mut tensors = backbone(&Arch::parse("resnet18").unwrap());
    add(&mut tensors, "fc.weight", &[10, 512]);
    add(&mut tensors, "fc.bias", &[10]);
    let loading = load(&Folder::new().safetensors(&tensors)).unwrap();
    assert_eq!(loading.arch.name(), "resnet18");
    assert!(loading.projector.is_none() && loading.audit.projector.is_none());
    assert_eq!(
        loading.audit.classifier.as_deref(),
        Some("Linear 512→10 after the backbone, at fc")
    );
}

#[test]
fn prefixes_and_wrappers_are_found_by_search_in_both_containers() {
    let folder = Folder::new();
    let plain = backbone(&small());
    for prefix in [
        "",
        "module.",
        "backbone.",
        "encoder_q.",
        "module.encoder.",
        "_orig_mod.module.net.",
        "a.b.c.d.",
    ] {
        let tensors = prefixed(&plain, prefix);
        let flat = folder.safetensors(&tensors);
        let zip = folder.path("x.pth");
        for wrapper in [None, Some("state_dict"), Some("model")] {
            write_pth(&zip, &tensors, wrapper);
            for (path, wrapped) in [(&zip, wrapper), (&flat, None)] {
                let loading = load(path).unwrap();
                assert_eq!(loading.audit.prefix, prefix);
                assert_eq!(loading.audit.wrapper.as_deref(), wrapped);
                let checkpoint = Checkpoint::open(path).unwrap();
                for (ours, theirs) in &loading.backbone {
                    assert_eq!(checkpoint.tensor_f32(theirs).unwrap(), plain[ours]);
                }
            }
        }
    }
    assert_eq!(
        Checkpoint::open(&zip_with_epoch(&folder)).unwrap().metadata()["epoch"],
        7
    );
}

#[test]
fn other_spellings_of_a_resnet_are_the_same_network() {
    let plain = backbone(&Arch::parse("resnet18-cifar").unwrap());
    let children = [
        ("conv1", "0"),
        ("bn1", "1"),
        ("layer1", "4"),
        ("layer2", "5"),
        ("layer3", "6"),
        ("layer4", "7"),
    ];
    let sequential: Tensors = plain
        .iter()
        .map(|(name, tensor)| {
            let (first, rest) = name.split_once('.').unwrap();
            let child = children.iter().find(|(ours, _)| *ours == first).unwrap().1;
            (format!("backbone.{child}.{rest}"), tensor.clone())
        })
        .collect();
    let shortcut: Tensors = plain
        .iter()
        .map(|(n, t)| (n.replace("downsample", "shortcut"), t.clone()))
        .collect();
    for (tensors, style) in [
        (sequential, "torchvision, children in a Sequential"),
        (shortcut, "shortcut"),
    ] {
        let loading = load(&Folder::new().safetensors(&tensors)).unwrap();
        assert_eq!(
            (loading.audit.style.as_str(), loading.arch.name().as_str()),
            (style, "resnet18-cifar")
        );
        assert!(
            loading
                .backbone
                .iter()
                .all(|(ours, theirs)| tensors[theirs] == plain[ours])
        );
    }
}

#[test]
fn own_checkpoints_are_read_by_what_they_say_of_themselves() {
    let folder = Folder::new();
    let linear = |inputs, outputs| HeadStep::Linear {
        inputs,
        outputs,
        bias: true,
    };
    let mut own = OwnMetadata {
        schema: SCHEMA.into(),
        method: "sl-mlp".into(),
        arch: small(),
        projector: vec![
            linear(8, 8),
            HeadStep::BatchNorm1d { width: 8, affine: true },
            HeadStep::Gelu,
            linear(8, 5),
        ],
        predictor: Vec::new(),
        classifier: Some(OwnClassifier {
            input: ClassifierInput::Projector,
            classes: vec!["a".into(), "b".into(), "c".into()],
        }),
        preprocess: None,
        more: Default::default(),
    };
    let path = folder.path("own.safetensors");
    write_safetensors(&path, &whole(), Some(own.to_metadata()));
    let loading = load(&path).unwrap();
    // Names and shapes cannot tell GELU from ReLU; the description can.
    assert_eq!(
        loading.audit.projector.as_deref(),
        Some("Linear 8→8, BatchNorm1d 8, GELU, Linear 8→5")
    );
    assert_eq!(loading.classifier.unwrap().classes, ["a", "b", "c"]);
    own.projector.push(linear(5, 5));
    write_safetensors(&path, &whole(), Some(own.to_metadata()));
    assert!(
        load(&path)
            .unwrap_err()
            .to_string()
            .contains("tensors of the projector are missing: projector.4.weight")
    );
}

#[test]
fn a_summary_says_what_is_there_and_what_is_wrong() {
    let folder = Folder::new();
    let mut tensors = whole();
    let good = summary(&folder.safetensors(&tensors)).unwrap();
    assert_eq!(
        (good.arch.as_deref(), good.tensors, good.problem),
        (Some("small-cnn"), tensors.len(), None)
    );
    assert_eq!(
        good.taps.last().map(|t| (t.name.as_str(), t.width)),
        Some(("logits", 3))
    );
    tensors.remove("backbone.conv1.weight");
    let bad = summary(&folder.safetensors(&tensors)).unwrap();
    assert!(bad.problem.unwrap().contains("backbone.conv1.weight"));
    assert_eq!(bad.audit.unwrap().missing, ["backbone.conv1.weight"]);
}

#[test]
fn blocks_of_a_transformer_may_lie_in_chunks() {
    let mut tensors = Tensors::new();
    for (name, tensor) in backbone(&Arch::parse("vit_tiny_patch14_reg4_112").unwrap()) {
        let parts: Vec<_> = name.splitn(3, '.').collect();
        let theirs = match parts[..] {
            ["blocks", i, rest] => format!("blocks.{}.{i}.{rest}", i.parse::<usize>().unwrap() / 3),
            _ => name.replace("reg_token", "register_tokens"),
        };
        tensors.insert(format!("teacher.backbone.{theirs}"), tensor);
    }
    let loading = load(&Folder::new().safetensors(&tensors)).unwrap();
    let audit = &loading.audit;
    assert_eq!(
        (audit.arch.as_str(), audit.naming.as_str(), audit.matched.len()),
        ("vit_tiny_patch14_reg4_112", "DINOv2, blocks in chunks", tensors.len())
    );
    tensors.remove("teacher.backbone.blocks.3.11.norm2.bias");
    assert!(refused(&tensors).contains("are missing: teacher.backbone.blocks.0.11.norm2.bias"));
}

#[test]
fn a_network_that_is_saved_twice_is_one_network() {
    let net = backbone(&small());
    let mut twice = prefixed(&net, "backbone.");
    twice.append(&mut prefixed(&net, "encoder.0."));
    let loading = load(&Folder::new().safetensors(&twice)).unwrap();
    assert_eq!(loading.audit.prefix, "backbone.");
    assert_eq!(loading.audit.other_branches, ["encoder.0."]);
}

#[test]
fn tokens_of_a_transformer_do_not_go_unnoticed() {
    let plain = backbone(&Arch::parse("vit_tiny_patch16_reg1_64").unwrap());
    for (theirs, naming) in [
        ("reg_token", "timm"),
        ("register_tokens", "DINOv2"),
        ("dist_token", "distilled DeiT"),
    ] {
        let tensors: Tensors = plain
            .iter()
            .map(|(n, t)| (n.replace("reg_token", theirs), t.clone()))
            .collect();
        let loading = load(&Folder::new().safetensors(&tensors)).unwrap();
        assert_eq!(
            (loading.audit.naming.as_str(), loading.backbone.len()),
            (naming, tensors.len())
        );
    }
    let mut lost = plain.clone();
    lost.remove("cls_token");
    assert!(refused(&lost).contains("tensors of the backbone are missing: cls_token"));
    let mut renamed = plain;
    let block = renamed.remove("blocks.11.attn.qkv.weight").unwrap();
    renamed.insert("blocks.12.attn.qkv.weight".into(), block);
    assert!(refused(&renamed).contains("blocks.11.attn.qkv.weight"));
}
