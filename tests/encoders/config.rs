//! What no tensor shows: who says it, and what is refused because nobody does.

use featscope::checkpoint::arch::{Activation, Arch, Pooling, Rotary, Vit};
use serde_json::{Value, json};

use super::support::Tensors;
use super::{Case, case};

fn vit(arch: &Arch) -> &Vit {
    match arch {
        Arch::Vit(vit) => vit,
        other => panic!("{other:?}"),
    }
}

/// The case as a file of this name, with this beside it.
fn called(id: &str, file: &str, beside: Option<(&str, Value)>) -> Case {
    let mut case = case(id);
    case.file = file.to_owned();
    case.beside = beside
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    case
}

fn activation(case: &Case) -> Activation {
    vit(&case.load().arch).activation
}

#[test]
fn the_activation_of_a_clip_comes_from_who_says_it() {
    for (id, activation, says) in [
        (
            "openai",
            Activation::QuickGelu,
            "as OpenAI has it, whose files alone hold input_resolution",
        ),
        ("open-clip", Activation::Gelu, "as open_clip_config.json beside it says"),
        (
            "open-clip-described-quick",
            Activation::QuickGelu,
            "as open_clip_config.json beside it says",
        ),
        (
            "open-clip-named-quick",
            Activation::QuickGelu,
            "\"vit-b-32-quickgelu.safetensors\" says",
        ),
        ("open-clip-named-at-48", Activation::Gelu, "laion2b"),
        ("clipa", Activation::TanhGelu, "epsilon 1e-6, as open_clip_config.json"),
        (
            "timm-clip",
            Activation::Gelu,
            "\"vit_base_patch16_clip_224.laion2b\" says",
        ),
        ("timm-clip-quick", Activation::QuickGelu, "clip_quickgelu_224\" says"),
        ("timm-siglip-tanh", Activation::TanhGelu, "patch32_siglip_256\" says"),
    ] {
        let loading = case(id).load();
        assert_eq!(vit(&loading.arch).activation, activation, "{id}");
        let notes = loading.audit.notes.join("; ");
        assert!(notes.contains(says), "{id}: {notes}");
    }
}

#[test]
fn a_clip_of_which_nobody_says_it_is_refused_until_it_is_named() {
    for file in ["x", "laion400m", "dfn", "openai-laion2b"] {
        let case = called("open-clip-named-quick", file, None);
        let sentence = case.saved().refused();
        let says = "nothing says whether its activation is quick GELU (OpenAI's) or GELU (most of OpenCLIP's); put its \
                    open_clip_config.json beside it, or pass --arch vit_width128_depth4_patch8_clip_quickgelu_32 or --arch \
                    vit_width128_depth4_patch8_clip_32";
        assert!(sentence.contains(says), "{sentence}");
        for (arch, activation) in [
            ("vit_width128_depth4_patch8_clip_quickgelu_32", Activation::QuickGelu),
            ("vit_width128_depth4_patch8_clip_32", Activation::Gelu),
        ] {
            let loading = case.saved().named(arch).load().unwrap();
            assert_eq!(vit(&loading.arch).activation, activation);
        }
        // A name without the word does not say it.
        assert!(case.saved().named("vit_width128_depth4_patch8_32").load().is_err());
    }
    // timm has OpenAI's weights under names of both.
    for name in [
        json!("vit_base_patch16_clip_224.openai"),
        json!("resnet50"),
        Value::Null,
    ] {
        let case = called("timm-clip", "x", Some(("config.json", json!({"architecture": name}))));
        let sentence = case.saved().refused();
        assert!(
            sentence.contains("--arch vit_tiny_patch8_clip_quickgelu_32"),
            "{sentence}"
        );
    }
    assert_eq!(
        activation(&called("timm-clip", "quickgelu", None)),
        Activation::QuickGelu
    );
    let case = called("timm-siglip-tanh", "x", None);
    assert_eq!(activation(&case), Activation::Gelu, "as timm has it in this size");
}

#[test]
fn a_description_that_contradicts_the_tensors_is_refused() {
    let whole = |key: &str, value: Value| {
        let mut vision = json!({"layers": 4, "width": 128, "patch_size": 8, "image_size": 32});
        vision[key] = value;
        json!({"model_cfg": {"vision_cfg": vision}})
    };
    for (key, value, says) in [
        ("layers", json!(12), "says layers 12, and its tensors have 4"),
        ("width", json!(768), "says width 768, and its tensors have 128"),
        ("patch_size", json!(16), "says patch_size 16, and its tensors have 8"),
        ("image_size", json!(224), "says image_size 224, and its tensors have 32"),
        (
            "head_width",
            json!(48),
            "says head_width 48, which does not divide the 128",
        ),
        (
            "pool_type",
            json!("avg"),
            "says pool_type \"avg\" after the last normalisation",
        ),
        (
            "pool_type",
            json!("none"),
            "says pool_type \"none\"; expected tok or avg",
        ),
        ("no_ln_pre", json!(true), "visual.ln_pre"),
        ("timm_model_name", json!("vit_base_patch16_224"), "says timm_model_name"),
    ] {
        let case = called("open-clip", "x", Some(("open_clip_config.json", whole(key, value))));
        let sentence = case.saved().refused();
        assert!(sentence.contains(says), "{sentence}");
    }
    let case = called(
        "open-clip",
        "x",
        Some(("open_clip_config.json", json!({"model_cfg": {}}))),
    );
    assert!(case.saved().refused().contains("has no vision_cfg"));
    // CLIPA's tensors say nothing of how it pools.
    let case = called("clipa", "datacomp", None);
    assert!(case.saved().refused().contains("nothing says how it pools"));
}

#[test]
fn the_half_for_texts_is_counted_and_left() {
    let loading = case("open-clip").load();
    let notes = loading.audit.notes.join("; ");
    assert!(
        notes.contains("the half for texts has 29 tensors, which are left alone"),
        "{notes}"
    );
    assert_eq!(loading.audit.prefix, "visual.");
    assert_eq!(loading.audit.projector.as_deref(), Some("Linear 128→24 (no bias)"));
    assert!(
        loading
            .audit
            .unused
            .iter()
            .any(|line| line.starts_with("transformer.resblocks."))
    );
    // The half for texts alone is no network of images.
    let case = case("open-clip");
    let mut texts = case.tensors();
    texts.retain(|name, _| !name.starts_with("visual."));
    assert!(case.saved().holding(texts).refused().contains("no known network"));
}

#[test]
fn heads_follow_from_tables_and_periods() {
    for (id, heads) in [
        ("beit", 2),
        ("beit-pretraining", 2),
        ("dinov3", 2),
        ("timm-dinov3", 2),
        ("timm-eva02", 2),
        ("open-clip", 4),
    ] {
        assert_eq!(vit(&case(id).load().arch).heads, heads, "{id}");
    }
    assert_eq!(
        vit(&case("dinov3").load().arch).rotary,
        Some(Rotary::Centred {
            base: 100,
            periods: true
        })
    );
}

/// Renames the tensors of a case.
fn renamed(case: &Case, rename: impl Fn(&str) -> Option<String>) -> Tensors {
    let tensors = case.tensors().into_iter();
    tensors
        .filter_map(|(name, tensor)| Some((rename(&name)?, tensor)))
        .collect()
}

/// Networks with the tensors of one that is known and positions of another kind.
#[test]
fn near_twins_are_told_apart_or_refused() {
    // timm's ViTs with rotary positions of base 10000, and those of base 100 by whole numbers: no registers, or no class token.
    let dinov3 = case("timm-dinov3");
    let twin = renamed(&dinov3, |name| (name != "reg_token").then(|| name.to_owned()));
    assert!(
        dinov3
            .saved()
            .holding(twin)
            .refused()
            .contains("rotary positions of a kind that no tensor tells")
    );
    let pooled = renamed(&dinov3, |name| {
        Some(name.replace("norm.", "fc_norm.").replace("fc_norm1", "norm1"))
    });
    let pooled: Tensors = pooled
        .into_iter()
        .filter(|(name, _)| !name.starts_with("cls_token"))
        .collect();
    assert!(
        dinov3
            .saved()
            .holding(pooled)
            .refused()
            .contains("rotary positions of a kind")
    );
    // The Perception Encoder by timm's names: a CLIP with attention pooling that turns its queries.
    let clip = case("timm-clip");
    let mut encoder = clip.tensors();
    let pool = case("timm-siglip").tensors();
    encoder.extend(pool.into_iter().filter(|(name, _)| name.starts_with("attn_pool.")));
    assert!(
        clip.saved()
            .holding(encoder)
            .refused()
            .contains("rotary positions of a kind")
    );
    // A class token with a normalisation of its own.
    let own = case("dinov3");
    let mut untied = own.tensors();
    for name in ["cls_norm.weight", "cls_norm.bias"] {
        untied.insert(name.to_owned(), (vec![128], vec![0.1; 128]));
    }
    let sentence = own.saved().holding(untied).refused();
    assert!(
        sentence.contains("tensor cls_norm.bias (and 1 more unexpected) lies inside"),
        "{sentence}"
    );
    // EVA-02's enormous CLIP normalises after its attention and its MLP; timm's and its own names say so.
    let eva = case("timm-eva");
    for (file, name) in [
        ("eva02_enormous", "eva02_enormous_patch14_clip_224"),
        ("x", "EVA02-E-14"),
    ] {
        let twin = called("timm-eva", file, Some(("config.json", json!({"architecture": name}))));
        assert!(
            twin.saved()
                .holding(eva.tensors())
                .refused()
                .contains("normalises after its attention and its MLP")
        );
    }
}

#[test]
fn the_pooling_asked_for_is_given_and_the_networks_own_is_a_layer() {
    for id in ["open-clip", "timm-siglip", "beit", "eva02-clip"] {
        let case = case(id);
        let pooler = |pooling| {
            let loading = case.saved().pooled(pooling).load().unwrap();
            loading.taps().into_iter().find(|(tap, _)| tap == "pooler")
        };
        let width = if id == "timm-siglip" { 192 } else { 128 };
        for pooling in [None, Some(Pooling::Mean)] {
            let expected = (id != "eva02-clip").then(|| ("pooler".to_owned(), width));
            assert_eq!(pooler(pooling), expected, "{id}");
        }
    }
}

/// A ResNet of CLIP's shows all but its attention heads.
#[test]
fn the_heads_of_a_resnet_of_clip_are_those_of_its_description() {
    for (id, name, says) in [
        (
            "openai-resnet",
            "clip_rn_width8_depths1-2-2-1_heads4_64",
            "64 channels each",
        ),
        (
            "open-clip-resnet",
            "clip_rn_width8_depths1-2-2-1_heads4_96",
            "64 channels each",
        ),
        (
            "open-clip-resnet-described",
            "clip_rn_width8_depths1-2-2-1_heads8_64",
            "as open_clip_config.json beside it says",
        ),
    ] {
        let loading = case(id).load();
        assert_eq!(loading.arch.name(), name);
        let notes = loading.audit.notes.join("; ");
        assert!(
            notes.contains(says) && notes.contains("the half for texts has"),
            "{notes}"
        );
        assert_eq!(loading.projector.map(|p| p.width(0)), Some(24), "{id}");
    }
    for (key, value, says) in [
        (
            "layers",
            json!([1, 2, 3, 1]),
            "says layers [1,2,3,1], and its tensors have [1,2,2,1]",
        ),
        ("layers", json!(12), "says layers 12, and its tensors have [1,2,2,1]"),
        ("width", json!(64), "says width 64, and its tensors have 8"),
        ("image_size", json!(224), "says image_size 224, and its tensors have 64"),
        (
            "head_width",
            json!(48),
            "says head_width 48, which does not divide the 256",
        ),
    ] {
        let mut case = case("open-clip-resnet-described");
        case.beside.get_mut("open_clip_config.json").unwrap()["model_cfg"]["vision_cfg"][key] = value;
        let sentence = case.saved().refused();
        assert!(sentence.contains(says), "{sentence}");
    }
    // Named, it is what was named.
    let case = case("open-clip-resnet");
    let arch = "clip_rn_width8_depths1-2-2-1_heads8_96";
    assert_eq!(case.saved().named(arch).load().unwrap().arch.name(), arch);
}
