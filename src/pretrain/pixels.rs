//! Images held in memory as bytes, and batches of augmented views drawn from them.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use image::RgbImage;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use tch::{Device, Tensor};

use super::config::TrainingConfig;
use super::method::MethodEntry;
use crate::error::{Error, Result};
use crate::extract::nets::stream;
use crate::images::ImageSet;
use crate::images::small_views::{self, ViewStrength};
use crate::images::transform::{Halves, Interpolation, Orientation, Preprocess, Resize};

/// Small images, all of one square size, in memory.
#[derive(Clone, Debug)]
pub struct Pixels {
    /// N images of 3 x side x side bytes: channel, row, column.
    bytes: Vec<u8>,
    side: usize,
    labels: Vec<Option<u32>>,
    classes: Vec<String>,
    fingerprint: String,
}

/// Images decoded at once while a set is read: enough to keep every core busy, little memory.
const CHUNK: usize = 2048;

/// More than this many bytes of pixels are refused rather than swapped.
const LARGEST: usize = 32 << 30;

impl Pixels {
    /// Reads a whole set. Images that are not `side` x `side` are resized (shorter side, antialiased) and cropped in
    /// the middle; `None` takes the size of the first image, and then all must have it.
    ///
    /// # Errors
    /// When an image cannot be read or decoded, has another size, or the set is empty or too large for memory.
    pub fn read(set: &ImageSet, side: Option<usize>) -> Result<Self> {
        if set.is_empty() {
            return Err(Error::input(
                "the data set has no images; check --data, --split and --classes",
            ));
        }
        let given = side;
        let mut side = side;
        let mut bytes = Vec::new();
        let mut done = 0;
        while done < set.len() {
            let raws = set.read_some(done..(done + CHUNK).min(set.len()))?;
            let length = match side {
                Some(length) => length,
                None => raws[0].decoded(Orientation::Exif, |image| image.width().max(image.height()) as usize)?,
            };
            side = Some(length);
            if set.len().saturating_mul(3 * length * length) > LARGEST {
                return Err(Error::input(format!(
                    "{} images of {length} x {length} px do not fit into memory; pass a smaller --image-size or fewer --classes",
                    set.len()
                )));
            }
            let planes: Vec<Vec<u8>> = raws
                .par_iter()
                .zip(done..set.len())
                .map(|(raw, index)| {
                    raw.decoded(Orientation::Exif, |image| {
                        let fits = image.width() as usize == length && image.height() as usize == length;
                        if !fits && given.is_none() {
                            return Err(Error::input(format!(
                                "{}: the image is {} x {} px, the first one {length} px; pass --image-size to bring all to one size",
                                set.id(index),
                                image.width(),
                                image.height()
                            )));
                        }
                        Ok(planar(image, length))
                    })?
                })
                .collect::<Result<_>>()?;
            done += planes.len();
            planes.iter().for_each(|plane| bytes.extend(plane));
        }
        Ok(Self {
            bytes,
            side: side.unwrap_or(0),
            labels: (0..set.len()).map(|i| set.label(i)).collect(),
            classes: set.classes().to_vec(),
            fingerprint: set.fingerprint()?,
        })
    }

    /// Images given as bytes (N x 3 x side x side), with their classes.
    ///
    /// # Errors
    /// When the sizes do not agree or a label names no class.
    pub fn new(
        bytes: Vec<u8>,
        side: usize,
        labels: Vec<Option<u32>>,
        classes: Vec<String>,
        fingerprint: String,
    ) -> Result<Self> {
        if bytes.len() != labels.len() * 3 * side * side
            || labels.iter().flatten().any(|&l| l as usize >= classes.len())
        {
            return Err(Error::input("pixels, labels and classes do not fit together"));
        }
        Ok(Self {
            bytes,
            side,
            labels,
            classes,
            fingerprint,
        })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Side of the images.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The class of each image, an index into [`Pixels::classes`].
    pub fn labels(&self) -> &[Option<u32>] {
        &self.labels
    }

    /// The class names.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The data set's fingerprint.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Mean and standard deviation of each channel (0 to 1), rounded to four digits.
    pub fn mean_std(&self) -> [[f64; 3]; 2] {
        let area = self.side * self.side;
        let mut sums = [[0u64; 2]; 3];
        for image in self.bytes.chunks_exact(3 * area) {
            for (plane, [sum, squares]) in image.chunks_exact(area).zip(&mut sums) {
                *sum += plane.iter().map(|&b| u64::from(b)).sum::<u64>();
                *squares += plane.iter().map(|&b| u64::from(b) * u64::from(b)).sum::<u64>();
            }
        }
        let count = (self.len() * area) as f64;
        let round = |v: f64| (v * 1e4).round() / 1e4;
        let mean = sums.map(|[sum, _]| sum as f64 / count / 255.0);
        // A constant channel is left unscaled rather than divided by zero.
        let std = std::array::from_fn(|c| {
            let variance = sums[c][1] as f64 / count / (255.0 * 255.0) - mean[c] * mean[c];
            if variance > 1e-8 { round(variance.sqrt()) } else { 1.0 }
        });
        [mean.map(round), std]
    }

    /// Images `range`, not augmented, normalised: (B, 3, S, S).
    pub fn plain(&self, range: std::ops::Range<usize>, norm: &Norm, device: Device) -> Tensor {
        let (side, size) = (self.side as i64, 3 * self.side * self.side);
        let count = range.len() as i64;
        let bytes = &self.bytes[range.start * size..range.end * size];
        let images = Tensor::from_data_size(bytes, &[count, 3, side, side], tch::Kind::Uint8).to_device(device);
        let channel = |values: [f64; 3]| {
            Tensor::from_slice(&values.map(|v| v as f32))
                .view([1, 3, 1, 1])
                .to_device(device)
        };
        (images.to_kind(tch::Kind::Float) / 255.0 - channel(norm.mean)) / channel(norm.std)
    }
}

/// How channels are normalised before the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Mean of each channel.
    pub mean: [f64; 3],
    /// Standard deviation of each channel.
    pub std: [f64; 3],
}

impl Norm {
    /// How images of any size are prepared for a network trained with this on images of `side` pixels.
    pub fn preprocess(&self, side: usize) -> Preprocess {
        let side = side as u32;
        Preprocess {
            resize: Some(Resize::Shorter(side)),
            interpolation: Interpolation::Bilinear,
            crop: (side, side),
            mean: self.mean,
            std: self.std,
            orientation: Orientation::Exif,
            halves: Halves::Even,
        }
    }
}

/// Adds the three planes of an image, resized and cropped as it will be when features are extracted.
fn planar(image: &RgbImage, side: usize) -> Vec<u8> {
    let unscaled = Norm {
        mean: [0.0; 3],
        std: [1.0; 3],
    };
    let values = unscaled.preprocess(side).apply(image);
    values.iter().map(|value| (value * 255.0).round() as u8).collect()
}

/// How far a run is: the batch to be drawn next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Whole epochs done.
    pub epoch: u64,
    /// Steps done in the next one.
    pub step: u64,
}

/// Augmented views of some images and their classes.
pub struct ViewBatch {
    views: Vec<Vec<f32>>,
    labels: Vec<i64>,
    side: usize,
}

impl ViewBatch {
    /// The views, (B, 3, S, S) each, and the labels (B), on the device.
    pub fn tensors(&self, device: Device) -> (Vec<Tensor>, Tensor) {
        let (count, side) = (self.labels.len() as i64, self.side as i64);
        let views = self
            .views
            .iter()
            .map(|v| Tensor::from_slice(v).view([count, 3, side, side]).to_device(device))
            .collect();
        (views, Tensor::from_slice(&self.labels).to_device(device))
    }
}

/// Draws batches. Each one is a function of the seed and its position alone, so that a run can be continued anywhere.
pub struct Sampler<'a> {
    pixels: &'a Pixels,
    entry: &'static MethodEntry,
    config: &'a TrainingConfig,
    strength: ViewStrength,
    norm: Norm,
    order: Vec<usize>,
    order_epoch: Option<u64>,
}

impl<'a> Sampler<'a> {
    /// A sampler of these images for this method.
    pub fn new(pixels: &'a Pixels, entry: &'static MethodEntry, config: &'a TrainingConfig, norm: Norm) -> Self {
        Self {
            pixels,
            entry,
            config,
            strength: config.augment.unwrap_or(entry.augment),
            norm,
            order: Vec::new(),
            order_epoch: None,
        }
    }

    /// Steps of one epoch; a last, smaller batch is left out.
    pub fn steps(&self) -> u64 {
        (self.pixels.len() / self.config.batch_size) as u64
    }

    /// The batch at a position.
    pub fn batch(&mut self, at: Position) -> ViewBatch {
        if self.order_epoch != Some(at.epoch) {
            self.order = (0..self.pixels.len()).collect();
            self.order
                .shuffle(&mut stream(self.config.seed, &format!("order {}", at.epoch)));
            self.order_epoch = Some(at.epoch);
        }
        let size = self.config.batch_size;
        let chosen = &self.order[at.step as usize * size..][..size];
        let views = (0..self.entry.views)
            .map(|view| self.view(chosen, at.epoch, view))
            .collect();
        // Methods that need labels have refused unlabelled images; the others never look at them.
        let labels = chosen
            .iter()
            .map(|&i| self.pixels.labels[i].map_or(-1, i64::from))
            .collect();
        ViewBatch {
            views,
            labels,
            side: self.pixels.side,
        }
    }

    fn view(&self, chosen: &[usize], epoch: u64, view: usize) -> Vec<f32> {
        let side = self.pixels.side;
        let size = 3 * side * side;
        let mut out = vec![0.0f32; chosen.len() * size];
        out.par_chunks_exact_mut(size).zip(chosen).for_each(|(out, &index)| {
            let mut rng = stream(self.config.seed, &format!("view {epoch} {index} {view}"));
            let image = &self.pixels.bytes[index * size..][..size];
            small_views::view(self.strength, image, side, &mut rng, out);
            small_views::normalise(self.norm.mean, self.norm.std, out);
        });
        out
    }

    /// All batches from a position to the end of the run, drawn ahead on a thread of their own. The thread ends when
    /// the receiver is dropped.
    pub fn ahead<'scope>(mut self, scope: &'scope Scope<'scope, '_>, from: Position) -> Receiver<ViewBatch>
    where
        'a: 'scope,
    {
        let (sender, receiver) = sync_channel(2);
        let (steps, epochs) = (self.steps(), self.config.epochs);
        scope.spawn(move || {
            let positions = (from.epoch..epochs).flat_map(|epoch| {
                let first = if epoch == from.epoch { from.step } else { 0 };
                (first..steps).map(move |step| Position { epoch, step })
            });
            for position in positions {
                if sender.send(self.batch(position)).is_err() {
                    break;
                }
            }
        });
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(bytes: Vec<u8>, side: usize) -> Pixels {
        let count = bytes.len() / (3 * side * side);
        Pixels::new(bytes, side, vec![Some(0); count], vec!["a".to_owned()], String::new()).unwrap()
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_channels() {
        // Red 0 and 255, green constant 51, blue 0, 0.
        let found = pixels(vec![0, 255, 0, 255, 51, 51, 51, 51, 0, 0, 0, 0], 2).mean_std();
        assert_eq!(found, [[0.5, 0.2, 0.0], [0.5, 1.0, 1.0]]);
    }

    #[test]
    fn plain_images_are_normalised_by_channel() {
        let norm = Norm {
            mean: [0.5, 0.0, 0.2],
            std: [0.5, 1.0, 0.1],
        };
        let images = pixels(vec![255, 51, 0, 0, 0, 255], 1).plain(0..2, &norm, Device::Cpu);
        let expected = Tensor::from_slice(&[1.0f32, 0.2, -2.0, -1.0, 0.0, 8.0]).view([2, 3, 1, 1]);
        assert!(images.allclose(&expected, 1e-5, 1e-6, false));
    }

    #[test]
    fn images_of_the_right_size_keep_every_byte_and_others_are_fitted_without_distortion() {
        let image = RgbImage::from_fn(16, 16, |x, y| image::Rgb([(x * 16 + y) as u8, 255 - x as u8, y as u8]));
        let expected: Vec<u8> = (0..3).flat_map(|c| image.pixels().map(move |p| p.0[c])).collect();
        assert_eq!(planar(&image, 16), expected);

        let wide = RgbImage::from_fn(40, 20, |x, _| {
            image::Rgb(if (8..32).contains(&x) { [200; 3] } else { [0; 3] })
        });
        assert_eq!(planar(&wide, 10), [200; 300]);
    }
}
