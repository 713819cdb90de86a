//! Every architecture against torchvision and timm (`fixtures/golden/architectures.py`): the names and shapes are the
//! libraries' own, the weights and images are made by formula on both sides.

#![cfg(feature = "torch")]

mod support;

use std::path::Path;

use featscope::checkpoint::arch::Pooling;
use featscope::checkpoint::{Checkpoint, LoadOptions, detect};
use featscope::extract::device::DeviceChoice;
use featscope::extract::model::Model;
use serde::Deserialize;
use support::golden_rows::{images, worst_error};
use support::{Tensors, add, write_safetensors};

#[derive(Deserialize)]
struct Case {
    id: String,
    side: i64,
    pooling: Option<Pooling>,
    /// Name with * for a number, shape, first number, how many.
    tensors: Vec<(String, Vec<usize>, usize, usize)>,
}

impl Case {
    fn file(&self) -> Tensors {
        let mut tensors = Tensors::new();
        for (name, shape, first, count) in &self.tensors {
            for i in *first..first + count {
                add(&mut tensors, &name.replace('*', &i.to_string()), shape);
            }
        }
        tensors
    }
}

fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name)
}

/// The bar of quality.md: cosine at least 0.99999 per row, largest error at most 1e-4 of the largest feature of the layer.
fn check(case: &Case, expected: &Checkpoint, arch: &str, style: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    write_safetensors(&path, &case.file(), None);
    let checkpoint = Checkpoint::open(&path).unwrap();
    let options = LoadOptions {
        pooling: case.pooling,
        ..LoadOptions::default()
    };
    let loading = detect(&checkpoint, &options).unwrap();
    assert_eq!(
        (loading.arch.name().as_str(), loading.audit.style.as_str()),
        (arch, style),
        "{}",
        case.id
    );
    assert_eq!(loading.audit.backbone_coverage, 1.0);
    let model = Model::load(&checkpoint, &loading, DeviceChoice::Cpu.open().unwrap()).unwrap();
    let taps = model.forward(&images(case.side));
    let worst = worst_error(&case.id, &taps[..loading.arch.taps().len()], expected);
    println!("{:28} {arch:28} largest error {worst:.1e} of the scale", case.id);
}

/// Checks every case of this list: id, architecture, style.
fn check_all(list: &[(&str, &str, &str)]) {
    let cases: Vec<Case> =
        serde_json::from_str(&std::fs::read_to_string(golden("architectures.json")).unwrap()).unwrap();
    let expected = Checkpoint::open(&golden("architectures.safetensors")).unwrap();
    for (id, arch, style) in list {
        let case = cases.iter().find(|c| c.id == *id).unwrap();
        check(case, &expected, arch, style);
    }
}

const RESNETS: &[(&str, &str, &str)] = &[
    ("resnet18", "resnet18", "torchvision"),
    ("resnet34", "resnet34", "torchvision"),
    ("resnet50", "resnet50", "torchvision"),
    ("resnet101", "resnet101", "torchvision"),
    ("resnet152", "resnet152", "torchvision"),
    ("wide_resnet50_2", "wide_resnet50_2", "torchvision"),
    ("wide_resnet101_2", "wide_resnet101_2", "torchvision"),
    ("resnext50_32x4d", "resnext50_32x4d", "torchvision"),
    ("resnext101_32x8d", "resnext101_32x8d", "torchvision"),
    ("resnext101_64x4d", "resnext101_64x4d", "torchvision"),
    ("timm-resnet50", "resnet50", "torchvision"),
    ("resnet18-cifar", "resnet18-cifar", "torchvision"),
    ("resnet18-solo", "resnet18-cifar", "solo-learn"),
];

const SUPERVISED_TRANSFORMERS: &[(&str, &str, &str)] = &[
    ("torchvision-vit_b_16", "vit_base_patch16_224", "torchvision"),
    ("torchvision-vit_b_32-mean", "vit_base_patch32_224", "torchvision"),
    ("torchvision-vit_l_16", "vit_large_patch16_64", "torchvision"),
    ("timm-tiny16", "vit_tiny_patch16_224", "timm"),
    ("timm-tiny16-at-160", "vit_tiny_patch16_224", "timm"),
    ("timm-small16-both", "vit_small_patch16_224", "timm"),
    ("timm-small8", "vit_small_patch8_64", "timm"),
    ("timm-base16", "vit_base_patch16_64", "timm"),
    ("timm-large16", "vit_large_patch16_64", "timm"),
    ("timm-pooled-norm", "vit_tiny_patch16_64", "timm"),
    ("timm-no-class-token", "vit_tiny_patch16_64", "timm"),
];

const SELF_SUPERVISED_TRANSFORMERS: &[(&str, &str, &str)] = &[
    ("timm-dinov2-reg4", "vit_small_patch14_reg4_112", "timm"),
    ("timm-swiglu", "vit_tiny_patch14_112", "timm"),
    ("dino-small16", "vit_small_patch16_224", "DINO"),
    ("dinov2", "vit_tiny_patch14_112", "DINOv2"),
    ("dinov2-registers", "vit_tiny_patch14_reg4_112", "DINOv2 with registers"),
    ("dinov2-swiglu", "vit_tiny_patch14_112", "DINOv2"),
    ("mae-mean", "vit_base_patch16_64", "MAE"),
    ("moco-v3-small", "vit_small_heads12_patch16_64", "MoCo v3"),
];

#[test]
fn resnets_give_torchvisions_features() {
    check_all(RESNETS);
}

#[test]
fn supervised_transformers_give_their_librarys_features() {
    check_all(SUPERVISED_TRANSFORMERS);
}

#[test]
fn self_supervised_transformers_give_their_librarys_features() {
    check_all(SELF_SUPERVISED_TRANSFORMERS);
}

#[test]
fn every_golden_case_is_checked() {
    let cases: Vec<Case> =
        serde_json::from_str(&std::fs::read_to_string(golden("architectures.json")).unwrap()).unwrap();
    let mut ids: Vec<_> = cases.iter().map(|c| c.id.as_str()).collect();
    let mut checked: Vec<_> = [RESNETS, SUPERVISED_TRANSFORMERS, SELF_SUPERVISED_TRANSFORMERS]
        .concat()
        .iter()
        .map(|c| c.0)
        .collect();
    ids.sort_unstable();
    checked.sort_unstable();
    assert_eq!(ids, checked);
}
