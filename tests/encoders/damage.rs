//! Damage: every kind of it to every layout, and to every tensor of one case of each family.

use super::support::damage::{Parts, every_kind, every_tensor};
use super::support::saved::Saved;
use super::{Case, case, cases};

/// A case of each family and naming.
const FAMILIES: [&str; 15] = [
    "openai",
    "open-clip",
    "open-clip-resnet",
    "clipa",
    "timm-clip",
    "timm-siglip",
    "timm-beit3",
    "timm-dinov3",
    "timm-dinov3-biases-mean",
    "dinov3",
    "dinov3-swiglu",
    "timm-eva02-apart",
    "eva02-clip",
    "beit",
    "beit-pretraining",
];

/// Parts of the names of cases that have the layout of another, and Franca, whose blocks lie in chunks: of a missing tensor nothing
/// tells the chunk, and its name has the first.
const VARIANTS: [&str; 7] = ["at-48", "mean", "quick", "described", "half", "class", "franca"];

/// Parts of the names of those that tell the width, the patches, the grid or the heads.
const TELLING: [&str; 10] = [
    "norm1.weight",
    "ln_1.weight",
    "ln1.weight",
    "pos",
    "conv1",
    "patch_embed",
    "periods",
    "table",
    "fc2",
    "c_proj",
];

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_damage_to_every_layout_is_refused_with_its_reason() {
    let is_variant = |id: &str| VARIANTS.iter().any(|part| id.contains(part));
    for Case { id, .. } in cases().iter().filter(|case| !is_variant(&case.id)) {
        let saved = case(id).saved();
        every_kind(id, &saved, &Parts::found(&saved));
    }
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_tensor_is_refused_by_its_name() {
    for id in FAMILIES {
        // A BEiT has position embeddings or has none, and nothing else shows it.
        let missing: &[&str] = if id == "beit-pretraining" { &["pos_embed"] } else { &[] };
        every_tensor(id, &case(id).saved(), [missing, &TELLING]);
    }
}

#[test]
fn a_projection_of_another_width_is_none() {
    for (id, name) in [("openai", "visual.proj"), ("eva02-clip", "visual.head.weight")] {
        let whole = case(id).saved();
        assert_eq!(whole.load().unwrap().projector.map(|p| p.width(0)), Some(24), "{id}");
        let damaged = |damage: &dyn Fn(&mut Vec<usize>, &mut Vec<f32>)| {
            let mut tensors = whole.tensors.clone();
            let (shape, values) = tensors.get_mut(name).unwrap();
            damage(shape, values);
            whole.holding(tensors)
        };
        let sentence = damaged(&|_, values| values[5] = f32::INFINITY).refused();
        assert!(sentence.contains(name), "{id}: {sentence}");
        let narrow: Saved = damaged(&|shape, values| {
            shape.iter_mut().filter(|n| **n == 128).for_each(|n| *n = 64);
            values.truncate(24 * 64);
        });
        match narrow.load() {
            Ok(loading) => assert!(loading.projector.is_none(), "{id}"),
            Err(sentence) => assert!(sentence.contains(name), "{id}: {sentence}"),
        }
    }
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn a_resnet_of_clip_misses_its_pooling_as_its_stages() {
    let saved = case("open-clip-resnet").saved();
    let parts = Parts {
        bias: "visual.attnpool.v_proj.bias".to_owned(),
        norm: "visual.bn3.weight".to_owned(),
        stem: "visual.conv3.weight".to_owned(),
        ..Parts::at(&saved, ["layer1.", "layer3.0."])
    };
    every_kind("open-clip-resnet", &saved, &parts);
    let without = |parts: &[&str]| {
        let mut tensors = saved.tensors.clone();
        for part in parts {
            tensors.remove(&format!("visual.attnpool.c_proj.{part}")).unwrap();
        }
        saved.holding(tensors).refused()
    };
    for part in ["weight", "bias"] {
        let (sentence, name) = (without(&[part]), format!("visual.attnpool.c_proj.{part}"));
        assert!(sentence.contains("missing") && sentence.contains(&name), "{sentence}");
    }
    // Without both it would load as one whose pooling ends before them.
    let sentence = without(&["weight", "bias"]);
    assert!(
        sentence.contains("attnpool.c_proj.weight and .bias, the end of its attention pooling, are missing"),
        "{sentence}"
    );
}
