//! What a data set holds, for `featscope inspect`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ImageSet, locate, open_split, split, splits_of};
use crate::error::Result;

/// How many images of a split are decoded to learn their sizes.
const SAMPLE: usize = 64;

/// What a data set holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
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
    /// See [`ImageSet::fingerprint`].
    pub fingerprint: String,
}

/// Looks into the data set at `path`: one split, or all of them.
///
/// # Errors
/// As [`super::open`].
pub fn summary(path: &str, split: Option<&str>) -> Result<Summary> {
    let located = locate::locate(path)?;
    let available = splits_of(&located)?;
    let chosen = match split {
        Some(_) => vec![split::choose(&located.shown, &available, split)?],
        None => available.names(),
    };
    let part = |split: &String| summarise(&open_split(&located, split, None)?);
    Ok(Summary {
        name: located.name(),
        format: located.format.name().to_owned(),
        splits: available.names(),
        parts: chosen.iter().map(part).collect::<Result<_>>()?,
    })
}

fn summarise(set: &ImageSet) -> Result<SplitSummary> {
    let sampled = set.len().min(SAMPLE);
    let mut sizes: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    let mut undecodable = Vec::new();
    for k in 0..sampled {
        let i = k * set.len() / sampled;
        for raw in set.read(i..i + 1)? {
            match raw.decode() {
                Ok(image) => *sizes.entry(image.dimensions()).or_default() += 1,
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
        fingerprint: set.fingerprint()?,
    })
}
