//! DINOv3, BEiT and data2vec: what their `config.json` tells and may not contradict, and what they share with a ViT.

use featscope::checkpoint::arch::{Activation, Arch, FinalNorm, Pooling, Relative, Rotary, Vit};
use serde_json::json;

use super::support::saved::Saved;
use super::{Case, case};

fn vit(case: &Case) -> Vit {
    match case.load().arch {
        Arch::Vit(vit) => vit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn config_json_tells_what_no_tensor_shows() {
    let found = vit(&case("dinov3-mean"));
    assert_eq!(
        found.rotary,
        Some(Rotary::Centred {
            base: 10,
            periods: false
        })
    );
    assert_eq!(
        (found.pooling, found.heads, found.epsilon.value()),
        (Pooling::Class, 4, 1e-5)
    );
    assert_eq!(vit(&case("dinov3-gated")).gate, Activation::Silu);
    assert_eq!(vit(&case("dinov3-gated-gelu-in-memory")).gate, Activation::Gelu);
    for (id, relative, absolute, norm) in [
        ("beit", Some(Relative::Own), false, FinalNorm::Pooled),
        ("beit-shared", Some(Relative::Shared), true, FinalNorm::Tokens),
        ("beit-absolute-at-48", None, true, FinalNorm::Tokens),
        ("data2vec-bare", Some(Relative::Own), false, FinalNorm::Absent),
    ] {
        let found = vit(&case(id));
        assert_eq!(
            (found.relative, found.absolute, found.norm),
            (relative, absolute, norm),
            "{id}"
        );
    }
}

#[test]
fn what_contradicts_the_tensors_or_is_not_done_is_refused() {
    for (id, key, value, says) in [
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
            "config.json beside it says image_size 32, and",
        ),
        (
            "vit",
            "pooler_act",
            json!("relu"),
            "says pooler_act \"relu\"; expected tanh",
        ),
    ] {
        let case = case(id);
        let mut config = case.config.clone();
        config[key] = value;
        let sentence = Saved::folder(case.file(), Some(&config)).refused();
        assert!(sentence.contains(says), "{id} {key}: {sentence}");
    }
}

#[test]
fn without_it_tables_tell_the_heads() {
    let beit = case("beit");
    let loading = Saved::folder(beit.file(), None).load().unwrap();
    let Arch::Vit(found) = &loading.arch else { panic!() };
    assert_eq!((found.heads, found.norm), (4, FinalNorm::Pooled));
    let notes = loading.audit.notes.join("; ");
    assert!(
        notes.contains("GELU, epsilon 1e-12: there is no config.json beside it"),
        "{notes}"
    );
    // With them a ViT is a ViT, whatever its keys have.
    let vit = case("vit");
    let mut tensors = vit.file();
    tensors.retain(|name, _| !name.ends_with("key.bias"));
    let sentence = vit.saved().holding(tensors).refused();
    assert!(
        sentence.contains("query.bias") || sentence.contains("qkv_bias"),
        "{sentence}"
    );
}
