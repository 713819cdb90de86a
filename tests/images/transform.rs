//! Preprocessing against torchvision: fixtures/golden/transform.py wrote the values.

use featscope::images::transform::{Interpolation, Orientation, Preprocess, Resize};
use image::RgbImage;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    models: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    description: serde_json::Value,
    shape: [usize; 3],
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Case {
    width: u32,
    height: u32,
    preprocess: Preprocess,
    step: usize,
    pixels: String,
    corner: [f32; 3],
}

fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 7 + y * 3) as u8, (x * y) as u8, (x * x / 3 + y * 40) as u8])
    })
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../fixtures/golden/transform.json")).unwrap()
}

#[test]
fn pixels_are_within_one_level_of_torchvision() {
    for case in golden().cases {
        let plain = Preprocess {
            mean: [0.0; 3],
            std: [1.0; 3],
            ..case.preprocess.clone()
        };
        let values = plain.apply(&picture(case.width, case.height));
        let (height, width) = plain.size();
        let kept = values
            .chunks(width)
            .enumerate()
            .filter(|(row, _)| (row % height) % case.step == 0);
        let kept: Vec<i32> = kept
            .flat_map(|(_, row)| row.iter().step_by(case.step).map(|v| (v * 255.0).round() as i32))
            .collect();
        let hex = case.pixels.as_bytes().chunks(2);
        let wanted: Vec<i32> = hex
            .map(|h| i32::from_str_radix(std::str::from_utf8(h).unwrap(), 16).unwrap())
            .collect();
        assert_eq!(kept.len(), wanted.len());
        let worst = kept.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).max().unwrap();
        let off = kept.iter().zip(&wanted).filter(|(a, b)| a != b).count();
        let all = kept.len();
        println!("{} x {}: worst {worst}, {off} of {all} differ", case.width, case.height);
        assert!(
            worst <= 1,
            "{} x {} {:?}: off by {worst}",
            case.width,
            case.height,
            case.preprocess
        );
    }
}

#[test]
fn normalising_gives_torchvisions_floats() {
    for case in golden().cases {
        let values = case.preprocess.apply(&picture(case.width, case.height));
        let plane = values.len() / 3;
        for (c, wanted) in case.corner.iter().enumerate() {
            // One level of 255 over the smallest deviation, 0.224, where resizing may round the other way.
            let slack = if case.preprocess.resize.is_some() {
                1.001 / 255.0 / 0.224
            } else {
                0.0
            };
            assert!(
                (values[c * plane] - wanted).abs() <= slack,
                "{} {wanted}",
                values[c * plane]
            );
        }
    }
}

#[test]
fn a_description_is_read_back_and_its_hash_tells_it_apart() {
    let imagenet = Preprocess::imagenet();
    assert_eq!(
        imagenet.describe(),
        r#"{"resize":{"shorter":256},"interpolation":"bilinear","crop":[224,224],"mean":[0.485,0.456,0.406],"std":[0.229,0.224,0.225]}"#
    );
    assert_eq!(
        serde_json::from_str::<Preprocess>(&imagenet.describe()).unwrap(),
        imagenet
    );
    let other = Preprocess {
        interpolation: Interpolation::Bicubic,
        ..imagenet.clone()
    };
    assert_ne!(other.sha256(), imagenet.sha256());
    assert!(serde_json::from_str::<Preprocess>(&imagenet.describe().replace("crop", "corp")).is_err());
}

#[test]
fn timms_descriptions_give_timms_values() {
    let image = picture(311, 270);
    for Described {
        name,
        description,
        shape: [channels, height, width],
        values,
    } in golden().models
    {
        let preprocess = Preprocess::from_timm(&description).unwrap().unwrap();
        assert_eq!((channels, preprocess.size()), (3, (height, width)), "{name}");
        let all = preprocess.apply(&image);
        let every = |i: &usize| (i % width).is_multiple_of(37) && (i / width % height).is_multiple_of(37);
        let kept: Vec<f32> = (0..all.len()).filter(every).map(|i| all[i]).collect();
        assert_eq!(kept.len(), values.len(), "{name}");
        let worst = kept.iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Written with six digits; a level of 255 would be 0.008 and more.
        assert!(worst < 2e-6, "{name}: off by {worst}");
    }
}

#[test]
fn presets_are_what_timm_describes() {
    let preparation = |name: &str| {
        let model = golden().models.into_iter().find(|m| m.name.starts_with(name)).unwrap();
        Preprocess::from_timm(&model.description).unwrap().unwrap()
    };
    assert_eq!(preparation("vit_base_patch16_224.augreg"), Preprocess::inception(224));
    assert_eq!(preparation("resnet18.tv"), Preprocess::imagenet());
    let dino = Preprocess {
        resize: Some(Resize::Shorter(248)),
        ..Preprocess::imagenet_bicubic()
    };
    assert_eq!(preparation("vit_base_patch16_224.dino"), dino);
}

#[test]
fn another_size_keeps_the_proportion() {
    let at = |preprocess: Preprocess, side| {
        let other = preprocess.with_size(side);
        assert_eq!(other.crop, (side, side));
        other.resize
    };
    assert_eq!(at(Preprocess::imagenet(), 224), Some(Resize::Shorter(256)));
    // timm and torchvision: floor(384 / 0.875).
    assert_eq!(at(Preprocess::imagenet_bicubic(), 384), Some(Resize::Shorter(438)));
    assert_eq!(
        at(Preprocess::small(32, 32, [0.5; 3], [0.5; 3]), 64),
        Some(Resize::Exact(64, 64))
    );
    let uncut = Preprocess {
        resize: None,
        ..Preprocess::imagenet()
    };
    assert_eq!(at(uncut, 100), None);
    assert!(Preprocess::imagenet().with_size(0).check().is_err());
    assert!(Preprocess::imagenet().with_size(u32::MAX).check().is_err());
}

#[test]
fn an_orientation_is_written_only_where_it_is_not_the_usual_one() {
    // As manifests were written before there was a choice.
    let old = r#"{"resize":null,"crop":[8,8],"mean":[0.0,0.0,0.0],"std":[1.0,1.0,1.0]}"#;
    let read: Preprocess = serde_json::from_str(old).unwrap();
    assert_eq!(read.orientation, Orientation::Exif);
    assert!(!read.describe().contains("orientation"));
    let stored = Preprocess {
        orientation: Orientation::Stored,
        ..read.clone()
    };
    assert!(stored.describe().ends_with(r#","orientation":"stored"}"#));
    assert_eq!(serde_json::from_str::<Preprocess>(&stored.describe()).unwrap(), stored);
    assert_ne!(stored.sha256(), read.sha256());
}

#[test]
fn impossible_numbers_are_refused() {
    let good = Preprocess::small(32, 32, [0.5; 3], [0.25; 3]);
    assert!(good.check().is_ok() && Preprocess::imagenet().check().is_ok());
    assert_eq!((good.size(), good.values()), ((32, 32), 3072));
    for bad in [
        Preprocess {
            std: [0.25, 0.0, 0.25],
            ..good.clone()
        },
        Preprocess {
            mean: [f64::NAN; 3],
            ..good.clone()
        },
        Preprocess {
            crop: (0, 32),
            ..good.clone()
        },
        Preprocess {
            resize: Some(Resize::Shorter(1 << 20)),
            ..good.clone()
        },
    ] {
        assert!(bad.check().unwrap_err().to_string().starts_with("preprocess: "));
    }
}
