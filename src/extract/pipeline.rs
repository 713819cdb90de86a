//! Extraction: images in, a feature store out, every asked-for layer in one pass.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tch::{Device, Tensor};

use super::device;
use super::image_fates::ImageFates;
pub use super::image_feed::OnBadImage;
use super::image_feed::{Feed, ImageBatch};
use super::network::{Network, to_rows};
use super::overlap::{Buffer, FinishedRows, RowWriter};
use super::precision::{Precision, narrow};
pub use super::shard::parse as parse_shard;
use super::shard::{cut, range};
pub use super::views::Views;
use crate::error::{Error, Result};
use crate::images::ImageSet;
use crate::images::transform::Preprocess;
use crate::store::{
    DataInfo, Description, Deviation, Findings, LayerInfo, Manifest, ModelInfo, Standing, StoreShard, Writer, standing,
};

/// How to extract.
#[derive(Clone, Debug)]
pub struct ExtractPlan {
    /// Name of the model in the store.
    pub model: String,
    /// Which run of it, where there are several.
    pub run: Option<String>,
    /// The step of training, where there are several.
    pub step: Option<u64>,
    /// Name of the data set in the store.
    pub dataset: String,
    /// Layers to keep, in network order (see [`choose_layers`](super::network::choose_layers)).
    pub layers: Vec<(String, usize)>,
    /// How images are prepared.
    pub preprocess: Preprocess,
    /// Random views of each image instead of one fixed one.
    pub views: Option<Views>,
    /// Precision of the forward pass.
    pub precision: Precision,
    /// Only this part of the images: which one (from 1), of how many.
    pub shard: Option<(usize, usize)>,
    /// Images in a forward pass.
    pub batch_size: usize,
    /// What to do with an image that cannot be decoded.
    pub on_bad_image: OnBadImage,
    /// Take up what an interrupted extraction of the same plan left.
    pub resume: bool,
    /// Replace a finished store, whatever it holds.
    pub force: bool,
}

/// What happens while extracting, as it happens.
#[derive(Debug)]
pub enum ExtractEvent {
    /// So many images are done already, of so many.
    Start(usize, usize),
    /// So many images are done.
    Done(usize),
    /// Something to know, in one line.
    Note(String),
    /// How far a narrower precision lies from f32.
    Deviation(Deviation),
}

/// What an extraction did.
#[derive(Debug)]
pub struct Extracted {
    /// The store's manifest.
    pub manifest: Manifest,
    /// Images read this time; `None` when the store was there already and nothing was done.
    pub images: Option<usize>,
}

/// A batch that keeps a device busy and fits into memory: about five million input values on a CPU, more on a GPU.
pub fn batch_size_for(preprocess: &Preprocess, views: usize, device: Device) -> usize {
    let (budget, most) = if device.is_cuda() {
        (64_000_000, 512)
    } else {
        (5_000_000, 256)
    };
    let most = (most / views.max(1)).max(1);
    (budget / (preprocess.values() * views).max(1)).clamp(1, most)
}

/// The shard of `images` images that a plan asks for.
///
/// # Errors
/// When there are too few images for so many shards.
pub fn shard_of(plan: &ExtractPlan, images: usize) -> Result<Option<StoreShard>> {
    plan.shard
        .map(|(index, count)| cut(index, count, images, plan.batch_size))
        .transpose()
}

/// Extracts the features of `images` into a store at `dir`. `tell` hears how it goes; when `stop` is set the extraction
/// ends with [`Error::Interrupted`], its whole parts kept aside for a later `resume`. A finished store of the same
/// description that is there already is left as it is.
///
/// # Errors
/// Images that cannot be read or decoded, features that are not finite (with layer and image named), a finished store of
/// another description, a disk that refuses.
pub fn extract(
    network: &mut dyn Network,
    images: &ImageSet,
    plan: &ExtractPlan,
    dir: &Path,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(ExtractEvent),
) -> Result<Extracted> {
    plan.precision.check(network.device())?;
    let shard = shard_of(plan, images.len())?;
    let description = describe(network, images, plan, shard)?;
    if !plan.force
        && let Some(manifest) = there_already(dir, &description, plan, tell)?
    {
        return Ok(Extracted { manifest, images: None });
    }
    let device = network.device();
    let run = Run {
        network,
        plan,
        shard,
        feed: Feed {
            images,
            preprocess: &plan.preprocess,
            views: plan.views.as_ref(),
            batch_size: plan.batch_size,
            on_bad_image: plan.on_bad_image,
            device,
        },
    };
    run.go(dir, description, stop, tell).map_err(|e| full_disk(e, dir))
}

/// The manifest of the store that is at `dir` already, if it is the one that would be made.
fn there_already(
    dir: &Path,
    description: &Description,
    plan: &ExtractPlan,
    tell: &mut dyn FnMut(ExtractEvent),
) -> Result<Option<Manifest>> {
    let other = |what: &str| {
        Err(Error::input(format!(
            "{}: a finished store made otherwise is there ({what}); pass --force to replace it, or another --name, \
             --dataset-name or --out",
            dir.display()
        )))
    };
    match standing(dir, description)? {
        Standing::Nothing => Ok(None),
        Standing::Same(manifest) => match &manifest.data.skipped {
            Some(skipped) if plan.on_bad_image == OnBadImage::Error => other(&format!(
                "it leaves out {} of the images, which could not be decoded",
                skipped.count
            )),
            _ => Ok(Some(*manifest)),
        },
        Standing::Other(what) => other(&what),
        Standing::Damaged(why) => {
            tell(ExtractEvent::Note(format!("{why}; it is made again")));
            Ok(None)
        }
    }
}

/// One extraction.
struct Run<'a> {
    network: &'a mut dyn Network,
    plan: &'a ExtractPlan,
    shard: Option<StoreShard>,
    feed: Feed<'a>,
}

impl Run<'_> {
    fn go(
        self,
        dir: &Path,
        description: Description,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(ExtractEvent),
    ) -> Result<Extracted> {
        let Self {
            network,
            plan,
            shard,
            feed,
        } = self;
        let images = range(shard.as_ref(), feed.images.len());
        let (writer, seen, next, mut skip) = open(dir, description, plan, &feed, tell)?;
        let deviation = match plan.precision {
            Precision::F32 => None,
            precision => Some(measured(network, precision, plan, &feed, images.clone())?),
        };
        if let Some(deviation) = &deviation {
            tell(ExtractEvent::Deviation(deviation.clone()));
        }
        // Batches fall as they did the first time, so that resuming gives the same bytes.
        let start = next / plan.batch_size * plan.batch_size;
        tell(ExtractEvent::Start(start, images.len()));
        let (writer, seen) = thread::scope(|scope| {
            let (batches, give_back) = feed.start(scope, images.start + start..images.end);
            let writing = RowWriter::start(scope, writer, seen);
            let run = || {
                for batch in batches {
                    if stop.load(Ordering::SeqCst) {
                        return Err(Error::Interrupted);
                    }
                    let batch = batch?;
                    let end = batch.range.end - images.start;
                    let (rows, buffer) = rows(network, plan, batch, images.start, std::mem::take(&mut skip))?;
                    // The feeder is at its end where it takes none.
                    let _ = give_back.send(buffer);
                    if !writing.take(rows) {
                        break;
                    }
                    tell(ExtractEvent::Done(end));
                }
                Ok(())
            };
            let ran = run();
            // What kept the writer from writing comes first: the rest follows from it.
            let written = writing.end()?;
            ran.map(|()| written)
        })?;
        if stop.load(Ordering::SeqCst) {
            return Err(Error::Interrupted);
        }
        if writer.rows() == 0 {
            return Err(Error::input(
                "no images to extract features of; check the split, the classes and the skipped images",
            ));
        }
        let id = |i: usize| feed.images.id(images.start + i);
        let found = Findings {
            skipped: seen.skipped(id),
            duplicates: seen.repeated(id),
            deviation,
        };
        Ok(Extracted {
            manifest: writer.finish_with(found)?,
            images: Some(images.len() - start),
        })
    }
}

/// The writer, what is known of images seen before, the image to go on with (from the shard's first), and the rows of
/// its batch that are written already.
fn open(
    dir: &Path,
    description: Description,
    plan: &ExtractPlan,
    feed: &Feed,
    tell: &mut dyn FnMut(ExtractEvent),
) -> Result<(Writer, ImageFates, usize, usize)> {
    if plan.resume {
        let writer = Writer::resume(dir, description.clone())?;
        let taken = writer.taken_up();
        if let Some(why) = &taken.distrusted {
            tell(ExtractEvent::Note(format!("{why}; made again from there")));
        }
        let seen = ImageFates::recall(&taken.memory).and_then(|seen| {
            let (next, batch_row) = seen.go_on(writer.rows(), feed.rows_each(), plan.batch_size)?;
            Some((seen, next, writer.rows() - batch_row))
        });
        match seen {
            // An image that could not be decoded is left out for good only where that was asked for.
            Some((seen, ..)) if plan.on_bad_image == OnBadImage::Error && seen.skipped(|_| String::new()).is_some() => {
            }
            Some((seen, next, skip)) => return Ok((writer, seen, next, skip)),
            None => tell(ExtractEvent::Note(
                "what was there does not fit together; made again".to_owned(),
            )),
        }
    }
    Ok((Writer::create(dir, description)?, ImageFates::default(), 0, 0))
}

/// Casts the network and measures what that changes on the first batch that has rows.
fn measured(
    network: &mut dyn Network,
    precision: Precision,
    plan: &ExtractPlan,
    feed: &Feed,
    images: std::ops::Range<usize>,
) -> Result<Deviation> {
    for from in images.clone().step_by(plan.batch_size) {
        let batch = feed.read(from..images.end.min(from + plan.batch_size), feed.buffer())?;
        if !batch.ids.is_empty() {
            let pixels = pixels(&batch, plan, network.device());
            return narrow(network, precision, &plan.layers, &pixels);
        }
    }
    Err(Error::input("no image can be decoded; check the data set"))
}

/// One forward pass: the rows from row `skip` on, of a batch of images counted from `shard_start`; and the batch's buffer.
fn rows(
    network: &dyn Network,
    plan: &ExtractPlan,
    mut batch: ImageBatch,
    shard_start: usize,
    skip: usize,
) -> Result<(FinishedRows, Buffer)> {
    let skip = skip.min(batch.ids.len());
    let layers = match skip < batch.ids.len() {
        true => to_rows(
            network.forward(&pixels(&batch, plan, network.device()))?,
            &plan.layers,
            skip,
        )?,
        false => Vec::new(),
    };
    let rows = FinishedRows {
        first: batch.range.start - shard_start,
        fates: batch.fates,
        ids: batch.ids.split_off(skip),
        labels: batch.labels.split_off(skip),
        layers,
    };
    Ok((rows, batch.pixels))
}

/// The pixels of a batch, (B, 3, H, W).
fn pixels(batch: &ImageBatch, plan: &ExtractPlan, device: Device) -> Tensor {
    let (height, width) = plan.preprocess.size();
    let shape = [batch.ids.len() as i64, 3, height as i64, width as i64];
    batch.pixels.pixels(shape, device)
}

/// What a full disk means for the user.
fn full_disk(error: Error, dir: &Path) -> Error {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error {
        Error::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge) => {
            Error::input(format!(
                "{}: no space left to write to ({source}); make room and run it again with --resume: what is whole is kept",
                dir.display()
            ))
        }
        other => other,
    }
}

fn describe(
    network: &dyn Network,
    images: &ImageSet,
    plan: &ExtractPlan,
    shard: Option<StoreShard>,
) -> Result<Description> {
    let json = |value: serde_json::Result<serde_json::Value>| {
        value.map_err(|e| Error::input(format!("cannot be described: {e}")))
    };
    let mut preprocess = json(serde_json::to_value(&plan.preprocess))?;
    if let (Some(views), Some(map)) = (&plan.views, preprocess.as_object_mut()) {
        map.insert("views".to_owned(), json(serde_json::to_value(views))?);
    }
    Ok(Description {
        model: ModelInfo {
            run: plan.run.clone(),
            step: plan.step,
            ..network.info(&plan.model)?
        },
        data: DataInfo {
            name: plan.dataset.clone(),
            split: images.split().to_owned(),
            fingerprint: images.fingerprint()?,
            classes: images.classes().to_vec(),
            ..DataInfo::default()
        },
        shard,
        preprocess,
        layers: plan
            .layers
            .iter()
            .map(|(name, width)| LayerInfo {
                name: name.clone(),
                width: *width,
                pooling: network.pooling(name),
            })
            .collect(),
        precision: plan.precision.to_string(),
        device: device::describe(network.device()),
        versions: BTreeMap::from([
            ("featscope".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("libtorch".to_owned(), "2.11.0".to_owned()),
            ("batch_size".to_owned(), plan.batch_size.to_string()),
        ]),
    })
}
