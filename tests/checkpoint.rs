//! Checkpoints as people have them: whole ones are never refused, damaged ones always, with the right reason.

mod support;

use featscope::checkpoint::arch::{Arch, HeadStep};
use featscope::checkpoint::own::{OwnClassifier, OwnMetadata, SCHEMA};
use featscope::checkpoint::{Checkpoint, ClassifierInput, LoadOptions, detect, summary};
use serde_json::json;
use support::*;

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
fn auto_chooses_a_branch_and_says_which() {
    let mut tensors = prefixed(&backbone(&small()), "module.encoder_q.");
    tensors.extend(prefixed(&backbone(&small()), "module.encoder_k."));
    for (name, shape) in [("0.weight", [8, 8]), ("2.weight", [5, 8])] {
        add(&mut tensors, &format!("module.encoder_q.fc.{name}"), &shape);
        add(&mut tensors, &format!("module.encoder_k.fc.{name}"), &shape);
    }
    add(&mut tensors, "module.queue", &[5, 16]);
    let path = Folder::new();
    let path = path.safetensors(&tensors);
    let by_default = load(&path).unwrap().audit;
    assert_eq!(
        (by_default.branch.as_str(), by_default.prefix.as_str()),
        ("query", "module.encoder_q.")
    );
    assert_eq!(by_default.other_branches, ["module.encoder_k."]);
    assert_eq!(
        by_default.projector.as_deref(),
        Some("Linear 8→8 (no bias), ReLU, Linear 8→5 (no bias), L2-normalise")
    );
    assert!(by_default.unused.contains(&"module.queue".to_owned()));
    let checkpoint = Checkpoint::open(&path).unwrap();
    let with = |branch: &str| {
        detect(
            &checkpoint,
            &LoadOptions {
                branch: branch.into(),
                ..LoadOptions::default()
            },
        )
    };
    assert_eq!(with("key").unwrap().audit.prefix, "module.encoder_k.");
    assert_eq!(with("module.encoder_k").unwrap().audit.branch, "key");
    assert!(
        with("teacher")
            .unwrap_err()
            .to_string()
            .contains("no branch \"teacher\"")
    );
    // One tensor lost from the preferred branch must not silently turn to the other one.
    tensors.remove("module.encoder_q.conv1.weight");
    assert!(refused(&tensors).contains("1 of 25 tensors of the backbone are missing: module.encoder_q.conv1.weight"));
}

#[test]
fn two_networks_in_one_file_are_not_mixed_up() {
    let mut tensors = prefixed(&backbone(&small()), "a.");
    tensors.extend(prefixed(&backbone(&small()), "b."));
    tensors.get_mut("b.bn1.weight").unwrap().1[0] += 1.0;
    assert!(refused(&tensors).contains("two networks that fit equally well, with the prefixes \"a.\" and \"b.\""));
}

#[test]
fn a_resnet_that_lost_a_block_is_not_taken_for_a_smaller_one() {
    let mut tensors = backbone(&Arch::parse("resnet18").unwrap());
    tensors.retain(|n, _| !n.starts_with("layer4.1."));
    assert!(refused(&tensors).contains("a resnet18 cannot be loaded whole"));
}

#[test]
fn partial_loading_is_possible_when_asked_for_and_audited() {
    let mut tensors = whole();
    tensors.remove("backbone.conv1.weight");
    let folder = Folder::new();
    let checkpoint = Checkpoint::open(&folder.safetensors(&tensors)).unwrap();
    let loading = detect(
        &checkpoint,
        &LoadOptions {
            allow_partial: true,
            ..LoadOptions::default()
        },
    )
    .unwrap();
    assert_eq!(loading.audit.missing, ["backbone.conv1.weight"]);
    assert!(loading.audit.backbone_coverage < 1.0 && loading.audit.backbone_coverage > 0.8);
}

#[test]
fn the_architecture_can_be_named_and_must_fit() {
    let folder = Folder::new();
    let mut tensors = backbone(&Arch::parse("resnet18").unwrap());
    let checkpoint = Checkpoint::open(&folder.safetensors(&tensors)).unwrap();
    let with = |arch: &str| {
        detect(
            &checkpoint,
            &LoadOptions {
                arch: arch.into(),
                ..LoadOptions::default()
            },
        )
    };
    assert!(with("resnet18").is_ok());
    assert!(
        with("resnet34")
            .unwrap_err()
            .to_string()
            .contains("layer1.2.conv1.weight")
    );
    assert!(
        with("resnet18-cifar")
            .unwrap_err()
            .to_string()
            .contains("has shape [64, 3, 7, 7], expected [64, 3, 3, 3]")
    );
    assert!(
        with("alexnet")
            .unwrap_err()
            .to_string()
            .contains("\"alexnet\" is not known")
    );
    tensors.clear();
    add(&mut tensors, "weight", &[2, 2]);
    assert!(refused(&tensors).contains("no known network among its 1 tensors (weight, …)"));
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
fn a_transformer_of_an_unusual_width_is_asked_for_its_heads() {
    let folder = Folder::new();
    let named = "vit_width192_depth4_heads6_patch16_64";
    let odd = "vit_width128_depth4_heads4_patch16_64";
    let path = folder.safetensors(&backbone(&Arch::parse(odd).unwrap()));
    let refused = load(&path).unwrap_err().to_string();
    assert!(
        refused.ends_with("say so with --arch vit_width128_depth4_headsN_patch16_64"),
        "{refused}"
    );
    let with = |path: &std::path::Path, arch: &str| {
        let options = LoadOptions {
            arch: arch.into(),
            ..LoadOptions::default()
        };
        detect(&Checkpoint::open(path).unwrap(), &options)
    };
    for arch in [odd, named] {
        let path = folder.safetensors(&backbone(&Arch::parse(arch).unwrap()));
        let loading = with(&path, arch).unwrap();
        assert_eq!(
            (loading.arch.name().as_str(), loading.audit.backbone_coverage),
            (arch, 1.0)
        );
    }
    // Too shallow for its width: a transformer that lost blocks, unless it is named.
    let path = folder.safetensors(&backbone(&Arch::parse(named).unwrap()));
    let refused = load(&path).unwrap_err().to_string();
    assert!(
        refused.contains("no known network: of the nearest, a vit_tiny_patch16_64, only 54 of 150 tensors are there"),
        "{refused}"
    );
    let path = folder.safetensors(&backbone(&Arch::parse("vit_width192_depth7_patch16_64").unwrap()));
    assert!(load(&path).unwrap_err().to_string().contains("are missing: blocks.7."));
    // The same of one with a block too many.
    let deeper = "vit_width192_depth13_patch16_64";
    let path = folder.safetensors(&backbone(&Arch::parse(deeper).unwrap()));
    let refused = load(&path).unwrap_err().to_string();
    assert!(
        refused.contains("blocks.12.attn.proj.bias (and 11 more unexpected) lies inside"),
        "{refused}"
    );
    assert_eq!(with(&path, deeper).unwrap().arch.taps().len(), 14);
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

#[test]
fn a_network_that_only_its_name_tells_from_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.pth");
    let tensors = backbone(&Arch::parse("resnet50").unwrap());
    // Inside the file, and in a description beside it.
    write_pth_beside(&path, &tensors, Some("state_dict"), &json!({"arch": "resnetaa50"}));
    let inside = load(&path).unwrap_err().to_string();
    write_pth(&path, &tensors, Some("state_dict"));
    let config = folder.path().join("config.json");
    std::fs::write(&config, r#"{"architecture": "resnetblur50.bt_in1k"}"#).unwrap();
    let beside = load(&path).unwrap_err().to_string();
    // By the name of the file where nothing else calls it so.
    std::fs::remove_file(&config).unwrap();
    let renamed = |name: &str| {
        let renamed = folder.path().join(name);
        std::fs::rename(&path, &renamed).unwrap();
        let found = load(&renamed);
        std::fs::rename(&renamed, &path).unwrap();
        found
    };
    let called = renamed("ResNetBlur50-84f4748f.pth").unwrap_err().to_string();
    assert!(
        renamed("my-resnetblur50.pth").is_ok(),
        "only what begins with a name has it"
    );
    for (refused, expected) in [
        (
            inside,
            "calls its network resnetaa50, which has the tensors of a resnet50 and averages",
        ),
        (
            beside,
            "calls its network resnetblur50.bt_in1k, which has the tensors of a resnet50 and blurs",
        ),
        (
            called,
            "its file is called ResNetBlur50-84f4748f.pth, which has the tensors of a resnet50 and blurs",
        ),
    ] {
        assert!(
            refused.contains(expected) && refused.contains("pass --arch resnet50"),
            "{refused}"
        );
    }
    // Whoever names the architecture has been told.
    let named = LoadOptions {
        arch: "resnet50".to_owned(),
        ..LoadOptions::default()
    };
    let loading = detect(&Checkpoint::open(&path).unwrap(), &named).unwrap();
    assert_eq!(loading.audit.backbone_coverage, 1.0);
    // A name that contradicts the tensors is noted, one that fits only told.
    std::fs::write(&config, r#"{"architecture": "resnet101.a1_in1k"}"#).unwrap();
    let notes = load(&path).unwrap().audit.notes;
    let told =
        "it calls its network \"resnet101.a1_in1k\" (config.json beside it), but the tensors are those of a resnet50";
    assert!(notes.iter().any(|n| n == told), "{notes:?}");
    std::fs::write(&config, r#"{"architecture": "resnet50"}"#).unwrap();
    let notes = load(&path).unwrap().audit.notes;
    assert!(
        notes
            .iter()
            .any(|n| n == "it calls its network \"resnet50\" (config.json beside it)"),
        "{notes:?}"
    );
}

#[test]
fn weights_of_an_unfinished_training_say_so() {
    let folder = Folder::new();
    let path = folder.path("net.pth");
    let said = |beside: serde_json::Value| {
        write_pth_beside(&path, &backbone(&small()), Some("state_dict"), &beside);
        let audit = load(&path).unwrap().audit;
        let training = audit.training.clone().expect("a counter");
        let line = format!("{:<10} {}", "training", training.describe());
        assert!(audit.lines().contains(&line), "{line}");
        assert_eq!(audit.to_json()["training"]["said"], training.said.as_str());
        assert_eq!(summary(&path).unwrap().training.as_ref(), Some(&training));
        (training.describe(), training.finished)
    };
    let namespace = |epochs: i64| json!({CLASS: "argparse Namespace", "epochs": epochs, "start_epoch": 0, "epoch": 3});
    assert_eq!(
        said(json!({"epoch": 4, "args": namespace(40)})),
        (
            "epoch 4 of 40, saved before the training ended (epoch, args.epochs)".to_owned(),
            Some(false)
        )
    );
    assert_eq!(
        said(json!({"epoch": 4, "args": {"train": {"epochs": 40}}})).1,
        Some(false)
    );
    let lightning = json!({"epoch": 4, "global_step": 800, "hyper_parameters": {"max_epochs": 200}});
    assert_eq!(
        said(lightning).0,
        "epoch 4 of 200, step 800, saved before the training ended (epoch, hyper_parameters.max_epochs; global_step)"
    );
    for finished in [39, 40] {
        let (line, at_end) = said(json!({"epoch": finished, "args": namespace(40)}));
        assert!(
            at_end == Some(true) && line.contains("at the end of the training"),
            "{line}"
        );
    }
    assert_eq!(
        said(json!({"epoch": 7})),
        ("epoch 7, of how many is not told (epoch)".to_owned(), None)
    );
    // A file without a counter, and one whose network is not known.
    let silent = folder.safetensors(&whole());
    assert_eq!(load(&silent).unwrap().audit.training, None);
    assert!(
        !load(&silent)
            .unwrap()
            .audit
            .to_json()
            .as_object()
            .unwrap()
            .contains_key("training")
    );
    let mut unknown = Tensors::new();
    add(&mut unknown, "weight", &[2, 2]);
    write_pth_beside(&path, &unknown, Some("model"), &json!({"epoch": 4, "epochs": 40}));
    assert_eq!(summary(&path).unwrap().training.unwrap().finished, Some(false));
}

#[test]
fn a_training_is_told_by_texts_and_by_what_lies_beside_the_weights() {
    let folder = Folder::new();
    let path = folder.path("model.safetensors");
    let metadata = [("epoch", "12"), ("training_args", r#"{"optim": {"epochs": 90}}"#)];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    write_safetensors(&path, &whole(), Some(metadata.into()));
    let said = || load(&path).unwrap().audit.training.map(|t| t.describe());
    assert_eq!(
        said().as_deref(),
        Some("epoch 12 of 90, saved before the training ended (epoch, training_args.optim.epochs)")
    );
    write_safetensors(&path, &whole(), None);
    assert_eq!(said(), None);
    let state = json!({"epoch": 3.5, "num_train_epochs": 100, "global_step": 70, "max_steps": 2000, "log_history": [{"epoch": 99}]});
    std::fs::write(folder.path("trainer_state.json"), state.to_string()).unwrap();
    let beside = said().unwrap();
    assert!(
        beside.starts_with("epoch 3 of 100, step 70 of 2000, saved before the training ended (epoch, num_train_epochs in the trainer_state.json"),
        "{beside}"
    );
}
