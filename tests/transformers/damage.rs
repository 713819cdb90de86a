//! Damage: parts of joined tensors that are missing, of another shape or not finite are named by their own names.

use featscope::checkpoint::LoadOptions;

use super::{case, load_by, refused};

const KEY: &str = "encoder.layer.1.attention.attention.key.weight";

fn partial() -> LoadOptions {
    LoadOptions {
        allow_partial: true,
        ..LoadOptions::default()
    }
}

#[test]
fn a_part_that_is_missing_is_named() {
    let case = case("vit");
    let whole = case.file();
    let count = load_by(&whole, Some(&case.config), &LoadOptions::default())
        .unwrap()
        .audit
        .expected;
    for name in [KEY, "encoder.layer.0.attention.attention.query.bias", "layernorm.bias"] {
        let mut tensors = whole.clone();
        tensors.remove(name).unwrap();
        let sentence = refused(&tensors, Some(&case.config));
        assert!(
            sentence.contains(&format!("1 of {count} tensors of the backbone are missing: {name};")),
            "{sentence}"
        );
        let audit = load_by(&tensors, Some(&case.config), &partial()).unwrap().audit;
        assert_eq!(audit.missing, [name]);
        assert!(!audit.matched.iter().any(|n| n == name) && audit.backbone_coverage < 1.0);
        // What is left of a joined tensor is part of the network, though it cannot be used.
        assert!(audit.unexpected.is_empty() && audit.unused.is_empty());
    }
}

#[test]
fn a_part_of_another_shape_is_named_with_the_shape_it_should_have() {
    let case = case("vit");
    for shape in [vec![32, 16], vec![16, 32], vec![1024], vec![32, 32, 1]] {
        let mut tensors = case.file();
        tensors.insert(KEY.to_owned(), (shape.clone(), vec![0.1; shape.iter().product()]));
        let sentence = refused(&tensors, Some(&case.config));
        assert!(
            sentence.contains(&format!("tensor {KEY} has shape {shape:?}, expected [32, 32]")),
            "{sentence}"
        );
    }
    // Parts that make up for each other are no joined tensor.
    let mut tensors = case.file();
    let query = KEY.replace("key", "query");
    tensors.insert(KEY.to_owned(), (vec![16, 32], vec![0.1; 512]));
    tensors.insert(query.clone(), (vec![48, 32], vec![0.1; 1536]));
    let sentence = refused(&tensors, Some(&case.config));
    assert!(
        sentence.contains(&format!("tensor {query} has shape [48, 32], expected [32, 32]")),
        "{sentence}"
    );
}

#[test]
fn a_part_that_is_not_finite_is_named() {
    let case = case("clip-vision");
    let name = "encoder.layers.2.self_attn.v_proj.bias";
    for value in [f32::NAN, f32::INFINITY] {
        let mut tensors = case.file();
        tensors.get_mut(name).unwrap().1[7] = value;
        let sentence = refused(&tensors, Some(&case.config));
        assert!(
            sentence.contains(&format!("tensor {name} holds NaN or infinite values")),
            "{sentence}"
        );
    }
}

#[test]
fn other_tensors_are_named_by_their_own_shapes() {
    let case = case("clip-vision");
    for (name, shape, expected) in [
        ("embeddings.class_embedding", vec![16], "[32]"),
        ("embeddings.class_embedding", vec![1, 1, 32], "[32]"),
        ("pre_layrnorm.weight", vec![16], "[32]"),
    ] {
        let mut tensors = case.file();
        tensors.insert(name.to_owned(), (shape.clone(), vec![0.1; shape.iter().product()]));
        let sentence = refused(&tensors, Some(&case.config));
        assert!(
            sentence.contains(&format!("tensor {name} has shape {shape:?}, expected {expected}")),
            "{sentence}"
        );
    }
    // Without both of its tensors, the normalisation before the blocks is missed all the same: it is a CLIP.
    let mut tensors = case.file();
    tensors.retain(|name, _| !name.starts_with("pre_layrnorm"));
    assert!(refused(&tensors, Some(&case.config)).contains("are missing: pre_layrnorm.weight (and 1 more missing)"));
}

#[test]
fn what_is_one_too_many_is_refused() {
    for (id, name) in [
        ("vit", "encoder.layer.0.attention.attention.gate.weight"),
        ("vit", "embeddings.register_tokens"),
        ("clip-vision", "embeddings.patch_embedding.bias"),
        ("clip", "vision_model.head.probe"),
    ] {
        let case = case(id);
        let mut tensors = case.file();
        tensors.insert(name.to_owned(), (vec![32], vec![0.1; 32]));
        let sentence = refused(&tensors, Some(&case.config));
        assert!(
            sentence.contains(&format!("tensor {name} lies inside the backbone")),
            "{sentence}"
        );
    }
}
