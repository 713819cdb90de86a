//! Resizing to the bit as Pillow does it: features are compared with PyTorch's at 1e-4 of their scale, and one level of
//! one pixel is already more than that (SIMD libraries round differently).
//!
//! The filter is stretched when shrinking; width and height are done one after the other, with 22 fractional bits and
//! rounding to bytes in between.

use image::RgbImage;

use super::transform::Interpolation;

/// Fractional bits of the weights.
const BITS: u32 = 22;

/// The pixels that one output pixel is a weighted sum of.
struct Window {
    start: usize,
    weights: Vec<i32>,
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

/// The image at another size, both sides at least 1.
pub(super) fn resize(image: &RgbImage, width: u32, height: u32, interpolation: Interpolation) -> RgbImage {
    let (from_width, from_height) = (image.width() as usize, image.height() as usize);
    let (to_width, to_height) = (width as usize, height as usize);
    let across = |pixels: &[u8]| match to_width == from_width {
        true => pixels.to_vec(),
        false => rows(pixels, from_width, &windows(from_width, to_width, interpolation)),
    };
    let down = |pixels: &[u8], width: usize| match to_height == from_height {
        true => pixels.to_vec(),
        false => columns(pixels, width, &windows(from_height, to_height, interpolation)),
    };
    // The order shows where the cubic filter overshoots, because values are cut to bytes in between.
    let pixels = if height_goes_first(image, width, height) {
        across(&down(image.as_raw(), from_width))
    } else {
        down(&across(image.as_raw()), to_width)
    };
    RgbImage::from_raw(width, height, pixels).unwrap_or_default()
}

/// Whether Pillow 13 shrinks the height first: when it loses more than twice as many pixels as the width (found by trying
/// sizes; earlier versions always begin with the width).
fn height_goes_first(image: &RgbImage, width: u32, height: u32) -> bool {
    let lost = |from: u32, to: u32| i64::from(from) - i64::from(to);
    let lost_height = lost(image.height(), height);
    lost_height > 0 && lost_height > 2 * lost(image.width(), width)
}

fn windows(from: usize, to: usize, interpolation: Interpolation) -> Vec<Window> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = interpolation.support() * stretch;
    let window = |i: usize| {
        let centre = (i as f64 + 0.5) * scale;
        let start = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(from);
        let weights: Vec<f64> = (start..end)
            .map(|x| interpolation.weight((x as f64 - centre + 0.5) * (1.0 / stretch)))
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
    };
    (0..to).map(window).collect()
}

fn byte(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}

const HALF: i32 = 1 << (BITS - 1);

fn rows(pixels: &[u8], width: usize, windows: &[Window]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pixels.len() / width.max(1) * windows.len());
    for row in pixels.chunks_exact(3 * width) {
        for window in windows {
            let mut sums = [HALF; 3];
            let (taken, _) = row[3 * window.start..].as_chunks::<3>();
            for (pixel, weight) in taken.iter().zip(&window.weights) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(*value) * weight;
                }
            }
            out.extend(sums.map(byte));
        }
    }
    out
}

fn columns(pixels: &[u8], width: usize, windows: &[Window]) -> Vec<u8> {
    let stride = 3 * width;
    let mut out = Vec::with_capacity(stride * windows.len());
    let mut sums = vec![HALF; stride];
    for window in windows {
        sums.fill(HALF);
        for (row, weight) in pixels[stride * window.start..]
            .chunks_exact(stride)
            .zip(&window.weights)
        {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += i32::from(*value) * weight;
            }
        }
        out.extend(sums.iter().map(|s| byte(*s)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_image_stays_flat_at_any_size() {
        let flat = RgbImage::from_pixel(13, 7, image::Rgb([3, 128, 255]));
        for (width, height) in [(1, 1), (5, 20), (40, 3), (13, 7)] {
            for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
                let resized = resize(&flat, width, height, interpolation);
                assert_eq!(resized.dimensions(), (width, height));
                assert!(resized.pixels().all(|p| p.0 == [3, 128, 255]));
            }
        }
    }

    #[test]
    fn halving_takes_the_stretched_triangle() {
        // np.asarray(Image.fromarray(np.uint8([[0, 40, 80, 200]])).resize((2, 1), Image.Resampling.BILINEAR))
        let row = RgbImage::from_fn(4, 1, |x, _| image::Rgb([[0, 40, 80, 200][x as usize]; 3]));
        let found: Vec<u8> = resize(&row, 2, 1, Interpolation::Bilinear)
            .pixels()
            .map(|p| p.0[0])
            .collect();
        assert_eq!(found, [29, 126]);
    }
}
