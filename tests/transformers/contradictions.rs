//! `config.json`: what contradicts the tensors, and what it asks for that this program does not do.

use serde_json::{Value, json};

use super::support::saved::Saved;
use super::{Case, case};

/// The case with another value in its `config.json`; `null` leaves it out.
pub fn with(case: &Case, key: &str, value: Value) -> Saved {
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
        (
            "dinov3",
            "use_gated_mlp",
            json!(true),
            "says use_gated_mlp true, and its tensors have false",
        ),
        (
            "dinov3",
            "key_bias",
            json!(true),
            "says key_bias true, and its tensors have false",
        ),
        (
            "dinov3",
            "query_bias",
            json!(false),
            "says query_bias false, and its tensors have true",
        ),
        (
            "dinov3",
            "num_register_tokens",
            json!(4),
            "says num_register_tokens 4, and its tensors have 3",
        ),
        (
            "dinov3",
            "rope_theta",
            json!(0.5),
            "says rope_theta 0.5; expected a whole number above 1",
        ),
        (
            "dinov3",
            "num_hidden_layers",
            json!(4),
            "says num_hidden_layers 4, and its tensors have 3",
        ),
        (
            "dinov3",
            "hidden_act",
            json!("relu"),
            "says hidden_act \"relu\"; expected",
        ),
        (
            "dinov3",
            "model_type",
            json!("dinov2"),
            "named as those of another network",
        ),
        (
            "beit",
            "use_relative_position_bias",
            json!(false),
            "says use_relative_position_bias false",
        ),
        (
            "beit",
            "use_shared_relative_position_bias",
            json!(true),
            "says use_shared_relative_position_bias true",
        ),
        (
            "beit",
            "use_absolute_position_embeddings",
            json!(true),
            "says use_absolute_position_embeddings true",
        ),
        (
            "beit",
            "image_size",
            json!(64),
            "says image_size 64, and its tensors have 4 patches a side",
        ),
        (
            "beit",
            "model_type",
            json!("vit"),
            "are missing: embeddings.position_embeddings",
        ),
        (
            "vit",
            "pooler_act",
            json!("relu"),
            "says pooler_act \"relu\"; expected tanh",
        ),
    ] {
        let sentence = with(&case(id), key, value).refused();
        assert!(sentence.contains(says), "{id} {key}: {sentence}");
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
        let sentence = with(&case(id), key, value).refused();
        assert!(sentence.contains(says), "{id} {key}: {sentence}");
    }
}
