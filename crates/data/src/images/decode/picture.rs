//! A decoded picture, and how large one may be.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::images::clause::Clause;

/// More pixels than this is a decompression bomb (Pillow's own limit), not a picture.
const MAX_PIXELS: u64 = 178_956_970;

/// A decoded file.
#[derive(Clone, Debug)]
pub(in crate::images) struct Picture {
    /// As they are stored.
    pub(in crate::images) pixels: RgbImage,
    /// What EXIF says is to be done to see them upright.
    pub(in crate::images) orientation: Orientation,
}

impl Picture {
    /// Refuses pixels of another size.
    pub(in crate::images) fn is(&self, (w, h): (u32, u32)) -> Clause<()> {
        let (width, height) = self.pixels.dimensions();
        match (width, height) == (w, h) {
            true => Ok(()),
            false => Err(format!(
                "it has {width} x {height} pixels, but its boxes are for {w} x {h}"
            )),
        }
    }

    /// The pixels as people see them.
    pub(in crate::images) fn upright(self) -> RgbImage {
        if self.orientation == Orientation::NoTransforms {
            return self.pixels;
        }
        let mut image = DynamicImage::ImageRgb8(self.pixels);
        image.apply_orientation(self.orientation);
        image.into_rgb8()
    }
}

/// Bytes that a decoded image takes while it is turned upright: where its sides change places it is there twice.
pub(super) fn turned(width: u32, height: u32, orientation: Orientation) -> u64 {
    use Orientation::{FlipHorizontal, FlipVertical, NoTransforms, Rotate180};
    let copies = match orientation {
        NoTransforms | FlipHorizontal | FlipVertical | Rotate180 => 1,
        _ => 2,
    };
    u64::from(width) * u64::from(height) * 3 * copies
}

pub(super) fn check_size(width: u32, height: u32) -> Clause<()> {
    match u64::from(width) * u64::from(height) > MAX_PIXELS {
        true => Err(format!(
            "it claims {width} x {height} pixels, more than {MAX_PIXELS} in all"
        )),
        false => Ok(()),
    }
}
