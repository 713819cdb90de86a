//! One image as it is stored, and its decoding.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use image::RgbImage;

use super::clause::Clause;
use super::decode::{self, Picture};
use super::share::Share;
use super::transform::Orientation;
use crate::error::{Error, Result};

/// One image as it is stored. Decoding is separate, and may happen on another thread.
#[derive(Clone, Debug)]
pub struct Raw {
    id: String,
    place: String,
    body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    /// An image file's bytes.
    Encoded(Vec<u8>),
    /// A part of an image file, which other parts may share.
    Part { whole: Arc<Whole>, area: Area },
    /// Three planes (red, green, blue), or one of grey.
    Planes { width: u32, height: u32, pixels: Vec<u8> },
    /// There are no bytes, and why.
    Missing(String),
}

/// An image file that several parts are cut from.
#[derive(Debug)]
pub(super) struct Whole {
    bytes: Clause<Vec<u8>>,
    decoded: OnceLock<Clause<Picture>>,
}

impl Whole {
    pub(super) fn new(bytes: Clause<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self {
            bytes,
            decoded: OnceLock::new(),
        })
    }

    fn decode(&self, share: &mut Share) -> Clause<Picture> {
        guarded(self.bytes.as_deref().map_err(Clone::clone)?, share)
    }
}

/// A part of the stored pixels, inside an image of a known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Width and height of the whole image.
    pub(super) whole_size: (u32, u32),
}

impl Area {
    /// Bytes of the whole image in RGB.
    pub(super) fn whole_bytes(&self) -> u64 {
        3 * u64::from(self.whole_size.0) * u64::from(self.whole_size.1)
    }
}

impl Raw {
    pub(super) fn new(id: String, place: String, body: Body) -> Self {
        Self { id, place, body }
    }

    /// Bytes that it takes as it is stored; those of a whole are counted with each of its parts.
    pub(super) fn stored(&self) -> usize {
        match &self.body {
            Body::Encoded(bytes) | Body::Planes { pixels: bytes, .. } => bytes.len(),
            Body::Part { whole, .. } => whole.bytes.as_ref().map_or(0, Vec::len),
            Body::Missing(_) => 0,
        }
    }

    /// The image's id, as [`super::ImageSet::id`].
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Decodes to 8-bit RGB, as Pillow's `convert("RGB")` does: grey is repeated, alpha dropped without blending, colour
    /// profiles are ignored, of 16 bits a sample the upper 8 are kept (but 16-bit grey is cut off at 255), of an animation
    /// the first frame, inks become light.
    ///
    /// # Errors
    /// Bytes that are not a whole image of a known format, or an image of more than 179 million pixels.
    pub fn decode(&self, orientation: Orientation) -> Result<RgbImage> {
        self.pixels(orientation, &mut Share::default())
            .map_err(|reason| self.undecodable(&reason))
    }

    /// As [`Raw::decode`], for a use of the image. All that are in use at once stay within one budget of memory.
    ///
    /// # Errors
    /// As [`Raw::decode`].
    pub fn decoded<T>(&self, orientation: Orientation, using: impl FnOnce(&RgbImage) -> T) -> Result<T> {
        self.try_decoded(orientation, using)
            .map_err(|reason| self.undecodable(&reason))
    }

    /// As [`Raw::decoded`]; the error is the mere reason, without the place, for lists of what was left out.
    ///
    /// # Errors
    /// As [`Raw::decode`].
    pub fn try_decoded<T>(
        &self,
        orientation: Orientation,
        using: impl FnOnce(&RgbImage) -> T,
    ) -> std::result::Result<T, String> {
        let mut share = Share::default();
        Ok(using(&self.pixels(orientation, &mut share)?))
    }

    fn pixels(&self, orientation: Orientation, share: &mut Share) -> Clause<RgbImage> {
        let turned = |picture: Picture| match orientation {
            Orientation::Exif => picture.upright(),
            Orientation::Stored => picture.pixels,
        };
        match &self.body {
            Body::Planes { width, height, pixels } => from_planes(*width, *height, pixels, share),
            Body::Missing(reason) => Err(reason.clone()),
            Body::Encoded(bytes) => guarded(bytes, share).map(turned),
            Body::Part { whole, area } => part(whole, *area, share).map(turned),
        }
    }

    /// The sentence about an image that cannot be decoded for this reason.
    pub fn undecodable(&self, reason: &str) -> Error {
        let place = &self.place;
        Error::input(format!(
            "{place}: not a decodable image ({reason}); re-download it, or pass --on-bad-image skip"
        ))
    }
}

/// A decoder's own bug on one damaged file must not end a long extraction.
fn guarded(bytes: &[u8], share: &mut Share) -> Clause<Picture> {
    catch_unwind(AssertUnwindSafe(|| decode::decode(bytes, share)))
        .unwrap_or_else(|_| Err("the decoder gave up on it".to_owned()))
}

/// Pixels of a whole that is kept for its other parts, in bytes: larger ones are decoded for each of them.
const KEPT: u64 = 48 << 20;

/// Cuts out an area. A whole that has other parts is decoded once, and kept as long as they are, unless it is large.
fn part(whole: &Arc<Whole>, area: Area, share: &mut Share) -> Clause<Picture> {
    if Arc::strong_count(whole) == 1 || area.whole_bytes() > KEPT {
        let picture = whole.decode(share)?;
        picture.is(area.whole_size)?;
        return Ok(Picture {
            pixels: cut(picture.pixels, area),
            orientation: picture.orientation,
        });
    }
    let shared = whole.decoded.get_or_init(|| {
        let picture = whole.decode(&mut Share::default())?;
        // It may be larger than its annotations say, and is none of theirs then.
        picture.is(area.whole_size).map(|()| picture)
    });
    let picture = shared.as_ref().map_err(Clone::clone)?;
    picture.is(area.whole_size)?;
    share.take(3 * u64::from(area.width) * u64::from(area.height))?;
    Ok(Picture {
        pixels: image::imageops::crop_imm(&picture.pixels, area.left, area.top, area.width, area.height).to_image(),
        orientation: picture.orientation,
    })
}

/// An area of an image, in the memory that the image has.
fn cut(image: RgbImage, area: Area) -> RgbImage {
    let row = 3 * area.width as usize;
    let stride = 3 * image.width() as usize;
    let first = area.top as usize * stride + 3 * area.left as usize;
    let mut pixels = image.into_raw();
    for y in 0..area.height as usize {
        let from = first + y * stride;
        pixels.copy_within(from..from + row, y * row);
    }
    pixels.truncate(row * area.height as usize);
    RgbImage::from_raw(area.width, area.height, pixels).unwrap_or_default()
}

fn from_planes(width: u32, height: u32, pixels: &[u8], share: &mut Share) -> Clause<RgbImage> {
    let plane = width as usize * height as usize;
    share.take(3 * plane as u64)?;
    let rgb: Vec<u8> = if pixels.len() == plane {
        pixels.iter().flat_map(|&v| [v; 3]).collect()
    } else if pixels.len() == 3 * plane {
        (0..plane)
            .flat_map(|i| [pixels[i], pixels[plane + i], pixels[2 * plane + i]])
            .collect()
    } else {
        return Err(format!("{} bytes for {width} x {height} pixels", pixels.len()));
    };
    RgbImage::from_raw(width, height, rgb).ok_or_else(|| "its size does not match".to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat};

    use super::*;

    fn raw(bytes: Vec<u8>) -> Raw {
        Raw::new("a".into(), "data/cats/7.jpg".into(), Body::Encoded(bytes))
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn photo() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 8) as u8, ((x * y) % 251) as u8])
        })
    }

    #[test]
    fn every_truncation_of_every_format_is_refused_or_harmless() {
        let image = DynamicImage::ImageRgb8(photo());
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::Bmp,
            ImageFormat::Gif,
            ImageFormat::Tiff,
        ] {
            let bytes = encoded(&image, format);
            assert!(raw(bytes.clone()).decode(Orientation::Exif).is_ok(), "{format:?}");
            for cut in 0..bytes.len() * 9 / 10 {
                let error = raw(bytes[..cut].to_vec())
                    .decode(Orientation::Exif)
                    .expect_err(&format!("{format:?} cut at {cut}"));
                assert!(
                    error
                        .to_string()
                        .ends_with("; re-download it, or pass --on-bad-image skip"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_truncated_jpeg_says_where_it_ends() {
        let mut bytes = encoded(&DynamicImage::ImageRgb8(photo()), ImageFormat::Jpeg);
        bytes.truncate(700);
        let error = raw(bytes).decode(Orientation::Exif).unwrap_err().to_string();
        assert_eq!(
            error,
            "data/cats/7.jpg: not a decodable image (JPEG data ends after 700 bytes); re-download it, or pass \
             --on-bad-image skip"
        );
    }

    #[test]
    fn a_png_that_claims_a_huge_size_is_refused_without_allocating() {
        let mut bytes = encoded(&DynamicImage::new_luma8(1, 1), ImageFormat::Png);
        bytes[16..24].copy_from_slice(&[0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff]);
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = raw(bytes).decode(Orientation::Exif).unwrap_err().to_string();
        assert!(
            error.contains("65535 x 65535") || error.contains("more pixels"),
            "{error}"
        );
    }

    #[test]
    fn a_jpeg_that_claims_a_huge_size_is_refused() {
        let mut bytes = encoded(&DynamicImage::ImageRgb8(photo()), ImageFormat::Jpeg);
        let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0x00, 0xff, 0x00]);
        let error = raw(bytes).decode(Orientation::Exif).unwrap_err().to_string();
        assert!(error.contains("it claims 65280 x 65280 pixels, more than"), "{error}");
    }

    #[test]
    fn every_changed_byte_of_a_jpeg_ends_in_pixels_or_in_libjpegs_words() {
        let whole = encoded(&DynamicImage::ImageRgb8(photo()), ImageFormat::Jpeg);
        let mut refused = 0;
        for (at, change) in (0..whole.len()).flat_map(|at| [0x01, 0x80, 0xff].map(|change| (at, change))) {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            if let Err(error) = raw(bytes).decode(Orientation::Exif) {
                let error = error.to_string();
                assert!(
                    !error.contains("gave up") && !error.contains("()"),
                    "byte {at}: {error}"
                );
                refused += 1;
            }
        }
        assert!(refused > 100, "{refused}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &b| {
            (0..8).fold(crc ^ u32::from(b), |c, _| {
                if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }
            })
        })
    }

    #[test]
    fn sixteen_bits_keep_the_upper_byte_and_alpha_is_dropped() {
        let deep = image::ImageBuffer::from_pixel(1, 1, image::Rgba([0x12ff_u16, 0x80ff, 0xff00, 0]));
        let bytes = encoded(&DynamicImage::ImageRgba16(deep), ImageFormat::Png);
        assert_eq!(
            raw(bytes).decode(Orientation::Exif).unwrap().get_pixel(0, 0).0,
            [0x12, 0x80, 0xff]
        );
    }

    #[test]
    fn grey_is_repeated() {
        let grey = image::GrayImage::from_pixel(2, 1, image::Luma([7]));
        let bytes = encoded(&DynamicImage::ImageLuma8(grey), ImageFormat::Png);
        assert_eq!(raw(bytes).decode(Orientation::Exif).unwrap().into_raw(), [7; 6]);
    }

    #[test]
    fn an_exif_orientation_is_applied_or_left() {
        let jpeg = encoded(&DynamicImage::ImageRgb8(photo()), ImageFormat::Jpeg);
        // APP1: "Exif", a little-endian TIFF header, one entry: tag 0x0112 (orientation), SHORT, 6 = turn right.
        let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = vec![0xff, 0xd8, 0xff, 0xe1, 0, (2 + 6 + tiff.len()) as u8];
        turned.extend(b"Exif\0\0");
        turned.extend(tiff);
        turned.extend(&jpeg[2..]);
        let plain = raw(jpeg).decode(Orientation::Exif).unwrap();
        let turned = raw(turned);
        let [upright, stored] = [Orientation::Exif, Orientation::Stored].map(|o| turned.decode(o).unwrap());
        assert_eq!(upright, image::imageops::rotate90(&plain));
        assert_eq!(stored, plain);
    }
}
