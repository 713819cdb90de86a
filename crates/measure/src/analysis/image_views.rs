//! Rows that are views of the same images, as their ids say.

use std::collections::BTreeMap;

use rand::seq::index::sample;

use super::batches::each_batch;
use super::limits::check_width;
use crate::error::Result;
use crate::features::{FeatureSet, view_of};
use crate::stats::{Rows, ViewSums, generator, in_range};

/// The random stream that draws images where there are more than are looked at (see [`generator`]).
const STREAM: u64 = 33;

/// Views of images.
pub struct Viewed {
    /// What metrics are made of.
    pub sums: Result<ViewSums>,
    /// Images of at least two views, and how many of them are looked at.
    pub images: usize,
    pub drawn: usize,
    /// Least and most views of an image looked at.
    pub views: (usize, usize),
    /// Rows looked at.
    pub rows: usize,
}

/// Whether the ids of a set say that its rows are views of images.
pub fn is_viewed(set: &dyn FeatureSet) -> bool {
    set.has_ids() && set.ids().is_ok_and(|ids| ids.iter().all(|id| view_of(id).is_some()))
}

impl Viewed {
    /// Reads the views of a set whose rows are some: of all images, or of as many drawn at random as have `most` rows. Images and
    /// views go by their ids, not by the order of rows.
    pub fn read(set: &dyn FeatureSet, most: usize, seed: u64, read: &(dyn Fn(u64) + Sync)) -> Result<Self> {
        let ids = set.ids()?;
        let mut by_image: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, id) in ids.iter().enumerate() {
            if let Some((image, number)) = view_of(id) {
                by_image.entry(image).or_default().push((number, place));
            }
        }
        by_image.retain(|_, views| views.len() > 1);
        let all: Vec<Vec<(usize, usize)>> = by_image.into_values().collect();
        let chosen = drawn(&all, most, seed);
        let mut places: Vec<usize> = chosen.iter().flatten().map(|view| view.1).collect();
        places.sort_unstable();
        let mut rows = Rows::choose(places.clone(), &vec![0; set.rows()], None, set.width());
        each_batch(set, read, |batch| rows.push(batch))?;
        let held = |view: &(usize, usize)| places.partition_point(|place| *place < view.1);
        let images: Vec<Vec<usize>> = chosen.iter().map(|views| views.iter().map(held).collect()).collect();
        let sizes = || images.iter().map(Vec::len);
        let sums = check_width(set.width())
            .and_then(|()| in_range(rows.measurable()))
            .map(|()| ViewSums::new(&rows, &images));
        Ok(Self {
            sums,
            images: all.len(),
            drawn: images.len(),
            views: (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0)),
            rows: places.len(),
        })
    }
}

/// As many images as have `most` rows, in their order, each with its views in theirs.
fn drawn(all: &[Vec<(usize, usize)>], most: usize, seed: u64) -> Vec<Vec<(usize, usize)>> {
    let mut rng = generator(seed, STREAM);
    let mut places: Vec<usize> = match all.iter().map(Vec::len).sum::<usize>() > most {
        true => sample(&mut rng, all.len(), all.len()).into_vec(),
        false => (0..all.len()).collect(),
    };
    let mut rows = 0;
    places.retain(|&image| {
        rows += all[image].len();
        rows <= most
    });
    places.sort_unstable();
    let sorted = |&image: &usize| {
        let mut views = all[image].clone();
        views.sort_unstable();
        views
    };
    places.iter().map(sorted).collect()
}
