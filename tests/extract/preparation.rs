//! How images are prepared when nobody says: the file's own word first, then the usual for its style.

use featscope::checkpoint::Checkpoint;
use featscope::checkpoint::arch::Arch;
use featscope::extract::preparation::{cifar, prepare};
use featscope::images::transform::{Interpolation, Preprocess, Resize};
use serde_json::json;

use crate::common::loading_of;
use crate::support::{add, backbone, prefixed, write_pth, write_pth_beside, write_safetensors};

fn prepared(path: &std::path::Path) -> (Preprocess, String) {
    let checkpoint = Checkpoint::open(path).unwrap();
    let prepared = prepare(&checkpoint, &loading_of(&checkpoint)).unwrap();
    (prepared.preprocess, prepared.from)
}

#[test]
fn timms_description_inside_the_file_or_beside_it_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pth");
    let tensors = backbone(&Arch::parse("resnet18").unwrap());
    let config = json!({
        "input_size": [3, 288, 288], "interpolation": "bicubic", "crop_pct": 0.95,
        "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.1], "architecture": "resnet18",
    });
    write_pth_beside(&path, &tensors, Some("state_dict"), &json!({"pretrained_cfg": config}));
    let (found, from) = prepared(&path);
    assert_eq!((found.crop, found.resize), ((288, 288), Some(Resize::Shorter(303))));
    assert_eq!(
        (found.interpolation, found.mean),
        (Interpolation::Bicubic, [0.5, 0.4, 0.3])
    );
    assert_eq!(from, "pretrained_cfg says so");
    write_pth(&path, &tensors, None);
    assert_eq!(prepared(&path).0, Preprocess::imagenet());
    let beside = folder.path().join("config.json");
    std::fs::write(
        &beside,
        json!({"architecture": "resnet18", "pretrained_cfg": config}).to_string(),
    )
    .unwrap();
    assert_eq!(
        prepared(&path),
        (found, "config.json beside the checkpoint says so".to_owned())
    );
    // Any other tool's config.json says nothing; one that asks for the impossible is an error.
    std::fs::write(&beside, "{\"hidden_size\": 8}").unwrap();
    assert_eq!(prepared(&path).0, Preprocess::imagenet());
    std::fs::write(
        &beside,
        json!({"pretrained_cfg": {"interpolation": "lanczos"}}).to_string(),
    )
    .unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    let error = prepare(&checkpoint, &loading_of(&checkpoint)).unwrap_err().to_string();
    assert!(
        error.contains("config.json") && error.contains("lanczos") && error.ends_with("or pass --preprocess"),
        "{error}"
    );
}

#[test]
fn styles_have_their_usual_preparation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let vit = backbone(&Arch::parse("vit_tiny_patch16_96").unwrap());
    let mut supervised = vit.clone();
    add(&mut supervised, "head.weight", &[10, 192]);
    add(&mut supervised, "head.bias", &[10]);
    let mut dino = prefixed(&vit, "teacher.backbone.");
    add(&mut dino, "teacher.head.mlp.0.weight", &[8, 192]);
    add(&mut dino, "teacher.head.last_layer.weight_g", &[4, 1]);
    add(&mut dino, "teacher.head.last_layer.weight_v", &[4, 8]);
    let cases = [
        (supervised, Preprocess::inception(96)),
        (vit, Preprocess::imagenet_bicubic().with_size(96)),
        (dino, Preprocess::imagenet_bicubic().with_size(96)),
        (backbone(&Arch::parse("resnet18-cifar").unwrap()), cifar()),
    ];
    for (tensors, wanted) in cases {
        write_safetensors(&path, &tensors, None);
        let (found, from) = prepared(&path);
        assert_eq!(found, wanted, "{from}");
        assert!(from.starts_with("usual for "), "{from}");
    }
}

/// torchvision's largest networks, in place of which a small one lies in the file.
#[test]
fn torchvisions_largest_networks_are_prepared_at_their_own_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    write_safetensors(&path, &backbone(&Arch::parse("resnet18").unwrap()), None);
    let checkpoint = Checkpoint::open(&path).unwrap();
    for (arch, naming, wanted) in [
        (
            "efficientnet_v2_l",
            "torchvision",
            "shorter side to 480 (bicubic), centre 480 x 480, mean [0.5, 0.5, 0.5], std [0.5, 0.5, 0.5]",
        ),
        (
            "vit_huge_patch14_518",
            "torchvision",
            "shorter side to 518 (bicubic), centre 518 x 518, mean [0.485, 0.456, 0.406]",
        ),
        // DINOv2's size in training is not that of its evaluation.
        (
            "vit_huge_patch14_518",
            "timm",
            "shorter side to 256 (bilinear), centre 224 x 224, mean [0.485, 0.456, 0.406]",
        ),
    ] {
        let mut loading = loading_of(&checkpoint);
        loading.arch = Arch::parse(arch).unwrap();
        loading.audit.naming = naming.to_owned();
        let prepared = prepare(&checkpoint, &loading).unwrap().preprocess.to_string();
        assert!(prepared.starts_with(wanted), "{arch}, {naming}: {prepared}");
    }
}
