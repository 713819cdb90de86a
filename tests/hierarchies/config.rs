//! What `config.json` tells, what contradicts it, and near twins.

use serde_json::{Value, json};

use super::case;
use super::support::saved::Saved;

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
        (
            "swin transformers",
            "model_type",
            json!("swinv2"),
            "says model_type \"swinv2\", and its tensors have \"swin\"",
        ),
        (
            "swinv2 transformers",
            "model_type",
            json!("swin"),
            "says model_type \"swin\", and its tensors have \"swinv2\"",
        ),
        (
            "swin transformers",
            "model_type",
            json!("vit"),
            "named as those of another network",
        ),
        (
            "swin transformers",
            "window_size",
            json!(7),
            "says window_size 7, and its tensors have 4",
        ),
        (
            "swinv2 transformers",
            "num_heads",
            json!([1, 2, 4, 8]),
            "says num_heads [1,2,4,8], and its tensors have [1,2,2,4]",
        ),
        (
            "swin transformers",
            "depths",
            json!([2, 2, 6, 1]),
            "says depths [2,2,6,1], and its tensors have [2,2,2,1]",
        ),
        (
            "swin transformers",
            "mlp_ratio",
            json!(3.0),
            "says mlp_ratio 3.0, and its tensors have 4",
        ),
        (
            "swin transformers",
            "use_absolute_embeddings",
            json!(true),
            "says use_absolute_embeddings true; expected false",
        ),
        (
            "swinv2 transformers",
            "hidden_act",
            json!("relu"),
            "says hidden_act \"relu\"; expected gelu",
        ),
    ] {
        let sentence = Saved::folder(case(id).file(), Some(&with(id, key, value))).refused();
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
        let sentence = Saved::folder(tensors, None).refused();
        assert!(sentence.contains(lost), "{id}: {sentence}");
    }
    // Both of them are in neither.
    let mut tensors = case("convnextv2 timm").file();
    tensors.extend(case("convnext timm").file());
    assert!(
        Saved::folder(tensors, None)
            .refused()
            .contains("lies inside the backbone")
    );
}

/// Made for CLIP, it has a hidden layer before its classifier, without which its `logits` would be others.
#[test]
fn a_hidden_layer_that_is_lost_is_missed_by_the_networks_name() {
    let mut tensors = case("convnext timm-hidden").file();
    let whole = tensors.len();
    tensors.retain(|name, _| !name.contains("pre_logits.fc"));
    assert_eq!(tensors.len(), whole - 2);
    let tag = "convnext_large_mlp.clip_laion2b_ft_in1k";
    let named = json!({"architecture": tag});
    for saved in [
        Saved::folder(tensors.clone(), Some(&named)),
        Saved::file(tag, tensors.clone()),
    ] {
        let sentence = saved.refused();
        assert!(
            sentence.contains("it calls itself convnext_large_mlp") && sentence.contains("head.pre_logits.fc.weight"),
            "{sentence}"
        );
    }
    // Under another name it is a ConvNeXt without one.
    assert!(Saved::file("convnext_large.fb_in1k", tensors).load().is_ok());
}

/// The second version's windows are in no tensor: a guess would be another network.
#[test]
fn windows_that_nothing_tells_are_not_guessed() {
    for id in ["swinv2 timm", "swinv2 transformers"] {
        let sentence = Saved::folder(case(id).file(), None).refused();
        assert!(
            sentence.contains("no tensor tells its windows")
                && sentence.contains("--arch swinv2_width8_depths2-2-2-1_heads1-2-2-4_windowN_IMAGE"),
            "{sentence}"
        );
    }
    let named = json!({"architecture": "swinv2_width8_depths2-2-2-1_heads1-2-2-4_window4_128"});
    let loading = Saved::folder(case("swinv2 timm").file(), Some(&named)).load().unwrap();
    assert!(
        loading.audit.notes.join("; ").contains("windows of [4, 4, 4, 4]"),
        "{:?}",
        loading.audit.notes
    );
}

#[test]
fn versions_of_swin_are_not_taken_for_each_other() {
    for (id, other, lost) in [
        (
            "swin authors",
            "swinv2 authors",
            "layers.0.blocks.0.attn.relative_position_bias_table",
        ),
        ("swinv2 authors", "swin authors", "layers.0.blocks.0.attn.q_bias"),
    ] {
        let mut tensors = case(id).file();
        let (_, taken) = (tensors.remove(lost).unwrap(), case(other).file());
        let sentence = Saved::folder(tensors.clone(), None).refused();
        assert!(sentence.contains(lost), "{id}: {sentence}");
        tensors.extend(taken);
        let sentence = Saved::folder(tensors, None).refused();
        assert!(
            sentence.contains("has shape") || sentence.contains("lies inside the backbone"),
            "{id}: {sentence}"
        );
    }
}

#[test]
fn methods_that_train_swins_are_known() {
    let simmim = case("swin simmim");
    let audit = Saved::folder(simmim.file(), None).load().unwrap().audit;
    assert_eq!((audit.style.as_str(), audit.branch.as_str()), ("SimMIM", "only"));
    let moby = case("swin moby");
    for (branch, prefix) in [("auto", "encoder."), ("query", "encoder."), ("key", "encoder_k.")] {
        let audit = Saved::folder(moby.file(), None).branch(branch).load().unwrap().audit;
        assert_eq!((audit.style.as_str(), audit.prefix.as_str()), ("MoBY", prefix));
        let projector = audit.projector.unwrap();
        assert_eq!(projector, "Linear 64→24, BatchNorm1d 24, ReLU, Linear 24→16");
        assert_eq!(audit.predictor.is_some(), branch != "key");
    }
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
        let notes = Saved::folder(case.file(), case.config.as_ref())
            .load()
            .unwrap()
            .audit
            .notes;
        assert!(notes.join("; ").contains(says), "{id}: {notes:?}");
    }
    let case = case("convnext transformers");
    let alone = Saved::folder(case.file(), None).load().unwrap().audit.notes.join("; ");
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
        ("convnext timm-hidden", "at head.fc"),
        ("convnext torchvision", "at classifier"),
        ("convnext authors", "at head"),
        ("swin transformers-classifier", "at classifier"),
        ("swin timm", "at head.fc"),
        ("swinv2 authors", "at head"),
        ("swin torchvision", "at head"),
    ] {
        let case = case(id);
        let loading = Saved::folder(case.file(), case.config.as_ref()).load().unwrap();
        let classifier = loading.audit.classifier.clone().unwrap();
        assert!(
            classifier.contains("→5 after the backbone") && classifier.ends_with(at),
            "{classifier}"
        );
        let last = loading.taps().pop();
        assert_eq!(last, Some(("logits".to_owned(), 5)));
    }
}
