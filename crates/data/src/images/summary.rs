//! What a data set holds, for `featscope inspect`.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use serde::Serialize;

use super::duplicates::{Digest, Duplicates, Met};
use super::image_set::{ImageSet, open_split, splits_of};
use super::raw::Raw;
use super::transform::Orientation;
use super::{locate, split};
use crate::error::Result;

/// At most this many images of a split are decoded, to learn their sizes and find copies …
const MOST: usize = 20_000;
/// … and about this many pixels: some seconds of work.
const PIXELS: usize = 1_000_000_000;
/// Images read together.
const CHUNK: usize = 64;

/// What a data set holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImageSummary {
    /// The name taken from the path.
    pub name: String,
    /// The layout, as in the prefix `FORMAT:`.
    pub format: String,
    /// Every split there is, whether summarised or not; one empty name where there are none.
    pub splits: Vec<String>,
    /// The splits summarised.
    pub parts: Vec<SplitSummary>,
}

/// What one split holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitSummary {
    /// Its name; empty where there are no splits.
    pub split: String,
    /// Number of images.
    pub images: usize,
    /// Images of each class, in the data set's order.
    pub counts: Vec<(String, usize)>,
    /// Images without a label.
    pub unlabelled: usize,
    /// Width, height and how many of the sampled images have them, the most frequent first.
    pub sizes: Vec<(u32, u32, usize)>,
    /// Number of images sampled, evenly over the split.
    pub sampled: usize,
    /// What was wrong with the sampled images that could not be decoded.
    pub undecodable: Vec<String>,
    /// Exact copies among the sampled images.
    pub duplicates: Duplicates,
    /// See [`ImageSet::left_out`].
    pub left_out: Vec<String>,
    /// See [`ImageSet::fingerprint`].
    pub fingerprint: String,
}

/// Looks into the data set at `path`: one split, or all of them.
///
/// # Errors
/// As [`super::open`].
pub fn summary(path: &str, split: Option<&str>) -> Result<ImageSummary> {
    let located = locate::locate(path)?;
    let available = splits_of(&located)?;
    let chosen = match split {
        Some(_) => vec![split::choose(&located.shown, &available, split)?],
        None => available.names(),
    };
    let part = |split: &String| summarise(&open_split(&located, split, None)?);
    Ok(ImageSummary {
        name: located.name(),
        format: located.format.name().to_owned(),
        splits: available.names(),
        parts: chosen.iter().map(part).collect::<Result<_>>()?,
    })
}

fn summarise(set: &ImageSet) -> Result<SplitSummary> {
    let mut sizes: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    let (mut sampled, mut undecodable, mut met) = (0, Vec::new(), Met::default());
    for range in sample(set)? {
        let mut looked_at = Vec::with_capacity(range.len());
        while looked_at.len() < range.len() {
            let raws = set.read_some(range.start + looked_at.len()..range.end)?;
            let look = |raw: &Raw| raw.decoded(Orientation::Exif, |i| (i.dimensions(), Digest::of(i)));
            looked_at.extend(raws.par_iter().map(look).collect::<Vec<_>>());
        }
        sampled += range.len();
        for (i, outcome) in range.zip(looked_at) {
            match outcome {
                Ok((size, digest)) => {
                    *sizes.entry(size).or_default() += 1;
                    met.add(i, digest);
                }
                Err(e) => undecodable.push(e.to_string()),
            }
        }
    }
    let mut sizes: Vec<_> = sizes.into_iter().map(|((w, h), n)| (w, h, n)).collect();
    sizes.sort_by_key(|&(_, _, n)| std::cmp::Reverse(n));
    let counts = set.counts();
    Ok(SplitSummary {
        split: set.split().to_owned(),
        images: set.len(),
        unlabelled: set.len() - counts.iter().sum::<usize>(),
        counts: set.classes().iter().cloned().zip(counts).collect(),
        sizes,
        sampled,
        undecodable,
        duplicates: met.duplicates(|i| set.id(i)),
        left_out: set.left_out().to_vec(),
        fingerprint: set.fingerprint()?,
    })
}

/// All images where that is affordable, else runs of neighbours spread evenly over the set.
fn sample(set: &ImageSet) -> Result<Vec<Range<usize>>> {
    const PROBES: usize = 8;
    let (mut pixels, mut probed) = (0, 0);
    for k in 0..set.len().min(PROBES) {
        let i = k * set.len() / PROBES.min(set.len());
        for raw in set.read(i..i + 1)? {
            if let Ok(size) = raw.decoded(Orientation::Stored, |image| image.as_raw().len() / 3) {
                pixels += size;
                probed += 1;
            }
        }
    }
    let affordable = MOST.min(PIXELS * probed.max(1) / pixels.max(1)).max(CHUNK);
    let chunks = set.len().div_ceil(CHUNK);
    let taken = match set.len() <= affordable {
        true => chunks,
        false => affordable / CHUNK,
    };
    let chunk = |k: usize| {
        let start = k * chunks / taken * CHUNK;
        start..set.len().min(start + CHUNK)
    };
    Ok((0..taken).map(chunk).collect())
}
