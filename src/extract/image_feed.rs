//! Images on their way to the network: read in order, decoded and transformed on all cores, a few batches ahead.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::Scope;

use rayon::prelude::*;
use tch::Device;

use super::image_fates::Fate;
use super::overlap::Buffer;
use super::views::Views;
use crate::error::Result;
use crate::features::view_id;
use crate::images::transform::Preprocess;
use crate::images::{Digest, ImageSet, Raw};

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

/// How images become rows.
#[derive(Clone, Copy)]
pub(super) struct Feed<'a> {
    pub(super) images: &'a ImageSet,
    pub(super) preprocess: &'a Preprocess,
    /// Random views in place of the one fixed preparation.
    pub(super) views: Option<&'a Views>,
    pub(super) batch_size: usize,
    pub(super) on_bad_image: OnBadImage,
    /// Where the network runs.
    pub(super) device: Device,
}

/// Images ready for the network.
#[derive(Debug)]
pub(super) struct ImageBatch {
    /// Images of the set that this batch covers, skipped ones included.
    pub(super) range: Range<usize>,
    /// Ids of the rows.
    pub(super) ids: Vec<String>,
    /// Labels of the rows.
    pub(super) labels: Vec<Option<u32>>,
    /// Rows x 3 x height x width, then room.
    pub(super) pixels: Buffer,
    /// What became of each image of the range.
    pub(super) fates: Vec<Fate>,
}

impl<'a> Feed<'a> {
    /// Starts feeding the images of `range`: the batches, and where their buffers go that are done with. The feeder ends when
    /// the receiver is dropped.
    pub(super) fn start<'scope>(
        self,
        scope: &'scope Scope<'scope, 'a>,
        range: Range<usize>,
    ) -> (Receiver<Result<ImageBatch>>, Sender<Buffer>)
    where
        'a: 'scope,
    {
        let (send, receive) = sync_channel(AHEAD);
        let (give_back, spare) = channel();
        scope.spawn(move || {
            for from in range.clone().step_by(self.batch_size) {
                let buffer = spare.try_recv().unwrap_or_else(|_| self.buffer());
                let batch = self.read(from..range.end.min(from + self.batch_size), buffer);
                let failed = batch.is_err();
                if send.send(batch).is_err() || failed {
                    return;
                }
            }
        });
        (receive, give_back)
    }

    /// Room for one batch.
    pub(super) fn buffer(&self) -> Buffer {
        Buffer::new(
            self.batch_size * self.rows_each() * self.preprocess.values(),
            self.device,
        )
    }

    /// Rows that each image gives.
    pub(super) fn rows_each(&self) -> usize {
        self.views.map_or(1, |views| views.count)
    }

    /// One batch.
    pub(super) fn read(&self, range: Range<usize>, mut buffer: Buffer) -> Result<ImageBatch> {
        let values = self.preprocess.values() * self.rows_each();
        let pixels = buffer.values();
        let mut fates: Vec<Fate> = Vec::with_capacity(range.len());
        // A few at a time where they are large.
        while fates.len() < range.len() {
            let from = range.start + fates.len();
            let raws = self.images.read_some(from..range.end)?;
            let seen: Vec<Fate> = raws
                .par_iter()
                .zip(pixels[fates.len() * values..].par_chunks_mut(values))
                .zip(from..range.end)
                .map(|((raw, out), i)| self.prepare(raw, i, out))
                .collect();
            if self.on_bad_image == OnBadImage::Error {
                let bad = seen.iter().zip(&raws).find_map(|(fate, raw)| match fate {
                    Fate::Skipped(why) => Some(raw.undecodable(why)),
                    Fate::Seen(_) => None,
                });
                bad.map_or(Ok(()), Err)?;
            }
            if let Some(skipped) = seen.iter().position(|fate| matches!(fate, Fate::Skipped(_))) {
                self.images.check_folder(from + skipped)?;
            }
            fates.extend(seen);
        }
        let (mut ids, mut labels, mut rows) = (Vec::new(), Vec::new(), 0);
        for (i, fate) in range.clone().zip(&fates) {
            if matches!(fate, Fate::Skipped(_)) {
                continue;
            }
            // Rows move up over skipped ones.
            let from = (i - range.start) * values;
            if from != rows {
                pixels.copy_within(from..from + values, rows);
            }
            rows += values;
            let id = self.images.id(i);
            match self.views {
                None => ids.push(id),
                Some(views) => ids.extend((1..=views.count).map(|v| view_id(&id, v))),
            }
            let label = self.images.label(i);
            labels.extend(std::iter::repeat_n(label, self.rows_each()));
        }
        Ok(ImageBatch {
            range,
            ids,
            labels,
            pixels: buffer,
            fates,
        })
    }

    /// Decodes image `i` and writes its rows.
    fn prepare(&self, raw: &Raw, i: usize, out: &mut [f32]) -> Fate {
        let seen = raw.try_decoded(self.preprocess.orientation, |image| {
            match self.views {
                None => self.preprocess.apply_into(image, out),
                Some(views) => {
                    let id = self.images.id(i);
                    for (number, out) in (1..).zip(out.chunks_exact_mut(self.preprocess.values())) {
                        views.draw_into(image, &id, number, self.preprocess, out);
                    }
                }
            }
            Digest::of(image)
        });
        seen.map_or_else(Fate::Skipped, Fate::Seen)
    }
}
