//! `config.json`: what it tells, what it is silent about, what contradicts it, and what there is without it.

use featscope::checkpoint::LoadOptions;
use featscope::checkpoint::arch::{Activation, Arch, Pooling, Vit};
use serde_json::{Value, json};

use super::support::saved::Saved;
use super::{Case, case};

fn vit(arch: &Arch) -> &Vit {
    match arch {
        Arch::Vit(vit) => vit,
        other => panic!("{other:?}"),
    }
}

/// The case with another value in its `config.json`; `null` leaves it out.
fn with(case: &Case, key: &str, value: Value) -> Saved {
    let mut config = case.config.clone();
    let inner = match config.get("vision_config").is_some() {
        true => config["vision_config"].as_object_mut().unwrap(),
        false => config.as_object_mut().unwrap(),
    };
    match value {
        Value::Null => inner.remove(key),
        value => inner.insert(key.to_owned(), value),
    };
    Saved::folder(case.file(), Some(&config))
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
fn what_contradicts_the_tensors_is_refused() {
    for (id, key, value, says) in [
        (
            "vit",
            "num_hidden_layers",
            json!(2),
            "says num_hidden_layers 2, and its tensors have 3",
        ),
        (
            "vit",
            "num_hidden_layers",
            json!(4),
            "says num_hidden_layers 4, and its tensors have 3",
        ),
        (
            "vit",
            "hidden_size",
            json!(64),
            "says hidden_size 64, and its tensors have 32",
        ),
        (
            "vit",
            "intermediate_size",
            json!(96),
            "says intermediate_size 96, and its tensors have 48",
        ),
        (
            "vit",
            "patch_size",
            json!(16),
            "says patch_size 16, and its tensors have 8",
        ),
        (
            "vit",
            "image_size",
            json!(64),
            "says image_size 64, and its tensors have 4 patches a side",
        ),
        (
            "vit",
            "image_size",
            json!([32, 40]),
            "says image_size [32,40], and its tensors have 4 patches",
        ),
        (
            "vit",
            "qkv_bias",
            json!(false),
            "says qkv_bias false, and its tensors have true",
        ),
        (
            "vit",
            "num_channels",
            json!(1),
            "says num_channels 1, and its tensors have 3",
        ),
        (
            "vit",
            "num_attention_heads",
            json!(5),
            "num_attention_heads 5, which do not divide the 32",
        ),
        ("vit", "head_dim", json!(16), "says head_dim 16, and its tensors have 8"),
        (
            "vit",
            "model_type",
            json!("ijepa"),
            "says model_type \"ijepa\", whose tokens are 0 beside",
        ),
        (
            "vit",
            "model_type",
            json!("deit"),
            "says model_type \"deit\", whose tokens are 2 beside",
        ),
        (
            "vit",
            "model_type",
            json!("clip_vision_model"),
            "named as those of another network",
        ),
        (
            "dinov2",
            "use_swiglu_ffn",
            json!(true),
            "says use_swiglu_ffn true, and its tensors have false",
        ),
        (
            "dinov2-registers",
            "num_register_tokens",
            json!(4),
            "says num_register_tokens 4, and its tensors have 3",
        ),
        (
            "dinov2-registers",
            "model_type",
            json!("dinov2"),
            "whose tokens are 1 beside",
        ),
        (
            "clip",
            "hidden_size",
            json!(64),
            "says hidden_size 64, and its tensors have 32",
        ),
        (
            "siglip",
            "patch_size",
            json!(4),
            "says patch_size 4, and its tensors have 8",
        ),
    ] {
        let case = case(id);
        let sentence = with(&case, key, value).refused();
        assert!(sentence.contains(says), "{sentence}");
    }
    for (id, key, value, says) in [
        (
            "resnet",
            "depths",
            json!([3, 4, 6, 3]),
            "says depths [3,4,6,3], and its tensors have [1,1,1,1]",
        ),
        (
            "resnet",
            "layer_type",
            json!("basic"),
            "and its tensors have \"bottleneck\"",
        ),
        (
            "resnet",
            "model_type",
            json!("vit"),
            "named as those of another network",
        ),
        (
            "vit",
            "model_type",
            json!("resnet"),
            "named as those of another network",
        ),
        (
            "resnet",
            "model_type",
            json!("regnet"),
            "says model_type \"regnet\", whose features this program",
        ),
    ] {
        let case = case(id);
        let sentence = with(&case, key, value).refused();
        assert!(sentence.contains(says), "{sentence}");
    }
}

#[test]
fn what_this_program_does_not_do_is_refused() {
    for (id, key, value, says) in [
        (
            "vit",
            "hidden_act",
            json!("relu"),
            "says hidden_act \"relu\"; expected gelu, quick_gelu",
        ),
        ("clip", "hidden_act", json!(3), "says hidden_act 3; expected"),
        (
            "vit",
            "layer_norm_eps",
            json!(0),
            "says layer_norm_eps 0; expected a positive number",
        ),
        (
            "vit",
            "layer_norm_eps",
            json!("1e-6"),
            "says layer_norm_eps \"1e-6\"; expected",
        ),
        (
            "vit",
            "num_attention_heads",
            json!(0),
            "says num_attention_heads 0; expected a positive whole",
        ),
        (
            "vit",
            "num_attention_heads",
            json!(-4),
            "says num_attention_heads -4; expected a positive whole",
        ),
        (
            "vit",
            "num_hidden_layers",
            json!(1e300),
            "expected a positive whole number",
        ),
        (
            "resnet",
            "downsample_in_bottleneck",
            json!(true),
            "says downsample_in_bottleneck true; expected false",
        ),
        (
            "resnet",
            "hidden_act",
            json!("gelu"),
            "says hidden_act \"gelu\"; expected \"relu\"",
        ),
        (
            "vit",
            "model_type",
            json!("levit"),
            "says model_type \"levit\", whose features this program does not compute",
        ),
        (
            "vit",
            "model_type",
            json!("swinv2"),
            "says model_type \"swinv2\", and its tensors are named as those of another network",
        ),
    ] {
        let case = case(id);
        let sentence = with(&case, key, value).refused();
        assert!(sentence.contains(says), "{sentence}");
    }
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
