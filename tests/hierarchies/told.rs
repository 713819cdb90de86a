//! What `config.json` tells, what contradicts it, and near twins.

use featscope::checkpoint::Options;
use serde_json::{Value, json};

use super::{case, load, refused};

fn with(id: &str, key: &str, value: Value) -> Value {
    let mut config = case(id).config.unwrap();
    config[key] = value;
    config
}

#[test]
fn what_contradicts_the_tensors_or_is_not_done_is_refused() {
    for (id, key, value, says) in [
        (
            "convnext transformers",
            "model_type",
            json!("convnextv2"),
            "says model_type \"convnextv2\", and its tensors have \"convnext\"",
        ),
        (
            "convnextv2 transformers",
            "model_type",
            json!("convnext"),
            "says model_type \"convnext\", and its tensors have \"convnextv2\"",
        ),
        (
            "convnext transformers",
            "model_type",
            json!("resnet"),
            "named as those of another network",
        ),
        (
            "convnext transformers",
            "depths",
            json!([1, 2, 3, 1]),
            "says depths [1,2,3,1], and its tensors have [1,2,2,1]",
        ),
        (
            "convnext transformers",
            "hidden_sizes",
            json!([8, 16, 24, 48]),
            "says hidden_sizes [8,16,24,48], and its tensors have [8,16,24,32]",
        ),
        (
            "convnext transformers",
            "patch_size",
            json!(8),
            "says patch_size 8, and its tensors have 4",
        ),
        (
            "convnext transformers",
            "hidden_act",
            json!("relu"),
            "says hidden_act \"relu\"; expected gelu, quick_gelu",
        ),
        (
            "convnext transformers",
            "layer_norm_eps",
            json!(-1),
            "says layer_norm_eps -1; expected a positive number",
        ),
        (
            "convnext transformers",
            "layer_scale_init_value",
            json!(0),
            "layer_scale_parameter",
        ),
    ] {
        let sentence = refused(&case(id).file(), Some(&with(id, key, value)), &Options::default());
        assert!(sentence.contains(says), "{sentence}");
    }
}

/// The second version has a response normalisation where the first scales its blocks' outputs.
#[test]
fn versions_of_convnext_are_not_taken_for_each_other() {
    for (id, part, lost) in [
        ("convnext timm", "gamma", "stages.0.blocks.0.gamma"),
        ("convnextv2 timm", "grn.bias", "stages.0.blocks.0.mlp.grn.bias"),
        ("convnext authors", "gamma", "stages.0.0.gamma"),
        ("convnextv2 authors", "gamma", "stages.0.0.grn.gamma"),
    ] {
        let mut tensors = case(id).file();
        tensors.retain(|name, _| !name.ends_with(part));
        let sentence = refused(&tensors, None, &Options::default());
        assert!(sentence.contains(lost), "{id}: {sentence}");
    }
    // Both of them are in neither.
    let mut tensors = case("convnextv2 timm").file();
    tensors.extend(case("convnext timm").file());
    assert!(refused(&tensors, None, &Options::default()).contains("lies inside the backbone"));
}

#[test]
fn the_audit_says_where_what_no_tensor_shows_comes_from() {
    for (id, says) in [
        (
            "convnext transformers-unusual",
            "quick GELU, epsilon 1e-2 in the last normalisation, as config.json beside it says",
        ),
        ("convnext timm", "GELU, epsilon 1e-6: no tensor tells"),
        ("convnext authors", "a size without a name"),
    ] {
        let case = case(id);
        let notes = load(&case.file(), case.config.as_ref(), &Options::default())
            .unwrap()
            .audit
            .notes;
        assert!(notes.join("; ").contains(says), "{id}: {notes:?}");
    }
    let case = case("convnext transformers");
    let alone = load(&case.file(), None, &Options::default())
        .unwrap()
        .audit
        .notes
        .join("; ");
    assert!(
        alone.contains("epsilon 1e-12 in the last normalisation: there is no config.json"),
        "{alone}"
    );
}

#[test]
fn classifiers_are_layers() {
    for (id, at) in [
        ("convnext transformers-classifier", "at classifier"),
        ("convnext timm", "at head.fc"),
        ("convnext authors", "at head"),
    ] {
        let case = case(id);
        let loading = load(&case.file(), case.config.as_ref(), &Options::default()).unwrap();
        let classifier = loading.audit.classifier.clone().unwrap();
        assert!(
            classifier.starts_with("Linear 32→5 after the backbone") && classifier.ends_with(at),
            "{classifier}"
        );
        let last = loading.taps().pop();
        assert_eq!(last, Some(("logits".to_owned(), 5)));
    }
}
