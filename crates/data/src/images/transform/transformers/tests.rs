//! Descriptions as transformers and its older versions write them.

use serde_json::json;

use super::super::{IMAGENET_MEAN, IMAGENET_STD};
use super::*;

fn read(description: Value) -> Preprocess {
    Preprocess::from_transformers(&description).unwrap()
}

#[test]
fn processors_are_followed_in_all_their_spellings() {
    // As transformers 5 writes them, and as the files of its first versions have them.
    let vit = json!({
        "do_resize": true, "resample": 2, "do_rescale": true, "rescale_factor": 0.00392156862745098,
        "do_normalize": true, "size": {"height": 224, "width": 224}, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5], "image_processor_type": "ViTImageProcessor",
    });
    let squared = Preprocess {
        halves: Halves::Down,
        ..Preprocess::small(224, 224, HALF, HALF)
    };
    assert_eq!(read(vit), squared);
    let old = json!({"feature_extractor_type": "ViTFeatureExtractor", "size": 224, "do_center_crop": false});
    assert_eq!(read(old), squared);
    let clip = json!({"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224});
    assert_eq!(read(clip), Preprocess::clip(224));
    for name in ["CLIPImageProcessor", "CLIPImageProcessorFast", "CLIPImageProcessorPil"] {
        assert_eq!(read(json!({"image_processor_type": name})), Preprocess::clip(224));
    }
    // facebook/dinov2-base.
    let dinov2 = json!({
        "crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_convert_rgb": true,
        "image_mean": IMAGENET_MEAN, "image_processor_type": "BitImageProcessor", "image_std": IMAGENET_STD,
        "resample": 3, "size": {"shortest_edge": 256},
    });
    let wanted = Preprocess {
        halves: Halves::Down,
        ..Preprocess::imagenet_bicubic()
    };
    assert_eq!(read(dinov2), wanted.clone());
    let deit = read(json!({"image_processor_type": "DeiTImageProcessor", "do_normalize": false}));
    assert_eq!((deit.resize, deit.crop), (Some(Resize::Exact(256, 256)), (224, 224)));
    assert_eq!((deit.mean, deit.std), ([0.0; 3], [1.0; 3]));
    // microsoft/resnet-50.
    let convnext = |size: u32| {
        read(json!({
            "crop_pct": 0.875, "do_normalize": true, "do_resize": true, "feature_extractor_type": "ConvNextFeatureExtractor",
            "image_mean": IMAGENET_MEAN, "image_std": IMAGENET_STD, "resample": 3, "size": size,
        }))
    };
    assert_eq!(convnext(224), wanted);
    assert_eq!(
        (convnext(384).resize, convnext(384).crop),
        (Some(Resize::Exact(384, 384)), (384, 384))
    );
    let bare = json!({"image_processor_type": "CLIPImageProcessor", "do_resize": false, "image_mean": 0.5});
    assert_eq!((read(bare.clone()).resize, read(bare).mean), (None, HALF));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let with = |name: &str, key: &str, value: Value| {
        let mut description = json!({"image_processor_type": format!("{name}ImageProcessor")});
        description[key] = value;
        Preprocess::from_transformers(&description).unwrap_err().to_string()
    };
    for (key, value, says) in [
        (
            "resample",
            json!(1),
            "says resample 1 (lanczos), expected 2 (bilinear) or 3 (bicubic)",
        ),
        ("resample", json!("cubic"), "says resample \"cubic\", expected"),
        ("rescale_factor", json!(0.5), "says rescale_factor 0.5, expected 1/255"),
        ("do_rescale", json!(false), "says do_rescale false, expected true"),
        ("do_resize", json!(1), "says do_resize 1, expected true or false"),
        (
            "size",
            json!({"longest_edge": 9}),
            "says size {\"longest_edge\":9}, expected a number",
        ),
        (
            "size",
            json!({"shortest_edge": 9, "longest_edge": 12}),
            "expected a number, shortest_edge",
        ),
        (
            "crop_size",
            json!({"height": 9}),
            "says crop_size {\"height\":9}, expected",
        ),
        (
            "image_mean",
            json!([0.5]),
            "says image_mean [0.5], expected three numbers",
        ),
        (
            "image_std",
            json!([0.5, 0.0, 0.5]),
            "expected finite and positive numbers",
        ),
        ("crop_pct", json!(0.9), "says crop_pct 0.9, expected none"),
        ("do_center_crop", json!(false), "the network's input has one size"),
        ("size", json!(4294967295u32), "a side of 4294967295 pixels"),
    ] {
        let error = with("CLIP", key, value);
        assert!(error.contains(says) && !error.contains('\n'), "{error}");
    }
    assert!(with("ConvNext", "crop_pct", json!(1.5)).contains("says crop_pct 1.5, expected a share"));
    assert!(with("ConvNext", "do_resize", json!(false)).contains("says crop_pct 0.875, expected none, or"));
    assert!(with("Siglip", "size", json!(224)).contains("one size"));
    assert!(
        with("Levit", "size", json!(224)).contains("says image_processor_type \"LevitImageProcessor\", expected ViT")
    );
    let silent = Preprocess::from_transformers(&json!({"size": 224}))
        .unwrap_err()
        .to_string();
    assert!(silent.contains("does not say which image processor"), "{silent}");
}
