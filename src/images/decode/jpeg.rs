//! JPEG through libjpeg (MozJPEG's build of libjpeg-turbo's decoder), so that every pixel is the one Pillow and
//! torchvision see: exact integer DCT, smooth upsampling of chroma.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use mozjpeg::{ColorSpace, Decompress, Marker};

use super::{Clause, Picture, Turn, check_size};

/// What an APP1 segment with EXIF data begins with.
const EXIF: &[u8] = b"Exif\0\0";

/// Decodes a whole file.
pub(super) fn decode(bytes: &[u8], turn: &mut Turn) -> Clause<Picture> {
    let scans = scans(bytes);
    if scans > MAX_SCANS {
        return Err(format!("JPEG: it has {scans} scans, more than {MAX_SCANS}"));
    }
    let ended = Cell::new(false);
    let source = Source {
        rest: bytes,
        ended: &ended,
    };
    // libjpeg's errors arrive as unwinding that carries its message and passes by the panic hook.
    let outcome = catch_unwind(AssertUnwindSafe(|| picture(source, scans > 1, turn))).unwrap_or_else(|cause| {
        let message = cause.downcast_ref::<String>().map_or("", String::as_str);
        Err(format!("JPEG: {}", message.trim_start_matches("libjpeg fatal error: ")))
    });
    match ended.get() {
        true => Err(format!("JPEG data ends after {} bytes", bytes.len())),
        false => outcome,
    }
}

fn picture(source: Source, in_scans: bool, turn: &mut Turn) -> Clause<Picture> {
    let said = |e: io::Error| format!("JPEG: {e}");
    let header = Decompress::with_markers(&[Marker::APP(1)])
        .from_reader(source)
        .map_err(said)?;
    let (width, height) = (header.width() as u32, header.height() as u32);
    check_size(width, height)?;
    // The pixels as they are and in RGB; and, of several scans, every coefficient until the last one is read.
    let each = match header.color_space() {
        ColorSpace::JCS_GRAYSCALE => 4 + if in_scans { 2 } else { 0 },
        ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => 7 + if in_scans { 8 } else { 0 },
        _ => 3 + if in_scans { 6 } else { 0 },
    };
    turn.wait(u64::from(width) * u64::from(height) * each)?;
    let orientation = header
        .markers()
        .find_map(|marker| Orientation::from_exif_chunk(marker.data.strip_prefix(EXIF)?))
        .unwrap_or(Orientation::NoTransforms);
    let output = match header.color_space() {
        ColorSpace::JCS_GRAYSCALE => ColorSpace::JCS_GRAYSCALE,
        ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => ColorSpace::JCS_CMYK,
        _ => ColorSpace::JCS_RGB,
    };
    let mut started = header.to_colorspace(output).map_err(said)?;
    let pixels = match output {
        ColorSpace::JCS_GRAYSCALE => {
            let grey = GrayImage::from_raw(width, height, started.read_scanlines().map_err(said)?);
            grey.map(|grey| DynamicImage::ImageLuma8(grey).into_rgb8())
        }
        ColorSpace::JCS_CMYK => {
            let inks: Vec<[u8; 4]> = started.read_scanlines().map_err(said)?;
            RgbImage::from_raw(width, height, inks.into_iter().flat_map(without_ink).collect())
        }
        _ => RgbImage::from_raw(width, height, started.read_scanlines().map_err(said)?),
    };
    started.finish().map_err(said)?;
    let pixels = pixels.ok_or("JPEG: it has fewer pixels than it claims")?;
    Ok(Picture { pixels, orientation })
}

/// More scans than this only cost time: every one passes over the whole image. Encoders write a dozen.
const MAX_SCANS: usize = 128;

/// How many scans a file has: progressive images have several.
fn scans(bytes: &[u8]) -> usize {
    const START_OF_SCAN: u8 = 0xda;
    let mut scans = 0;
    let mut at = 2;
    // From marker to marker: a segment says how long it is, and in the data of a scan 0xff is followed by 0 or a restart.
    while let Some(&[ff, marker]) = bytes.get(at..at + 2).and_then(|b| b.first_chunk()) {
        let is_marker = ff == 0xff && !matches!(marker, 0 | 0xd0..=0xd7 | 0xff);
        if !is_marker {
            let rest = &bytes[at + 1..];
            at += 1 + rest.iter().position(|&b| b == 0xff).unwrap_or(rest.len());
            continue;
        }
        scans += usize::from(marker == START_OF_SCAN);
        let length = bytes.get(at + 2..at + 4).and_then(|b| b.first_chunk());
        at += 2 + length.map_or(0, |&length| usize::from(u16::from_be_bytes(length)));
    }
    scans
}

/// Cyan, magenta, yellow and black as Adobe stores them (255 is no ink), to RGB as Pillow does it.
fn without_ink([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|paper| {
        let product = u32::from(255 - paper) * u32::from(black) + 128;
        // Divided by 255 and rounded.
        let ink = (product + (product >> 8)) >> 8;
        black.saturating_sub(ink as u8)
    })
}

/// The bytes of a file. To ask for more than there are is an error; libjpeg alone would fill up with grey.
struct Source<'a> {
    rest: &'a [u8],
    ended: &'a Cell<bool>,
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.ended.set(true);
            return Err(io::Error::other("its end is missing"));
        }
        Ok(self.rest)
    }

    fn consume(&mut self, amount: usize) {
        self.rest = self.rest.get(amount..).unwrap_or_default();
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(buffer)?;
        self.consume(taken);
        Ok(taken)
    }
}
