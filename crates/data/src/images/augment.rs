//! Random views of an image: SimCLR's changes, each on its own, and together as seeded views for a network.
//!
//! Colours are changed on planar pixels (channel, row, column) between 0 and 1.

use image::RgbImage;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::resize::{Crop, KeptPart, resize_cut};
use super::transform::Preprocess;

/// How a random view of an image is made, in this order. Pairs are the ends of a uniform draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augment {
    /// Share of the area that is cut out.
    pub crop_area: [f64; 2],
    /// Width over height of what is cut out; drawn evenly on a logarithmic scale.
    pub crop_ratio: [f64; 2],
    /// Chance of a mirror image.
    pub flip: f64,
    /// Change of colours.
    pub jitter: Jitter,
    /// Chance of that change.
    pub jitter_chance: f64,
    /// Chance of losing all colour.
    pub grey_chance: f64,
    /// Standard deviation of the blur, in pixels.
    pub blur_sigma: [f64; 2],
    /// Length of the blur's kernel as a share of the shorter side.
    pub blur_length: f64,
    /// Chance of being blurred.
    pub blur_chance: f64,
}

impl Augment {
    /// SimCLR's for ImageNet (Chen et al. 2020, appendix A, strength 1).
    pub fn simclr() -> Self {
        Self {
            crop_area: [0.08, 1.0],
            crop_ratio: [3.0 / 4.0, 4.0 / 3.0],
            flip: 0.5,
            jitter: Jitter {
                brightness: [0.2, 1.8],
                contrast: [0.2, 1.8],
                saturation: [0.2, 1.8],
                hue: [-0.2, 0.2],
            },
            jitter_chance: 0.8,
            grey_chance: 0.2,
            blur_sigma: [0.1, 2.0],
            blur_length: 0.1,
            blur_chance: 0.5,
        }
    }

    /// Writes one view of `image` into `out`, of the size and with the normalisation and interpolation of `preprocess`:
    /// the crop takes the place of its resize and its centre crop.
    pub fn view_into(&self, image: &RgbImage, preprocess: &Preprocess, rng: &mut ChaCha8Rng, out: &mut [f32]) {
        let (height, width) = preprocess.size();
        let (top, left, tall, wide) = crop_box(
            image.height() as usize,
            image.width() as usize,
            self.crop_area,
            self.crop_ratio,
            rng,
        );
        let cut = Crop {
            start: (left as u32, top as u32),
            size: (wide as u32, tall as u32),
        };
        let kept = KeptPart {
            start: (0, 0),
            size: (width as u32, height as u32),
        };
        let to = (width as u64, height as u64);
        let sized = resize_cut(image, cut, to, kept, preprocess.interpolation);
        let flip = rng.random_bool(self.flip);
        for (channel, plane) in out.chunks_exact_mut(height * width).enumerate() {
            for (y, row) in plane.chunks_exact_mut(width).enumerate() {
                for (x, value) in row.iter_mut().enumerate() {
                    let x = if flip { width - 1 - x } else { x };
                    *value = f32::from(sized.as_raw()[3 * (y * width + x) + channel]) / 255.0;
                }
            }
        }
        if rng.random_bool(self.jitter_chance) {
            self.jitter.apply(out, rng);
        }
        if rng.random_bool(self.grey_chance) {
            blend_with_grey(out, 0.0);
        }
        if rng.random_bool(self.blur_chance) {
            let sigma = rng.random_range(self.blur_sigma[0]..self.blur_sigma[1]);
            let reach = (self.blur_length * height.min(width) as f64) as usize / 2;
            blur(out, width, sigma, reach);
        }
        for (channel, plane) in out.chunks_exact_mut(height * width).enumerate() {
            let (mean, std) = (preprocess.mean[channel] as f32, preprocess.std[channel] as f32);
            plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
        }
    }
}

/// torchvision's ColorJitter: the four changes in random order, each by a factor (the hue: a turn, in circles) drawn
/// from its range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jitter {
    /// Factor of every value.
    pub brightness: [f64; 2],
    /// Share of the image, the rest being its mean grey.
    pub contrast: [f64; 2],
    /// Share of the image, the rest being its grey self.
    pub saturation: [f64; 2],
    /// Turn of the hue.
    pub hue: [f64; 2],
}

impl Jitter {
    /// Changes planar pixels.
    pub fn apply(&self, pixels: &mut [f32], rng: &mut ChaCha8Rng) {
        let mut order = [0, 1, 2, 3];
        order.shuffle(rng);
        let ranges = [self.brightness, self.contrast, self.saturation];
        let mut draw = |[low, high]: [f64; 2]| rng.random_range(low as f32..high as f32);
        let [brightness, contrast, saturation] = ranges.map(&mut draw);
        let turn = draw(self.hue);
        for change in order {
            match change {
                0 => pixels.iter_mut().for_each(|p| *p = (*p * brightness).clamp(0.0, 1.0)),
                1 => {
                    let mean = mean_grey(pixels);
                    pixels
                        .iter_mut()
                        .for_each(|p| *p = (*p * contrast + mean * (1.0 - contrast)).clamp(0.0, 1.0));
                }
                2 => blend_with_grey(pixels, saturation),
                _ => turn_hue(pixels, turn),
            }
        }
    }
}

/// Top, left, height and width of a crop, drawn as torchvision's RandomResizedCrop draws it; after ten draws that do not
/// fit, the largest centred crop whose ratio is allowed.
pub fn crop_box(
    height: usize,
    width: usize,
    area: [f64; 2],
    ratio: [f64; 2],
    rng: &mut ChaCha8Rng,
) -> (usize, usize, usize, usize) {
    let logs = ratio.map(f64::ln);
    for _ in 0..10 {
        let area = (height * width) as f64 * rng.random_range(area[0]..area[1]);
        let ratio = rng.random_range(logs[0]..logs[1]).exp();
        let (wide, tall) = (
            (area * ratio).sqrt().round() as usize,
            (area / ratio).sqrt().round() as usize,
        );
        if (1..=width).contains(&wide) && (1..=height).contains(&tall) {
            return (
                rng.random_range(0..=height - tall),
                rng.random_range(0..=width - wide),
                tall,
                wide,
            );
        }
    }
    let own = width as f64 / height as f64;
    let (tall, wide) = match own {
        own if own < ratio[0] => ((width as f64 / ratio[0]).round() as usize, width),
        own if own > ratio[1] => (height, (height as f64 * ratio[1]).round() as usize),
        _ => (height, width),
    };
    ((height - tall) / 2, (width - wide) / 2, tall, wide)
}

/// Blurs each plane by a Gaussian of `2 reach + 1` pixels, mirrored at the edges, as torchvision's GaussianBlur does.
fn blur(pixels: &mut [f32], width: usize, sigma: f64, reach: usize) {
    let weights: Vec<f64> = (0..=reach).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    let weights: Vec<f32> = weights.iter().map(|w| (w / sum) as f32).collect();
    let area = pixels.len() / 3;
    let mut line = Vec::new();
    for plane in pixels.chunks_exact_mut(area) {
        for y in 0..area / width {
            smooth(plane, y * width, 1, width, &weights, &mut line);
        }
        for x in 0..width {
            smooth(plane, x, width, area / width, &weights, &mut line);
        }
    }
}

/// Convolves the `length` values from `start` on, `step` apart, with a symmetric kernel.
fn smooth(plane: &mut [f32], start: usize, step: usize, length: usize, weights: &[f32], line: &mut Vec<f32>) {
    line.clear();
    line.extend((0..length).map(|i| plane[start + i * step]));
    let last = length - 1;
    let mirrored = |i: usize, away: usize, up: bool| {
        let at = if up { i + away } else { i.abs_diff(away) };
        line[if at > last { 2 * last - at } else { at }]
    };
    for i in 0..length {
        plane[start + i * step] = weights[0] * line[i]
            + (1..weights.len())
                .map(|k| weights[k] * (mirrored(i, k, false) + mirrored(i, k, true)))
                .sum::<f32>();
    }
}

fn grey(r: f32, g: f32, b: f32) -> f32 {
    0.2989 * r + 0.587 * g + 0.114 * b
}

fn mean_grey(pixels: &[f32]) -> f32 {
    let plane = pixels.len() / 3;
    let sum = |c: usize| pixels[c * plane..(c + 1) * plane].iter().sum::<f32>();
    grey(sum(0), sum(1), sum(2)) / plane as f32
}

/// `factor` of the colour and `1 - factor` of the grey image.
pub fn blend_with_grey(pixels: &mut [f32], factor: f32) {
    each_pixel(pixels, |[r, g, b]| {
        let grey = grey(r, g, b) * (1.0 - factor);
        [r, g, b].map(|c| (c * factor + grey).clamp(0.0, 1.0))
    });
}

/// Turns the hue by `turn` of the full circle.
fn turn_hue(pixels: &mut [f32], turn: f32) {
    each_pixel(pixels, |[r, g, b]| {
        let (high, low) = (r.max(g).max(b), r.min(g).min(b));
        let chroma = high - low;
        if chroma <= 0.0 {
            return [r, g, b];
        }
        let sixth = if high == r {
            (g - b) / chroma
        } else if high == g {
            2.0 + (b - r) / chroma
        } else {
            4.0 + (r - g) / chroma
        };
        let hue = (sixth / 6.0 + turn).rem_euclid(1.0) * 6.0;
        // Each channel falls linearly from `high` as its distance from the hue, in sixths of the circle, passes 1 to 2.
        [0.0, 2.0, 4.0].map(|centre: f32| {
            let away = (hue - centre).abs();
            let away = away.min(6.0 - away);
            high - chroma * (away - 1.0).clamp(0.0, 1.0)
        })
    });
}

fn each_pixel(pixels: &mut [f32], change: impl Fn([f32; 3]) -> [f32; 3]) {
    let (red, rest) = pixels.split_at_mut(pixels.len() / 3);
    let (green, blue) = rest.split_at_mut(rest.len() / 2);
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        [*r, *g, *b] = change([*r, *g, *b]);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn views_are_of_the_size_asked_for_and_repeat_under_one_seed() {
        let image = RgbImage::from_fn(50, 37, |x, y| {
            image::Rgb([(5 * x) as u8, (6 * y) as u8, (x * y % 251) as u8])
        });
        let plain = Preprocess::small(24, 20, [0.0; 3], [1.0; 3]);
        let scaled = Preprocess::small(24, 20, [0.5; 3], [0.25; 3]);
        let view = |seed, preprocess: &Preprocess| {
            let mut out = vec![f32::NAN; preprocess.values()];
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            Augment::simclr().view_into(&image, preprocess, &mut rng, &mut out);
            out
        };
        for seed in 0..50 {
            let values = view(seed, &plain);
            assert!(values.iter().all(|v| (0.0..=1.0 + 1e-6).contains(v)), "seed {seed}");
            assert_eq!(values, view(seed, &plain));
            assert_ne!(values, view(seed + 1, &plain));
            let normalised = values.iter().map(|v| (v - 0.5) / 0.25);
            assert!(normalised.zip(view(seed, &scaled)).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn a_crop_that_never_fits_is_the_largest_centred_one_of_an_allowed_ratio() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let ratio = [0.75, 4.0 / 3.0];
        // All of the area at a ratio below 4:3 never fits into a strip.
        assert_eq!(crop_box(30, 300, [0.99, 1.0], ratio, &mut rng), (0, 130, 30, 40));
        assert_eq!(crop_box(300, 30, [0.99, 1.0], ratio, &mut rng), (130, 0, 40, 30));
        for _ in 0..1000 {
            let (top, left, tall, wide) = crop_box(60, 90, [0.08, 1.0], ratio, &mut rng);
            assert!(top + tall <= 60 && left + wide <= 90 && tall * wide > 400);
        }
    }

    /// torchvision.transforms.functional.gaussian_blur(x, [5, 5], [1.0, 1.0]) of a single one at (0, 1) of 4 x 5 zeros.
    #[test]
    fn blur_is_torchvisions() {
        let mut pixels = vec![0.0; 3 * 20];
        pixels[1] = 1.0;
        blur(&mut pixels, 5, 1.0, 2);
        let expected = [
            0.1966407, 0.1840411, 0.0983203, 0.0219382, 0.0000000, 0.1192686, 0.1116266, 0.0596343, 0.0133062,
            0.0000000, 0.0266124, 0.0249072, 0.0133062, 0.0029690, 0.0000000, 0.0000000, 0.0000000, 0.0000000,
            0.0000000, 0.0000000,
        ];
        for (found, expected) in pixels[..20].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{pixels:?}");
        }
        assert!(pixels[20..].iter().all(|v| *v == 0.0));
    }

    /// Python's colorsys.hsv_to_rgb after adding the turn to rgb_to_hsv's hue.
    #[test]
    fn hue_turns_as_in_colorsys() {
        let mut red = vec![1.0, 0.0, 0.0];
        turn_hue(&mut red, 1.0 / 3.0);
        assert!(
            red.iter().zip([0.0, 1.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6),
            "{red:?}"
        );
        let mut mixed = vec![0.2, 0.6, 0.4];
        turn_hue(&mut mixed, 0.1);
        assert!(
            mixed.iter().zip([0.2, 0.56, 0.6]).all(|(a, b)| (a - b).abs() < 1e-6),
            "{mixed:?}"
        );
        turn_hue(&mut mixed, -0.1);
        assert!(
            mixed.iter().zip([0.2, 0.6, 0.4]).all(|(a, b)| (a - b).abs() < 1e-6),
            "{mixed:?}"
        );
        let mut grey = vec![0.3, 0.3, 0.3];
        turn_hue(&mut grey, 0.1);
        assert_eq!(grey, [0.3, 0.3, 0.3]);
    }

    #[test]
    fn grey_has_three_equal_channels() {
        let mut pixels = vec![0.9, 0.1, 0.2, 0.7, 0.5, 0.3];
        blend_with_grey(&mut pixels, 0.0);
        assert_eq!(pixels[0], pixels[2]);
        assert_eq!(pixels[2], pixels[4]);
        assert!((pixels[0] - (0.2989 * 0.9 + 0.587 * 0.2 + 0.114 * 0.5)).abs() < 1e-6);
    }
}
