//! Which network it is, where the file leaves a choice.

use featscope::checkpoint::arch::Arch;
use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use serde_json::json;

use super::support::*;

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
    assert!(
        renamed("resnetv2_mine.pth").is_ok(),
        "what has tensors of its own is not taken for a whole network"
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
