//! Resizing to the bit as Pillow does it: features are compared with PyTorch's at 1e-4 of their scale, and one level of
//! one pixel is already more than that (SIMD libraries round differently).
//!
//! The filter is stretched when shrinking; width and height are done one after the other, with 22 fractional bits and
//! rounding to bytes in between. Only what is kept is computed: of an image of one by a million pixels whose shorter side
//! becomes 256, the centre is a few pixels of it.

use std::borrow::Cow;
use std::ops::Range;

use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Fractional bits of the weights.
const BITS: u32 = 22;

/// The pixels that one output pixel is a weighted sum of.
struct Window {
    start: usize,
    weights: Vec<i32>,
}

/// How pixels between pixels are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Triangle filter.
    #[default]
    Bilinear,
    /// Cubic filter with a = -0.5, as Pillow's.
    Bicubic,
}

impl Interpolation {
    /// Half the filter's width, in input pixels.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Self::Bicubic => 0.0,
        }
    }
}

/// The part of a resized image that is kept: all that is computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptPart {
    /// The first column and row.
    pub(super) start: (u64, u64),
    /// Columns and rows.
    pub(super) size: (u32, u32),
}

/// A part of an image that takes the image's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crop {
    /// The first column and row.
    pub(super) start: (u32, u32),
    /// Columns and rows.
    pub(super) size: (u32, u32),
}

/// A part of the image at another size (width and height, both at least 1).
pub(super) fn resize(image: &RgbImage, to: (u64, u64), kept: KeptPart, interpolation: Interpolation) -> RgbImage {
    let whole = Crop {
        start: (0, 0),
        size: image.dimensions(),
    };
    resize_cut(image, whole, to, kept, interpolation)
}

/// Resizes a part of an image, without a copy of that part.
pub(super) fn resize_cut(
    image: &RgbImage,
    cut: Crop,
    to: (u64, u64),
    kept: KeptPart,
    interpolation: Interpolation,
) -> RgbImage {
    let across = ResizeAxis::new(cut.size.0, to.0, (kept.start.0, kept.size.0), interpolation);
    let down = ResizeAxis::new(cut.size.1, to.1, (kept.start.1, kept.size.1), interpolation);
    let (columns, rows) = (across.needs(), down.needs());
    let (left, top) = (cut.start.0 as usize, cut.start.1 as usize);
    let source = Plane::part(
        image,
        left + columns.start..left + columns.end,
        top + rows.start..top + rows.end,
    );
    // The order shows where the cubic filter overshoots, because values are cut to bytes in between.
    let pixels = if height_goes_first(cut.size, to) {
        across.apply_to_rows(down.apply_to_columns(source, rows.start), columns.start)
    } else {
        down.apply_to_columns(across.apply_to_rows(source, columns.start), rows.start)
    };
    RgbImage::from_raw(kept.size.0, kept.size.1, pixels.into_bytes()).unwrap_or_default()
}

/// True if Pillow 13 shrinks the height first: when it loses more than twice as many pixels as the width (found by trying
/// sizes; earlier versions always begin with the width).
fn height_goes_first(from: (u32, u32), to: (u64, u64)) -> bool {
    let lost = |from: u32, to: u64| i128::from(from) - i128::from(to);
    let lost_height = lost(from.1, to.1);
    lost_height > 0 && lost_height > 2 * lost(from.0, to.0)
}

/// Pixels of three bytes, row after row: an image, or some columns and rows of one.
struct Plane<'a> {
    bytes: Cow<'a, [u8]>,
    /// Bytes from one row to the next.
    stride: usize,
    /// The byte of a row that its first pixel starts at.
    start: usize,
    width: usize,
}

impl<'a> Plane<'a> {
    /// Some columns and rows of an image.
    fn part(image: &'a RgbImage, columns: Range<usize>, rows: Range<usize>) -> Self {
        let stride = 3 * image.width() as usize;
        Self {
            bytes: Cow::Borrowed(&image.as_raw()[rows.start * stride..rows.end * stride]),
            stride,
            start: 3 * columns.start,
            width: columns.len(),
        }
    }

    fn owned(bytes: Vec<u8>, width: usize) -> Self {
        Self {
            bytes: Cow::Owned(bytes),
            stride: 3 * width,
            start: 0,
            width,
        }
    }

    /// The rows from `first` on.
    fn rows_from(&self, first: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        let columns = self.start..self.start + 3 * self.width;
        self.bytes[self.stride * first..]
            .chunks_exact(self.stride.max(1))
            .map(move |row| &row[columns.clone()])
    }

    /// The bytes of all rows.
    fn into_bytes(self) -> Vec<u8> {
        match self.stride == 3 * self.width {
            true => self.bytes.into_owned(),
            false => self.rows_from(0).flatten().copied().collect(),
        }
    }
}

/// Weights that are held at once: of an image that shrinks from millions of pixels to a few, all would be many.
const WEIGHTS: usize = 1 << 22;

/// One direction: which pixels are made of which.
struct ResizeAxis {
    from: usize,
    to: u64,
    kept: Range<u64>,
    interpolation: Interpolation,
}

impl ResizeAxis {
    fn new(from: u32, to: u64, (start, length): (u64, u32), interpolation: Interpolation) -> Self {
        Self {
            from: from as usize,
            to,
            kept: start..start + u64::from(length),
            interpolation,
        }
    }

    /// True if the length stays, and with it every pixel.
    fn is_same(&self) -> bool {
        self.from as u64 == self.to
    }

    fn scale(&self) -> f64 {
        self.from as f64 / self.to as f64
    }

    /// The pixels that output pixel `i` is made of.
    fn taken(&self, i: u64) -> Range<usize> {
        let support = self.interpolation.support() * self.scale().max(1.0);
        let centre = (i as f64 + 0.5) * self.scale();
        let start = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(self.from);
        start..end
    }

    /// The pixels that any kept one is made of.
    fn needs(&self) -> Range<usize> {
        if self.kept.is_empty() {
            return 0..0;
        }
        match self.is_same() {
            true => self.kept.start as usize..self.kept.end as usize,
            false => self.taken(self.kept.start).start..self.taken(self.kept.end - 1).end,
        }
    }

    fn window(&self, i: u64) -> Window {
        let scale = self.scale();
        let stretch = scale.max(1.0);
        let centre = (i as f64 + 0.5) * scale;
        let taken = self.taken(i);
        let start = taken.start;
        let weights: Vec<f64> = taken
            .map(|x| self.interpolation.weight((x as f64 - centre + 0.5) * (1.0 / stretch)))
            .collect();
        let sum: f64 = weights.iter().sum();
        let fixed = |w: &f64| {
            let scaled = if sum == 0.0 { *w } else { w / sum } * f64::from(1u32 << BITS);
            // Half away from zero, cut to an integer as C does.
            (scaled + 0.5f64.copysign(scaled)) as i32
        };
        Window {
            start,
            weights: weights.iter().map(fixed).collect(),
        }
    }

    /// Makes the kept pixels of each row of `source`, whose first column is column `first` of the image.
    fn apply_to_rows<'a>(&self, source: Plane<'a>, first: usize) -> Plane<'a> {
        if self.is_same() {
            return source;
        }
        let width = (self.kept.end - self.kept.start) as usize;
        let mut out = vec![0; 3 * width * source.rows_from(0).len()];
        let most = self.needs().len() * 4 / width.max(1) + 1;
        let at_once = (WEIGHTS / most).max(1) as u64;
        let mut done = 0;
        for from in self.kept.clone().step_by(at_once as usize) {
            let windows: Vec<Window> = (from..self.kept.end.min(from + at_once))
                .map(|i| self.window(i))
                .collect();
            for (row, line) in source.rows_from(0).zip(out.chunks_exact_mut(3 * width)) {
                for (window, made) in windows.iter().zip(line[3 * done..].chunks_exact_mut(3)) {
                    let mut sums = [HALF; 3];
                    let (taken, _) = row[3 * (window.start - first)..].as_chunks::<3>();
                    for (pixel, weight) in taken.iter().zip(&window.weights) {
                        for (sum, value) in sums.iter_mut().zip(pixel) {
                            *sum += i32::from(*value) * weight;
                        }
                    }
                    made.copy_from_slice(&sums.map(byte));
                }
            }
            done += windows.len();
        }
        Plane::owned(out, width)
    }

    /// Makes the kept pixels of each column of `source`, whose first row is row `first` of the image.
    fn apply_to_columns<'a>(&self, source: Plane<'a>, first: usize) -> Plane<'a> {
        if self.is_same() {
            return source;
        }
        let width = source.width;
        let stride = 3 * width;
        let mut out = Vec::with_capacity(stride * (self.kept.end - self.kept.start) as usize);
        let mut sums = vec![HALF; stride];
        for i in self.kept.clone() {
            let window = self.window(i);
            sums.fill(HALF);
            let rows = source.rows_from(window.start - first);
            for (row, weight) in rows.zip(&window.weights) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += i32::from(*value) * weight;
                }
            }
            out.extend(sums.iter().map(|s| byte(*s)));
        }
        Plane::owned(out, width)
    }
}

fn byte(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

const HALF: i32 = 1 << (BITS - 1);

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(image: &RgbImage, to: (u64, u64), interpolation: Interpolation) -> RgbImage {
        let kept = KeptPart {
            start: (0, 0),
            size: (to.0 as u32, to.1 as u32),
        };
        resize(image, to, kept, interpolation)
    }

    #[test]
    fn only_what_is_kept_is_computed_and_it_is_the_same() {
        let image = RgbImage::from_fn(61, 47, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, (x * y) as u8]));
        for to in [(20, 31), (130, 90), (61, 20), (30, 47), (200, 5), (5, 200), (61, 47)] {
            for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
                let whole = whole(&image, to, interpolation);
                let size = (to.0.min(4) as u32, to.1.min(3) as u32);
                for start in [(0, 0), ((to.0 - u64::from(size.0)) / 2, to.1 - u64::from(size.1))] {
                    let part = resize(&image, to, KeptPart { start, size }, interpolation);
                    let (x, y) = (start.0 as u32, start.1 as u32);
                    let expected = image::imageops::crop_imm(&whole, x, y, size.0, size.1).to_image();
                    assert_eq!(part, expected, "{to:?} {start:?}");
                    let cut = Crop {
                        start: (7, 5),
                        size: (40, 33),
                    };
                    let copied = image::imageops::crop_imm(&image, 7, 5, 40, 33).to_image();
                    assert_eq!(
                        resize_cut(&image, cut, to, KeptPart { start, size }, interpolation),
                        resize(&copied, to, KeptPart { start, size }, interpolation),
                        "{to:?} {start:?} of a part"
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_of_a_million_pixels_takes_no_more_than_its_centre() {
        let line = RgbImage::from_fn(1, 1_000_000, |_, y| image::Rgb([(y / 4000) as u8; 3]));
        let kept = KeptPart {
            start: (16, (256_000_000 - 224) / 2),
            size: (224, 224),
        };
        let part = resize(&line, (256, 256_000_000), kept, Interpolation::Bicubic);
        assert_eq!(part.dimensions(), (224, 224));
        assert!(part.pixels().all(|p| p.0 == [125; 3] || p.0 == [124; 3]));
        // Shrunk, every pixel counts: one weight for each, a few at a time.
        let kept = KeptPart {
            start: (0, 0),
            size: (4, 1),
        };
        let wide = RgbImage::from_fn(1_000_000, 1, |x, _| image::Rgb([(x / 250_000 * 80) as u8; 3]));
        let part = resize(&wide, (4, 1), kept, Interpolation::Bilinear);
        let found: Vec<u8> = part.pixels().map(|p| p.0[0]).collect();
        assert_eq!(found.len(), 4);
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{found:?}");
    }

    #[test]
    fn a_flat_image_stays_flat_at_any_size() {
        let flat = RgbImage::from_pixel(13, 7, image::Rgb([3, 128, 255]));
        for (width, height) in [(1, 1), (5, 20), (40, 3), (13, 7)] {
            for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
                let resized = whole(&flat, (width, height), interpolation);
                assert_eq!(resized.dimensions(), (width as u32, height as u32));
                assert!(resized.pixels().all(|p| p.0 == [3, 128, 255]));
            }
        }
    }

    #[test]
    fn halving_takes_the_stretched_triangle() {
        // np.asarray(Image.fromarray(np.uint8([[0, 40, 80, 200]])).resize((2, 1), Image.Resampling.BILINEAR))
        let row = RgbImage::from_fn(4, 1, |x, _| image::Rgb([[0, 40, 80, 200][x as usize]; 3]));
        let found: Vec<u8> = whole(&row, (2, 1), Interpolation::Bilinear)
            .pixels()
            .map(|p| p.0[0])
            .collect();
        assert_eq!(found, [29, 126]);
    }
}
