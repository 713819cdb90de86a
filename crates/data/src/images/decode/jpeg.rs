//! JPEG through libjpeg (MozJPEG's build of libjpeg-turbo's decoder), so that every pixel is the one Pillow and
//! torchvision see: exact integer DCT, smooth upsampling of chroma.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use mozjpeg::{ColorSpace, Decompress, Marker};

use super::picture::{Picture, check_size, turned};
use crate::images::clause::Clause;
use crate::images::share::Share;

/// What an APP1 segment with EXIF data begins with.
const EXIF: &[u8] = b"Exif\0\0";

/// Decodes a whole file.
pub(super) fn decode(bytes: &[u8], share: &mut Share) -> Clause<Picture> {
    let scans = Scans::of_file(bytes);
    if scans.count > MAX_SCANS {
        return Err(format!("JPEG: it has {} scans, more than {MAX_SCANS}", scans.count));
    }
    let ended = Cell::new(false);
    let source = Source {
        rest: bytes,
        ended: &ended,
    };
    // libjpeg's errors arrive as unwinding that carries its message and passes by the panic hook.
    let outcome = catch_unwind(AssertUnwindSafe(|| picture(source, scans.are_parts, share))).unwrap_or_else(|cause| {
        let message = cause.downcast_ref::<String>().map_or("", String::as_str);
        Err(format!("JPEG: {}", message.trim_start_matches("libjpeg fatal error: ")))
    });
    match ended.get() {
        true => Err(format!("JPEG data ends after {} bytes", bytes.len())),
        false => outcome,
    }
}

fn picture(source: Source, in_parts: bool, share: &mut Share) -> Clause<Picture> {
    let failed = |e: io::Error| format!("JPEG: {e}");
    let header = Decompress::with_markers(&[Marker::APP(1)])
        .from_reader(source)
        .map_err(failed)?;
    let (width, height) = (header.width() as u32, header.height() as u32);
    check_size(width, height)?;
    let orientation = header
        .markers()
        .find_map(|marker| Orientation::from_exif_chunk(marker.data.strip_prefix(EXIF)?))
        .unwrap_or(Orientation::NoTransforms);
    // The pixels as they are and in RGB; and, where scans are parts, every coefficient until the last one is read.
    let each = match header.color_space() {
        ColorSpace::JCS_GRAYSCALE => 4 + if in_parts { 2 } else { 0 },
        ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => 7 + if in_parts { 8 } else { 0 },
        _ => 3 + if in_parts { 6 } else { 0 },
    };
    let beside: usize = header.markers().map(|marker| marker.data.len()).sum();
    let held = u64::from(width) * u64::from(height) * each + beside as u64;
    share.take(held.max(turned(width, height, orientation)))?;
    let output = match header.color_space() {
        ColorSpace::JCS_GRAYSCALE => ColorSpace::JCS_GRAYSCALE,
        ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => ColorSpace::JCS_CMYK,
        _ => ColorSpace::JCS_RGB,
    };
    let mut started = header.to_colorspace(output).map_err(failed)?;
    let pixels = match output {
        ColorSpace::JCS_GRAYSCALE => {
            let grey = GrayImage::from_raw(width, height, started.read_scanlines().map_err(failed)?);
            grey.map(|grey| DynamicImage::ImageLuma8(grey).into_rgb8())
        }
        ColorSpace::JCS_CMYK => {
            let inks: Vec<[u8; 4]> = started.read_scanlines().map_err(failed)?;
            RgbImage::from_raw(width, height, inks.into_iter().flat_map(without_ink).collect())
        }
        _ => RgbImage::from_raw(width, height, started.read_scanlines().map_err(failed)?),
    };
    started.finish().map_err(failed)?;
    let pixels = pixels.ok_or("JPEG: it has fewer pixels than it claims")?;
    Ok(Picture { pixels, orientation })
}

/// More scans than this only cost time: every one passes over the whole image. Encoders write a dozen.
const MAX_SCANS: usize = 128;

/// The scans of a file, which hold its coefficients.
struct Scans {
    count: usize,
    /// True if one scan alone does not hold all that there is of a block.
    are_parts: bool,
}

impl Scans {
    fn of_file(bytes: &[u8]) -> Self {
        const TEMPORARY: u8 = 0x01;
        const FRAME_PROGRESSIVE: [u8; 4] = [0xc2, 0xc6, 0xca, 0xce];
        const FRAMES: std::ops::RangeInclusive<u8> = 0xc0..=0xcf;
        const NO_FRAMES: [u8; 3] = [0xc4, 0xc8, 0xcc];
        const START_OF_SCAN: u8 = 0xda;
        const END: u8 = 0xd9;
        let mut scans = Self {
            count: 0,
            are_parts: false,
        };
        let (mut at, mut components) = (2, 0);
        // From marker to marker: a segment says how long it is, but for the few markers that stand alone, and in the data
        // of a scan 0xff is followed by 0 or a restart.
        while let Some(&[ff, marker]) = bytes.get(at..at + 2).and_then(|b| b.first_chunk()) {
            if (ff, marker) == (0xff, END) {
                break;
            }
            let has_segment = ff == 0xff && !matches!(marker, 0 | TEMPORARY | 0xd0..=0xd8 | 0xff);
            if !has_segment {
                let rest = &bytes[at + 1..];
                at += 1 + rest.iter().position(|&b| b == 0xff).unwrap_or(rest.len());
                continue;
            }
            let byte = |offset: usize| bytes.get(at + offset).copied().unwrap_or(0);
            if marker == START_OF_SCAN {
                scans.count += 1;
                scans.are_parts |= scans.count > 1 || byte(4) < components;
            } else if FRAMES.contains(&marker) && !NO_FRAMES.contains(&marker) {
                scans.are_parts |= FRAME_PROGRESSIVE.contains(&marker);
                components = byte(9);
            }
            let length = u16::from_be_bytes([byte(2), byte(3)]);
            at += 2 + usize::from(length);
        }
        scans
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: [u8; 19] = [0xff, 0xc0, 0, 17, 8, 0, 8, 0, 8, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    const SCAN: [u8; 14] = [0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0];

    fn scans(segments: &[&[u8]]) -> (usize, bool) {
        let scans = Scans::of_file(&[&[0xff, 0xd8], segments.concat().as_slice()].concat());
        (scans.count, scans.are_parts)
    }

    #[test]
    fn every_scan_counts_wherever_it_hides() {
        assert_eq!(scans(&[&FRAME, &SCAN]), (1, false));
        let data = [1, 2, 0xff, 0, 0xff, 0xd3, 0xda, 0xff, 0xff];
        assert_eq!(scans(&[&FRAME, &SCAN, &data, &SCAN, &data]), (2, true));
        // A marker that stands alone has no length to be passed over.
        assert_eq!(scans(&[&FRAME, &SCAN, &data, &[0xff, 1], &SCAN, &SCAN]), (3, true));
        // Another picture may follow, as cameras write it.
        assert_eq!(scans(&[&FRAME, &SCAN, &data, &[0xff, 0xd9], &SCAN]), (1, false));
        // What a comment holds is no scan.
        let comment = [&[0xff, 0xfe, 0, 16][..], &SCAN].concat();
        assert_eq!(scans(&[&comment, &FRAME, &SCAN]), (1, false));
    }

    #[test]
    fn one_scan_may_be_a_part() {
        let mut progressive = FRAME;
        progressive[1] = 0xc2;
        assert_eq!(scans(&[&progressive, &SCAN]), (1, true));
        let of_one_component = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
        assert_eq!(scans(&[&FRAME, &of_one_component]), (1, true));
    }
}
