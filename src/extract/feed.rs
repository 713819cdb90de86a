//! Images on their way to the network: read in order, decoded and transformed on all cores, a few batches ahead.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::images::ImageSet;
use crate::images::transform::Preprocess;

/// Batches that may wait for the network. Memory is this many batches and two, whatever the number of images.
const AHEAD: usize = 2;

/// What to do with an image that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBadImage {
    /// Stop.
    Error,
    /// Leave it out and say so.
    Skip,
}

/// Images ready for the network.
#[derive(Debug)]
pub(super) struct Batch {
    /// Images of the set that this batch covers, skipped ones included.
    pub(super) range: Range<usize>,
    /// Ids of the rows.
    pub(super) ids: Vec<String>,
    /// Labels of the rows.
    pub(super) labels: Vec<Option<u32>>,
    /// Rows x 3 x height x width.
    pub(super) pixels: Vec<f32>,
    /// Why images were left out.
    pub(super) skipped: Vec<String>,
}

/// Starts feeding `images` from `start` on. The feeder ends when the receiver is dropped.
pub(super) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    images: &'scope ImageSet,
    preprocess: &'scope Preprocess,
    start: usize,
    batch_size: usize,
    on_bad_image: OnBadImage,
) -> Receiver<Result<Batch>> {
    let (send, receive) = sync_channel(AHEAD);
    scope.spawn(move || {
        for from in (start..images.len()).step_by(batch_size) {
            let batch = read(
                images,
                preprocess,
                from..images.len().min(from + batch_size),
                on_bad_image,
            );
            let failed = batch.is_err();
            if send.send(batch).is_err() || failed {
                return;
            }
        }
    });
    receive
}

fn read(images: &ImageSet, preprocess: &Preprocess, range: Range<usize>, on_bad_image: OnBadImage) -> Result<Batch> {
    let raws = images.read(range.clone())?;
    let values = preprocess.values();
    let mut pixels = vec![0.0f32; raws.len() * values];
    let outcomes: Vec<Result<()>> = raws
        .par_iter()
        .zip(pixels.par_chunks_mut(values))
        .map(|(raw, out)| {
            raw.decode(preprocess.orientation)
                .map(|image| preprocess.apply_into(&image, out))
        })
        .collect();
    let mut batch = Batch {
        range: range.clone(),
        ids: Vec::new(),
        labels: Vec::new(),
        pixels,
        skipped: Vec::new(),
    };
    for (i, outcome) in range.zip(outcomes) {
        match outcome {
            Ok(()) => {
                // Rows move up over skipped ones.
                let from = (i - batch.range.start) * values;
                let to = batch.ids.len() * values;
                if from != to {
                    batch.pixels.copy_within(from..from + values, to);
                }
                batch.ids.push(images.id(i));
                batch.labels.push(images.label(i));
            }
            Err(Error::Input(why)) if on_bad_image == OnBadImage::Skip => batch.skipped.push(why),
            Err(error) => return Err(error),
        }
    }
    batch.pixels.truncate(batch.ids.len() * values);
    Ok(batch)
}
