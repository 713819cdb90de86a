//! What is done to an image before it enters a network.

use std::fmt;

use image::RgbImage;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::images::resize::{Interpolation, KeptPart, resize};

/// What becomes of the orientation that a camera notes in EXIF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// It is applied: pictures are upright, as people and Hugging Face data sets see them.
    #[default]
    Exif,
    /// It is left alone: pixels lie as they are stored, as torchvision's folder reader sees them.
    Stored,
}

impl Orientation {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Where the centre is cut out when as many pixels cannot be left on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Halves {
    /// Half the difference, rounded to even: torchvision.
    #[default]
    Even,
    /// Half the difference, rounded down: transformers.
    Down,
}

impl Halves {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The size an image is brought to before cropping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// The shorter side gets this length, the longer one keeps the proportion, rounded down.
    Shorter(u32),
    /// Height and width, whatever the proportion.
    Exact(u32, u32),
}

/// Everything between a stored image and the network, in this order: turn upright, resize, centre crop, divide by 255, subtract the
/// mean, divide by the standard deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// Resize first; `None` leaves the image as it is.
    pub resize: Option<Resize>,
    /// How to resize.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// Height and width of the output: the centre is cut out, smaller images are padded with black.
    pub crop: (u32, u32),
    /// Mean of each channel, for values in 0..1.
    pub mean: [f64; 3],
    /// Standard deviation of each channel, for values in 0..1.
    pub std: [f64; 3],
    /// What becomes of EXIF's orientation, before all else. Written only where it is not the default, so that
    /// descriptions from before there was a choice mean the same and have the same hash.
    #[serde(default, skip_serializing_if = "Orientation::is_default")]
    pub orientation: Orientation,
    /// Where the centre lies; written only where it is not the default.
    #[serde(default, skip_serializing_if = "Halves::is_default")]
    pub halves: Halves,
}

pub(super) const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
pub(super) const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];
pub(super) const CLIP_MEAN: [f64; 3] = [0.48145466, 0.4578275, 0.40821073];
pub(super) const CLIP_STD: [f64; 3] = [0.26862954, 0.26130258, 0.27577711];

/// Sides longer than this are a mistake.
const MAX_SIDE: u32 = 1 << 14;

/// The length that is resized to, for the centre's share of it.
pub(super) fn before_crop(side: u32, crop_pct: f64) -> u32 {
    (f64::from(side) / crop_pct).floor() as u32
}

impl fmt::Display for Preprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = match self.interpolation {
            Interpolation::Bilinear => "bilinear",
            Interpolation::Bicubic => "bicubic",
        };
        match self.resize {
            Some(Resize::Shorter(side)) => write!(f, "shorter side to {side} ({filter}), ")?,
            Some(Resize::Exact(height, width)) => write!(f, "resized to {width} x {height} ({filter}), ")?,
            None => {}
        }
        let (height, width) = self.crop;
        write!(f, "centre {width} x {height}, mean {:?}, std {:?}", self.mean, self.std)?;
        if self.halves == Halves::Down {
            write!(f, ", odd halves rounded down")?;
        }
        match self.orientation {
            Orientation::Exif => Ok(()),
            Orientation::Stored => write!(f, ", EXIF orientation ignored"),
        }
    }
}

impl Preprocess {
    /// What ImageNet networks are evaluated with: shorter side 256, centre 224 x 224, ImageNet's mean and deviation.
    pub fn imagenet() -> Self {
        Self {
            resize: Some(Resize::Shorter(256)),
            interpolation: Interpolation::Bilinear,
            crop: (224, 224),
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
            orientation: Orientation::Exif,
            halves: Halves::Even,
        }
    }

    /// As [`Preprocess::imagenet`] with the cubic filter: what DINO, DINOv2 and MAE are evaluated with.
    pub fn imagenet_bicubic() -> Self {
        Self {
            interpolation: Interpolation::Bicubic,
            ..Self::imagenet()
        }
    }

    /// What timm evaluates its vision transformers with: the centre `side` x `side` of an image whose shorter side is
    /// `side` / 0.9, cubic filter, values from -1 to 1 as Inception had them.
    pub fn inception(side: u32) -> Self {
        Self {
            resize: Some(Resize::Shorter(before_crop(side, 0.9))),
            crop: (side, side),
            mean: [0.5; 3],
            std: [0.5; 3],
            ..Self::imagenet_bicubic()
        }
    }

    /// What CLIP is evaluated with in transformers: shorter side and centre alike, cubic filter, CLIP's own mean and deviation.
    pub fn clip(side: u32) -> Self {
        Self {
            resize: Some(Resize::Shorter(side)),
            crop: (side, side),
            mean: CLIP_MEAN,
            std: CLIP_STD,
            halves: Halves::Down,
            ..Self::imagenet_bicubic()
        }
    }

    /// For networks on small images: everything resized to `height` x `width`.
    pub fn small(height: u32, width: u32, mean: [f64; 3], std: [f64; 3]) -> Self {
        Self {
            resize: Some(Resize::Exact(height, width)),
            crop: (height, width),
            mean,
            std,
            ..Self::imagenet()
        }
    }

    /// The same for an output of `side` x `side`: what is resized to keeps its proportion to what is cut out, rounded
    /// down.
    pub fn with_size(&self, side: u32) -> Self {
        let scale =
            |length: u32, crop: u32| (u64::from(length) * u64::from(side) / u64::from(crop.max(1))).min(1 << 31) as u32;
        let (height, width) = self.crop;
        Self {
            resize: self.resize.map(|resize| match resize {
                Resize::Shorter(length) => Resize::Shorter(scale(length, height.min(width))),
                Resize::Exact(h, w) => Resize::Exact(scale(h, height), scale(w, width)),
            }),
            crop: (side, side),
            ..self.clone()
        }
    }

    /// Height and width of the output.
    pub fn size(&self) -> (usize, usize) {
        (self.crop.0 as usize, self.crop.1 as usize)
    }

    /// Number of values of the output, 3 x height x width.
    pub fn values(&self) -> usize {
        3 * self.size().0 * self.size().1
    }

    /// Checks the numbers, for one read from a file.
    ///
    /// # Errors
    /// A side of zero or beyond 16,384, or a deviation that is not a positive finite number.
    pub fn check(&self) -> Result<()> {
        let mut sides = vec![self.crop.0, self.crop.1];
        match self.resize {
            Some(Resize::Shorter(side)) => sides.push(side),
            Some(Resize::Exact(height, width)) => sides.extend([height, width]),
            None => {}
        }
        if let Some(side) = sides.into_iter().find(|side| !(1..=MAX_SIDE).contains(side)) {
            return Err(Error::input(format!(
                "preprocess: a side of {side} pixels; expected 1 to {MAX_SIDE}"
            )));
        }
        let good = |v: &f64| v.is_finite();
        if !self.mean.iter().all(good) || !self.std.iter().all(|v| good(v) && *v > 0.0) {
            let (mean, std) = (self.mean, self.std);
            return Err(Error::input(format!(
                "preprocess: mean {mean:?}, std {std:?}; expected finite and positive numbers"
            )));
        }
        Ok(())
    }

    /// The description as canonical JSON: the same text for the same preprocessing.
    pub fn describe(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// SHA-256 (hex) of [`Preprocess::describe`].
    pub fn sha256(&self) -> String {
        format!("{:x}", Sha256::digest(self.describe()))
    }

    /// The network's input for one image: 3 x height x width, channels first.
    pub fn apply(&self, image: &RgbImage) -> Vec<f32> {
        let mut values = vec![0.0; self.values()];
        self.apply_into(image, &mut values);
        values
    }

    /// As [`Preprocess::apply`], into a slice of exactly [`Preprocess::values`] numbers.
    pub fn apply_into(&self, image: &RgbImage, out: &mut [f32]) {
        let (height, width) = self.size();
        let (full_width, full_height) = self.resized_size(image.width(), image.height());
        let start_of = |length, wanted| crop_start(length, wanted, self.halves);
        let (left, top) = (start_of(full_width, width), start_of(full_height, height));
        let start = (left.max(0) as u64, top.max(0) as u64);
        let kept = KeptPart {
            start,
            size: (
                (full_width - start.0).min(width as u64) as u32,
                (full_height - start.1).min(height as u64) as u32,
            ),
        };
        let resized;
        let (image, left, top) = match (full_width, full_height) == (image.width().into(), image.height().into()) {
            true => (image, left, top),
            false => {
                resized = resize(image, (full_width, full_height), kept, self.interpolation);
                (&resized, left.min(0), top.min(0))
            }
        };
        let table = self.table();
        let (bytes, stride) = (image.as_raw(), 3 * image.width() as usize);
        for (channel, plane) in out.chunks_exact_mut(height * width).enumerate() {
            let lookup = &table[channel];
            for (y, row) in plane.chunks_exact_mut(width).enumerate() {
                let source = (y as i64 + top)
                    .try_into()
                    .ok()
                    .and_then(|y: usize| bytes.get(y * stride..(y + 1) * stride));
                for (x, value) in row.iter_mut().enumerate() {
                    let at = source.and_then(|row| row.get(3 * usize::try_from(x as i64 + left).ok()? + channel));
                    *value = lookup[usize::from(at.copied().unwrap_or(0))];
                }
            }
        }
    }

    /// Width and height after resizing.
    fn resized_size(&self, width: u32, height: u32) -> (u64, u64) {
        match self.resize {
            None => (width.into(), height.into()),
            Some(Resize::Exact(height, width)) => (width.into(), height.into()),
            Some(Resize::Shorter(side)) => {
                let side = u64::from(side);
                let longer = |long: u32, short: u32| side * u64::from(long) / u64::from(short.max(1));
                if width <= height {
                    (side, longer(height, width))
                } else {
                    (longer(width, height), side)
                }
            }
        }
    }

    /// The output for each byte of each channel, in f32 and in torchvision's order of operations.
    fn table(&self) -> [[f32; 256]; 3] {
        std::array::from_fn(|c| std::array::from_fn(|v| (v as f32 / 255.0 - self.mean[c] as f32) / self.std[c] as f32))
    }
}

/// Where the centre crop starts; negative where the image is padded, the smaller half in front.
fn crop_start(length: u64, wanted: usize, halves: Halves) -> i64 {
    let (length, wanted) = (length as i64, wanted as i64);
    if length < wanted {
        return -((wanted - length) / 2);
    }
    match halves {
        Halves::Even => ((length - wanted) as f64 / 2.0).round_ties_even() as i64,
        Halves::Down => (length - wanted) / 2,
    }
}
