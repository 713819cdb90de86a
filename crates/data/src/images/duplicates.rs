//! Images that are equal pixel by pixel.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use image::RgbImage;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Stands for the pixels of one image: equal for equal images, and in practice for no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Half of the SHA-256 of the size and every pixel.
    pub fn of(image: &RgbImage) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(image.width().to_le_bytes());
        hasher.update(image.height().to_le_bytes());
        hasher.update(image.as_raw());
        let whole: [u8; 32] = hasher.finalize().into();
        Self(std::array::from_fn(|i| whole[i]))
    }

    /// As a number, to be kept.
    pub fn to_number(self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// The digest that was this number.
    pub fn from_number(number: u128) -> Self {
        Self(number.to_be_bytes())
    }
}

/// The digests met so far; about 40 bytes an image.
#[derive(Clone, Debug, Default)]
pub struct Met {
    first: HashMap<Digest, usize>,
    count: usize,
    pairs: Vec<(usize, usize)>,
}

impl Met {
    /// Pairs that are kept as examples.
    const EXAMPLES: usize = 8;

    /// Takes note of image `i`. Examples are the first ones in the order of these calls.
    pub fn add(&mut self, i: usize, digest: Digest) {
        match self.first.entry(digest) {
            Entry::Vacant(place) => {
                place.insert(i);
            }
            Entry::Occupied(first) => {
                self.count += 1;
                if self.pairs.len() < Self::EXAMPLES {
                    self.pairs.push((*first.get(), i));
                }
            }
        }
    }

    /// What was found, with the images named by their ids.
    pub fn duplicates(&self, id: impl Fn(usize) -> String) -> Duplicates {
        Duplicates {
            count: self.count,
            examples: self.pairs.iter().map(|&(a, b)| (id(a), id(b))).collect(),
        }
    }
}

/// How many images of a set are exact copies of earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Images that equal an earlier one.
    pub count: usize,
    /// The first few: an image, and a later one equal to it.
    pub examples: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_copy_is_counted_once_and_named_with_the_first() {
        let image = |seed: u8| RgbImage::from_fn(4, 3, |x, y| image::Rgb([seed, x as u8, y as u8]));
        let mut met = Met::default();
        for (i, seed) in [7, 1, 7, 2, 7, 1].into_iter().enumerate() {
            met.add(i, Digest::of(&image(seed)));
        }
        let found = met.duplicates(|i| format!("image {i}"));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(found.count, 3);
        assert_eq!(
            found.examples,
            [
                pair("image 0", "image 2"),
                pair("image 0", "image 4"),
                pair("image 1", "image 5")
            ]
        );
    }

    #[test]
    fn the_same_bytes_in_another_shape_are_another_image() {
        let flat = |w, h| RgbImage::from_pixel(w, h, image::Rgb([9; 3]));
        assert_ne!(Digest::of(&flat(6, 2)), Digest::of(&flat(2, 6)));
    }
}
