//! Preprocessing from timm's model descriptions: `pretrained_cfg` in a `config.json`, `default_cfg` in older files.

use serde_json::Value;

use super::preprocess::{Halves, IMAGENET_MEAN, IMAGENET_STD, Orientation, Preprocess, Resize, before_crop};
use crate::error::{Error, Result};
use crate::images::resize::Interpolation;

/// Keys that only a description of preprocessing has.
const TELLING: [&str; 5] = ["input_size", "interpolation", "crop_pct", "mean", "std"];
/// What timm takes where the description is silent.
const CROP_PCT: f64 = 0.875;
const SIDE: u32 = 224;

impl Preprocess {
    /// What timm's `create_transform` does for evaluation under this description: the `pretrained_cfg` or `default_cfg`
    /// itself, or an object that holds one. `None` where there is nothing of the kind.
    ///
    /// # Errors
    /// A description that this program cannot follow exactly: another filter than bilinear and bicubic, another crop than
    /// `center` and `squash`, other than three channels, damaged numbers.
    pub fn from_timm(description: &Value) -> Result<Option<Self>> {
        let nested = ["pretrained_cfg", "default_cfg"]
            .iter()
            .find_map(|key| description.get(key).filter(|v| v.is_object()));
        let config = Config(nested.unwrap_or(description));
        if !TELLING.iter().any(|key| config.get(key).is_some()) {
            return Ok(None);
        }
        let (height, width) = config.size()?;
        let interpolation = match config.word("interpolation")?.unwrap_or("bicubic") {
            "bilinear" => Interpolation::Bilinear,
            "bicubic" => Interpolation::Bicubic,
            other => return Err(refused("interpolation", other, "bilinear or bicubic")),
        };
        let crop_pct = match config.get("crop_pct") {
            None => CROP_PCT,
            Some(value) => value
                .as_f64()
                .filter(|pct| *pct > 0.0 && *pct <= 1.0)
                .ok_or_else(|| refused("crop_pct", value, "a share of at most 1"))?,
        };
        if let Some(border) = config.get("crop_border_pixels").filter(|v| v.as_u64() != Some(0)) {
            return Err(refused("crop_border_pixels", border, "none"));
        }
        let scaled = [height, width].map(|side| before_crop(side, crop_pct));
        let resize = match config.word("crop_mode")?.unwrap_or("center") {
            "squash" => Resize::Exact(scaled[0], scaled[1]),
            "center" if height == width => Resize::Shorter(scaled[0]),
            "center" => return Err(refused("input_size", format!("{height} x {width}"), "a square")),
            other => return Err(refused("crop_mode", other, "center or squash")),
        };
        let preprocess = Self {
            resize: Some(resize),
            interpolation,
            crop: (height, width),
            mean: config.channels("mean")?.unwrap_or(IMAGENET_MEAN),
            std: config.channels("std")?.unwrap_or(IMAGENET_STD),
            orientation: Orientation::Exif,
            halves: Halves::Even,
        };
        preprocess.check()?;
        Ok(Some(preprocess))
    }
}

fn refused(key: &str, found: impl std::fmt::Display, expected: &str) -> Error {
    Error::input(format!(
        "timm's description says {key} {found}, expected {expected}; pass --preprocess with what the network needs"
    ))
}

struct Config<'a>(&'a Value);

impl<'a> Config<'a> {
    /// What is said under a key; `null` says nothing.
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|v| !v.is_null())
    }

    fn word(&self, key: &str) -> Result<Option<&'a str>> {
        let word = |value: &'a Value| value.as_str().ok_or_else(|| refused(key, value, "a word"));
        self.get(key).map(word).transpose()
    }

    /// Height and width.
    fn size(&self) -> Result<(u32, u32)> {
        let Some(value) = self.get("input_size") else {
            return Ok((SIDE, SIDE));
        };
        let sides: Option<Vec<u32>> = value
            .as_array()
            .and_then(|all| all.iter().map(|v| u32::try_from(v.as_u64()?).ok()).collect());
        match sides.as_deref() {
            Some(&[3, height, width]) => Ok((height, width)),
            _ => Err(refused("input_size", value, "[3, height, width]")),
        }
    }

    fn channels(&self, key: &str) -> Result<Option<[f64; 3]>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let numbers: Option<Vec<f64>> = value.as_array().and_then(|all| all.iter().map(Value::as_f64).collect());
        match numbers.as_deref() {
            Some([]) => Ok(None),
            Some(&[red, green, blue]) => Ok(Some([red, green, blue])),
            _ => Err(refused(key, value, "three numbers")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(description: Value) -> Preprocess {
        Preprocess::from_timm(&description).unwrap().unwrap()
    }

    #[test]
    fn descriptions_are_followed_wherever_they_lie() {
        // vit_base_patch16_224.augreg2_in21k_ft_in1k, as its config.json has it.
        let vit = json!({
            "input_size": [3, 224, 224], "fixed_input_size": true, "interpolation": "bicubic", "crop_pct": 0.9,
            "crop_mode": "center", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 1000,
        });
        assert_eq!(read(vit.clone()), Preprocess::inception(224));
        assert_eq!(Preprocess::inception(224).resize, Some(Resize::Shorter(248)));
        for key in ["pretrained_cfg", "default_cfg"] {
            let whole = json!({"architecture": "vit", key: vit, "mean": "elsewhere"});
            assert_eq!(read(whole), Preprocess::inception(224));
        }
        assert_eq!(Preprocess::from_timm(&json!({"architecture": "vit"})).unwrap(), None);
        assert_eq!(Preprocess::from_timm(&json!("vit")).unwrap(), None);
    }

    #[test]
    fn silence_means_timms_defaults() {
        let silent = json!({"input_size": [3, 160, 160], "crop_pct": null, "mean": null, "std": []});
        let wanted = Preprocess {
            resize: Some(Resize::Shorter(182)),
            crop: (160, 160),
            ..Preprocess::imagenet_bicubic()
        };
        assert_eq!(read(silent), wanted);
        assert_eq!(read(json!({"interpolation": "bilinear"})), Preprocess::imagenet());
        let squash = json!({"crop_mode": "squash", "input_size": [3, 256, 192], "crop_pct": 1.0});
        assert_eq!(read(squash).resize, Some(Resize::Exact(256, 192)));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for (description, says) in [
            (
                json!({"interpolation": "lanczos"}),
                "says interpolation lanczos, expected bilinear or bicubic",
            ),
            (json!({"interpolation": 3}), "says interpolation 3, expected a word"),
            (
                json!({"crop_mode": "border", "mean": [0, 0, 0]}),
                "says crop_mode border, expected center",
            ),
            (json!({"crop_pct": 1.4}), "says crop_pct 1.4, expected a share"),
            (json!({"crop_pct": 0}), "says crop_pct 0, expected a share"),
            (
                json!({"input_size": [1, 28, 28]}),
                "says input_size [1,28,28], expected [3, height, width]",
            ),
            (
                json!({"input_size": [3, 128, 64]}),
                "says input_size 128 x 64, expected a square",
            ),
            (json!({"mean": [0.5]}), "says mean [0.5], expected three numbers"),
            (
                json!({"std": [0.5, 0.0, 0.5]}),
                "std [0.5, 0.0, 0.5]; expected finite and positive",
            ),
            (
                json!({"crop_pct": 0.9, "crop_border_pixels": 4}),
                "says crop_border_pixels 4, expected none",
            ),
            (
                json!({"input_size": [3, 4294967295u32, 4294967295u32]}),
                "a side of 4294967295 pixels",
            ),
        ] {
            let error = Preprocess::from_timm(&description).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains('\n'), "{description}: {error}");
        }
    }
}
