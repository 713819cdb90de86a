//! Preprocessing from transformers' image processors: `preprocessor_config.json`.

use serde_json::Value;

use super::{CLIP_MEAN, CLIP_STD, Halves, Interpolation, Orientation, Preprocess, Resize};
use crate::error::{Error, Result};

const HALF: [f64; 3] = [0.5; 3];

/// ConvNext's processor resizes to this side and to larger ones without cutting anything out.
const WHOLE: u32 = 384;

/// What an image processor does where its file is silent.
struct Processor {
    /// The name of its class, up to `ImageProcessor` or `FeatureExtractor`.
    name: &'static str,
    /// Whether one number for the size is a square's side, and not the shorter side's length.
    square: bool,
    resize: Resize,
    interpolation: Interpolation,
    crop: Option<u32>,
    mean: [f64; 3],
    std: [f64; 3],
    /// The share of an image of less than 384 px that is cut out; larger ones are resized whole.
    crop_pct: Option<f64>,
}

const VIT: Processor = Processor {
    name: "ViT",
    square: true,
    resize: Resize::Exact(224, 224),
    interpolation: Interpolation::Bilinear,
    crop: None,
    mean: HALF,
    std: HALF,
    crop_pct: None,
};

const CLIP: Processor = Processor {
    name: "CLIP",
    square: false,
    resize: Resize::Shorter(224),
    interpolation: Interpolation::Bicubic,
    crop: Some(224),
    mean: CLIP_MEAN,
    std: CLIP_STD,
    crop_pct: None,
};

const PROCESSORS: &[Processor] = &[
    VIT,
    CLIP,
    // DINOv2's.
    Processor { name: "Bit", ..CLIP },
    Processor {
        name: "DeiT",
        resize: Resize::Exact(256, 256),
        interpolation: Interpolation::Bicubic,
        crop: Some(224),
        ..VIT
    },
    Processor {
        name: "Siglip",
        square: false,
        interpolation: Interpolation::Bicubic,
        ..VIT
    },
    // That of transformers' ResNets too.
    Processor {
        name: "ConvNext",
        square: false,
        resize: Resize::Shorter(384),
        interpolation: Interpolation::Bicubic,
        crop_pct: Some(0.875),
        ..VIT
    },
];

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
mod tests;
