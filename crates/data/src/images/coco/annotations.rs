//! The annotation file: its images, categories and boxes, checked against each other.

use std::collections::{HashMap, HashSet};
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

use super::object::{CocoId, CocoObject, Image};
use crate::error::{Error, Result};
use crate::files;
use crate::images::raw::Area;

#[derive(Deserialize)]
struct Stored {
    images: Vec<StoredImage>,
    annotations: Vec<StoredObject>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct StoredImage {
    id: CocoId,
    file_name: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
struct StoredObject {
    id: CocoId,
    image_id: CocoId,
    category_id: CocoId,
    /// Left, top, width and height in pixels.
    bbox: Option<Vec<f64>>,
    #[serde(default)]
    iscrowd: Crowd,
}

/// 0 and 1, or false and true.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Crowd {
    Number(u8),
    Flag(bool),
    #[default]
    Absent,
}

#[derive(Deserialize)]
struct Category {
    id: CocoId,
    name: String,
}

/// What the file says, with everything in its place.
pub(super) struct Annotations {
    pub(super) classes: Vec<String>,
    pub(super) images: Vec<Image>,
    /// By image, in the file's order.
    pub(super) objects: Vec<CocoObject>,
    /// What was not taken, in words.
    pub(super) left_out: Vec<String>,
}

pub(super) fn read(path: &Path) -> Result<Annotations> {
    let shown = path.display();
    let (file, _) = files::open(path)?;
    let stored: Stored = serde_json::from_reader(BufReader::with_capacity(1 << 18, file)).map_err(|e| {
        Error::input(format!(
            "{shown}: not COCO annotations of objects ({e}); expected images, categories, and annotations with a bbox"
        ))
    })?;
    let wrong = |what: String| Error::input(format!("{shown}: {what}; repair the file or download it again"));
    // Categories of one name are one class: exporters write a super-category beside its only member.
    let mut classes: Vec<String> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut class_of = HashMap::new();
    for category in stored.categories {
        let class = *known.entry(category.name).or_insert_with_key(|name| {
            classes.push(name.clone());
            classes.len() - 1
        });
        if let Some(double) = class_of.insert(category.id.clone(), class as u32).map(|_| category.id) {
            return Err(wrong(format!("two categories have the id {double}")));
        }
    }
    let mut place_of = HashMap::new();
    for (place, image) in stored.images.iter().enumerate() {
        if place_of.insert(&image.id, place as u32).is_some() {
            return Err(wrong(format!("two images have the id {}", image.id)));
        }
    }
    let mut ids = HashSet::new();
    let (mut objects, mut crowds, mut empty) = (Vec::new(), 0, 0);
    for object in &stored.annotations {
        let id = &object.id;
        if !ids.insert(id) {
            return Err(wrong(format!("two annotations have the id {id}")));
        }
        let (Some(&image), Some(&class)) = (place_of.get(&object.image_id), class_of.get(&object.category_id)) else {
            let (image, category) = (&object.image_id, &object.category_id);
            return Err(wrong(format!(
                "annotation {id} is of image {image} and category {category}, and the file does not describe both"
            )));
        };
        if matches!(object.iscrowd, Crowd::Number(1..) | Crowd::Flag(true)) {
            crowds += 1;
            continue;
        }
        let Some(&[left, top, width, height]) = object.bbox.as_deref() else {
            return Err(wrong(format!("annotation {id} has no bbox of four numbers")));
        };
        let whole = &stored.images[image as usize];
        match clip([left, top, width, height], (whole.width, whole.height)) {
            Some(area) => objects.push(CocoObject {
                image,
                class,
                id: id.clone(),
                area,
            }),
            None => empty += 1,
        }
    }
    if objects.is_empty() {
        return Err(wrong(format!(
            "has no object among {} annotations",
            stored.annotations.len()
        )));
    }
    // Neighbours share their image, and reading and decoding it.
    objects.sort_by_key(|object| object.image);
    let counts = [
        (crowds, "annotations of crowds"),
        (empty, "boxes without a pixel of their image"),
    ];
    let left_out = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"));
    Ok(Annotations {
        classes,
        left_out: left_out.collect(),
        images: stored
            .images
            .iter()
            .map(|image| Image {
                id: image.id.clone(),
                file_name: image.file_name.clone(),
            })
            .collect(),
        objects,
    })
}

/// The pixels of a box: its edges rounded to the nearest (halves to even, as Pillow's `crop` does) and cut to the image.
fn clip([left, top, width, height]: [f64; 4], whole_size: (u32, u32)) -> Option<Area> {
    let edges = |start: f64, length: f64, most: u32| {
        let edge = |at: f64| at.round_ties_even().clamp(0.0, f64::from(most)) as u32;
        let (from, to) = (edge(start), edge(start + length));
        let length = to.checked_sub(from).filter(|length| *length > 0)?;
        Some((from, length))
    };
    let (left, width) = edges(left, width, whole_size.0)?;
    let (top, height) = edges(top, height, whole_size.1)?;
    Some(Area {
        left,
        top,
        width,
        height,
        whole_size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_rounded_and_cut_to_the_image() {
        let found = |sides| clip(sides, (10, 8)).map(|a| (a.left, a.top, a.width, a.height));
        // Image.crop((x, y, x + w, y + h)) rounds 0.5 to 0 and 1.5 to 2.
        assert_eq!(found([0.5, 1.5, 2.0, 1.1]), Some((0, 2, 2, 1)));
        assert_eq!(found([-3.0, 2.0, 100.0, 100.0]), Some((0, 2, 10, 6)));
        for outside in [
            [10.0, 0.0, 5.0, 5.0],
            [0.0, -5.0, 5.0, 5.0],
            [1.0, 1.0, 0.2, 5.0],
            [5.0, 5.0, -2.0, 2.0],
            [f64::MAX, f64::MAX, f64::MAX, f64::MAX],
        ] {
            assert_eq!(found(outside), None, "{outside:?}");
        }
    }
}
