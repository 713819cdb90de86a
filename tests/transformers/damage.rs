//! Damage: every kind of it to every layout and to every tensor of one of each family; parts of joined tensors are named by their own
//! names.

use super::support::Tensors;
use super::support::damage::{Parts, every_kind, every_tensor};
use super::{Case, case, golden};

const KEY: &str = "encoder.layer.1.attention.attention.key.weight";

/// A case of each family and naming.
const FAMILIES: [&str; 14] = [
    "vit",
    "dinov2-swiglu",
    "dinov2-registers",
    "clip",
    "siglip",
    "mae",
    "ijepa",
    "dinov3",
    "dinov3-gated",
    "beit",
    "beit-shared",
    "beit-pretraining",
    "data2vec",
    "resnet",
];

/// Parts of the names of cases that have the layout of another.
const VARIANTS: [&str; 5] = ["at-48", "mean", "both", "unusual", "classifier"];

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_damage_to_every_layout_is_refused_with_its_reason() {
    let is_variant = |id: &str| VARIANTS.iter().any(|part| id.contains(part));
    for case in golden().cases.into_iter().filter(|case| !is_variant(&case.id)) {
        let saved = case.saved();
        let mut parts = Parts::found(&saved);
        // Without a part of a gated matrix it has no gate, which config.json contradicts.
        for name in [&mut parts.matrix, &mut parts.bias] {
            *name = name.replace("gate_proj", "down_proj");
        }
        every_kind(&case.id, &saved, &parts);
    }
}

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_tensor_is_refused_by_its_name() {
    for id in FAMILIES {
        every_tensor(id, &case(id).saved(), [&[], &["pooler.dense.weight"]]);
    }
}

/// The refusal of the case with a tensor put in or changed.
fn refused(case: &Case, damage: impl FnOnce(&mut Tensors)) -> String {
    let mut tensors = case.file();
    damage(&mut tensors);
    case.saved().holding(tensors).refused()
}

#[test]
fn a_part_that_is_missing_is_counted_by_itself() {
    let case = case("vit");
    let count = case.load().audit.expected;
    for name in [KEY, "encoder.layer.0.attention.attention.query.bias", "layernorm.bias"] {
        let mut tensors = case.file();
        tensors.remove(name).unwrap();
        let mut saved = case.saved().holding(tensors);
        let sentence = saved.refused();
        assert!(
            sentence.contains(&format!("1 of {count} tensors of the backbone are missing: {name};")),
            "{sentence}"
        );
        saved.options.allow_partial = true;
        let audit = saved.load().unwrap().audit;
        assert_eq!(audit.missing, [name]);
        assert!(!audit.matched.iter().any(|n| n == name) && audit.backbone_coverage < 1.0);
        // What is left of a joined tensor is part of the network, though it cannot be used.
        assert!(audit.unexpected.is_empty() && audit.unused.is_empty());
    }
}

#[test]
fn a_tensor_of_another_shape_is_named_with_the_shape_it_should_have() {
    for (id, name, shape, expected) in [
        ("vit", KEY, vec![32, 16], "[32, 32]"),
        ("vit", KEY, vec![16, 32], "[32, 32]"),
        ("vit", KEY, vec![1024], "[32, 32]"),
        ("vit", KEY, vec![32, 32, 1], "[32, 32]"),
        ("clip-vision", "embeddings.class_embedding", vec![16], "[32]"),
        ("clip-vision", "embeddings.class_embedding", vec![1, 1, 32], "[32]"),
        ("clip-vision", "pre_layrnorm.weight", vec![16], "[32]"),
    ] {
        let sentence = refused(&case(id), |t| {
            t.insert(name.to_owned(), (shape.clone(), vec![0.1; shape.iter().product()]));
        });
        assert!(
            sentence.contains(&format!("tensor {name} has shape {shape:?}, expected {expected}")),
            "{sentence}"
        );
    }
    // Parts that make up for each other are no joined tensor.
    let query = KEY.replace("key", "query");
    let sentence = refused(&case("vit"), |t| {
        t.insert(KEY.to_owned(), (vec![16, 32], vec![0.1; 512]));
        t.insert(query.clone(), (vec![48, 32], vec![0.1; 1536]));
    });
    assert!(
        sentence.contains(&format!("tensor {query} has shape [48, 32], expected [32, 32]")),
        "{sentence}"
    );
}

/// What the patches and their positions would show is not held against `config.json`.
#[test]
fn a_lost_stem_or_table_of_positions_contradicts_nothing() {
    for (id, names) in [
        (
            "vit",
            [
                "embeddings.patch_embeddings.projection.weight",
                "embeddings.position_embeddings",
            ],
        ),
        (
            "clip-vision",
            [
                "embeddings.patch_embedding.weight",
                "embeddings.position_embedding.weight",
            ],
        ),
    ] {
        for name in names {
            let sentence = refused(&case(id), |t| drop(t.remove(name).unwrap()));
            assert!(sentence.contains(&format!("are missing: {name}")), "{id}: {sentence}");
        }
    }
}

/// Without both of its tensors, the normalisation before the blocks is missed all the same: it is a CLIP.
#[test]
fn what_a_clip_must_have_is_missed() {
    let sentence = refused(&case("clip-vision"), |t| {
        t.retain(|name, _| !name.starts_with("pre_layrnorm"))
    });
    assert!(
        sentence.contains("are missing: pre_layrnorm.weight (and 1 more missing)"),
        "{sentence}"
    );
}

#[test]
fn what_is_one_too_many_is_refused() {
    for (id, name) in [
        ("vit", "encoder.layer.0.attention.attention.gate.weight"),
        ("vit", "embeddings.register_tokens"),
        ("clip-vision", "embeddings.patch_embedding.bias"),
        ("clip", "vision_model.head.probe"),
    ] {
        let sentence = refused(&case(id), |t| {
            t.insert(name.to_owned(), (vec![32], vec![0.1; 32]));
        });
        assert!(
            sentence.contains(&format!("tensor {name} lies inside the backbone")),
            "{sentence}"
        );
    }
}
