//! Image data sets through the public face: every format gives the same pixels and labels, and damage is said clearly.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod coco;
mod csv;
mod damage;
mod decode;
mod formats;
mod transform;
mod webdataset;
mod write;

use featscope::images::transform::Orientation;
use featscope::images::{self, ImageSet};
use image::RgbImage;

/// All images of a set with their class names, in order.
fn everything(set: &ImageSet) -> Vec<(String, RgbImage)> {
    let raws = set.read(0..set.len()).unwrap();
    assert_eq!(raws.len(), set.len());
    raws.iter()
        .enumerate()
        .map(|(i, raw)| {
            assert_eq!(raw.id(), set.id(i));
            let class = set
                .label(i)
                .map_or(String::new(), |c| set.classes()[c as usize].clone());
            (class, raw.decode(Orientation::Exif).unwrap())
        })
        .collect()
}

/// Opens, and shows the error if it cannot.
fn open(path: &std::path::Path, split: Option<&str>) -> ImageSet {
    images::open(path.to_str().unwrap(), split, None).unwrap_or_else(|e| panic!("{e}"))
}

/// The sentence with which opening fails.
fn refusal(path: &std::path::Path, split: Option<&str>) -> String {
    match images::open(path.to_str().unwrap(), split, None) {
        Ok(set) => panic!("opened {set:?}"),
        Err(e) => {
            let text = e.to_string();
            assert!(!text.contains('\n'), "{text}");
            text
        }
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|s| (*s).to_owned()).collect()
}
