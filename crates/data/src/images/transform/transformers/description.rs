//! Reading what the file of an image processor says.

use serde_json::Value;

use super::processors::{PROCESSORS, Processor};
use crate::error::{Error, Result};
use crate::images::resize::Interpolation;
use crate::images::transform::preprocess::{Halves, Orientation, Preprocess, Resize};

/// ConvNext's processor resizes to this side and to larger ones without cutting anything out.
const WHOLE: u32 = 384;

/// What else a file may ask for, which is not done here: done where it is there and neither null nor false.
const NOT_DONE: [&str; 4] = ["do_pad", "do_thumbnail", "do_align_long_axis", "do_splitting"];

impl Preprocess {
    /// What transformers' image processor of this description does, resizing as Pillow.
    ///
    /// # Errors
    /// A processor that is not known, and what this program does not do exactly: another filter than bilinear and bicubic,
    /// another factor than 1/255, an output that is not of one size.
    pub fn from_transformers(description: &Value) -> Result<Self> {
        let config = Config(description);
        let processor = config.processor()?;
        if let Some((key, value)) = NOT_DONE.iter().find_map(|key| Some((key, config.get(key)?)))
            && *value != Value::Bool(false)
        {
            return Err(refused(key, value, "none"));
        }
        let resize = match config.switch("do_resize", true)? {
            true => Some(config.size(processor)?),
            false => None,
        };
        let crop = match config.switch("do_center_crop", processor.crop.is_some())? {
            true => Some(config.crop(processor)?),
            false => None,
        };
        let share = config.share(processor)?;
        let (resize, crop) = match (share, resize, crop) {
            (None, resize, crop) => (resize, crop),
            (Some(share), Some(Resize::Shorter(side)), None) => match side < WHOLE {
                true => {
                    // Past any side that there is, and so refused below.
                    let before = (f64::from(side) / share) as u32;
                    (Some(Resize::Shorter(before)), Some((side, side)))
                }
                false => (Some(Resize::Exact(side, side)), None),
            },
            (Some(share), ..) => {
                return Err(refused(
                    "crop_pct",
                    share,
                    "none, or the length of the shorter side beside it",
                ));
            }
        };
        let crop = match (crop, resize) {
            (Some(crop), _) => crop,
            (None, Some(Resize::Exact(height, width))) => (height, width),
            (None, _) => {
                return Err(Error::input(
                    "cuts nothing out of images whose sides are not all resized, and the network's input has one size",
                ));
            }
        };
        if !config.switch("do_rescale", true)? {
            return Err(refused("do_rescale", "false", "true"));
        }
        if let Some(factor) = config.get("rescale_factor")
            && factor.as_f64().is_none_or(|f| (f * 255.0 - 1.0).abs() > 1e-6)
        {
            return Err(refused("rescale_factor", factor, "1/255"));
        }
        let (mean, std) = match config.switch("do_normalize", true)? {
            true => (
                config.channels("image_mean")?.unwrap_or(processor.mean),
                config.channels("image_std")?.unwrap_or(processor.std),
            ),
            false => ([0.0; 3], [1.0; 3]),
        };
        let preprocess = Self {
            resize,
            interpolation: config.interpolation(processor)?,
            crop,
            mean,
            std,
            orientation: Orientation::Exif,
            halves: Halves::Down,
        };
        preprocess
            .check()
            .map_err(|e| Error::input(format!("asks for what cannot be ({e})")))?;
        Ok(preprocess)
    }
}

fn refused(key: &str, found: impl std::fmt::Display, expected: &str) -> Error {
    Error::input(format!("says {key} {found}, expected {expected}"))
}

struct Config<'a>(&'a Value);

impl Config<'_> {
    /// What is said under a key; `null` says nothing.
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|v| !v.is_null())
    }

    fn processor(&self) -> Result<&'static Processor> {
        let key = ["image_processor_type", "feature_extractor_type"]
            .into_iter()
            .find(|key| self.get(key).is_some());
        let known = || {
            let names: Vec<_> = PROCESSORS.iter().map(|p| format!("{}ImageProcessor", p.name)).collect();
            names.join(", ")
        };
        let Some((key, value)) = key.and_then(|key| Some((key, self.get(key)?))) else {
            return Err(Error::input(format!(
                "does not say which image processor it describes (image_processor_type), expected {}",
                known()
            )));
        };
        let name = value.as_str().unwrap_or_default();
        let bare = ["Fast", "Pil"]
            .iter()
            .fold(name, |name, end| name.trim_end_matches(end));
        let bare = bare
            .strip_suffix("ImageProcessor")
            .or_else(|| bare.strip_suffix("FeatureExtractor"));
        PROCESSORS
            .iter()
            .find(|p| Some(p.name) == bare)
            .ok_or_else(|| refused(key, value, &known()))
    }

    fn switch(&self, key: &str, usual: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(usual),
            Some(value) => value.as_bool().ok_or_else(|| refused(key, value, "true or false")),
        }
    }

    fn size(&self, processor: &Processor) -> Result<Resize> {
        let Some(value) = self.get("size") else {
            return Ok(processor.resize);
        };
        let number = |key: &str| whole(value.get(key)?);
        let keys = value
            .as_object()
            .map_or(0, |o| o.values().filter(|v| !v.is_null()).count());
        let found = match (whole(value), number("shortest_edge"), number("height"), number("width")) {
            (Some(side), ..) if processor.square => Some(Resize::Exact(side, side)),
            (Some(side), ..) => Some(Resize::Shorter(side)),
            (_, Some(side), None, None) if keys == 1 => Some(Resize::Shorter(side)),
            (_, None, Some(height), Some(width)) if keys == 2 => Some(Resize::Exact(height, width)),
            _ => None,
        };
        found.ok_or_else(|| refused("size", value, "a number, shortest_edge, or height and width"))
    }

    fn crop(&self, processor: &Processor) -> Result<(u32, u32)> {
        let usual = processor.crop.map(|side| (side, side));
        let found = match self.get("crop_size") {
            None => usual,
            Some(value) => match (whole(value), value.get("height"), value.get("width")) {
                (Some(side), ..) => Some((side, side)),
                (None, Some(height), Some(width)) => whole(height).zip(whole(width)),
                _ => None,
            },
        };
        let shown = self.get("crop_size").map_or("nothing".to_owned(), Value::to_string);
        found.ok_or_else(|| refused("crop_size", shown, "a number, or height and width"))
    }

    /// The share of an image that is cut out, where the processor has one.
    fn share(&self, processor: &Processor) -> Result<Option<f64>> {
        match (self.get("crop_pct"), processor.crop_pct) {
            (None, usual) => Ok(usual),
            (Some(value), Some(_)) => match value.as_f64().filter(|pct| *pct > 0.0 && *pct <= 1.0) {
                Some(pct) => Ok(Some(pct)),
                None => Err(refused("crop_pct", value, "a share of at most 1")),
            },
            (Some(value), None) => Err(refused("crop_pct", value, "none")),
        }
    }

    /// Pillow's numbers for its filters.
    fn interpolation(&self, processor: &Processor) -> Result<Interpolation> {
        match self.get("resample") {
            None => Ok(processor.interpolation),
            Some(value) => match value.as_u64() {
                Some(2) => Ok(Interpolation::Bilinear),
                Some(3) => Ok(Interpolation::Bicubic),
                found => {
                    let name = match found {
                        Some(0) => " (nearest)",
                        Some(1) => " (lanczos)",
                        Some(4) => " (box)",
                        Some(5) => " (hamming)",
                        _ => "",
                    };
                    Err(refused(
                        "resample",
                        format!("{value}{name}"),
                        "2 (bilinear) or 3 (bicubic)",
                    ))
                }
            },
        }
    }

    fn channels(&self, key: &str) -> Result<Option<[f64; 3]>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        if let Some(all) = value.as_f64() {
            return Ok(Some([all; 3]));
        }
        let numbers: Option<Vec<f64>> = value.as_array().and_then(|all| all.iter().map(Value::as_f64).collect());
        match numbers.as_deref() {
            Some(&[red, green, blue]) => Ok(Some([red, green, blue])),
            _ => Err(refused(key, value, "three numbers")),
        }
    }
}

fn whole(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::images::transform::preprocess::{IMAGENET_MEAN, IMAGENET_STD};
    use crate::images::transform::transformers::processors::HALF;

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
            with("Levit", "size", json!(224))
                .contains("says image_processor_type \"LevitImageProcessor\", expected ViT")
        );
        let silent = Preprocess::from_transformers(&json!({"size": 224}))
            .unwrap_err()
            .to_string();
        assert!(silent.contains("does not say which image processor"), "{silent}");
    }
}
