//! `config.json`: what it tells, what it is silent about, and what there is without it.

use featscope::checkpoint::LoadOptions;
use featscope::checkpoint::arch::{Activation, Arch, Pooling, Vit};
use serde_json::{Value, json};

use super::case;
use super::contradictions::with;
use super::support::saved::Saved;

fn vit(arch: &Arch) -> &Vit {
    match arch {
        Arch::Vit(vit) => vit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_tells_what_no_tensor_shows() {
    for (id, heads, activation, epsilon, pooling) in [
        ("vit", 4, Activation::Gelu, 1e-12, Pooling::Class),
        ("vit-unusual", 4, Activation::QuickGelu, 0.01, Pooling::Class),
        ("dinov2", 4, Activation::Gelu, 1e-6, Pooling::Class),
        ("clip", 4, Activation::QuickGelu, 1e-5, Pooling::Class),
        ("clip-vision-gelu", 4, Activation::Gelu, 1e-5, Pooling::Class),
        ("siglip", 4, Activation::TanhGelu, 1e-6, Pooling::Attention),
        ("siglip-no-head", 4, Activation::TanhGelu, 1e-6, Pooling::Mean),
        ("msn", 4, Activation::Gelu, 1e-6, Pooling::Class),
        ("ijepa", 4, Activation::Gelu, 1e-12, Pooling::Mean),
    ] {
        let case = case(id);
        let loading = case.load();
        let vit = vit(&loading.arch);
        assert_eq!(
            (vit.heads, vit.activation, vit.epsilon.value(), vit.pooling),
            (heads, activation, epsilon, pooling),
            "{id}"
        );
        let notes = loading.audit.notes.join("; ");
        let told = format!(
            "{heads} attention heads, {}, epsilon {epsilon:e}, as config.json beside it says",
            activation.describe()
        );
        assert!(notes.contains(&told), "{id}: {notes}");
    }
}

/// Files on the hub leave out what transformers' classes have anyway.
#[test]
fn where_it_is_silent_transformers_own_values_hold_and_the_audit_says_so() {
    let case = case("clip");
    let mut silent = case.config.clone();
    silent["vision_config"] = json!({"model_type": "clip_vision_model", "num_attention_heads": 4});
    let loading = Saved::folder(case.file(), Some(&silent)).load().unwrap();
    let found = vit(&loading.arch);
    assert_eq!((found.activation, found.epsilon.value()), (Activation::QuickGelu, 1e-5));
    let notes = loading.audit.notes.join("; ");
    let says =
        "quick GELU, epsilon 1e-5: config.json beside it is silent, and transformers' clip_vision_model has this then";
    assert!(
        notes.contains(says) && notes.contains("4 attention heads, as config.json"),
        "{notes}"
    );
    // Silence about heads means twelve, which do not fit here.
    let sentence = with(&case, "num_attention_heads", Value::Null).refused();
    assert!(
        sentence.contains("num_attention_heads 12, which do not divide the 32 channels"),
        "{sentence}"
    );
}

#[test]
fn without_it_nothing_is_assumed_that_others_have_otherwise() {
    // 32 channels: the number of heads is a guess.
    let (small, clip) = (case("vit").file(), case("clip-projection").file());
    assert!(
        Saved::folder(small.clone(), None)
            .refused()
            .contains("no tensor tells how many attention heads")
    );
    let loading = Saved::folder(small.clone(), None)
        .named("vit_width32_depth3_heads4_patch8_32")
        .load()
        .unwrap();
    let found = vit(&loading.arch);
    assert_eq!((found.heads, found.epsilon.value()), (4, 1e-12));
    let notes = loading.audit.notes.join("; ");
    assert!(
        notes.contains("4 attention heads, GELU, epsilon 1e-12: there is no config.json beside it to say so"),
        "{notes}"
    );
    // OpenAI's CLIPs have quick GELU, LAION's GELU, and the same tensors.
    let sentence = Saved::folder(clip.clone(), None).load().unwrap_err();
    let says = "whether its activation is quick_gelu or gelu; put its config.json there, or pass --arch \
                vit_width32_depth3_headsN_patch8_32 to take quick_gelu";
    assert!(sentence.contains(says), "{sentence}");
    let loading = Saved::folder(clip.clone(), None)
        .named("vit_width32_depth3_heads4_patch8_32")
        .load()
        .unwrap();
    assert_eq!(vit(&loading.arch).activation, Activation::QuickGelu);
    // A config.json of something else says nothing of it; one that is no JSON should have said something.
    assert!(
        Saved::folder(small.clone(), Some(&json!({"lr": 0.1})))
            .refused()
            .contains("attention heads")
    );
    let saved = Saved::folder(small, None).named("vit_width32_depth3_heads4_patch8_32");
    let (folder, _) = saved.write();
    std::fs::write(folder.path().join("config.json"), "{\"model_type\": ").unwrap();
    let checkpoint = featscope::checkpoint::Checkpoint::open(folder.path()).unwrap();
    let sentence = featscope::checkpoint::detect(&checkpoint, &saved.options)
        .unwrap_err()
        .to_string();
    assert!(sentence.contains("config.json beside it is no JSON"), "{sentence}");
}

#[test]
fn what_is_named_is_not_what_config_json_overrules() {
    let case = case("vit");
    let loading = case
        .saved()
        .named("vit_width32_depth3_heads2_patch8_32")
        .load()
        .unwrap();
    assert_eq!(vit(&loading.arch).heads, 2);
}

#[test]
fn what_lies_beside_the_network_is_left_and_listed() {
    for (id, unused) in [
        ("vit", vec![]),
        (
            "beit-pretraining",
            vec!["beit.embeddings.mask_token", "lm_head.bias", "lm_head.weight"],
        ),
        ("dinov3", vec!["embeddings.mask_token"]),
        ("dinov2", vec!["embeddings.mask_token"]),
        (
            "deit-teacher",
            vec![
                "cls_classifier.bias",
                "cls_classifier.weight",
                "distillation_classifier.bias",
                "distillation_classifier.weight",
            ],
        ),
        (
            "dinov2-classifier",
            vec!["classifier.bias", "classifier.weight", "dinov2.embeddings.mask_token"],
        ),
        (
            "clip",
            vec![
                "logit_scale",
                "text_model.embeddings.position_embedding.weight",
                "text_model.embeddings.token_embedding.weight",
                "text_model.encoder.* (48 tensors)",
                "text_model.final_layer_norm.bias",
                "text_model.final_layer_norm.weight",
                "text_projection.weight",
            ],
        ),
    ] {
        let case = case(id);
        let audit = case.load().audit;
        assert_eq!(audit.unused, unused, "{id}");
        assert_eq!((audit.unexpected.len(), audit.other_branches.len()), (0, 0), "{id}");
    }
    let case = case("mae-pretraining");
    let audit = case.load().audit;
    assert!(audit.unused.iter().all(|name| name.starts_with("decoder.")) && !audit.unused.is_empty());
    assert_eq!((audit.prefix.as_str(), audit.branch.as_str()), ("vit.", "only"));
}

#[test]
fn the_projection_of_clip_is_its_projector() {
    for id in ["clip", "clip-projection"] {
        let case = case(id);
        let audit = case.load().audit;
        assert_eq!(audit.projector_path.as_deref(), Some("visual_projection"));
        assert_eq!(audit.projector_coverage, Some(1.0));
    }
    for id in ["clip-vision", "siglip-vision", "siglip", "vit"] {
        let case = case(id);
        let audit = case.load().audit;
        assert_eq!((audit.projector, audit.projector_problem), (None, None), "{id}");
    }
}

#[test]
fn a_file_of_texts_alone_is_no_network_of_images() {
    let case = case("clip");
    let mut texts = case.file();
    texts.retain(|name, _| name.starts_with("text_"));
    let sentence = case.saved().holding(texts).refused();
    assert!(
        sentence.contains("no known network") && sentence.contains("\"CLIPModel\""),
        "{sentence}"
    );
}

/// Files of older versions hold a list of numbers beside the weights, and are what torch.save writes.
#[test]
fn older_files_are_the_same_network() {
    let case = case("clip-projection");
    let mut tensors = case.file();
    let whole = case.load();
    super::support::add(&mut tensors, "vision_model.embeddings.position_ids", &[1, 17]);
    let (folder, _) = case.saved().holding(tensors.clone()).write();
    std::fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    let weights = folder.path().join("pytorch_model.bin");
    super::support::write_pth(&weights, &tensors, None);
    for path in [folder.path(), weights.as_path()] {
        let checkpoint = featscope::checkpoint::Checkpoint::open(path).unwrap();
        let loading = featscope::checkpoint::detect(&checkpoint, &LoadOptions::default()).unwrap();
        assert_eq!((&loading.arch, &loading.backbone), (&whole.arch, &whole.backbone));
        assert_eq!(loading.audit.unused, ["vision_model.embeddings.position_ids"]);
    }
}
