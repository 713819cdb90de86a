//! Features: every layer of every case.

use serde_json::{Value, json};

use super::support::golden_rows::{GoldenRows, images};
use super::support::prefixed;
use super::support::saved::Saved;
use super::{case, cases};

#[test]
fn every_layout_gives_its_librarys_features() {
    let mut expected = GoldenRows::open("hierarchies.safetensors");
    for case in cases() {
        let (loading, taps) = case.saved().run(&images(case.side));
        let family = loading.audit.arch.split('_').next();
        assert_eq!(family, case.id.split(' ').next(), "{}", case.id);
        // The heads of a method are compared where heads are.
        let is_head = |tap: &str| ["projector", "predictor"].iter().any(|head| tap.starts_with(head));
        expected.compare(&case.id, taps.iter().filter(|(tap, _)| !is_head(tap)));
    }
    expected.finish();
}

#[test]
fn what_no_tensor_shows_shows_in_the_features() {
    let expected = GoldenRows::open("hierarchies.safetensors");
    for (id, key, value) in [
        ("convnext transformers", "hidden_act", "quick_gelu".into()),
        ("convnext transformers-unusual", "hidden_act", "gelu".into()),
        ("swin transformers", "hidden_act", "quick_gelu".into()),
        ("swin transformers-unusual", "layer_norm_eps", 1e-5.into()),
        ("swinv2 transformers-unusual", "layer_norm_eps", 1e-5.into()),
        (
            "swinv2 transformers-classifier",
            "pretrained_window_sizes",
            vec![0, 0, 0, 0].into(),
        ),
        ("convnextv2 transformers-classifier", "layer_norm_eps", 1e-12.into()),
    ] {
        let mut case = case(id);
        let images = images(case.side);
        let right = expected.off(id, &case.saved(), &images);
        case.config.as_mut().unwrap()[key] = value;
        let wrong = expected.off(id, &case.saved(), &images);
        assert!(
            right <= 1e-4 && wrong > 1e-4,
            "{id} {key}: {right:e} as it says, {wrong:e} otherwise"
        );
    }
}

/// No tensor of a ConvNeXt shows the size of its images: OpenCLIP's description does.
#[test]
fn openclips_convnexts_are_prepared_as_their_description_says() {
    let tensors = prefixed(&case("convnext timm").file(), "visual.trunk.");
    let described = |whole: Value| {
        let saved = Saved::file("open_clip_model", tensors.clone());
        saved.beside("open_clip_config.json", whole).prepared().unwrap()
    };
    let vision = json!({"vision_cfg": {"image_size": 320, "timm_model_name": "convnext_base"}});
    let own = json!({"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]});
    let (found, from) = described(json!({"model_cfg": vision, "preprocess_cfg": own}));
    assert_eq!(from, "open_clip_config.json says so");
    let says = "shorter side to 320 (bicubic), centre 320 x 320, mean [0.5, 0.4, 0.3], std [0.2, 0.3, 0.4]";
    assert!(found.starts_with(says), "{found}");
    let (found, _) = described(json!({"model_cfg": vision, "preprocess_cfg": {}}));
    assert!(
        found.starts_with("shorter side to 320 (bicubic), centre 320 x 320, mean [0.48145466"),
        "{found}"
    );
    // Without a description it is still one of CLIP's.
    let (found, from) = Saved::file("open_clip_model", tensors.clone()).prepared().unwrap();
    assert!(
        found.starts_with("shorter side to 224 (bicubic), centre 224 x 224, mean [0.48145466"),
        "{found}"
    );
    assert!(from.starts_with("usual for"), "{from}");
}
