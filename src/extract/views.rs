//! Several random views of each image, for measures that need pairs.

use image::RgbImage;
use serde::Serialize;

use super::nets::stream;
use crate::images::augment::Augment;
use crate::images::transform::Preprocess;

/// How many views of each image, and how they are drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Views {
    /// Views of each image: rows of the store.
    pub count: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// What is drawn.
    pub augment: Augment,
}

impl Views {
    /// View `number` (from 1) of the image called `id`: depends on nothing but these and the seed.
    pub(super) fn draw_into(
        &self,
        image: &RgbImage,
        id: &str,
        number: usize,
        preprocess: &Preprocess,
        out: &mut [f32],
    ) {
        let mut rng = stream(self.seed, &format!("view {number} of {id}"));
        self.augment.view_into(image, preprocess, &mut rng, out);
    }
}
