//! Every architecture against torchvision and timm (`fixtures/golden/architectures.py`): the names and shapes are the
//! libraries' own, the weights and images are made by formula on both sides.

#![cfg(feature = "torch")]

mod support;

use featscope::checkpoint::arch::Pooling;
use serde::Deserialize;
use support::golden_rows::{GoldenRows, images};
use support::saved::{Numbered, Saved, golden, numbered};

#[derive(Deserialize)]
struct Case {
    id: String,
    side: i64,
    pooling: Option<Pooling>,
    tensors: Vec<Numbered>,
}

fn cases() -> Vec<Case> {
    golden("architectures.json")
}

/// Checks every case of this list: id, architecture, style.
fn check_all(list: &[(&str, &str, &str)]) {
    let cases = cases();
    let mut expected = GoldenRows::open("architectures.safetensors");
    for (id, arch, style) in list {
        let case = cases.iter().find(|c| c.id == *id).unwrap();
        let saved = Saved::file("x", numbered(&case.tensors)).pooled(case.pooling);
        let (loading, taps) = saved.run(&images(case.side));
        assert_eq!(
            (loading.audit.arch.as_str(), loading.audit.style.as_str()),
            (*arch, *style),
            "{id}"
        );
        expected.compare(id, &taps[..loading.arch.taps().len()]);
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
    let cases = cases();
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
