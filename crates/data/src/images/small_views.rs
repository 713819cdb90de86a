//! Random views of small images for training: weak and strong. Pixels are planar (channel, row, column).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::augment::{Jitter, blend_with_grey, crop_box};

/// The crops of SimCLR on small images: 20 to 100 % of the area.
const AREA: [f64; 2] = [0.2, 1.0];
/// Sides between 3:4 and 4:3.
const RATIO: [f64; 2] = [0.75, 4.0 / 3.0];
/// torchvision's ColorJitter(0.4, 0.4, 0.4, 0.1).
const JITTER: Jitter = Jitter {
    brightness: [0.6, 1.4],
    contrast: [0.6, 1.4],
    saturation: [0.6, 1.4],
    hue: [-0.1, 0.1],
};

/// How the views of an image are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewStrength {
    /// The standard of supervised training on small images: crop at random out of the image padded with black by an
    /// eighth of its side, flip with probability 1/2.
    Weak,
    /// SimCLR's for small images (Chen et al. 2020, appendix B.9, no blur): crop of 20 to 100 % of the area, resized;
    /// flip; colour jitter (0.4, 0.4, 0.4, 0.1) with probability 0.8; grey with probability 0.2.
    Strong,
}

/// Writes one random view of `image` (3 x side x side bytes) into `out` (the same shape), values between 0 and 1.
pub fn view(strength: ViewStrength, image: &[u8], side: usize, rng: &mut ChaCha8Rng, out: &mut [f32]) {
    match strength {
        ViewStrength::Weak => crop_flip(image, side, rng, out),
        ViewStrength::Strong => {
            resized_crop(image, side, rng, out);
            if rng.random_bool(0.8) {
                JITTER.apply(out, rng);
            }
            if rng.random_bool(0.2) {
                blend_with_grey(out, 0.0);
            }
        }
    }
}

/// Divides each channel's values, less their mean, by their deviation.
pub fn normalise(mean: [f64; 3], std: [f64; 3], pixels: &mut [f32]) {
    let area = pixels.len() / 3;
    for ((plane, mean), std) in pixels.chunks_exact_mut(area.max(1)).zip(mean).zip(std) {
        let (mean, scale) = (mean as f32, (1.0 / std) as f32);
        plane.iter_mut().for_each(|value| *value = (*value - mean) * scale);
    }
}

fn crop_flip(image: &[u8], side: usize, rng: &mut ChaCha8Rng, out: &mut [f32]) {
    let pad = side / 8;
    let (down, right) = (rng.random_range(0..=2 * pad), rng.random_range(0..=2 * pad));
    let flip = rng.random_bool(0.5);
    for (plane, target) in image.chunks_exact(side * side).zip(out.chunks_exact_mut(side * side)) {
        for (y, row) in target.chunks_exact_mut(side).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                let x = if flip { side - 1 - x } else { x };
                let (from_y, from_x) = ((y + down).wrapping_sub(pad), (x + right).wrapping_sub(pad));
                *value = if from_y < side && from_x < side {
                    f32::from(plane[from_y * side + from_x]) / 255.0
                } else {
                    0.0
                };
            }
        }
    }
}

/// A crop as torchvision's RandomResizedCrop(scale=(0.2, 1), ratio=(3/4, 4/3)) draws it, flipped with probability 1/2.
fn resized_crop(image: &[u8], side: usize, rng: &mut ChaCha8Rng, out: &mut [f32]) {
    let (top, left, height, width) = crop_box(side, side, AREA, RATIO, rng);
    let columns = taps(left, width, side);
    let rows = taps(top, height, side);
    let flip = rng.random_bool(0.5);
    for (plane, target) in image.chunks_exact(side * side).zip(out.chunks_exact_mut(side * side)) {
        for (row, &(y0, y1, dy)) in target.chunks_exact_mut(side).zip(&rows) {
            let (upper, lower) = (&plane[y0 * side..][..side], &plane[y1 * side..][..side]);
            for (x, &(x0, x1, dx)) in columns.iter().enumerate() {
                let mix = |line: &[u8]| f32::from(line[x0]) * (1.0 - dx) + f32::from(line[x1]) * dx;
                let value = (mix(upper) * (1.0 - dy) + mix(lower) * dy) / 255.0;
                row[if flip { side - 1 - x } else { x }] = value;
            }
        }
    }
}

/// For each output position the two source positions it lies between, and how far along. A crop is never larger than
/// the output, so bilinear interpolation needs no antialiasing.
fn taps(start: usize, length: usize, side: usize) -> Vec<(usize, usize, f32)> {
    let scale = length as f32 / side as f32;
    (0..side)
        .map(|i| {
            let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, (length - 1) as f32);
            let below = at as usize;
            (start + below, start + (below + 1).min(length - 1), at - below as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn picture(side: usize) -> Vec<u8> {
        (0..3 * side * side).map(|i| (i * 37 % 251 + 3) as u8).collect()
    }

    #[test]
    fn views_stay_between_0_and_1_and_repeat_under_one_seed() {
        let image = picture(28);
        for strength in [ViewStrength::Weak, ViewStrength::Strong] {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let mut again = ChaCha8Rng::seed_from_u64(5);
            for _ in 0..200 {
                let (mut a, mut b) = (vec![-1.0; image.len()], vec![-1.0; image.len()]);
                view(strength, &image, 28, &mut rng, &mut a);
                view(strength, &image, 28, &mut again, &mut b);
                assert_eq!(a, b);
                assert!(a.iter().all(|v| (0.0..=1.0).contains(v)));
            }
        }
    }

    #[test]
    fn crop_and_flip_moves_pixels_and_changes_none() {
        let image = picture(16);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut flipped, mut shifted) = (0, 0);
        for _ in 0..400 {
            let mut out = vec![0.0; image.len()];
            crop_flip(&image, 16, &mut rng, &mut out);
            // Two columns each side of the middle: where they come from says the shift and the flip.
            let byte = |y: usize, x: usize| (out[y * 16 + x] * 255.0).round() as u8;
            let from = |y: usize, x: usize| image.iter().take(256).position(|&b| b == byte(y, x)).unwrap();
            let (left, right) = (from(8, 7), from(8, 8));
            assert_eq!(left.abs_diff(right), 1);
            flipped += usize::from(left > right);
            shifted += usize::from(left / 16 != 8);
        }
        // Binomial(400, 1/2) and (400, 4/5): five standard deviations are 50 and 40.
        assert!((150..=250).contains(&flipped), "{flipped}");
        assert!((280..=360).contains(&shifted), "{shifted}");
    }

    #[test]
    fn the_whole_image_resized_to_itself_is_the_image() {
        let columns = taps(0, 32, 32);
        assert!(columns.iter().enumerate().all(|(i, &(a, _, d))| a == i && d == 0.0));
        // A crop of 2 columns over 4: half-pixel centres at -0.25 (clamped), 0.25, 0.75, 1.25 (clamped).
        assert_eq!(taps(5, 2, 4), [(5, 6, 0.0), (5, 6, 0.25), (5, 6, 0.75), (6, 6, 0.0)]);
    }

    #[test]
    fn crops_lie_inside_and_have_a_fifth_to_all_of_the_area() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for _ in 0..2000 {
            let (top, left, height, width) = crop_box(32, 32, AREA, RATIO, &mut rng);
            assert!(top + height <= 32 && left + width <= 32);
            // Rounding moves each side by at most half a pixel, of at least 12 (0.2 of the area at ratio 3/4).
            let area = (height * width) as f64 / 1024.0;
            assert!((0.18..=1.0).contains(&area), "{area}");
        }
    }
}
