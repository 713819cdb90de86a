//! Decoding a file of any known format.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::jpeg;
use super::picture::{Picture, check_size, turned};
use crate::images::clause::Clause;
use crate::images::share::Share;

/// What a decoder may allocate beside the pixels: colour profiles, texts, frames.
const MAX_BESIDE: u64 = 32 << 20;

/// Decodes a whole file of any known format; of an animation the first frame.
pub(in crate::images) fn decode(bytes: &[u8], share: &mut Share) -> Clause<Picture> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| e.to_string())?;
    let Some(format) = reader.format() else {
        return Err("not JPEG, PNG, WebP, BMP, GIF or TIFF".to_owned());
    };
    if format == ImageFormat::Jpeg {
        return jpeg::decode(bytes, share);
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_BESIDE);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|e| explain(&e, format))?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let orientation = decoder.orientation().map_err(|e| explain(&e, format))?;
    let held = held(&decoder, format).max(turned(width, height, orientation));
    share.take(held)?;
    // The frame of a GIF may be larger than the picture it lies in: only that is left to the limit.
    let own = match format {
        ImageFormat::Gif => decoder.total_bytes(),
        _ => held,
    };
    limits.max_alloc = Some(own + MAX_BESIDE);
    decoder.set_limits(limits).map_err(|e| explain(&e, format))?;
    let image = DynamicImage::from_decoder(decoder).map_err(|e| explain(&e, format))?;
    let picture = Picture {
        pixels: to_eight_bits(image).into_rgb8(),
        orientation,
    };
    if format != ImageFormat::Tiff {
        return Ok(picture);
    }
    // In TIFF it is part of the format: Pillow turns such pictures itself, even where it leaves EXIF alone.
    Ok(Picture {
        pixels: picture.upright(),
        orientation: Orientation::NoTransforms,
    })
}

/// Bytes that an image takes while it is decoded: its own pixels, and those made of them.
fn held(decoder: &impl ImageDecoder, format: ImageFormat) -> u64 {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let own = u64::from(decoder.color_type().bytes_per_pixel());
    let channels = u64::from(decoder.color_type().channel_count());
    // Some decoders hold all pixels in a form of their own before they give them.
    let inside = match format {
        ImageFormat::WebP => 4,
        ImageFormat::Tiff => own,
        _ => 0,
    };
    let made = match decoder.color_type() {
        ColorType::Rgb8 => 0,
        // The upper bytes first, then the colours of those.
        _ => channels.max(3),
    };
    pixels * (own + inside.max(made))
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

/// 16-bit samples as Pillow 13 makes bytes of them: of colours and of grey with alpha the upper byte is kept (rounding
/// would move half of all values by one), but of grey alone everything above 255 becomes 255.
fn to_eight_bits(image: DynamicImage) -> DynamicImage {
    fn each(samples: Vec<u16>, byte: impl Fn(u16) -> u8) -> Vec<u8> {
        samples.into_iter().map(byte).collect()
    }
    let upper = |v: u16| (v >> 8) as u8;
    let (w, h) = (image.width(), image.height());
    let converted = match image {
        DynamicImage::ImageLuma16(i) => {
            image::GrayImage::from_raw(w, h, each(i.into_raw(), |v| v.min(255) as u8)).map(DynamicImage::ImageLuma8)
        }
        DynamicImage::ImageLumaA16(i) => {
            image::GrayAlphaImage::from_raw(w, h, each(i.into_raw(), upper)).map(DynamicImage::ImageLumaA8)
        }
        DynamicImage::ImageRgb16(i) => RgbImage::from_raw(w, h, each(i.into_raw(), upper)).map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba16(i) => {
            image::RgbaImage::from_raw(w, h, each(i.into_raw(), upper)).map(DynamicImage::ImageRgba8)
        }
        other => Some(other),
    };
    converted.unwrap_or_else(|| DynamicImage::new_rgb8(w, h))
}
