//! One image as it is stored, and its decoding.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::error::{Error, Result};

/// More pixels than this is a decompression bomb (Pillow's own limit), not a picture.
const MAX_PIXELS: u64 = 178_956_970;
/// What a decoder may allocate: [`MAX_PIXELS`] at 16 bits and four channels.
const MAX_ALLOC: u64 = MAX_PIXELS * 8;

/// A decoded image, or a clause that says why there is none.
type Decoded<T> = std::result::Result<T, String>;

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
    /// Three planes (red, green, blue), or one of grey.
    Planes { width: u32, height: u32, pixels: Vec<u8> },
    /// There are no bytes, and why.
    Missing(String),
}

impl Raw {
    pub(super) fn new(id: String, place: String, body: Body) -> Self {
        Self { id, place, body }
    }

    /// The image's id, as [`super::ImageSet::id`].
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Decodes to 8-bit RGB, as Pillow's `convert("RGB")` does: grey is repeated, alpha dropped without blending, of 16
    /// bits the upper 8 are kept, of an animation the first frame.
    ///
    /// An EXIF orientation is applied, so that pictures are upright as people and Hugging Face datasets see them
    /// (torchvision's folder reader ignores it).
    ///
    /// # Errors
    /// Bytes that are not a whole image of a known format, or an image of more than 179 million pixels.
    pub fn decode(&self) -> Result<RgbImage> {
        let decoded = match &self.body {
            Body::Planes { width, height, pixels } => from_planes(*width, *height, pixels),
            Body::Missing(reason) => Err(reason.clone()),
            // A decoder's own bug on one damaged file must not end a long extraction.
            Body::Encoded(bytes) => catch_unwind(AssertUnwindSafe(|| decode(bytes)))
                .unwrap_or_else(|_| Err("the decoder gave up on it".to_owned())),
        };
        decoded.map_err(|reason| {
            let place = &self.place;
            Error::input(format!(
                "{place}: not a decodable image ({reason}); re-download it, or pass --on-bad-image skip"
            ))
        })
    }
}

fn from_planes(width: u32, height: u32, pixels: &[u8]) -> Decoded<RgbImage> {
    let plane = width as usize * height as usize;
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

fn decode(bytes: &[u8]) -> Decoded<RgbImage> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| e.to_string())?;
    let Some(format) = reader.format() else {
        return Err("not JPEG, PNG, WebP, BMP, GIF or TIFF".to_owned());
    };
    // The JPEG decoder fills what is missing with grey instead of refusing.
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(format!("JPEG data ends after {} bytes", bytes.len()));
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| explain(&e, format))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!(
            "it claims {width} x {height} pixels, more than {MAX_PIXELS} in all"
        ));
    }
    let orientation = decoder.orientation().map_err(|e| explain(&e, format))?;
    let mut image = to_eight_bits(DynamicImage::from_decoder(decoder).map_err(|e| explain(&e, format))?);
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// One clause about why a decoder failed.
fn explain(error: &ImageError, format: ImageFormat) -> String {
    let name = format!("{format:?}").to_uppercase();
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("{name} data ends too early")
        }
        ImageError::Limits(_) => "it claims more pixels than can be held".to_owned(),
        other => other.to_string().replace('\n', " "),
    }
}

/// Keeps the upper byte of 16-bit samples, as Pillow does; rounding instead would move half of all values by one.
fn to_eight_bits(image: DynamicImage) -> DynamicImage {
    fn high(samples: Vec<u16>) -> Vec<u8> {
        samples.into_iter().map(|v| (v >> 8) as u8).collect()
    }
    let (w, h) = (image.width(), image.height());
    let converted = match image {
        DynamicImage::ImageLuma16(i) => {
            image::GrayImage::from_raw(w, h, high(i.into_raw())).map(DynamicImage::ImageLuma8)
        }
        DynamicImage::ImageLumaA16(i) => {
            image::GrayAlphaImage::from_raw(w, h, high(i.into_raw())).map(DynamicImage::ImageLumaA8)
        }
        DynamicImage::ImageRgb16(i) => RgbImage::from_raw(w, h, high(i.into_raw())).map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba16(i) => {
            image::RgbaImage::from_raw(w, h, high(i.into_raw())).map(DynamicImage::ImageRgba8)
        }
        other => Some(other),
    };
    converted.unwrap_or_else(|| DynamicImage::new_rgb8(w, h))
}

/// Whether an end-of-image marker follows the first scan. Headers are stepped over, because an embedded thumbnail has
/// an end marker of its own.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker]) = bytes.get(at..at + 2) {
        match marker {
            0xff => at += 1,
            0xda => return bytes[at..].windows(2).any(|w| w == [0xff, 0xd9]),
            0x01 | 0xd0..=0xd9 => at += 2,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
        }
    }
    // Ends inside a header, or is no JPEG at all: the decoder says which.
    at < bytes.len()
}

#[cfg(test)]
mod tests {
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
            assert!(raw(bytes.clone()).decode().is_ok(), "{format:?}");
            for cut in 0..bytes.len() * 9 / 10 {
                let error = raw(bytes[..cut].to_vec())
                    .decode()
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
        let error = raw(bytes).decode().unwrap_err().to_string();
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
        let error = raw(bytes).decode().unwrap_err().to_string();
        assert!(
            error.contains("65535 x 65535") || error.contains("more pixels"),
            "{error}"
        );
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
        assert_eq!(raw(bytes).decode().unwrap().get_pixel(0, 0).0, [0x12, 0x80, 0xff]);
    }

    #[test]
    fn grey_is_repeated() {
        let grey = image::GrayImage::from_pixel(2, 1, image::Luma([7]));
        let bytes = encoded(&DynamicImage::ImageLuma8(grey), ImageFormat::Png);
        assert_eq!(raw(bytes).decode().unwrap().into_raw(), [7; 6]);
    }

    #[test]
    fn exif_orientation_is_applied() {
        let jpeg = encoded(&DynamicImage::ImageRgb8(photo()), ImageFormat::Jpeg);
        // APP1: "Exif", a little-endian TIFF header, one entry: tag 0x0112 (orientation), SHORT, 6 = turn right.
        let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = vec![0xff, 0xd8, 0xff, 0xe1, 0, (2 + 6 + tiff.len()) as u8];
        turned.extend(b"Exif\0\0");
        turned.extend(tiff);
        turned.extend(&jpeg[2..]);
        let (plain, turned) = (raw(jpeg).decode().unwrap(), raw(turned).decode().unwrap());
        assert_eq!(turned, image::imageops::rotate90(&plain));
    }
}
